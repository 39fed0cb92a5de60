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
    (all_at_once := "all at once"): "[u] int NULL, [d] date NOT NULL DEFAULT '2026-01-02', CONSTRAINT [a]]b] PRIMARY KEY NONCLUSTERED ([d], [id]) NOT ENFORCED, "
    "CONSTRAINT [a b] UNIQUE ([u]) NOT ENFORCED) WITH (DISTRIBUTION = HASH([id]), PARTITION ([d] RANGE RIGHT FOR VALUES ('2026-01-01', '2026-02-01')))",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", [all_at_once, *(pytest.param(one, marks=pytest.mark.slow) for one in KEPT if one != all_at_once)])
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


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_indexes_beside_the_tables_own_are_made_anew_under_their_names(way, load_here, execute, parts, table):
    execute("CREATE TABLE {} ([id] bigint NOT NULL, [n] bigint NULL) WITH (HEAP)")
    execute("CREATE INDEX [of an administrator] ON {} ([n], [id] DESC)" if way == "overwrite" else "CREATE INDEX [i] ON {} ([id])")
    execute("INSERT INTO {} VALUES (1, 4)")
    before = parts()
    load_here(LINES[way], **WAYS[way][0])
    assert parts()[1:] == before[1:]
    assert table("users") == ROWS[way]


@pytest.mark.slow
def test_a_default_holds_for_the_rows_of_the_new_table_too(load_here, execute, table):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint NULL, [from] nvarchar(9) NULL DEFAULT N'tap') WITH (HEAP)")
    load_here(LINES["overwrite"], load_method="overwrite")
    assert table("users") == [(2, 7, "tap")]


@pytest.mark.slow
def test_a_default_of_a_column_that_becomes_text_is_text(load_here, execute, parts):
    execute("CREATE TABLE {} ([id] bigint NULL, [n] bigint NULL DEFAULT 4) WITH (HEAP)")
    load_here(LINES["rebuild"], type_conflict="rebuild")
    assert parts()[4] == [(2, "(N'4')")]


@pytest.mark.slow
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


@pytest.mark.slow
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


REFUSED = {
    "the IDENTITY column n": "[id] bigint NULL, [n] bigint IDENTITY(1, 1)) WITH (HEAP)",
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_table_of_which_something_would_be_lost_is_refused_and_stays(what, load_here, execute, pool, schema):
    execute(f"CREATE TABLE {{}} ({REFUSED[what]}")
    lines = [schema_line({"id": INTEGER}), record(id=2), state({"at": 1})]
    with pytest.raises(ConfigurationError) as caught:
        load_here(lines, load_method="overwrite")
    assert str(caught.value) == f"[{schema}].[users] has {what}, which a new table in its place would not have"
    assert caught.value.hint == "load it with another `load_method`"
    assert pool.rows(
        f"SELECT COUNT(*) FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE s.name = '{schema}' AND LEFT(t.name, 8) = '_sdc_new'"
    ) == [(0,)]


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
