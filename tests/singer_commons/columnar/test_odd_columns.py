"""Columns that DuckDB cannot read or print exactly, and the columnar lines beside the SDK's own record path."""

import io
import json
import sys
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from singer_commons.columnar.encoder import LineEncoder
from singer_commons.columnar.json_sql import Envelope
from singer_commons.columnar.stream import ColumnarStream
from singer_commons.errors import SuiteError
from singer_commons.tap import SuiteTap
from singer_sdk import Stream
from singer_sdk import typing as th

NS = 1_700_000_000_123_456_789
NAIVE, ZONED = "2023-11-14T22:13:20.123456789+00:00", "2023-11-14T22:13:20.123456789Z"
NINES, WIDE = Decimal("9" * 38), Decimal("1" * 50 + ".25")
column = pa.array


def stored(kind, values, storage):
    return pa.ExtensionArray.from_storage(kind, pa.array(values, storage))


CASES = {
    "decimal256": (column([WIDE, Decimal("-1E-20"), None], pa.decimal256(76, 20)), [WIDE, Decimal("-1E-20"), None]),
    "decimal256 in a list": (column([[WIDE, None], []], pa.list_(pa.decimal256(76, 20))), [[WIDE, None], []]),
    "decimal256 in a map": (column([[("k", WIDE)]], pa.map_(pa.string(), pa.decimal256(76, 20))), [{"k": WIDE}]),
    "decimal(38,38)": (column([Decimal("-0." + "9" * 38), Decimal("0.1")], pa.decimal128(38, 38)), [Decimal("-0." + "9" * 38), Decimal("0.1")]),
    "decimal(38,37)": (column([Decimal("-9." + "9" * 37)], pa.decimal128(38, 37)), [Decimal("-9." + "9" * 37)]),
    "decimal(38,0)": (column([NINES, NINES.copy_negate()], pa.decimal128(38, 0)), [NINES, NINES.copy_negate()]),
    "float16": (column([1.5, float("nan"), -0.0], pa.float16()), [Decimal("1.5"), None, 0]),
    "float32": (column([0.1, float("inf")], pa.float32()), [Decimal("0.10000000149011612"), None]),
    "beyond 2^53 and 2^63": (column([2**53 + 1, 2**63, 2**64 - 1], pa.uint64()), [2**53 + 1, 2**63, 2**64 - 1]),
    "nanoseconds": (column([NS, -1], pa.timestamp("ns")), [NAIVE, "1969-12-31T23:59:59.999999999+00:00"]),
    "nanoseconds with a zone": (column([NS], pa.timestamp("ns", "America/New_York")), [ZONED]),
    "nanoseconds of a day": (column([86_399_999_999_999], pa.time64("ns")), ["23:59:59.999999999"]),
    "seconds": (column([-62_135_596_800], pa.timestamp("s", "UTC")), ["0001-01-01T00:00:00.000000Z"]),
    "dictionary": (column(["a", None, ""]).dictionary_encode(), ["a", None, ""]),
    "dictionary of numbers": (column([float("nan"), 1.5]).dictionary_encode(), [None, Decimal("1.5")]),
    "dictionary in a struct": (column([{"d": "x"}], pa.struct([("d", pa.dictionary(pa.int8(), pa.large_string()))])), [{"d": "x"}]),
    "run ends": (pc.run_end_encode(column([1, 1, None])), [1, 1, None]),
    "views": (column([b"\0\xff", b""], pa.binary_view()), ["AP8=", ""]),
    "fixed size": (column([b"abcd"], pa.binary(4)), ["YWJjZA=="]),
    "uuid": (stored(pa.uuid(), [b"\x01" * 16], pa.binary(16)), ["01010101-0101-0101-0101-010101010101"]),
    "boolean of a byte": (stored(pa.bool8(), [1, 0, None], pa.int8()), [True, False, None]),
    "json": (stored(pa.json_(), ['{"a":1.10}', None, '"x"'], pa.string()), [{"a": Decimal("1.10")}, None, "x"]),
    "names equal but for case": (column([{"a": 1, "A": None}]), [{"a": 1, "A": None}]),
    "odd names": (column([{"": 1, 'x"y.z': 2, "é 😀": 3, "\0": 4}]), [{"": 1, 'x"y.z': 2, "é 😀": 3, "\0": 4}]),
    "odd names with values": (
        column([{"t": datetime(2024, 1, 1, tzinfo=UTC), "T": b"\xff", "": time(1, 2, 3, 500_000), "d": [date(1, 1, 1)], "f": float("inf")}]),
        [{"t": "2024-01-01T00:00:00.000000Z", "T": "/w==", "": "01:02:03.5", "d": ["0001-01-01"], "f": None}],
    ),
    "a struct of nothing": (column([{}, None], pa.struct([])), [{}, None]),
    "empty and null": (column([[], None, [None]], pa.list_(pa.struct([("a", pa.int8())]))), [[], None, [None]]),
    "nothing at all": (pa.nulls(2), [None, None]),
}


