"""`overwrite`: readers see the old table until the new one is whole, and then the rows of the run and no others."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from harness import run_command
from singer_commons.errors import DestinationError, InputError, TooManyRejectsError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.sink import SynapseSink
from target_synapse.tables.shadows import says_unfinished

OVERWRITE = {"load_method": "overwrite"}
OLD = [(1, "old"), (2, "old")]
NEW = [(2, "new"), (3, "new")]


def reading(ids, name, keys=("id",), version=None, *, end=True):
    rows = [record(id=one, name=name) | ({} if version is None else {"version": version}) for one in ids]
    return [schema_line(USERS, keys=keys), *rows, *([state({"read": name})] if end else [])]


def activate(version):
    return {"type": "ACTIVATE_VERSION", "stream": "users", "version": version}


@pytest.fixture
def tables(pool, schema):
    """The names of the tables of the test's schema, but for the ledger."""

    def read():
        sql = f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME <> N'_sdc_load_ledger' ORDER BY 1"
        return [name for (name,) in pool.rows(sql)]

    return read


@pytest.fixture
def old(load_here):
    load_here(reading([1, 2], "old"))


@pytest.mark.parametrize("keys", [("id",), ()], ids=["with keys", "without"])
def test_a_run_leaves_its_rows_and_no_others(keys, load_here, table, tables, staged):
    assert load_here(reading([1, 2], "old", keys), **OVERWRITE) == [{"read": "old"}]
    assert load_here(reading([2, 3], "new", keys), batch_size_rows=1, **OVERWRITE) == [{"read": "new"}]
    assert (table("users"), tables(), staged()) == (NEW, ["users"], [])
    assert load_here.rows["users"] == {"read": 2, "loaded": 2, "rejected": 0, "replaced in batch": 0}


def test_rows_with_a_key_replace_each_other_within_the_run(load_here, table):
    rows = [record(id=1, name="a"), state({"at": 1}), record(id=1, name="b"), state({"at": 2})]
    load_here([schema_line(USERS), *rows], batch_size_rows=1, **OVERWRITE)
    assert table("users") == [(1, "b")]


@pytest.mark.usefixtures("old")
def test_until_the_new_table_is_whole_readers_see_the_old_one_and_no_state_goes_out(load_here, table, pool, schema, monkeypatch):
    """Looked at from inside the run, just before the rename."""
    seen = []
    swap = SynapseSink.swap
    monkeypatch.setattr(SynapseSink, "swap", lambda sink: (seen.append((table("users"), list(load_here.out()))), swap(sink)))
    rows = [line for number in (2, 3) for line in (record(id=number, name="new"), state({"at": number}))]
    states = load_here([schema_line(USERS), *rows], batch_size_rows=1, **OVERWRITE)
    assert (seen, states, table("users")) == ([(OLD, [])], [{"at": 3}], NEW)


@pytest.mark.usefixtures("old")
def test_states_of_other_streams_wait_too_and_go_out_with_the_new_table(load_here, table):
    other = schema_line(USERS, stream="other")
    lines = [other, record("other", id=1), state({"at": "other"}), *reading([2, 3], "new"), record("other", id=2), state({"at": "end"})]
    options = {"stream_options": {"users": OVERWRITE}}
    assert load_here(lines, batch_size_rows=1, **options) == [{"at": "other"}, {"at": "end"}]
    assert (table("users"), table("other", "[id]")) == (NEW, [(1,), (2,)])


@pytest.mark.usefixtures("old")
def test_activate_version_ends_the_new_table_before_the_input_ends(load_here, table):
    lines = [*reading([7], "gone", version=1, end=False), *reading([2, 3], "new", version=2)[1:], activate(2), state({"at": "active"})]
    later = [schema_line(USERS, stream="other"), record("other", id=1), state({"at": "end"})]
    options = {"stream_options": {"users": OVERWRITE}}
    assert load_here([*lines, *later], batch_size_rows=1, **options) == [{"read": "new"}, {"at": "active"}, {"at": "end"}]
    assert table("users", "[id], [name]") == NEW


