"""Any values of any columns, from a table to the lines of the whole tap: DuckDB and PostgreSQL, held against what Python makes of the values."""

# ruff: noqa: DTZ001 - times without a zone are among what is tested; the statements are the test's own

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal

import duckdb
import pytest
from exact_values import comparable, expected
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from python_calls import calls, is_no_work_a_cell
from tap_warehouse.query import quoted
from tap_warehouse.tap import TapWarehouse
from tap_warehouse_reading import captured_stdout, read, records

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 999_999)
ODD = "é\"\\\n\r\t 🎁\u2028'"
NINES = Decimal("9" * 28 + "." + "9" * 10)


def scaled(places, digits):
    return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda number: Context(prec=digits).scaleb(Decimal(number), -places))


def text(*, nul):
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="" if nul else "\0"), max_size=12)


def utc(moment):
    return moment.replace(tzinfo=UTC)


# The name of each column, its type and values in both warehouses, and the edges that come in every run.
SHARED = {
    "id": ("bigint", st.integers(-(2**63), 2**63 - 1), [-(2**63), 2**63 - 1, 2**53 + 1]),
    "ID": ("smallint", st.integers(-(2**15), 2**15 - 1), [-(2**15), 0, 2**15 - 1]),
    "money.usd": ("decimal(38,10)", scaled(10, 38), [NINES, NINES.copy_negate(), Decimal("1.1000000000")]),
    "a b": ("decimal(5,0)", scaled(0, 5), [Decimal(100), Decimal(-99999), Decimal(0)]),
    "sh'are": ("decimal(20,20)", scaled(20, 20), [Decimal("0.1"), Decimal("-0." + "9" * 20), Decimal("1E-20")]),
    "é 😀": ("double precision", st.floats(), [float("nan"), float("-inf"), -0.0]),
    'q"': ("boolean", st.booleans(), [True, False, None]),
    "day": ("date", st.dates(), [date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31)]),
    "time": ("time", st.times(), [time(0), time(23, 59, 59, 999_999), time(1, 2, 3, 500_000)]),
    "naive": ("timestamp", st.datetimes(), [FIRST, LAST, BEFORE_1970]),
    "zoned": ("timestamptz", st.datetimes().map(utc), [utc(FIRST), utc(LAST), utc(BEFORE_1970)]),
}
LISTS = [["", None], [], None]
WAREHOUSES = {
    "duckdb": {
        **{name.replace("ID", "small"): column for name, column in SHARED.items()},  # DuckDB does not tell case apart
        "text": ("varchar", text(nul=True), ["", "\0\x1f\x7f", ODD]),
        "bytes": ("blob", st.binary(max_size=20), [b"", b"\x00\xff\\", bytes(range(256))]),
        "unsigned": ("ubigint", st.integers(0, 2**64 - 1), [2**63, 2**64 - 1, 0]),
        "huge": ("hugeint", st.integers(-(2**127), 2**127 - 1), [2**127 - 1, -(2**127), 2**64]),
        "list": ("varchar[]", st.lists(st.none() | text(nul=True), max_size=3), LISTS),
        "nested": (
            'struct("a b" decimal(38,10)[], "B" timestamptz)',
            st.fixed_dictionaries({"a b": st.lists(scaled(10, 38), max_size=2), "B": st.none() | st.datetimes().map(utc)}),
            [{"a b": [NINES], "B": utc(FIRST)}, {"a b": [], "B": None}, None],
        ),
    },
    "postgres": {
        **SHARED,
        "text": ("text", text(nul=False), ["", "\x01\x1f\x7f", ODD]),
        "bytes": ("bytea", st.binary(max_size=20), [b"", b"\x00\xff\\", bytes(range(256))]),
        "any size": ("numeric", scaled(25, 76), [Decimal("1" * 50 + "." + "2" * 25), Decimal("-1E-25"), Decimal(0)]),
        "list": ("text[]", st.lists(st.none() | text(nul=False), max_size=3), LISTS),
        "sums": ("numeric(38,10)[]", st.lists(st.none() | scaled(10, 38), max_size=3), [[NINES, None], [], None]),
        "nested": (
            "json",
            st.dictionaries(text(nul=False), st.lists(st.none() | st.integers() | st.booleans() | text(nul=False), max_size=2), max_size=2),
            [{"a": [2**64, {"b": []}]}, {}, None],
        ),
    },
}


