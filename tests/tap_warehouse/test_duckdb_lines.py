"""Lines that DuckDB's own query makes, byte by byte beside those of the way through Arrow, which is held against Python's values elsewhere."""

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_commons.columnar.encoder import encoded, payload
from singer_commons.columnar.json_sql import Envelope
from tap_warehouse.query import Query
from tap_warehouse.warehouses.duckdb import DuckDB

VALUES = {
    "BOOLEAN": ["true", "false"],
    "TINYINT": ["-128", "127"],
    "BIGINT": ["-9223372036854775808", "9223372036854775807"],
    "UBIGINT": ["18446744073709551615"],
    "HUGEINT": ["170141183460469231731687303715884105727", "-170141183460469231731687303715884105728"],
    "UHUGEINT": ["340282366920938463463374607431768211455"],
    "DOUBLE": ["'nan'", "'inf'", "'-inf'", "-0.0", "0.1", "5e-324", "1.7976931348623157e308"],
    "FLOAT": ["0.1", "'nan'"],
    "DECIMAL(5,0)": ["100", "-99999"],
    "DECIMAL(12,2)": ["1.10", "-0.01"],
    "DECIMAL(16,16)": ["0.125", "-0.9999999999999999"],
    "DECIMAL(38,10)": ["9999999999999999999999999999.9999999999"],
    "DECIMAL(38,38)": ["0.1"],
    "VARCHAR": ["''", "'\"\\ ü 🎁 ' || chr(10) || chr(13) || chr(0) || chr(31)", "'null'"],
    "BLOB": ["'\\x00\\xFF'::BLOB", "''::BLOB"],
    "DATE": ["'0001-01-01'", "'9999-12-31'", "'infinity'", "'290-01-01 (BC)'"],
    "TIME": ["'01:02:03.5'", "'00:00:00'", "'23:59:59.999999'"],
    "TIMETZ": ["'01:02:03+04'"],
    "TIMESTAMP": ["'0001-01-01'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.9'", "'-infinity'", "'10000-01-01'", "'249-10-15 (BC)'"],
    "TIMESTAMP_S": ["'1969-12-31 23:59:59'", "'infinity'"],
    "TIMESTAMP_MS": ["'1969-12-31 23:59:59.999'"],
    "TIMESTAMP_NS": ["'1969-12-31 23:59:59.999999999'"],
    "TIMESTAMPTZ": ["'2024-03-31 01:30:00.000001+01'", "'infinity'", "'0001-01-01 00:00:00+00'", "'0249-10-15 (BC) 00:00:00+00'"],
    "UUID": ["'11111111-2222-3333-4444-555555555555'"],
    "JSON": ["'{\"a\" :' || chr(10) || ' [1.10]}'", "'null'"],
    "INTERVAL": ["'1 month 2 days'"],
    "BIT": ["'101'"],
    "ENUM('x', 'y\"')": ["'y\"'"],
    "INTEGER[]": ["[1, NULL]", "[]"],
    "INTEGER[2]": ["[1, 2]"],
    "DOUBLE[]": ["['nan'::DOUBLE, -0.0]"],
    "HUGEINT[]": ["[170141183460469231731687303715884105727]"],
    "UUID[]": ["['11111111-2222-3333-4444-555555555555']"],
    "ENUM('x', 'y')[]": ["['y']"],
    "BLOB[2]": ["['\\xFF'::BLOB, NULL]"],
    "TIMESTAMPTZ[][]": ["[['2024-01-01 00:00:00.5+01'], []]"],
    "STRUCT(a INTEGER, b VARCHAR[])": ["{'a': NULL, 'b': ['\"']}", "{'a': 1, 'b': NULL}"],
    'STRUCT("a b" TIMESTAMP, c DECIMAL(5,0)[])': ["{'a b': '2024-01-01', 'c': [100]}"],
    "STRUCT(j JSON)": ["{'j': '[1.10]'}"],
    "MAP(VARCHAR, INTEGER)": ["MAP {'k': 1, '': NULL}", "MAP {}"],
    "MAP(VARCHAR, DOUBLE)": ["MAP {'k': 'nan'::DOUBLE}"],
    "MAP(INTEGER, DATE)": ["MAP {1: 'infinity'::DATE}"],
}
NAMES = ("id", "it's", 'a"b.c', "é 😀")


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as connection:
        connection.execute("SET timezone='UTC'")
        connection.execute("SET arrow_large_buffer_size=true")
        yield connection


def both(connection, model):
    """The lines of a model, made by the query and through Arrow."""
    warehouse = DuckDB(connection)
    columns = warehouse.columns(model)
    query = Query(f"SELECT {', '.join(one.expression for one in columns)} FROM ({model}) AS model")
    raw = {one.name for one in columns if one.raw_json}
    return [
        b"".join(bytes(payload(batch.column(0))) for batch in made)
        for made in (warehouse.lines(query, columns, Envelope()), encoded(warehouse.batches(query, columns), Envelope(), raw))
    ]


@pytest.mark.parametrize("kind", VALUES)
def test_every_type_has_the_same_bytes_both_ways(duck, kind):
    rows = " UNION ALL ".join(f"SELECT {number} AS id, CAST({value} AS {kind}) AS v" for number, value in enumerate([*VALUES[kind], "NULL"]))
    made, through_arrow = both(duck, f"{rows} ORDER BY id")
    assert made.count(b"\n") == len(VALUES[kind]) + 1
    assert made == through_arrow


COLUMNS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.decimal128(18, 4): st.integers(-(10**17), 10**17).map(lambda digits: pa.scalar(digits, pa.decimal128(18, 0)).as_py().scaleb(-4)),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    pa.binary(): st.binary(max_size=20),
    pa.date32(): st.dates(),
    pa.timestamp("us"): st.integers(-(2**63) + 2, 2**63 - 2),
    pa.timestamp("us", "UTC"): st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    pa.list_(pa.timestamp("us")): st.lists(st.none() | st.integers(0, 2**52), max_size=3),
}


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_values_have_the_same_bytes_both_ways(duck, data):
    kinds = data.draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=len(NAMES), max_size=len(NAMES)))
    rows = data.draw(st.integers(1, 4))
    columns = [pa.array(data.draw(st.lists(st.none() | COLUMNS[kind], min_size=rows, max_size=rows)), kind) for kind in kinds]
    duck.register("given", pa.table(columns, names=NAMES))
    duck.execute("CREATE OR REPLACE TABLE kept AS SELECT * FROM given")
    made, through_arrow = both(duck, "SELECT * FROM kept")
    assert made == through_arrow


def test_lines_come_in_the_order_of_the_query_from_several_threads(duck):
    made, _ = both(duck, "SELECT (i * 7919) % 500000 AS v FROM range(500000) AS numbers(i) ORDER BY v")
    assert made == b"".join(b'{"v":%d}\n' % number for number in range(500_000))


def test_text_that_is_not_utf_8_does_not_get_into_a_query(duck, tmp_path):
    """So the query need not look for it; Arrow batches of other origin are looked at."""
    path = tmp_path / "latin.parquet"
    duck.execute(f"COPY (SELECT 'a\\xFC'::BLOB AS v) TO '{path}' (FORMAT parquet)")
    with pytest.raises(duckdb.Error, match=r"(?i)utf|unicode"):
        duck.execute(f"SELECT v FROM read_parquet('{path}', binary_as_string = true)").fetchall()
