"""Arrow values as JSON: held against what Python makes of the same values, over types and edges that DuckDB prints in its own way."""

# ruff: noqa: DTZ001 - times without a zone are among what is tested

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from a_signal import a_signal_soon
from exact_values import comparable, expected
from hypothesis import example, given, settings
from hypothesis import strategies as st
from singer_commons.columnar import encoder as encoding
from singer_commons.columnar.encoder import LineEncoder, encoded
from singer_commons.columnar.json_sql import Envelope
from singer_commons.columnar.stream import cut
from singer_commons.signals import TerminationRequested

NAIVE = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59, 999_999))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INT64 = st.integers(-(2**63), 2**63 - 1)


def decimals(precision, scale):
    return st.integers(-(10**precision) + 1, 10**precision - 1).map(lambda digits: Decimal(digits).scaleb(-scale))


KINDS = {
    pa.bool_(): st.booleans(),
    pa.int64(): INT64,
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.decimal128(12, 2): decimals(12, 2),
    pa.decimal128(5, 0): decimals(5, 0),
    pa.decimal128(16, 16): decimals(16, 16),
    pa.decimal128(28, 10): decimals(28, 10),
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.binary(): st.binary(max_size=20),
    pa.date32(): st.dates(),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): NAIVE,
    pa.timestamp("us", "UTC"): NAIVE.map(lambda moment: moment.replace(tzinfo=UTC)),
    pa.list_(pa.string()): st.lists(st.none() | TEXT, max_size=3),
    pa.list_(pa.float64()): st.lists(st.none() | st.floats(), max_size=3),
    pa.struct([("a", pa.timestamp("us")), ("b", pa.list_(pa.decimal128(12, 2)))]): st.fixed_dictionaries(
        {"a": st.none() | NAIVE, "b": st.lists(decimals(12, 2), max_size=2)}
    ),
}


def read_back(encoder, batch):
    text = b"".join(bytes(block) for block in encoder.lines(batch))
    return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]


@st.composite
def batches(draw):
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    rows = draw(st.integers(1, 5))
    columns = [draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows)) for kind in kinds]
    names = draw(st.lists(TEXT, min_size=len(kinds), max_size=len(kinds), unique=True))
    return names, columns, pa.RecordBatch.from_arrays([pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)], names=names)


@settings(max_examples=50, deadline=None)
@given(batches())
def test_every_value_is_the_one_that_python_would_write(made):
    names, columns, batch = made
    records = [one["record"] for one in read_back(LineEncoder(batch.schema, Envelope.record("s")), batch)]
    assert [list(record) for record in records] == [names] * batch.num_rows
    for name, values in zip(names, columns, strict=True):
        assert [comparable(record[name]) for record in records] == [comparable(expected(value)) for value in values]


@settings(max_examples=20, deadline=None)
@given(batches(), st.integers(1, 6))
def test_the_first_block_is_small_and_no_row_is_lost_or_changed_by_it(made, first_rows):
    _, _, batch = made
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "FIRST_ROWS", first_rows)
        blocks = list(encoded((one for one in [batch, batch]), Envelope(), ()))
    rest = batch.num_rows - min(first_rows, batch.num_rows)
    assert [one.num_rows for one in blocks] == [one for one in (batch.num_rows - rest, rest, batch.num_rows) if one]
    whole = b"".join(LineEncoder(batch.schema, Envelope()).lines(batch))
    assert b"".join(encoding.payload(one.column(0)) for one in blocks) == whole * 2


def test_a_line_is_a_record_message_with_the_time_and_the_version():
    batch = pa.RecordBatch.from_pydict({"a": [1, None], "A": ["x", "y"]})
    (first, second) = read_back(LineEncoder(batch.schema, Envelope.record('s"\n', 7)), batch)
    assert datetime.fromisoformat(first.pop("time_extracted")).tzinfo
    assert first == {"type": "RECORD", "stream": 's"\n', "record": {"a": 1, "A": "x"}, "version": 7}
    assert second["record"] == {"a": None, "A": "y"}