def values_of(array):
    batch = pa.RecordBatch.from_arrays([array], names=["v"])
    text = b"".join(bytes(block) for block in LineEncoder(batch.schema, Envelope.record("s")).lines(batch))
    return [json.loads(line, parse_float=Decimal)["record"]["v"] for line in text.splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_every_type_is_exact(case):
    array, wanted = CASES[case]
    assert values_of(array) == wanted


@pytest.mark.parametrize("case", ["decimal256", "names equal but for case", "dictionary", "json", "run ends"])
def test_a_slice_of_a_batch_has_its_own_rows(case):
    array, wanted = CASES[case]
    assert values_of(array.slice(len(array) - 1)) == wanted[-1:]


def test_minus_zero_keeps_its_sign():
    batch = pa.RecordBatch.from_pydict({"v": [-0.0]})
    assert b'"v":-0.0' in b"".join(LineEncoder(batch.schema, Envelope()).lines(batch))


def test_text_that_is_not_utf_8_is_refused_and_not_made_empty():
    latin1 = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xfcb")])
    amounts = pa.array([Decimal("1.5"), None])
    for one in (
        latin1,
        latin1.cast(pa.large_string()),
        pa.DictionaryArray.from_arrays([0, 1], latin1),
        pa.ListArray.from_arrays([0, 1, 2], latin1),
        pa.StructArray.from_arrays([latin1], ["x"]),
        pa.MapArray.from_arrays([0, 1, 2], pa.array(["k", "k"]), latin1),
        pa.StructArray.from_arrays([amounts, pa.MapArray.from_arrays([0, 1, 2], latin1, amounts)], ["n", "m"]),
        pa.ListArray.from_arrays([0, 1, 2], pa.StructArray.from_arrays([amounts, latin1], ["n", "x"])),
    ):
        batch = pa.RecordBatch.from_arrays([pa.array([1, 2]), one], names=["id", "städte"])
        with pytest.raises(SuiteError, match=r"column `städte` cannot be written as JSON: .*Invalid UTF8"):
            list(LineEncoder(batch.schema, Envelope.record("s")).lines(batch))


def test_a_huge_integer_of_duckdb_is_no_text_and_arrives():
    huge = duckdb.sql("SELECT 170141183460469231731687303715884105727::HUGEINT AS n, [n] AS many").to_arrow_table().to_batches()[0]
    assert b"".join(LineEncoder(huge.schema, Envelope()).lines(huge)).count(b"170141183460469231731687303715884105727") == 2


def test_a_text_of_a_megabyte_with_all_that_json_escapes():
    text = '\0\x1f"\\\n\r\u2028é😀' * 100_000
    assert values_of(column([text, ""])) == [text, ""]


def test_a_thousand_columns_and_none():
    names = [f"column {number}.é" for number in range(1000)]
    batch = pa.RecordBatch.from_arrays([column([number, None]) for number in range(1000)], names=names)
    text = b"".join(bytes(block) for block in LineEncoder(batch.schema, Envelope()).lines(batch))
    assert [json.loads(line) for line in text.splitlines()] == [{name: number for number, name in enumerate(names)}, dict.fromkeys(names)]


# The SDK's own path over the same Python values: equal by value, moments as moments.
WIDEST = Context(prec=76)
FIRST, LAST, BEFORE_1970 = datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001, DTZ901 - without a zone


def money(digits):
    return Context(prec=38).scaleb(Decimal(digits), -10)  # the usual 28 digits would round, to more than the column holds


COLUMNS = {
    "whole": (th.IntegerType, pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (th.NumberType, pa.float64(), st.floats()),
    "money": (th.NumberType, pa.decimal128(38, 10), st.integers(-(10**38) + 1, 10**38 - 1).map(money)),
    "flag": (th.BooleanType, pa.bool_(), st.booleans()),
    "text": (th.StringType, pa.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)),
    "day": (th.DateType, pa.date32(), st.dates()),
    "naive": (th.DateTimeType, pa.timestamp("us"), st.datetimes()),
    "zoned": (th.DateTimeType, pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    "list": (th.ArrayType(th.NumberType), pa.list_(pa.float64()), st.lists(st.floats(), max_size=3)),
    "un.signed": (th.IntegerType, pa.uint64(), st.integers(0, 2**64 - 1)),
    "wide é 😀": (
        th.NumberType,
        pa.decimal256(76, 20),
        st.integers(-(10**76) + 1, 10**76 - 1).map(lambda digits: WIDEST.scaleb(Decimal(digits), -20)),
    ),
    "clock": (th.TimeType, pa.time64("us"), st.times()),
    "Text": (th.StringType, pa.large_string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)),
    'in"side': (
        th.ObjectType(th.Property("a", th.ArrayType(th.StringType)), th.Property("A", th.IntegerType), th.Property("", th.ObjectType())),
        pa.struct([("a", pa.list_(pa.string())), ("A", pa.int64()), ("", pa.struct([]))]),
        st.fixed_dictionaries({"a": st.lists(st.none() | st.just("é"), max_size=2), "A": st.none() | st.integers(-9, 9), "": st.just({})}),
    ),
}
# What must come in every run, whatever else is drawn: the ends of each type.
EDGES = [
    [
        -(2**63),
        float("nan"),
        money(10**38 - 1),
        True,
        "",
        date(1, 1, 1),
        FIRST,
        FIRST.replace(tzinfo=UTC),
        [],
        2**64 - 1,
        WIDE,
        time(0),
        "\0\x1f",
    ],
    [
        2**63 - 1,
        float("-inf"),
        money(1 - 10**38),
        False,
        '\0\n"',
        date(9999, 12, 31),
        LAST,
        LAST.replace(tzinfo=UTC),
        [-0.0, float("inf")],
        2**63,
        WIDE.copy_negate(),
        time.max,
        "'",
    ],
    [
        2**53 + 1,
        -0.0,
        money(0),
        None,
        "x" * 2**20,
        date(1969, 12, 31),
        BEFORE_1970,
        BEFORE_1970.replace(tzinfo=UTC),
        None,
        0,
        None,
        time(1, 2, 3),
        "é😀",
    ],
]
INSIDE = [{"a": [], "A": None, "": {}}, {"a": ["", None], "A": 1, "": {}}, None]
SCHEMA = th.PropertiesList(*(th.Property(name, kind) for name, (kind, _, _) in COLUMNS.items())).to_dict()
ARROW = pa.schema([(name, kind) for name, (_, kind, _) in COLUMNS.items()])
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, (_, _, values) in COLUMNS.items()}), min_size=1, max_size=4)


