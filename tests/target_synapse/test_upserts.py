"""Rows that replace each other by key, with DELETE and INSERT or with MERGE, and rows that say they are gone."""

from __future__ import annotations

import datetime as dt

import pytest
from singer_commons.errors import ConfigurationError
from singer_commons.target import DurableTarget
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.target import TargetSynapse

MERGE = {"upsert_with": "merge"}
DELETED = "_sdc_deleted_at"
WITH_DELETED = {**USERS, DELETED: {"type": ["null", "string"]}}
GONE = "2024-05-06T07:08:09Z"


@pytest.fixture(params=["columns", "one by one"])
def _either_way(request, monkeypatch):
    if request.param == "one by one":
        monkeypatch.setattr(DurableTarget, "block_sink", lambda *_: None)


@pytest.fixture(params=["delete_insert", "merge"])
def upsert(request, load_here):
    """Loads with one way of upserting and then the other."""
    return lambda lines, **changes: load_here(lines, upsert_with=request.param, **changes)


@pytest.mark.usefixtures("_either_way")
def test_the_newest_row_of_a_key_is_in_the_table_whatever_replaces_it(upsert, table):
    keys = {"list": {"type": "string", "maxLength": 9}, "id": {"type": "integer"}}
    lines = [schema_line({**keys, "name": {"type": ["null", "string"]}}, keys=("list", "id"))]
    upsert([*lines, *(record(list=name, id=1, name="old") for name in ("a", "b", "")), state({"at": 1})])
    upsert([*lines, record(list="a", id=1, name="x"), record(list="", id=1), record(list="a", id=1, name=""), record(list="c", id=1, name="new")])
    assert sorted(table("users")) == [("", 1, None), ("a", 1, ""), ("b", 1, "old"), ("c", 1, "new")]


def test_a_table_of_keys_alone_is_merged_too(load_here, table):
    lines = [schema_line({"id": {"type": "integer"}}), record(id=1), record(id=2), record(id=1)]
    load_here(lines, **MERGE)
    load_here([*lines, record(id=3)], **MERGE)
    assert table("users") == [(1,), (2,), (3,)]


def test_a_merged_row_keeps_what_others_have_written_beside_it_and_a_replaced_one_does_not(load_here, table, pool, schema):
    load_here([schema_line(USERS), record(id=1, name="a")])
    pool.connection.execute(f"ALTER TABLE [{schema}].[users] ADD [note] nvarchar(9) NULL")
    pool.connection.execute(f"UPDATE [{schema}].[users] SET [note] = N'mine'")
    load_here([schema_line(USERS), record(id=1, name="b")], **MERGE)
    assert table("users") == [(1, "b", "mine")]
    load_here([schema_line(USERS), record(id=1, name="c")])
    assert table("users") == [(1, "c", None)]


def test_a_row_that_was_marked_as_gone_lives_again_when_it_is_merged(upsert, table):
    def reading(version, *ids):
        rows = [{**record(id=one, name="x"), "version": version} for one in ids]
        return [schema_line(USERS), *rows, {"type": "ACTIVATE_VERSION", "stream": "users", "version": version}]

    upsert(reading(1, 1, 2))
    upsert(reading(2, 2))
    assert table("users", f"[id], CASE WHEN [{DELETED}] IS NULL THEN 1 ELSE 0 END") == [(1, 0), (2, 1)]
    upsert(reading(3, 1, 2))
    assert table("users", f"[id], [{DELETED}], [_sdc_table_version]") == [(1, None, 3), (2, None, 3)]


