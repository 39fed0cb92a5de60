"""Rows in columns become the very lines that single records become, or are handed back."""

from __future__ import annotations

import base64
import datetime as dt
import json
from decimal import Context, Decimal

import pyarrow as pa
import pytest
from a_signal import a_signal_soon
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_commons.columnar.types import raw_json
from singer_commons.signals import TerminationRequested
from singer_sdk.contrib.msgspec import decoder
from target_synapse.columns.encoder import Lines, TableEncoder
from target_synapse.columns.schema import arrow_schema
from target_synapse.rows.records import RefusedRowError, RowWriter
from target_synapse.rows.types import parsed
from target_synapse.rows.values import ESCAPE
from target_synapse.sql.ddl import Column
from target_synapse.tables.ensure import LoadPlan
from target_synapse.tables.naming import TableName

REFUSED = "refused"
WIDE = Context(prec=100)
MOMENTS = [
    "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456+02:00", "2024-01-02T03:04:05.1234567Z", "2024-01-02T03:04:05.123456000Z",
    "2024-01-02 03:04:05", "2024-01-02", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.9999999",
    "1969-12-31T23:59:59.999999-11:30", "2024-02-29T12:00:00+14:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:00:00-01:00",
    "0000-01-01T00:00:00", "2024-01-02T03:04:05.1Z", "2024-01-02T03:04:05.0000001", "2024-02-30T00:00:00", "2024-01-02T24:00:00",
    "2024-01-02T03:04:60", "2024-1-2T03:04:05", "2024-01-02T03:04", "2024-01-02T03", "2024-01-02T03:04:05+0200", "20240102T030405", "",
    "epoch", "infinity", "2024-01-02T03:04:05.12345678Z", "2024-01-02t03:04:05z", " 2024-01-02T03:04:05", "2024-01-02T03:04:05.Z",
    "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05-00:00", "2024-01-02T03:04:05.123456+00:00",
]  # fmt: skip
DAYS = [
    "2024-01-02", "0001-01-01", "9999-12-31", "2024-02-30", "2024-01-02T00:00:00", "2024-01-02T00:00:00.000000Z", "2024-01-02T00:00:00+02:00",
    "2024-01-02T00:00:01", "20240102", "2024-W01-1", "2024-1-2", "0000-01-01", "", "2024-01-02 ", "2024-01-02 00:00:00+00:00",
]  # fmt: skip
CLOCKS = ["23:59:59.9999999", "00:00:00", "01:30:00+02:00", "01:30:00Z", "12:00", "24:00:00", "12:00:00.123", "12:00:00.12345678", "1:00:00", "x"]
IDS = ["0E984725-C51C-4BF4-9960-E1C80E27ABA0", "0e984725c51c4bf49960e1c80e27aba0", "{0e984725-c51c-4bf4-9960-e1c80e27aba0}", "x", ""]
BASE64 = ["", "AP+r", "AA==", "AB==", "AAA=", "AAB=", "A", "AA=", "====", "AA=A", "AA\n==", "AA-_", " AAAA", "AAAA "]  # fmt: skip
TEXTS = [
    "",
    ESCAPE,
    ESCAPE + "x",
    "NULL",
    '"',
    '""',
    ",",
    "a,b\r\nc\0d",
    "\\",
    " x ",
    "'",
    "naïve",
    "😀" * 3,
    "x" * 7,
    "x" * 6,
    "é" * 6,
    "\u2028\x7f",
]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(TEXTS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CLOCK_TEXT = st.times().map(dt.time.isoformat)
DIGITS = st.text("0123456789", max_size=9).map(lambda digits: f".{digits}" if digits else "")
ZONES = st.sampled_from(["", "Z", "+00:00", "-00:00", "+05:30", "-11:59", "+14:00"])
MOMENT_TEXT = st.builds(
    lambda moment, digits, zone, sign: moment.isoformat(sep=sign, timespec="seconds") + digits + zone,
    st.datetimes(),
    DIGITS,
    ZONES,
    st.sampled_from("T "),
)


def as_base64(content):
    return base64.b64encode(content).decode()


def integers(bits):
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def decimals(precision, scale):
    return st.integers(-(10**precision) + 1, 10**precision - 1).map(lambda number: Decimal(number).scaleb(-scale, context=WIDE))


DECIMAL_TEXT = (
    st.builds(lambda units, scale: f"{Decimal(units).scaleb(-scale, context=WIDE):f}", st.integers(-(10**40), 10**40), st.integers(0, 40))
    | st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,4})?", fullmatch=True)
    | st.sampled_from(["-0", "+1", ".5", "1.", "1E5", "1e-3", "NaN", "Infinity", "", " 1", "1_000", "0x1", "\u0661", "00012.5", "-0.0"])
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CASES = [
    ("bigint", pa.int64(), integers(64)),
    ("int", pa.int64(), integers(64) | integers(33)),
    ("smallint", pa.int16(), integers(16)),
    ("tinyint", pa.int64(), st.integers(-5, 300)),
    ("bigint", pa.uint64(), st.integers(0, 2**64 - 1)),
    ("decimal(38,0)", pa.int64(), integers(64)),
    ("decimal(9,4)", pa.int64(), integers(64) | integers(20)),
    ("decimal(38,30)", pa.int64(), integers(64) | integers(30)),
    ("decimal(38,0)", pa.decimal128(38, 0), decimals(38, 0)),
    ("decimal(38,37)", pa.decimal128(38, 37), decimals(38, 37)),
    ("decimal(38,38)", pa.decimal128(38, 38), decimals(38, 38)),
    ("decimal(38,18)", pa.decimal128(38, 18), decimals(38, 18)),
    ("decimal(2,2)", pa.decimal128(2, 2), decimals(2, 2)),
    ("decimal(38,38)", pa.decimal128(38, 2), decimals(38, 2)),
    ("decimal(38,18)", pa.string(), DECIMAL_TEXT),
    ("decimal(2,2)", pa.large_string(), DECIMAL_TEXT),
    ("decimal(38,38)", pa.string(), DECIMAL_TEXT),
    ("decimal(5,0)", pa.string(), DECIMAL_TEXT),
    ("decimal(12,2)", pa.decimal128(12, 2), decimals(12, 2)),
    ("decimal(12,4)", pa.decimal128(12, 2), decimals(12, 2)),
    ("decimal(38,10)", pa.decimal128(38, 2), decimals(38, 2)),
    ("decimal(12,2)", pa.decimal128(12, 4), decimals(12, 4)),
    ("float", pa.float64(), FLOATS),
    ("real", pa.float32(), st.floats(width=32, allow_nan=False, allow_infinity=False)),
    ("float", pa.int64(), integers(64)),
    ("real", pa.float64(), FLOATS | st.sampled_from([3.4028234663852886e38, 3.4028235677973366e38, 3.4028235677973362e38])),
    ("bit", pa.bool_(), st.booleans()),
    ("date", pa.string(), st.sampled_from(DAYS) | st.dates().map(dt.date.isoformat)),
    ("datetime2(7)", pa.string(), st.sampled_from(MOMENTS) | MOMENT_TEXT),
    ("datetimeoffset(7)", pa.large_string(), st.sampled_from(MOMENTS) | MOMENT_TEXT),
    ("datetime2(3)", pa.string(), st.sampled_from(MOMENTS) | MOMENT_TEXT),
    ("datetime2(0)", pa.timestamp("us"), st.datetimes() | st.datetimes().map(lambda moment: moment.replace(microsecond=0))),
    ("datetimeoffset(4)", pa.string(), st.sampled_from(MOMENTS) | MOMENT_TEXT),
    ("time(2)", pa.string(), st.builds("{}{}".format, st.just("01:02:03"), DIGITS)),
    ("time(7)", pa.string(), st.sampled_from(CLOCKS) | CLOCK_TEXT | st.builds("{}{}".format, st.just("01:02:03"), DIGITS)),
    ("uniqueidentifier", pa.string(), st.sampled_from(IDS) | st.uuids().map(str)),
    ("varbinary(6)", pa.string(), st.sampled_from(BASE64) | st.binary(max_size=9).map(as_base64)),
    ("varbinary(max)", pa.large_string(), st.sampled_from(BASE64) | TEXT | st.binary(max_size=30).map(as_base64)),
    ("money", pa.decimal128(19, 4), decimals(19, 4)),
    ("smallmoney", pa.decimal128(19, 4), decimals(10, 4)),
    ("money", pa.int64(), integers(64)),
    ("nvarchar(6)", pa.string(), TEXT),
    ("nvarchar(max)", pa.large_string(), TEXT),
    ("varchar(6)", pa.string(), TEXT),
    ("nvarchar(20)", pa.int64(), integers(64)),
    ("nvarchar(5)", pa.int64(), integers(64) | integers(16)),
]  # fmt: skip