def messages(stream_class, rows):
    class Rows(stream_class):
        name, primary_keys, schema = "rows", (), SCHEMA

        def get_records(self, context):
            return (dict(row) for row in rows) if stream_class is Stream else super().get_records(context)

        def batches(self, context):
            yield pa.RecordBatch.from_pylist(rows, schema=ARROW)

    class Tap(SuiteTap):
        name = "tap-rows"
        config_jsonschema = th.PropertiesList().to_dict()

        def discover_streams(self):
            return [Rows(self)]

    raw, before = io.BytesIO(), sys.stdout
    sys.stdout = text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        Tap(config={}, parse_env_config=False).sync_all()
    finally:
        sys.stdout = before
        text.detach()
    return [json.loads(line, parse_float=Decimal) for line in raw.getvalue().splitlines()]


READ = {"naive": datetime.fromisoformat, "zoned": datetime.fromisoformat, "clock": time.fromisoformat}


def by_value(record):
    return {name: READ[name](value) if value and name in READ else value for name, value in record.items()}


@settings(max_examples=15, deadline=None)
@given(ROWS)
@example([dict(zip(COLUMNS, [*row, inside], strict=True)) for row, inside in zip(EDGES, INSIDE, strict=True)] + [dict.fromkeys(COLUMNS)])
def test_a_columnar_stream_writes_the_values_of_the_sdks_record_path(rows):
    ours, theirs = (messages(one, rows) for one in (ColumnarStream, Stream))
    assert [one["type"] for one in ours] == [one["type"] for one in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        if mine["type"] == "RECORD":
            assert by_value(mine["record"]) == by_value(other["record"])
