"""Thousands of rows of literals and parameters in one INSERT, read the short way and the general way alike."""

import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.synapse.reading.batch import read_batch
from sandbox.synapse.rows.inserted_rows import literal_inserts, rows_of

VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False),
)


def spelled(value):
    if value is None:
        return "NULL"
    return "N'" + value.replace("'", "''") + "'" if isinstance(value, str) else f"{value:f}" if isinstance(value, Decimal) else str(value)


@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=22, max_size=30))
def test_literals_are_read_as_written(rows):
    text = " UNION ALL ".join(f"SELECT {spelled(one)}, {spelled(two)} AS [b]" for one, two in rows)
    found = rows_of(text)
    assert found is not None
    assert found[0] == [[None if value is None else value if isinstance(value, str) else spelled(value) for value in row] for row in rows]


@pytest.mark.parametrize(
    ("head", "tail", "name", "columns", "label"),
    [
        ("INSERT INTO [s].[t]]x] ([a], b) ", "", ("s", "t]x"), ["a", "b"], None),
        ("insert t ", ";", ("t",), None, None),
        ("INSERT INTO #t(a) ", " OPTION (LABEL = N'run=1')", ("#t",), ["a"], "run=1"),
    ],
)
def test_the_head_and_the_label_are_the_same_on_both_ways(head, tail, name, columns, label):
    sql = head + " UNION ALL ".join("SELECT 1" for _ in range(30)) + tail
    ((short, text),) = ((one.command, one.text) for one in literal_inserts(sql))
    (general,) = read_batch("DECLARE @a int " + sql)[1:]
    assert (short.name, short.columns, short.label, len(short.rows)) == (name, columns, label, 30)
    assert (general.command.name, general.command.columns, general.command.label) == (name, columns, label)
    assert text == general.text


@pytest.mark.parametrize("odd", ["SELECT id FROM t", "SELECT 1 + 1", "SELECT 0x01", "SELECT GETDATE()", "SELECT 1 WHERE 1 = 0", "SELECT 'a' + 'b'"])
def test_anything_else_takes_the_general_way(odd):
    sql = "INSERT INTO t " + " UNION ALL ".join(["SELECT 1"] * 25 + [odd])
    assert literal_inserts(sql) is None


def test_parameters_keep_their_values(client):
    kinds = (
        "i bigint, d decimal(38,10), s nvarchar(20), b bit, f float, dt datetime2(6), o datetimeoffset(6), dd date, tt time(6), u uniqueidentifier"
    )
    client.run(f"CREATE TABLE t ({kinds}) WITH (HEAP)")
    row = [
        2**62, Decimal("-1234567890123456789012345678.0123456789"), "it's é😀", True, 1e-300, datetime(2020, 1, 1, 0, 0, 0, 123456),  # noqa: DTZ001  # datetime2 has no zone
        datetime(2020, 1, 1, tzinfo=UTC), date(1, 1, 1), time(23, 59, 59, 999999), uuid.UUID(int=5),
    ]  # fmt: skip
    values = {f"p{place}": value for place, value in enumerate(row)}
    selects = " UNION ALL ".join(f"SELECT {', '.join('@' + name for name in values)}" for _ in range(25))
    assert client.run(f"INSERT INTO t {selects}", **values) == 25
    assert client.run("SELECT DISTINCT * FROM t") == [tuple(row)]


def test_bytes_go_in_by_the_general_way(client):
    client.run("CREATE TABLE t (v varbinary(9), n int) WITH (HEAP)")
    selects = " UNION ALL ".join(f"SELECT @v, {number}" for number in range(25))
    assert client.run(f"INSERT INTO t {selects}", v=b"\x00\xff") == 25
    assert client.run("SELECT DISTINCT v FROM t") == [(b"\x00\xff",)]


@pytest.mark.parametrize("between", [";\n", " ; ; ", " OPTION (LABEL = N'a;b') ", " OPTION (LABEL = N'a;b');\n"])
def test_several_inserts_in_a_batch_run_in_turn(client, between):
    """As dlt sends them: 9,999 rows a statement, and a row or two in the last."""
    client.run("CREATE TABLE t (n int, v nvarchar(9)) WITH (HEAP)")
    numbers = [range(30), range(30, 31), range(31, 62)]
    inserts = ["INSERT INTO t (n, v)\n" + " UNION ALL\n".join(f"SELECT {n}, N'a;{n}'" for n in some) for some in numbers]
    sql = between.join(inserts) + ";"
    short = literal_inserts(sql)
    general = read_batch("DECLARE @a int " + sql)[1:]
    assert [(one.command.label, one.text) for one in short] == [(one.command.label, one.text) for one in general]
    client.run(sql)
    assert client.run("SELECT n, v FROM t ORDER BY n") == [(n, f"a;{n}") for n in range(62)]


def test_what_stands_behind_the_last_row_is_read_too(client):
    client.run("CREATE TABLE t (n int) WITH (HEAP)")
    many = "INSERT INTO t " + " UNION ALL ".join(["SELECT 1"] * 25)
    client.run(f"{many}; DELETE FROM t; {many}; -- the end")
    assert client.run("SELECT COUNT(*) FROM t") == [(25,)]
    assert client.refused(f"{many}; INSERT t NONSENSE") == 103010


def test_refusals_are_the_same(client):
    client.run("CREATE TABLE t (n int) WITH (HEAP)")
    many = " UNION ALL ".join(["SELECT 1"] * 25)
    numbers = [client.refused(f"INSERT INTO t {many} UNION ALL SELECT {value}") for value in ("N'x'", "3000000000", "1, 2", "@nosuch")]
    assert numbers == [8114, 8114, 103010, 137]
    assert client.refused(f"INSERT INTO nosuch {many}") == 208