def plan_of(*kinds, keys=()):
    return LoadPlan(TableName("dbo", "t"), {f"p{number}": Column(f"p{number}", parsed(kind)) for number, kind in enumerate(kinds)}, list(keys))


def by_columns(encoder, table, place=1):
    """Each row's line, or REFUSED."""
    lines = []
    for run in encoder.encode(table, place).runs():
        if isinstance(run, Lines):
            assert run.start == len(lines)
            assert bytes(run.lines).startswith(bytes(run.content)) or run.rows > 1
            lines += whole_lines(bytes(run.lines))
            assert len(lines) == run.start + run.rows
        else:
            assert run == len(lines)
            lines.append(REFUSED)
    return lines


def whole_lines(text):
    """Lines, of which a quoted line feed ends none."""
    lines, waiting = [], b""
    for piece in text.split(b"\n")[:-1]:
        waiting += piece + b"\n"
        if waiting.count(b'"') % 2 == 0:
            lines.append(waiting)
            waiting = b""
    return lines


def encoder_of(plan):
    rows = RowWriter(plan)
    return TableEncoder(plan, rows.content, rows.tail)


def by_records(plan, records, place=1):
    rows, lines = RowWriter(plan), []
    for number, record in enumerate(records, place):
        try:
            lines.append(b"".join(rows.line(record, number)))
        except RefusedRowError:
            lines.append(REFUSED)
    return lines