@pytest.mark.usefixtures("old")
def test_rows_behind_the_end_of_a_version_go_straight_into_the_table(load_here, table, tables):
    lines = [*reading([2, 3], "new", version=2), activate(2), *reading([3, 4], "late", version=2)]
    load_here(lines, **OVERWRITE)
    assert (table("users", "[id], [name]"), tables()) == ([(2, "new"), (3, "late"), (4, "late")], ["users"])


@pytest.mark.usefixtures("old")
def test_a_version_that_is_activated_before_its_first_row_empties_nothing(load_here, table):
    """As taps of the SDK do."""
    load_here([schema_line(USERS), activate(5), *reading([2, 3], "new", version=5)[1:]], **OVERWRITE)
    assert table("users", "[id], [name]") == NEW


@pytest.mark.usefixtures("old")
def test_a_full_table_without_rows_empties_the_table_and_a_stream_without_rows_leaves_it(load_here, table, tables):
    assert load_here([schema_line(USERS), state({"at": 1})], **OVERWRITE) == [{"at": 1}]
    assert (table("users"), tables()) == (OLD, ["users"])
    assert load_here([schema_line(USERS), activate(5), state({"at": 2})], **OVERWRITE) == [{"at": 2}]
    assert (table("users"), tables()) == ([], ["users"])


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    "last",
    [
        [],
        [state({"at": 3}), record(id=9, name="x")],
        [state({"currently_syncing": "users", "bookmarks": {}})],
        [state({"bookmarks": {"users": {"progress_markers": {"replication_key": "id"}}}})],
    ],
    ids=["no STATE", "a STATE and then a row", "a STATE in the middle of the stream", "a STATE with marks of progress"],
)
def test_where_the_tap_may_have_died_the_old_table_stays(last, load_here, table, tables):
    with pytest.raises(InputError) as caught:
        load_here([*reading([2, 3], "new", end=False), *last], batch_size_rows=1, **OVERWRITE)
    assert "may not have come to the end of `users`, since no STATE or ACTIVATE_VERSION came behind its last row" in str(caught.value)
    assert (load_here.states, table("users"), tables()) == ([], OLD, ["users"])


def test_what_a_state_says_of_a_stream():
    assert says_unfinished({"currently_syncing": "a"}, "a")
    assert says_unfinished({"bookmarks": {"a": {"progress_markers": {"x": 1}}}}, "a")
    for value in ({}, {"currently_syncing": None}, {"currently_syncing": "b"}, {"bookmarks": {"a": 4}}, {"bookmarks": [1]}, {"bookmarks": {"a": {}}}):
        assert not says_unfinished(value, "a")


@pytest.mark.usefixtures("old")
def test_rejected_rows_keep_the_old_table_unless_they_are_allowed(load_here, table, tables):
    lines = [*reading([2, 3], "new", end=False), record(id="x"), state({"at": 1})]
    with pytest.raises(TooManyRejectsError):
        load_here(lines, **OVERWRITE)
    assert (load_here.states, table("users"), tables()) == ([], OLD, ["users"])
    assert load_here(lines, max_rejected_rows=1, **OVERWRITE) == [{"at": 1}]
    assert (table("users"), tables()) == (NEW, ["users"])


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(("share", "found"), [(0.5, NEW), (0.3, OLD)])
def test_a_share_of_rejected_rows_that_is_allowed_does_not_keep_the_old_table(share, found, load_here, table, tables):
    lines = [*reading([2, 3], "new", end=False), record(id="x"), state({"at": 1})]
    with nullcontext() if found == NEW else pytest.raises(TooManyRejectsError):
        load_here(lines, max_rejected_share=share, **OVERWRITE)
    assert (load_here.states, table("users"), tables()) == ([{"at": 1}] if found == NEW else [], found, ["users"])