@given(TEXT, st.sampled_from(["1.10", "12345678901234567890.000000001", "null", '{"a" :\n\r [1.10]}', '"\\u0000"']))
@example("'", "1e400")
@settings(max_examples=20, deadline=None)
def test_raw_json_goes_through_digit_by_digit_and_stays_on_its_line(name, raw):
    batch = pa.RecordBatch.from_arrays([pa.array([raw, None])], names=[name])
    encoder = LineEncoder(batch.schema, Envelope.record("s"), raw_json=[name])
    text = b"".join(bytes(block) for block in encoder.lines(batch)).decode()
    assert text.count("\n") == 2
    assert raw.replace("\n", " ").replace("\r", " ") in text
    assert [one["record"][name] for one in map(json.loads, text.splitlines())] == [json.loads(raw), None]


@pytest.mark.parametrize("kind", [pa.duration("s"), pa.month_day_nano_interval(), pa.list_(pa.timestamp("ns", "UTC")), pa.list_(pa.duration("us"))])
def test_a_type_that_has_no_exact_json_is_refused(kind):
    with pytest.raises(TypeError, match=r"^no exact JSON for Arrow .*cast it to text first$"):
        LineEncoder(pa.schema([("a", kind)]), Envelope.record("s"))


def test_nanoseconds_are_kept():
    batch = pa.RecordBatch.from_arrays([pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))], names=["at"])
    assert read_back(LineEncoder(batch.schema, Envelope.record("s")), batch)[0]["record"] == {"at": "2023-11-14T22:13:20.123456789+00:00"}


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 12))
def test_cutting_keeps_every_row_in_order_and_ends_at_each_multiple(sizes, rows):
    numbers, start = [], 0
    for size in sizes:
        numbers.append(pa.RecordBatch.from_pydict({"n": list(range(start, start + size))}, schema=pa.schema([("n", pa.int64())])))
        start += size
    pieces = [piece.column("n").to_pylist() for piece in cut(numbers, rows)]
    assert [one for piece in pieces for one in piece] == list(range(start))
    ends = {piece[-1] + 1 for piece in pieces}
    assert set(range(rows, start + 1, rows)) <= ends
    assert all(pieces)


EDGES = {
    pa.float64(): [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308],
    pa.list_(pa.float64()): [[math.nan, 1.5], [-math.inf], []],
    pa.struct([("x", pa.float64())]): [{"x": math.nan}, {"x": None}],
    pa.int64(): [-(2**63), 2**63 - 1, 0],
    pa.decimal128(5, 0): [Decimal(100), Decimal(-99999), Decimal(0)],
    pa.decimal128(16, 16): [Decimal("0.1250000000000000"), Decimal("-0.9999999999999999")],
    pa.decimal128(38, 10): [Decimal("9999999999999999999999999999.9999999999")],
    pa.binary(): [b"", b"\x00\xff\\"],
    pa.date32(): [date(1, 1, 1), date(9999, 12, 31)],
    pa.timestamp("us"): [datetime(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime(9999, 12, 31, 23, 59, 59, 999_999)],
    pa.timestamp("us", "UTC"): [datetime(2024, 3, 31, 1, tzinfo=UTC)],
    pa.string(): ["", "\0\x1f\x7f", "\u2028", "🎁", '"\\\n'],
}


@pytest.mark.parametrize("kind", EDGES, ids=str)
def test_the_edges_of_a_type_are_exact(kind):
    batch = pa.RecordBatch.from_arrays([pa.array([*EDGES[kind], None], kind)], names=["v"])
    found = [comparable(one["record"]["v"]) for one in read_back(LineEncoder(batch.schema, Envelope.record("s")), batch)]
    assert found == [comparable(expected(value)) for value in [*EDGES[kind], None]]


def test_a_signal_while_lines_are_made_is_told_as_one():
    batch = pa.RecordBatch.from_pydict({f"c{number}": pa.array([1.5] * 200_000) for number in range(10)})
    encoder = LineEncoder(batch.schema, Envelope.record("rows"))
    with pytest.raises(TerminationRequested), a_signal_soon():
        list(encoder.lines(batch))
