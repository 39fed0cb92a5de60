"""A column whose stream sends another type: the run fails, the column is split, or the table is made anew; no value is lost on the way."""

from __future__ import annotations

import json
import re

import pytest
from harness import run_command
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.errors import DestinationError
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import record, schema_line, state
from target_synapse.rows import types
from target_synapse.rows.types import parsed, wide_enough
from target_synapse.tables.conflicts import common_type

pytestmark = pytest.mark.slow

INTEGER, TEXT, DAY = {"type": "integer"}, {"type": "string", "maxLength": 100}, {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}


def lines(kind, value, number=1):
    return [schema_line({"id": INTEGER, "a": kind}), record(id=number, a=value), state({"at": number})]


@pytest.fixture
def columns(pool, schema):
    def read(name="users"):
        sql = f"SELECT COLUMN_NAME, DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'{name}' ORDER BY ORDINAL_POSITION"
        return dict(pool.rows(sql))

    return read


@pytest.fixture
def tables(pool, schema):
    sql = f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME <> N'_sdc_load_ledger' ORDER BY 1"
    return lambda: [name for (name,) in pool.rows(sql)]


def test_a_change_of_type_that_keeps_no_values_ends_the_run_and_leaves_the_table_by_default(load_here, table):
    load_here(lines(INTEGER, 5))
    with pytest.raises(DestinationError, match="is bigint, and the stream now sends nvarchar") as caught:
        load_here(lines(TEXT, "x", 2))
    assert "set `type_conflict`" in caught.value.hint
    assert table("users") == [(1, 5)]


def test_split_keeps_each_type_in_a_column_of_its_own(load_here, table, columns):
    for kind, value, number in [
        (INTEGER, 5, 1),
        (TEXT, "x", 2),
        ({"type": "boolean"}, True, 3),
        ({"type": "string", "maxLength": 300}, "y" * 300, 4),
        (INTEGER, 6, 5),
    ]:
        load_here(lines(kind, value, number), type_conflict="split")
    assert columns() == {"id": "bigint", "a": "bigint", "a__nvarchar": "nvarchar", "a__bit": "bit"}
    assert table("users", "[id], [a], [a__nvarchar], [a__bit]") == [
        (1, 5, None, None), (2, None, "x", None), (3, None, None, True), (4, None, "y" * 300, None), (5, 6, None, None)
    ]  # fmt: skip


def test_a_split_column_never_takes_the_name_of_another_property(load_here, columns):
    both = {"id": INTEGER, "a": INTEGER, "a__nvarchar": INTEGER}
    load_here([schema_line(both), record(id=1, a=1, a__nvarchar=2)])
    load_here([schema_line({**both, "a": TEXT}), record(id=2, a="x", a__nvarchar=3)], type_conflict="split")
    assert [re.sub("[0-9a-f]{8}$", "digest", name) for name in columns()] == ["id", "a", "a__nvarchar", "a__nvarchar_digest"]


def test_a_key_is_not_split(load_here):
    load_here([schema_line({"id": INTEGER}), record(id=1)])
    with pytest.raises(DestinationError, match="and a key is not split"):
        load_here([schema_line({"id": TEXT}), record(id="x")], type_conflict="split")


REBUILT = [
    (INTEGER, 5, TEXT, "x", ["5", "x"]),
    ({"type": "boolean"}, True, TEXT, "x", ["true", "x"]),
    ({"type": "number", "multipleOf": 0.01}, 1.5, TEXT, "x", ["1.50", "x"]),
    ({"type": "number"}, 0.1, DAY, "2024-01-02", ["0.1", "2024-01-02"]),
    (DAY, "2024-01-02", TEXT, "x", ["2024-01-02", "x"]),
    ({"type": "string", "format": "uuid"}, "0E984725-C51C-4BF4-9960-E1C80E27ABA0", TEXT, "x", ["0e984725-c51c-4bf4-9960-e1c80e27aba0", "x"]),
    (DAY, None, {"type": "object"}, {"b": 1}, [None, '{"b":1}']),
    (TEXT, "x", INTEGER, 5, ["x", "5"]),
    ({"type": "string", "maxLength": 3}, "x", INTEGER, 123456789, ["x", "123456789"]),
]


@pytest.mark.parametrize(("old", "before", "new", "after", "expected"), REBUILT)
def test_a_rebuilt_table_has_all_values_in_a_type_that_holds_both(old, before, new, after, expected, load_here, table, tables):
    nullable = {**old, "type": ["null", old["type"]]}
    load_here(lines(nullable, before))
    assert load_here(lines(new, after, 2), type_conflict="rebuild") == [{"at": 2}]
    assert ([value for (value,) in table("users", "[a]", "[id]")], tables()) == (expected, ["users"])


def test_a_rebuild_makes_a_key_text_and_keeps_its_rows_apart(load_here, table):
    load_here([schema_line({"id": INTEGER, "n": INTEGER}), record(id=1, n=1), record(id=2, n=2)])
    load_here([schema_line({"id": TEXT, "n": INTEGER}), record(id="2", n=3), record(id="x", n=4)], type_conflict="rebuild")
    assert table("users", "[id], [n]") == [("1", 1), ("2", 3), ("x", 4)]


def test_a_day_becomes_a_moment(load_here, table, columns):
    load_here(lines(DAY, "2024-01-02"))
    load_here(lines(MOMENT, "2024-01-02T03:04:05Z", 2), type_conflict="rebuild")
    assert (columns()["a"], [str(value) for (value,) in table("users", "[a]", "[id]")]) == (
        "datetime2",
        ["2024-01-02 00:00:00", "2024-01-02 03:04:05"],
    )


