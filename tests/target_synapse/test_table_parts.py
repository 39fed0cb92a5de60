"""A table that is made anew, by `overwrite` or by a rebuild, has the partitions, defaults, keys and indexes of the old one; else it is refused and stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.errors import ConfigurationError
from synapse_support.messages import record, schema_line, state
from synapse_support.recording_pool import RecordingPool
from target_synapse.modes import shadow_parts
from target_synapse.rows.types import TEXT_MAX
from target_synapse.sql.quoting import literal
from target_synapse.tables.naming import TableName
from target_synapse.tables.table_parts import TableParts, UncopiedError

pytestmark = pytest.mark.slow

INTEGER, TEXT = {"type": ["null", "integer"]}, {"type": ["null", "string"]}
DAY = {"type": ["null", "string"], "format": "date"}
WAYS = {
    "overwrite": ({"load_method": "overwrite"}, INTEGER, 7),
    "rebuild": ({"type_conflict": "rebuild"}, TEXT, "x"),
}
LINES = {name: [schema_line({"id": INTEGER, "n": kind}), record(id=2, n=value), state({"at": name})] for name, (_, kind, value) in WAYS.items()}
ROWS = {"overwrite": [(2, 7)], "rebuild": [(1, "4"), (2, "x")]}


@pytest.fixture
def execute(pool, schema):
    """Runs SQL of an administrator; `{}` is the table."""
    pool.connection.execute(f"EXEC('CREATE SCHEMA [{schema}]')")
    return lambda sql: pool.connection.execute(sql.format(f"[{schema}].[users]"))


@pytest.fixture
def parts(pool, schema):
    """Everything that the catalogue says of the parts of the table, without names of constraints."""

    def read():
        where = f"OBJECT_ID(N'[{schema}].[users]')"
        asked = (
            f"SELECT partition_number, rows FROM sys.partitions WHERE object_id = {where}",
            (
                f"SELECT f.boundary_value_on_right, v.value FROM sys.indexes AS i JOIN sys.partition_functions AS f ON f.function_id = i.data_space_id"
                f" JOIN sys.partition_range_values AS v ON v.function_id = f.function_id WHERE i.object_id = {where} AND i.index_id < 2"
            ),
            f"SELECT column_id, key_ordinal FROM sys.index_columns WHERE object_id = {where} AND partition_ordinal = 1",
            (
                f"SELECT k.type, x.column_id, x.key_ordinal FROM sys.key_constraints AS k JOIN sys.index_columns AS x ON x.object_id = k.parent_object_id"
                f" AND x.index_id = k.unique_index_id WHERE k.parent_object_id = {where}"
            ),
            f"SELECT parent_column_id, definition FROM sys.default_constraints WHERE parent_object_id = {where}",
            (
                f"SELECT i.name, x.column_id, x.key_ordinal, x.is_descending_key FROM sys.indexes AS i JOIN sys.index_columns AS x ON x.object_id = i.object_id"
                f" AND x.index_id = i.index_id WHERE i.object_id = {where} AND i.is_unique = 0 AND i.index_id > 1"
            ),
            f"SELECT type_desc FROM sys.indexes WHERE object_id = {where} AND index_id < 2",
        )
        return [sorted(pool.rows(sql), key=str) for sql in asked]

    return read


KEPT = {
    "partitions of a heap": "[day] date NULL) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP, PARTITION ([day] RANGE LEFT FOR VALUES ('2026-01-01', '2026-02-01')))",
    "to the right, of a columnstore": "[m] money NULL) WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX, PARTITION ([m] RANGE RIGHT FOR VALUES (-1.5, 2)))",
    "by the column of the index": "[k] datetime2(3) NULL) WITH (CLUSTERED INDEX ([k] DESC, [id]), PARTITION ([k] RANGE RIGHT FOR VALUES ('2026-01-01 03:04:05.678')))",
    "by text": "[t] nvarchar(9) COLLATE Latin1_General_100_BIN2 NULL) WITH (HEAP, PARTITION ([t] RANGE RIGHT FOR VALUES (N'a''é', N'b')))",
    "by a moment with its offset": "[o] datetimeoffset(0) NULL) WITH (HEAP, PARTITION ([o] RANGE RIGHT FOR VALUES ('2026-01-01 00:00:00 +02:00')))",
    "by a float": "[f] float NULL) WITH (HEAP, PARTITION ([f] RANGE RIGHT FOR VALUES (-0.1, 1e300)))",
    "one partition": "[p] int NULL) WITH (HEAP, PARTITION ([p] RANGE RIGHT FOR VALUES ()))",
    "a default": "[d] int NOT NULL CONSTRAINT [mine] DEFAULT -4, [e] nvarchar(9) NULL DEFAULT N'(a'')') WITH (HEAP)",
    "a key": "[k] int NULL, CONSTRAINT [pk of mine] PRIMARY KEY NONCLUSTERED ([id], [u]) NOT ENFORCED, [u] int NOT NULL DEFAULT 0) WITH (HEAP)",
    "a key that may be NULL": "[u] int NULL, CONSTRAINT [uq] UNIQUE ([u], [id]) NOT ENFORCED) WITH (HEAP)",
    "all at once": "[u] int NULL, [d] date NOT NULL DEFAULT '2026-01-02', CONSTRAINT [a]]b] PRIMARY KEY NONCLUSTERED ([d], [id]) NOT ENFORCED, "
    "CONSTRAINT [a b] UNIQUE ([u]) NOT ENFORCED) WITH (DISTRIBUTION = HASH([id]), PARTITION ([d] RANGE RIGHT FOR VALUES ('2026-01-01', '2026-02-01')))",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", KEPT)
def test_what_a_table_has_its_successor_has(what, way, load_here, execute, parts, table):
    execute(f"CREATE TABLE {{}} ([id] bigint NOT NULL, [n] bigint NULL, {KEPT[what]}")
    execute("INSERT INTO {} ([id], [n]) VALUES (1, 4)")
    before = parts()
    assert load_here(LINES[way], **WAYS[way][0]) == [{"at": way}]
    assert table("users", "[id], [n]") == ROWS[way]
    after = parts()
    assert after[1:] == before[1:]
    assert [number for number, _ in after[0]] == [number for number, _ in before[0]]
    assert load_here(LINES[way], **WAYS[way][0]) == [{"at": way}]  # and again: the new table is one of ours
    assert parts()[1:] == before[1:]


@pytest.mark.parametrize("way", WAYS)
def test_indexes_beside_the_tables_own_are_made_anew_under_their_names(way, load_here, execute, parts, table):
    execute("CREATE TABLE {} ([id] bigint NOT NULL, [n] bigint NULL) WITH (HEAP)")
    execute("CREATE INDEX [of an administrator] ON {} ([n], [id] DESC)" if way == "overwrite" else "CREATE INDEX [i] ON {} ([id])")
    execute("INSERT INTO {} VALUES (1, 4)")
    before = parts()
    load_here(LINES[way], **WAYS[way][0])
    assert parts()[1:] == before[1:]
    assert table("users") == ROWS[way]


def test_a_default_holds_for_the_rows_of_the_new_table_too(load_here, execute, table):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint NULL, [from] nvarchar(9) NULL DEFAULT N'tap') WITH (HEAP)")
    load_here(LINES["overwrite"], load_method="overwrite")
    assert table("users") == [(2, 7, "tap")]


def test_a_default_of_a_column_that_becomes_text_is_text(load_here, execute, parts):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint NULL DEFAULT 4) WITH (HEAP)")
    load_here(LINES["rebuild"], type_conflict="rebuild")
    assert parts()[4] == [(2, "(N'4')")]


def test_a_table_that_the_settings_made_is_overwritten_and_rebuilt(load_here, parts, table):
    """Partitions and a key by setting; the second run overwrites, the third changes the type of a column."""
    made = {"table_partition": {"column": "day", "range": "right", "values": ["2026-01-01", "2026-02-01"]}, "primary_key": "not_enforced"}
    lines = [schema_line({"id": INTEGER, "day": DAY}), record(id=1, day="2026-01-15"), state({"at": 1})]
    load_here(lines, **made)
    before = parts()
    assert before[0] == [(1, 0), (2, 1), (3, 0)]
    load_here(lines, **made, load_method="overwrite")
    assert parts() == before
    load_here([schema_line({"id": TEXT, "day": DAY}), record(id="x", day="2026-03-15"), state({"at": 2})], **made, type_conflict="rebuild")
    assert parts() == [[(1, 0), (2, 1), (3, 1)], *before[1:]]
    assert [key for key, _ in table("users", "[id], [day]")] == ["1", "x"]


def test_a_columnstore_that_becomes_a_heap_keeps_its_partitions(load_here, execute, parts):
    execute(
        "CREATE TABLE {} ([id] bigint NULL, [n] nvarchar(9) NULL, [day] date NULL) "
        "WITH (CLUSTERED COLUMNSTORE INDEX, PARTITION ([day] RANGE LEFT FOR VALUES ('2026-01-01')))"
    )
    before = parts()
    load_here([schema_line({"id": INTEGER, "n": TEXT}), record(id=2, n="x" * 5000), state({"at": 1})], string_length="heap")
    after = parts()
    assert after[1:-1] == before[1:-1]
    assert after[-1] == [("HEAP",)]


@pytest.fixture
def identity(pool, schema):
    """Name, seed and increment of the IDENTITY column."""
    where = f"OBJECT_ID(N'[{schema}].[users]')"
    sql = f"SELECT name, CAST(seed_value AS bigint) AS seed, CAST(increment_value AS bigint) AS step FROM sys.identity_columns WHERE object_id = {where}"
    return lambda: pool.rows(sql)


@pytest.mark.parametrize("step", [1, -2])
def test_an_identity_column_goes_on_behind_its_last_value_so_that_none_comes_twice(step, load_here, execute, table, identity):
    execute(f"CREATE TABLE {{}} ([k] int IDENTITY(7, {step}) NOT NULL, [id] bigint NULL) WITH (HEAP)")
    lines = [schema_line({"id": INTEGER}), *(record(id=one) for one in range(5)), state({"at": 1})]
    load_here(lines)
    old = [key for (key,) in table("users", "[k]")]
    load_here(lines, load_method="overwrite")
    new = [key for (key,) in table("users", "[k]")]
    last = max(old) if step > 0 else min(old)
    assert identity() == [("k", last + step, step)]
    assert len({*old, *new}) == 10
    load_here(
        [lines[0], state({}), {"type": "ACTIVATE_VERSION", "stream": "users", "version": 1}],
        load_method="overwrite",
        process_activate_version_messages=True,
    )
    assert (table("users"), len(identity())) == ([], 1)


def test_a_rebuild_keeps_the_values_of_an_identity_column(load_here, execute, table, identity):
    execute("CREATE TABLE {} ([id] bigint NULL, [k] bigint IDENTITY(1, 1) NOT NULL, [n] bigint NULL) WITH (HEAP)")
    load_here([schema_line({"id": INTEGER, "n": INTEGER}), record(id=1, n=4), record(id=2, n=5)])
    before = dict(table("users", "[id], [k]"))
    load_here([schema_line({"id": INTEGER, "n": TEXT}), record(id=3, n="x")], type_conflict="rebuild")
    after = dict(table("users", "[id], [k]"))
    assert ({key: after[key] for key in (1, 2)}, table("users", "[n]", order="[id]")) == (before, [("4",), ("5",), ("x",)])
    assert after[3] > max(before.values())
    assert identity() == [("k", max(before.values()) + 1, 1)]


def test_an_identity_column_does_not_change_its_type(load_here, execute, schema):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint IDENTITY(1, 1) NOT NULL) WITH (HEAP)")
    with pytest.raises(ConfigurationError, match="the IDENTITY column n, whose values are the pool's"):
        load_here([schema_line({"id": INTEGER, "n": TEXT}), record(id=2, n="x")], type_conflict="rebuild")


def test_the_column_that_parts_a_table_does_not_become_text(load_here, execute, schema):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint NULL) WITH (HEAP, PARTITION ([n] RANGE LEFT FOR VALUES (1)))")
    with pytest.raises(ConfigurationError) as caught:
        load_here(LINES["rebuild"], type_conflict="rebuild")
    assert (
        str(caught.value)
        == f"[{schema}].[users] has partitions by n, whose order as text is another one, which a new table in its place would not have"
    )


class Catalogue(RecordingPool):
    """Answers with what a test says is in the catalogue."""

    def __init__(self, **answers):
        super().__init__()
        self._answers = answers

    def rows(self, sql, *, doing):
        return next((rows for part, rows in self._answers.items() if part in sql), [])


DEFINITIONS = [("day", "date", 3, 10, 0, None, True)]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"fanout": [(3, None, None, None)]}, "partitions, 3, of which the catalogue does not tell the boundaries"),
        ({"fanout": [(3, "day", 1, 4)]}, "partitions, 3, of which the catalogue does not tell the boundaries"),
        ({"fanout": [(3, "gone", 1, 3)]}, "partitions, 3, of which the catalogue does not tell the boundaries"),
        ({"fanout": [(3, "day", 1, 3)], "boundary_id": [("2026-01-01",)]}, "partitions, 3, of which the catalogue does not tell the boundaries"),
    ],
)
def test_partitions_that_the_catalogue_does_not_tell_whole_are_not_guessed(answers, told):
    with pytest.raises(UncopiedError) as caught:
        TableParts(Catalogue(**answers)).partition(TableName("s", "t"), DEFINITIONS, {})
    assert str(caught.value) == told


def test_a_default_that_is_no_literal_is_not_carried_on():
    with pytest.raises(UncopiedError, match=r"^the default d, whose value is no literal$"):
        TableParts(Catalogue(default_constraints=[("c", "d", "(getdate())")])).defaults(TableName("s", "t"), {})


def test_a_table_that_is_not_partitioned_has_no_clause():
    assert TableParts(Catalogue(fanout=[(1, None, None, None)])).partition(TableName("s", "t"), DEFINITIONS, {}) == ""
    assert TableParts(RecordingPool()).partition(TableName("s", "t"), DEFINITIONS, {"day": TEXT_MAX}) == ""


@given(st.text(), st.integers(0, 3))
def test_every_text_is_found_in_its_parentheses(text, depth):
    assert shadow_parts.literal_in("(" * depth + literal(text) + ")" * depth) == literal(text)


@pytest.mark.parametrize("definition", ["((4))", "(-4.5)", "($1.50)", "(0xFF)", "(NULL)", "(1e-7)"])
def test_numbers_are_literals(definition):
    assert shadow_parts.literal_in(definition) == definition.strip("()")


@pytest.mark.parametrize("definition", ["(getdate())", "(2+3)", "('a'+'b')", "(4); DROP TABLE x --", "('a' 'b')", ""])
def test_what_is_no_single_literal_is_none(definition):
    assert shadow_parts.literal_in(definition) is None


@pytest.fixture
def key(pool, schema):
    """The columns of the table's key, and those in which no NULL may be."""

    def read(name="users"):
        where = f"OBJECT_ID(N'[{schema}].[{name}]')"
        columns = (
            "SELECT c.name FROM sys.key_constraints AS k JOIN sys.index_columns AS x ON x.object_id = k.parent_object_id AND x.index_id = k.unique_index_id"
            f" JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id WHERE k.parent_object_id = {where} ORDER BY x.key_ordinal"
        )
        filled = f"SELECT name FROM sys.columns WHERE object_id = {where} AND is_nullable = 0 ORDER BY column_id"
        return [[name for (name,) in pool.rows(sql)] for sql in (columns, filled)]

    return read