def rows_of(kind):
    return st.lists(st.tuples(*(st.none() | values for _, values, _ in WAREHOUSES[kind].values())), min_size=1, max_size=4)


def edges(kind):
    return [*zip(*(edge for *_, edge in WAREHOUSES[kind].values()), strict=True), (None,) * len(WAREHOUSES[kind])]


def in_order(rows):
    """Rows as texts that are equal for equal values: no order is promised without an iterator, nor that of the members of an object."""
    return sorted(json.dumps([comparable(value) for value in row], sort_keys=True, default=repr) for row in rows)


def check(rows, config, kind):
    found = records(read(config))
    assert all(list(one) == list(WAREHOUSES[kind]) for one in found)
    assert in_order(one.values() for one in found) == in_order([expected(value) for value in row] for row in rows)


def table_of(kind):
    return ", ".join(f"{quoted(name)} {sql}" for name, (sql, *_) in WAREHOUSES[kind].items())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows_of("duckdb"))
@example(edges("duckdb"))
def test_any_row_of_duckdb_arrives_exactly(tmp_path, rows):
    path = tmp_path / "any.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET timezone='UTC'")
        connection.execute(f"CREATE TABLE kept ({table_of('duckdb')})")
        connection.executemany(f"INSERT INTO kept VALUES ({', '.join('?' * len(WAREHOUSES['duckdb']))})", rows)
    model = {"name": "any", "sql": "SELECT * FROM kept"}
    check(rows, {"duckdb": {"path": str(path)}, "models": [model]}, "duckdb")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows_of("postgres"))
@example(edges("postgres"))
def test_any_row_of_postgresql_arrives_exactly(postgres, rows):
    with postgres.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS any_values")
        connection.execute(f"CREATE TABLE any_values ({table_of('postgres')})")
        given_rows = [[json.dumps(value) if isinstance(value, dict) else value for value in row] for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO any_values VALUES ({', '.join(['%s'] * len(WAREHOUSES['postgres']))})", given_rows)
    model = {"name": "any", "sql": "SELECT * FROM any_values"}
    check(rows, {"warehouse": "postgres", "postgres": postgres.settings, "models": [model]}, "postgres")


@pytest.fixture(params=WAREHOUSES)
def of_query(request, duckdb_file):
    """The records of a query, in each warehouse; `settings` are those of the tap."""
    if request.param == "duckdb":
        place = {"duckdb": {"path": duckdb_file()}}
    else:
        place = {"warehouse": "postgres", "postgres": request.getfixturevalue("postgres").settings}

    def run(sql):
        return records(read(run.settings(sql)))

    run.settings = lambda sql: {**place, "models": [{"name": "any", "sql": sql}]}
    return run


def test_a_thousand_columns_arrive(of_query):
    columns = ", ".join(f'{number} AS "column {number}.é"' for number in range(1000))
    assert of_query(f"SELECT {columns}") == [{f"column {number}.é": number for number in range(1000)}]


def test_texts_of_a_megabyte_and_more_arrive(of_query):
    odd = ODD.replace("'", "''")
    (found,) = of_query(f"SELECT repeat('{odd}', 100000) AS long, '' AS none")
    assert found["none"] == ""
    assert (len(found["long"]), found["long"] == ODD * 100_000) == (len(ODD) * 100_000, True)


def test_ten_times_the_rows_are_no_more_work_for_python(of_query):
    """From the database to the pipe no value becomes an object of Python."""

    def calls_of(rows):
        tap = TapWarehouse(config=of_query.settings(f"SELECT n, n + 0.5 AS a, 'é' || n AS t, n AS b, n AS c FROM generate_series(1, {rows}) AS s(n)"))
        with captured_stdout() as written, calls() as counted:
            tap.sync_all()
            lines = written.getvalue()
        tap.warehouse.close()
        assert lines.count(b'"RECORD"') == rows
        return counted[0]

    calls_of(10)  # what is done once
    assert is_no_work_a_cell(calls_of(2_000), calls_of(20_000), cells=18_000 * 5)