def where_handed_back(columns, records):
    """The records' lines, but for rows that columns hand back, which they may: a line that they do make must be the record's."""
    return [REFUSED if one is REFUSED else other for one, other in zip(columns, records, strict=True)]


@pytest.mark.parametrize(("kind", "held", "values"), CASES, ids=[f"{kind} of {held}" for kind, held, _ in CASES])
def test_a_line_made_in_columns_is_the_record_s(kind, held, values):
    plan = plan_of(kind)
    encoder = encoder_of(plan)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.none() | values, min_size=1, max_size=40))
    def agree(column):
        made = by_columns(encoder, pa.table({"p0": pa.array(column, held)}), 7)
        assert made == where_handed_back(made, by_records(plan, [{"p0": value} for value in column], 7))

    agree()


KEPT = [
    ("bigint", pa.int64(), [-(2**63), 2**63 - 1, None]),
    ("decimal(38,10)", pa.decimal128(38, 10), [Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.10"), Decimal(0)]),
    ("decimal(2,2)", pa.decimal128(2, 2), [Decimal("0.50"), Decimal("-0.05")]),
    ("decimal(38,38)", pa.decimal128(38, 38), [Decimal("0." + "9" * 38), Decimal("-0.05"), Decimal(0), None]),
    ("decimal(38,18)", pa.string(), ["99999999999999999999.999999999999999999", "-0.5", "0", "12", "007.10", None]),
    ("decimal(38,38)", pa.string(), ["-0." + "9" * 38, "0"]),
    ("real", pa.float64(), [0.1, 3.4028234663852886e38, 1e-300]),
    ("datetime2(3)", pa.string(), ["2024-01-02T03:04:05.123Z", "2024-01-02T03:04:05.123000Z", "2024-01-02T03:04:05Z"]),
    ("datetime2(3)", pa.timestamp("ns"), [0, 1_000_000, -5_000_000]),
    ("float", pa.float64(), [0.1, 1e300, -0.0, 3.0]),
    ("date", pa.string(), ["2024-02-29", "2024-02-29T00:00:00.000000Z", "0001-01-01"]),
    ("datetime2(7)", pa.string(), ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456+02:00", "2024-01-02T03:04:05.1234567Z", "9999-12-31 23:59:59"]),
    ("datetime2(7)", pa.string(), ["2024-01-02T03:04:05.123456", None, "2024-01-02 03:04:05"]),
    ("datetime2(7)", pa.timestamp("ns"), [0, -1_000_000_000_000_000_100]),
    ("time(7)", pa.string(), ["23:59:59.9999999", "00:00:00Z"]),
    ("uniqueidentifier", pa.string(), ["0E984725-C51C-4BF4-9960-E1C80E27ABA0"]),
    ("datetimeoffset(7)", pa.string(), ["2024-01-02T03:04:05.1234567-05:30", "2024-01-02T03:04:05Z", None, "9999-12-31T23:59:59.9999999+14:00"]),
    ("varbinary(3)", pa.string(), ["AP+r", "", "AA==", None]),
    ("money", pa.decimal128(19, 4), [Decimal("922337203685477.5807"), Decimal("-0.0001"), None]),
    ("nvarchar(4)", pa.string(), ["", ESCAPE, "😀😀", "éé\0é", '""""']),
    ("varchar(4)", pa.string(), ["éé"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "held", "values"), KEPT, ids=[f"{kind} of {held}" for kind, held, _ in KEPT])
def test_common_values_stay_in_columns(kind, held, values):
    plan = plan_of(kind)
    assert REFUSED not in by_columns(encoder_of(plan), pa.table({"p0": pa.array(values, held)}))


def test_over_long_text_and_null_keys_are_handed_back_in_their_places():
    plan = plan_of("bigint", "nvarchar(3)", keys=["p0"])
    table = pa.table({"p1": ["abc", "abcd", "a", "😀😀", "b"], "p0": [1, 2, None, 4, 5]})
    assert by_columns(encoder_of(plan), table, 11) == [b'1,"abc",11\n', REFUSED, REFUSED, REFUSED, b'5,"b",15\n']


def test_metadata_and_place_stand_last_and_missing_columns_are_null():
    columns = {name: Column(name, parsed(kind)) for name, kind in (("_sdc_sequence", "bigint"), ("id", "bigint"), ("gone", "nvarchar(5)"))}
    plan = LoadPlan(TableName("dbo", "t"), columns, [])
    encoded = encoder_of(plan).encode(pa.table({"id": [1, 2], "_sdc_sequence": [8, 9]}), 1)
    (run,) = encoded.runs()
    assert (bytes(run.content), bytes(run.lines)) == (b"1,,2,,", b"1,,8,1\n2,,9,2\n")


def test_a_table_without_rows_has_no_runs():
    plan = plan_of("bigint")
    assert list(encoder_of(plan).encode(pa.table({"p0": pa.array([], pa.int64())}), 1).runs()) == []


def test_an_arrow_type_without_a_way_hands_its_rows_back_and_no_others():
    plan = plan_of("bigint", "float")
    table = pa.table({"p0": [1, 2], "p1": pa.array([None, Decimal("1.5")], pa.decimal128(5, 2))})
    assert by_columns(encoder_of(plan), table) == [b"1,,1\n", REFUSED]


def test_text_that_is_no_utf_8_is_not_taken_for_empty():
    plan = plan_of("nvarchar(5)")
    broken = pa.array([b"a\xff"], pa.binary()).view(pa.string())
    with pytest.raises(pa.ArrowInvalid):
        encoder_of(plan).encode(pa.table({"p0": broken}), 1)


JSON_TEXTS = [
    '{"a":1e5}',
    '{"a":-0}',
    '{"a":-0.0}',
    "[0.0000001]",
    "12345678901234567890123",
    "1.10",
    '"x"',
    '""',
    "null",
    "[1.0,2.50]",
    "true",
    '"\\ud83d\\ude00"',
]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.none()
        | st.builds(lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")), JSON, st.booleans())
        | st.sampled_from(JSON_TEXTS),
        min_size=1,
        max_size=20,
    )
)
def test_json_text_is_written_as_the_record_s_value_is(texts):
    table = pa.table([pa.array(texts, pa.string())], schema=pa.schema([raw_json("p0")]))
    records = [{"p0": None if text is None else decoder.decode(text)} for text in texts]
    assert by_columns(JSON_ENCODER, table) == by_records(JSON_PLAN, records)


JSON_PLAN = plan_of("nvarchar(max)")
JSON_ENCODER = encoder_of(JSON_PLAN)


def test_json_that_cannot_be_read_is_handed_back():
    table = pa.table([["1", r'"\ud800"', "{}"]], schema=pa.schema([raw_json("p0")]))
    assert by_columns(JSON_ENCODER, table) == [b'"1",1\n', REFUSED, b'"{}",3\n']


def test_the_schema_for_a_reader_follows_the_columns():
    names = ("bigint", "smallint", "decimal(12,2)", "real", "bit", "date", "datetime2(7)", "nvarchar(9)", "nvarchar(max)", "nvarchar(4000)")
    kinds = ["integer", "integer", "number", "number", "boolean", "string", "string", "string", "object", None]
    plan = plan_of(*names)
    made = arrow_schema(plan, {f"p{number}": {"type": ["null", kind]} if kind else {} for number, kind in enumerate(kinds)})
    assert made.types == [pa.int64(), pa.int64(), pa.decimal128(12, 2), pa.float64(), pa.bool_(), *[pa.string()] * 5]
    assert [name for name in made.names if made.field(name).metadata] == ["p8", "p9"]


def test_a_signal_while_lines_are_made_is_told_as_one():
    values = [1.5] * 400_000
    encoder, table = encoder_of(plan_of("float", "float", "float")), pa.table([values] * 3, names=["p0", "p1", "p2"])
    with pytest.raises(TerminationRequested), a_signal_soon():
        encoder.encode(table, 1)