REFUSED = {
    "ROUND_ROBIN": ("DISTRIBUTION = ROUND_ROBIN", "", "is distributed ROUND_ROBIN, and MERGE needs HASH"),
    "REPLICATE": ("DISTRIBUTION = REPLICATE", "", "is distributed REPLICATE, and MERGE needs HASH"),
    "not a key": ("DISTRIBUTION = HASH([name])", "", "is distributed by name, which is no key, and MERGE must not update it"),
    "IDENTITY": ("DISTRIBUTION = HASH([id])", ", [n] bigint IDENTITY(1, 1)", "has the IDENTITY column n, and MERGE cannot insert beside one"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_merge_cannot_change_is_refused_before_a_row_is_read(case, load_here, pool, schema):
    distribution, more, why = REFUSED[case]
    pool.connection.execute(f"EXEC('CREATE SCHEMA [{schema}]')")
    pool.connection.execute(f"CREATE TABLE [{schema}].[users] ([id] bigint NULL, [name] nvarchar(99) NULL{more}) WITH ({distribution}, HEAP)")
    with pytest.raises(ConfigurationError) as caught:
        load_here([schema_line(USERS), record(id=1)], **MERGE)
    assert (str(caught.value), caught.value.hint) == (f"[{schema}].[users] {why}", "set `upsert_with` to `delete_insert`")


def test_a_build_whose_merge_misplaces_rows_is_refused(load_here, monkeypatch):
    monkeypatch.setattr("target_synapse.modes.merge.SOUND_BUILD", (10, 0, 21181, 1))
    with pytest.raises(
        ConfigurationError, match=r"^MERGE can misplace rows in builds before 10\.0\.21181\.1, and the pool is 'Microsoft Azure SQL Data"
    ):
        load_here([schema_line(USERS), record(id=1)], **MERGE)
    monkeypatch.setattr("target_synapse.modes.merge.SOUND_BUILD", (10, 0, 21181, 0))
    load_here([schema_line(USERS), record(id=1)], **MERGE)


@pytest.mark.parametrize("distribution", ["round_robin", "replicate"])
def test_settings_that_make_tables_which_merge_cannot_change_are_told_before_anything_else(distribution):
    (told,) = [
        str(one) for one in TargetSynapse.misfits({"user": "u", "password": "p", "load_via": "insert", "table_distribution": distribution, **MERGE})
    ]
    expected = "expected `auto`, found"
    assert told == f"`upsert_with` and `table_distribution`: MERGE needs a table that is distributed by HASH: {expected} `{distribution}`"


def gone(key, **values):
    return record(id=key, **values, **{DELETED: GONE})


CHANGES = [
    record(id=1, name="a", **{DELETED: None}),
    record(id=2, name="b"),
    record(id=3, name="c"),
    gone(1),
    gone(2),
    record(id=2, name="back"),
    record(id=3, name="again"),
    gone(3),
    gone(4),
]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("rows_at_once", [1, 100])
def test_rows_that_say_they_are_gone_are_deleted(rows_at_once, upsert, table):
    lines = [schema_line(WITH_DELETED), *(line for one in CHANGES for line in (one, state({"at": CHANGES.index(one)})))]
    upsert(lines, hard_delete=True, batch_size_rows=rows_at_once)
    assert table("users") == [(2, "back", None)]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("metadata", [False, True])
def test_rows_that_say_they_are_gone_are_marked_without_hard_delete(metadata, upsert, table):
    upsert([schema_line(WITH_DELETED), *CHANGES], add_record_metadata=metadata)
    moment = dt.datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001 - as the column has it
    assert table("users", f"[id], [name], [{DELETED}]") == [(1, None, moment), (2, "back", None), (3, None, moment), (4, None, moment)]


def test_without_keys_a_row_that_says_it_is_gone_is_a_row_like_any_other(load_here, table):
    load_here([schema_line(WITH_DELETED, keys=()), record(id=1, name="a"), gone(1)], hard_delete=True)
    moment = dt.datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001 - as the column has it
    assert sorted(table("users"), key=str) == [(1, "a", None), (1, None, moment)]


def test_two_batches_that_differ_only_in_what_is_gone_are_not_the_same_to_the_ledger(load_here, pool, schema):
    lines = [schema_line(WITH_DELETED, keys=()), record(id=1, name="a"), state({"at": 1}), gone(1, name="a"), state({"at": 2})]
    load_here(lines, batch_size_rows=1)
    contents = pool.rows(f"SELECT [content] FROM [{schema}].[_sdc_load_ledger]")
    assert len(contents) == len(set(contents)) == 2


def test_the_column_is_not_there_where_the_tap_does_not_have_it(load_here, table):
    load_here([schema_line(USERS), gone(1, name="a")], hard_delete=True)
    assert table("users") == [(1, "a")]