def test_a_rebuild_keeps_shape_rights_and_statistics(load_here, pool, schema, columns):
    load_here(lines(INTEGER, 5), table_index="columnstore")
    pool.connection.execute(f"CREATE STATISTICS [mine] ON [{schema}].[users] ([a], [id])")
    load_here(lines(TEXT, "x", 2), type_conflict="rebuild", table_distribution="round_robin")
    of = f"object_id = OBJECT_ID(N'[{schema}].[users]')"
    assert pool.rows(f"SELECT name FROM sys.stats WHERE {of}") == [("mine",)]
    assert pool.rows(f"SELECT type_desc FROM sys.indexes WHERE {of}") == [("CLUSTERED COLUMNSTORE",)]
    assert pool.rows(f"SELECT distribution_policy_desc FROM sys.pdw_table_distribution_properties WHERE {of}") == [("HASH",)]


def test_statistics_are_taken_off_a_column_that_is_widened_and_made_again(load_here, pool, schema, table):
    load_here(lines({"type": "string", "maxLength": 10}, "x"))
    pool.connection.execute(f"CREATE STATISTICS [mine] ON [{schema}].[users] ([a])")
    load_here(lines(TEXT, "y" * 50, 2))
    assert pool.rows(f"SELECT name FROM sys.stats WHERE object_id = OBJECT_ID(N'[{schema}].[users]')") == [("mine",)]
    assert table("users", "[a]", "[id]") == [("x",), ("y" * 50,)]


def test_the_column_of_the_distribution_is_widened_only_by_a_rebuild(load_here, columns, table):
    small = {"type": "integer", "x-sql-datatype": "int"}
    load_here([schema_line({"id": small}), record(id=1)])
    with pytest.raises(DestinationError, match="cannot make the column id"):
        load_here([schema_line({"id": INTEGER}), record(id=2**40)])
    load_here([schema_line({"id": INTEGER}), record(id=2**40)], type_conflict="rebuild")
    assert (columns(), table("users")) == ({"id": "bigint"}, [(1,), (2**40,)])


def test_bytes_become_no_text(load_here):
    load_here(lines({"type": "string", "contentEncoding": "base64"}, "AAAA"))
    with pytest.raises(DestinationError, match="is varbinary"):
        load_here(lines(TEXT, "x", 2), type_conflict="rebuild")


def test_the_plan_shows_the_rebuild_and_changes_nothing(load_here, table, settings, tmp_path, schema):
    load_here(lines(INTEGER, 5))
    (tmp_path / "config.json").write_text(json.dumps({**settings, "type_conflict": "rebuild"}))
    run = run_command("target-synapse", "--plan", "--config", str(tmp_path / "config.json"), folder=tmp_path, lines=lines(TEXT, "x", 2))
    shown = re.findall(rf"^(CREATE TABLE|INSERT INTO|SELECT|RENAME OBJECT) (?:\[{schema}\]\.)?(?=\[)(.{{9}})", run.stdout, re.MULTILINE)
    assert (run.exit_code, shown[:4], table("users")) == (
        0,
        [("CREATE TABLE", "[_sdc_new"), ("INSERT INTO", "[_sdc_new"), ("SELECT", "[id], CON"), ("INSERT INTO", "[_sdc_loa")],
        [(1, 5)],
    )
    assert [name for verb, name in shown if verb == "RENAME OBJECT"] == ["[users] T", "[_sdc_new"]


@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize(
    "step",
    [
        r"CREATE TABLE \[{0}\]\.\[_sdc_new",
        r"INSERT INTO \[{0}\]\.\[_sdc_new",
        r"N'OVERWRITE _sdc_new",
        r"RENAME OBJECT \[{0}\]\.\[users",
        r"RENAME OBJECT \[{0}\]\.\[_sdc_new",
    ],
)
def test_a_connection_that_is_lost_in_a_rebuild_is_made_up_for(step, kind, load_here, table, tables, pool, schema, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    load_here(lines(INTEGER, 5))
    pool.fault(kind, step.format(schema))
    assert load_here(lines(TEXT, "x", 2), type_conflict="rebuild") == [{"at": 2}]
    assert (table("users"), tables(), pool.order(waiting=True)) == ([(1, "5"), (2, "x")], ["users"], [])


@pytest.mark.timeout(600)  # a minute and more, where nothing else runs
def test_killed_before_any_statement_of_a_rebuild_the_next_run_finds_every_row(load_here, table, pool, schema, monkeypatch):
    for statement in range(8, 100):
        pool.order(drop=schema)
        load_here(lines(INTEGER, 5))
        try:
            with killed_after(monkeypatch, statement, done=False):
                load_here(lines(TEXT, "x", 2), type_conflict="rebuild")
        except Killed:
            load_here(lines(TEXT, "x", 2), type_conflict="rebuild")
        else:
            break
        assert table("users") == [(1, "5"), (2, "x")]
    assert statement > 25


KINDS = st.sampled_from(
    ["bigint", "bit", "float", "decimal(38,10)", "nvarchar(20)", "nvarchar(max)", "date", "time(7)", "datetime2(3)", "datetimeoffset(7)", "money"]
)


@given(KINDS.map(parsed), KINDS.map(parsed))
def test_the_common_type_of_two_is_text_or_holds_both(held, wanted):
    made = common_type(held, wanted)
    assert made is not None
    assert made.is_text or all(kind.name in ("date", "datetime2", "datetimeoffset") for kind in (held, wanted))
    assert all(wide_enough(made, kind) for kind in (held, wanted) if kind.is_text) or made == types.TEXT_MAX