DECLARED = {"primary_key": "not_enforced", "load_method": "overwrite", "nested_data": "child_tables"}
TAGS = {"id": INTEGER, "n": INTEGER, "tags": {"type": "array", "items": TEXT}}


@pytest.mark.parametrize("keys", [("n", "id"), ("new",), ()])
def test_an_overwrite_by_another_key_declares_that_one_and_lets_the_old_ones_columns_be_empty(keys, load_here, table, key):
    load_here([schema_line(TAGS), record(id=1, n=1, tags=["a"]), state({"at": 1})], **DECLARED)
    assert (key(), key("users__tags")[0]) == ([["id"], ["id"]], ["_sdc_source_key_id", "_sdc_level_0_id"])
    rows = [record(id=None if "id" not in keys else 5, n=one, new=one, tags=["b"]) for one in (1, 2)]
    load_here([schema_line({**TAGS, "new": INTEGER}, keys=keys), *rows, state({"at": 2})], **DECLARED)
    assert table("users", "[n]") == [(1,), (2,)]
    declared = [name for name in keys if keys != ("new",)]  # a column that comes with the key may be NULL in the table that is there
    assert key() == [declared, sorted(declared)]
    assert [len(table("users__tags")), key("users__tags")[0]] == [2, []]


def test_a_key_that_the_settings_do_not_ask_for_any_more_is_not_carried_on_and_an_administrators_is(load_here, execute, key):
    load_here([schema_line(TAGS), record(id=1, n=1, tags=[]), state({"at": 1})], **DECLARED)
    load_here([schema_line(TAGS), record(id=1, n=1, tags=[]), state({"at": 2})], **(DECLARED | {"primary_key": None}))
    assert key() == [[], []]
    execute("ALTER TABLE {} ADD CONSTRAINT [mine] UNIQUE ([n]) NOT ENFORCED")
    for at in (3, 4):
        load_here([schema_line(TAGS, keys=("id", "n")), record(id=1, n=1, tags=[]), state({"at": at})], **DECLARED)
        assert key() == [["n"], []]
