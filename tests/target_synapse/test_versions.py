"""ACTIVATE_VERSION: a full table in the pool is what the source has, whatever it was before."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from harness import run_command
from singer_commons.errors import DestinationError, InputError, TooManyRejectsError
from singer_commons.target import DurableTarget
from singer_sdk.exceptions import RecordsWithoutSchemaException
from synapse_support.messages import USERS, record, schema_line, state

HARD = {"hard_delete": True}
VERSION, DELETED = "_sdc_table_version", "_sdc_deleted_at"
LATE = 2**53 + 1  # no double holds it


def row(version=None, stream="users", **values):
    return {**record(stream, **values), **({} if version is None else {"version": version})}


def activate(version, stream="users"):
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def reading(version, ids, keys=("id",), **more):
    """A whole reading of the source as a tap sends it."""
    return [
        schema_line(USERS, keys=keys),
        *(row(version, id=each, name=f"v{version}") for each in ids),
        activate(version),
        state({"v": version, **more}),
    ]


@pytest.fixture(params=["columns", "one by one"])
def _either_way(request, monkeypatch):
    if request.param == "one by one":
        monkeypatch.setattr(DurableTarget, "block_sink", lambda *_: None)


@pytest.fixture
def columns(pool, schema):
    """The columns of a table and their types."""

    def read(name="users"):
        sql = f"SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'{name}'"
        return dict(pool.rows(sql))

    return read


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("keys", [("id",), ()], ids=["upsert", "append"])
def test_a_full_table_drops_what_the_source_no_longer_has(keys, load_here, table, columns):
    load_here(reading(7, [1, 2, 3], keys), **HARD)
    assert load_here(reading(LATE, [2, 4], keys), **HARD) == [{"v": LATE}]
    assert sorted(table("users")) == [(2, f"v{LATE}", LATE), (4, f"v{LATE}", LATE)]
    assert columns() == {"id": "bigint", "name": "nvarchar", VERSION: "bigint"}
    assert load_here.rows["users"]["deleted"] == (2 if keys else 3)


@pytest.mark.usefixtures("_either_way")
def test_without_hard_delete_what_is_gone_is_marked_and_lives_again_when_it_comes_back(load_here, table):
    load_here(reading(1, [1, 2, 3]))
    load_here(reading(2, [2]))
    marked = dict(table("users", f"[id], [{DELETED}]"))
    assert marked[2] is None
    assert abs(marked[1] - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=5)
    load_here(reading(3, [2, 3]))
    assert dict(table("users", f"[id], [{DELETED}]")) == {1: marked[1], 2: None, 3: None}, "the first moment stays"
    assert dict(table("users", f"[id], [{VERSION}]")) == {1: 1, 2: 3, 3: 3}
    assert load_here.rows["users"] == {"read": 2, "loaded": 2, "rejected": 0, "replaced in batch": 0}


@pytest.mark.parametrize("method", ["append-only", "auto"])
def test_rows_from_before_there_were_versions_are_old(method, load_here, table):
    load_here([schema_line(USERS), record(id=1, name="a"), record(id=2, name="b")], load_method=method)
    load_here(reading(5, [2]), load_method=method, **HARD)
    assert table("users") == [(2, "v5", 5)]


@pytest.mark.parametrize("hard", [True, False])
def test_an_empty_full_table_empties_the_table(hard, load_here, table):
    load_here([schema_line(USERS), record(id=1, name="a")])
    load_here(reading(5, []), hard_delete=hard)
    if hard:
        assert table("users") == []
    else:
        assert table("users", f"[id], [name], [{VERSION}], CASE WHEN [{DELETED}] IS NULL THEN 0 ELSE 1 END") == [(1, "a", None, 1)]


def test_a_second_activation_of_a_version_does_nothing(load_here, table):
    load_here([*reading(1, [1]), activate(1), *reading(2, [2, 3]), activate(2)], **HARD)
    assert table("users") == [(2, "v2", 2), (3, "v2", 2)]
    load_here([schema_line(USERS), activate(2), activate(2)], **HARD)
    assert table("users") == [(2, "v2", 2), (3, "v2", 2)]


def test_a_tap_that_activates_before_its_first_row_has_its_rows_all_the_same(load_here, table):
    """As taps of the SDK do by themselves."""
    for version, ids in ((1, [1, 2]), (2, [2, 3])):
        load_here([schema_line(USERS), activate(version), *(row(version, id=each, name="x") for each in ids)], **HARD)
    assert table("users") == [(2, "x", 2), (3, "x", 2)]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(2, id=2), row(id=3)], "rows without a version came"),
        ([row(2, id=2), row(9, id=3)], "rows of version 9 came"),
        ([row(2, id=2), row(2, id="three")], "1 rows were rejected"),
    ],
)
def test_rows_stay_where_the_run_does_not_know_the_whole_table(rows, why, load_here, table, caplog):
    load_here([schema_line(USERS), record(id=1, name="a")])
    lines = [schema_line(USERS), *rows, activate(2), state({"at": 2})]
    if "rejected" in why:
        with pytest.raises(TooManyRejectsError):
            load_here(lines, **HARD)
    else:
        load_here(lines, **HARD)
    assert load_here.states == [{"at": 2}]
    assert 1 in [key for (key,) in table("users", "[id]")]
    assert why in caplog.text


@pytest.mark.parametrize("allowed", [{"max_rejected_rows": 1}, {"max_rejected_share": 0.5}])
def test_rejected_rows_within_what_is_allowed_do_not_keep_the_others(allowed, load_here, table):
    load_here(reading(1, [1, 2]), **HARD)
    load_here([schema_line(USERS), row(2, id=2, name="new"), row(2, id="three"), activate(2)], **allowed, **HARD)
    assert table("users") == [(2, "new", 2)]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("keys", [("id",), ()], ids=["upsert", "append"])
def test_versions_that_change_within_a_batch_are_kept_row_by_row(keys, load_here, table, staged):
    versions = [None, 1, 1, 2, None, 2]
    load_here([schema_line(USERS, keys=keys), *(row(version, id=number % 4, name=str(number)) for number, version in enumerate(versions))])
    found = [("0", None), ("1", 1), ("2", 1), ("3", 2), ("4", None), ("5", 2)]
    assert table("users", f"[name], [{VERSION}]", "[name]") == (found[2:] if keys else found)
    assert staged() == []


def test_a_stream_without_versions_gets_no_column_for_them(load_here, columns):
    load_here([schema_line(USERS), record(id=1)])
    assert columns() == {"id": "bigint", "name": "nvarchar"}


@pytest.mark.usefixtures("_either_way")
def test_the_version_is_in_the_sdks_metadata_too_where_that_is_asked_for(load_here, table):
    load_here(reading(1, [1, 2]), add_record_metadata=True)
    load_here(reading(2, [2]), add_record_metadata=True)
    assert [(key, version, deleted is None) for key, version, deleted in table("users", f"[id], [{VERSION}], [{DELETED}]")] == [
        (1, 1, False),
        (2, 2, True),
    ]


def test_versions_can_be_left_alone(load_here, table):
    load_here(reading(1, [1]), process_activate_version_messages=False)
    load_here(reading(2, [2]), process_activate_version_messages=False, **HARD)
    assert table("users") == [(1, "v1"), (2, "v2")]


def test_a_column_of_that_name_but_for_case_is_the_streams_own(load_here, columns, table):
    own = {**USERS, VERSION.upper(): {"type": "string"}}
    load_here([schema_line(own), row(3, id=1, **{VERSION.upper(): "mine"}), activate(3)], **HARD)
    (other,) = columns().keys() - {"id", "name", VERSION}
    assert table("users", f"[{other}], [{VERSION}]") == [("mine", 3)]


def test_a_narrow_column_for_versions_is_widened(load_here, table, pool, schema, columns):
    load_here([schema_line({**USERS, "v": {"x-sql-datatype": "int"}}), record(id=1)])
    pool.connection.execute(f"ALTER TABLE [{schema}].[users] ADD [{VERSION}] int NULL")
    load_here(reading(LATE, [2]), **HARD)
    assert (table("users", f"[id], [{VERSION}]"), columns()[VERSION]) == ([(2, LATE)], "bigint")


def test_a_column_that_cannot_hold_versions_ends_the_run_with_the_rows_as_they_were(load_here, table, pool, schema):
    load_here([schema_line(USERS), record(id=1, name="a")])
    pool.connection.execute(f"ALTER TABLE [{schema}].[users] ADD [{VERSION}] nvarchar(9) NULL")
    with pytest.raises(DestinationError, match=rf"column {VERSION} of .* is nvarchar\(9\), and the stream now sends bigint"):
        load_here(reading(2, [2]), **HARD)
    assert (table("users"), load_here.states) == ([(1, "a", None)], [])


def test_stream_maps_and_filtered_rows_do_not_get_in_the_way(load_here, table):
    maps = {"stream_maps": {"users": {"__alias__": "people", "__filter__": "id != 4", "name": None}}}
    load_here(reading(1, [1, 2, 4]), **maps, **HARD)
    load_here(reading(2, [2, 4]), **maps, **HARD)
    assert table("people") == [(2, 2)]


def test_a_stream_that_a_map_leaves_out_is_left_out(load_here, table):
    assert load_here(reading(1, [1]), stream_maps={"users": None}) == [{"v": 1}]


@pytest.mark.parametrize("version", ["1; DROP TABLE users", 1.5, True, 2**63, None])
def test_a_version_that_is_none_is_refused(version, load_here):
    with pytest.raises(InputError, match="version"):
        load_here([schema_line(USERS), activate(version)])


def test_a_row_with_a_version_that_is_none_is_refused(load_here):
    with pytest.raises(InputError, match="a message of `users` has the version 'x'"):
        load_here([schema_line(USERS), row("x", id=1)])


def test_an_activation_before_its_schema_is_refused(load_here):
    with pytest.raises(RecordsWithoutSchemaException):
        load_here([activate(1)])


def test_files_of_batch_messages_bring_versions(load_here, table, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": 2, "name": "file"}) + "\n")
    load_here(reading(1, [1]))
    batch = {"type": "BATCH", "stream": "users", "encoding": {"format": "jsonl", "compression": "none"}, "manifest": [path.as_uri()], "version": 2}
    load_here([schema_line(USERS), batch, activate(2)], **HARD)
    assert table("users", f"[id], [name], [{VERSION}]") == [(2, "file", 2)]


def test_the_plan_shows_what_would_be_removed_and_removes_nothing(load_here, table, settings, tmp_path):
    load_here(reading(1, [1]), **HARD)
    (tmp_path / "config.json").write_text(json.dumps({**settings, **HARD, "batch_size_rows": 1}))
    lines = [schema_line(USERS), row(2, id=2), state({"at": 1}), row(2, id=3), state({"at": 2}), activate(2)]
    run = run_command("target-synapse", "--plan", "--config", str(tmp_path / "config.json"), folder=tmp_path, lines=lines)
    shown = run.stdout[run.stdout.index("-- ACTIVATE_VERSION") :]
    assert (run.exit_code, re.findall(r"^(--.*|DELETE.*|WHERE.*|INSERT INTO \S+)", shown, re.MULTILINE)[:6]) == (
        0,
        [
            "-- ACTIVATE_VERSION, behind 2 batches:",
            "-- in one transaction:",
            f"DELETE FROM {where(settings)}.[users]",
            f"WHERE ([{VERSION}] <> 2 OR [{VERSION}] IS NULL)",
            f"INSERT INTO {where(settings)}.[_sdc_load_ledger]",
            "-- commit",
        ],
    )
    assert table("users") == [(1, "v1", 1)]


def where(settings):
    return f"[{settings['default_target_schema']}]"


def test_the_statements_are_labelled(load_here, pool, schema):
    load_here(reading(4, [1]))
    (sent,) = [one for one in pool.statements("step=activate") if f"[{schema}]" in one]
    assert sent.startswith(
        f"UPDATE [{schema}].[users] SET [{DELETED}] = SYSUTCDATETIME()\nWHERE ([{VERSION}] <> 4 OR [{VERSION}] IS NULL) AND [{DELETED}] IS NULL"
    )
    assert pool.rows(f"SELECT [content], [rows] FROM [{schema}].[_sdc_load_ledger] WHERE [content] LIKE 'ACTIVATE%'") == [("ACTIVATE_VERSION 4", 0)]