@pytest.mark.usefixtures("old")
def test_rows_that_cannot_be_loaded_leave_the_old_table_and_nothing_else(load_here, table, tables, pool, schema):
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[_sdc_new", number=229)
    with pytest.raises(DestinationError):
        load_here(reading([2, 3], "new"), **OVERWRITE)
    assert (load_here.states, table("users"), tables()) == ([], OLD, ["users"])


OTHERS = "[d] decimal(12,3), [t] time(3), [b] varbinary(20), [c] nchar(3) COLLATE Latin1_General_100_BIN2, [f] real, [m] money, [u] uniqueidentifier"
SHAPES = [
    "DISTRIBUTION = HASH([name]), CLUSTERED COLUMNSTORE INDEX ORDER ([id])",
    "DISTRIBUTION = REPLICATE, CLUSTERED INDEX ([name], [id] DESC)",
    "DISTRIBUTION = ROUND_ROBIN, HEAP",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_rights_statistics_and_shape_survive_and_a_schema_grows(shape, load_here, table, pool, schema):
    execute = pool.connection.execute
    execute(f"EXEC('CREATE SCHEMA [{schema}]')")
    execute(f"CREATE TABLE [{schema}].[users] ([id] bigint NOT NULL, [name] nvarchar(50) NULL, [mine] date NULL, {OTHERS}) WITH ({shape})")
    for sql in ("GRANT SELECT, UPDATE ON {} TO [a]]b]", "DENY SELECT ON {}([name]) TO [r]", "GRANT CONTROL ON {} TO [r] WITH GRANT OPTION"):
        execute(sql.format(f"OBJECT::[{schema}].[users]"))
    execute(f"CREATE STATISTICS [by name] ON [{schema}].[users] ([name], [id])")
    before = shape_of(pool, schema)
    load_here([schema_line({**USERS, "age": {"type": "integer"}}), record(id=1, name="x", age=4), state({"at": 1})], **OVERWRITE)
    assert shape_of(pool, schema) == before
    assert table("users", "[id], [name], [mine], [age]") == [(1, "x", None, 4)]


def shape_of(pool, schema):
    where = f"OBJECT_ID(N'[{schema}].[users]')"
    asked = [
        f"SELECT distribution_policy_desc FROM sys.pdw_table_distribution_properties WHERE object_id = {where}",
        f"SELECT column_id FROM sys.pdw_column_distribution_properties WHERE object_id = {where} AND distribution_ordinal = 1",
        f"SELECT type_desc FROM sys.indexes WHERE object_id = {where}",
        f"SELECT column_id, key_ordinal, is_descending_key, column_store_order_ordinal FROM sys.index_columns WHERE object_id = {where} AND column_id < 4",
        (
            f"SELECT s.name, c.column_id FROM sys.stats AS s JOIN sys.stats_columns AS c ON c.object_id = s.object_id AND c.stats_id = s.stats_id"
            f" WHERE s.object_id = {where}"
        ),
        (
            f"SELECT p.state_desc, p.permission_name, u.name, p.minor_id FROM sys.database_permissions AS p JOIN sys.database_principals AS u"
            f" ON u.principal_id = p.grantee_principal_id WHERE p.major_id = {where}"
        ),
        (
            f"SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_SCALE, COLLATION_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'users'"
            " AND COLUMN_NAME <> N'age'"
        ),
    ]
    return [sorted(pool.rows(sql), key=str) for sql in asked]


def test_the_plan_shows_the_new_table_and_how_it_takes_its_place(load_here, settings, tmp_path, table, tables, schema):
    load_here(reading([1, 2], "old"))
    (tmp_path / "config.json").write_text(json.dumps({**settings, **OVERWRITE}))
    run = run_command("target-synapse", "--plan", "--config", str(tmp_path / "config.json"), folder=tmp_path, lines=reading([2, 3], "new"))
    verbs = [
        line.split("[")[0] for line in run.stdout.splitlines() if line.startswith(("CREATE TABLE", "RENAME", "DELETE", "INSERT", "ALTER", "UPDATE"))
    ]
    assert (run.exit_code, run.stdout.count(f"RENAME OBJECT [{schema}].[users] TO [_sdc_old_")) == (0, 1)
    assert verbs == [
        "CREATE TABLE ",
        "CREATE TABLE ",
        "DELETE ",
        "INSERT INTO ",
        "INSERT INTO ",
        "INSERT INTO ",
        "RENAME OBJECT ",
        "RENAME OBJECT ",
        "UPDATE ",
        "UPDATE ",
    ]
    assert (table("users"), tables()) == (OLD, ["users"])
