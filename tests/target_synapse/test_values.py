"""A value becomes one field of CSV, exactly, or is refused with the reason."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_synapse.rows.types import parsed
from target_synapse.rows.values import ESCAPE, TooLongError, field_encoder

WRITTEN = [
    ("bigint", 0, "0"),
    ("bigint", 2**63 - 1, "9223372036854775807"),
    ("bigint", -(2**63), "-9223372036854775808"),
    ("bigint", Decimal("5.0"), "5"),
    ("int", 2**31 - 1, "2147483647"),
    ("decimal(38,0)", 10**38 - 1, "9" * 38),
    ("decimal(38,10)", Decimal("1234567890123456789012345678.0123456789"), "1234567890123456789012345678.0123456789"),
    ("decimal(10,2)", Decimal("1E+3"), "1000.00"),
    ("decimal(10,2)", Decimal("0.10"), "0.10"),
    ("decimal(10,2)", Decimal("12.500"), "12.50"),
    ("decimal(10,2)", "7.25", "7.25"),
    ("decimal(2,2)", Decimal("-0.99"), "-0.99"),
    ("decimal(10,2)", 0, "0.00"),
    ("float", Decimal("0.1"), "0.1"),
    ("float", 3, "3.0"),
    ("real", 3.4028234663852886e38, "3.4028234663852886e+38"),
    ("float", Decimal("1e-300"), "1e-300"),
    ("bit", True, "1"),
    ("bit", False, "0"),
    ("date", "2024-02-29", "2024-02-29"),
    ("date", "2024-02-29T00:00:00", "2024-02-29"),
    ("datetime2(7)", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05.000000"),
    ("datetime2(7)", "2024-01-02T03:04:05.123456+02:00", "2024-01-02 01:04:05.123456"),
    ("datetime2(7)", "2024-01-02T03:04:05.1234567Z", "2024-01-02 03:04:05.1234567"),
    ("datetime2(7)", "2024-01-02T03:04:05.123456000Z", "2024-01-02 03:04:05.123456"),
    ("datetime2(7)", "2024-01-02 03:04:05", "2024-01-02 03:04:05.000000"),
    ("datetime2(7)", "2024-01-02", "2024-01-02 00:00:00.000000"),
    ("datetime2(7)", "0001-01-01T00:00:00", "0001-01-01 00:00:00.000000"),
    ("datetime2(7)", "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999"),
    ("datetime2(3)", "2024-01-02T03:04:05.1230Z", "2024-01-02 03:04:05.123000"),
    ("datetime2(0)", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02 03:04:05.000000"),
    ("datetimeoffset(6)", "2024-01-02T03:04:05.123456+02:00", "2024-01-02 03:04:05.123456 +02:00"),
    ("time(7)", "23:59:59.9999999", "23:59:59.9999999"),
    ("time(7)", "01:30:00+02:00", "23:30:00.000000"),
    ("uniqueidentifier", "0E984725-C51C-4BF4-9960-E1C80E27ABA0", "0e984725-c51c-4bf4-9960-e1c80e27aba0"),
    ("datetimeoffset(7)", "2024-01-02T03:04:05.1234567-05:30", "2024-01-02 03:04:05.1234567 -05:30"),
    ("datetimeoffset(7)", "2024-01-02 03:04:05", "2024-01-02 03:04:05.000000 +00:00"),
    ("varbinary(3)", "AP+r", '"00FFAB"'),
    ("varbinary(max)", "", f'"{ESCAPE}"'),
    ("money", Decimal("922337203685477.5807"), "922337203685477.5807"),
    ("smallmoney", -214748.3648, "-214748.3648"),
    ("nvarchar(10)", "plain", '"plain"'),
    ("nvarchar(10)", 'say "hi"', '"say ""hi"""'),
    ("nvarchar(max)", "a,b\r\nc\0", '"a,b\r\nc\0"'),
    ("nvarchar(10)", "", f'"{ESCAPE}"'),
    ("nvarchar(10)", ESCAPE, f'"{ESCAPE}{ESCAPE}"'),
    ("nvarchar(4)", "😀😀", '"😀😀"'),
    ("nvarchar(max)", {"a": [1, Decimal("2.50"), None], "é": True}, '"{""a"":[1,2.50,null],""é"":true}"'),
    ("nvarchar(max)", 12345678901234567890123, '"12345678901234567890123"'),
    ("nvarchar(max)", Decimal("1.10"), '"1.10"'),
]
REFUSED = [
    ("datetimeoffset(7)", "2024-01-02T03:04:05+14:01", "2024-01-02T03:04:05+14:01 has an offset that is over 14 hours, or not of whole minutes"),
    ("datetimeoffset(7)", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00 is, in UTC, outside the years 1 to 9999"),
    ("varbinary(9)", "AP+r=", "text that is no base64"),
    ("varbinary(9)", b"x", "b'x' is no text"),
    ("varbinary(2)", "AP+r", "3 bytes in a column of varbinary(2)"),
    ("money", Decimal("922337203685477.5808"), "922337203685477.5808 is not between -922337203685477.5808 and 922337203685477.5807"),
    ("money", 0.12345, "0.12345 has more than 4 places, too many for decimal(19,4)"),
    ("bigint", 2**63, "9223372036854775808 is not between -9223372036854775808 and 9223372036854775807"),
    ("bigint", Decimal("1.5"), "Decimal('1.5') is no whole number"),
    ("bigint", "7", "'7' is no whole number"),
    ("tinyint", -1, "-1 is not between 0 and 255"),
    ("decimal(5,2)", Decimal(1000), "1000 has too many digits for decimal(5,2)"),
    ("decimal(5,2)", Decimal("1.005"), "1.005 has more than 2 places, too many for decimal(5,2)"),
    ("decimal(5,2)", Decimal("NaN"), "NaN is not finite"),
    ("decimal(5,2)", True, "True is no number"),
    ("decimal(5,2)", "x", "'x' is no number"),
    ("float", Decimal("1e400"), "1E+400 is too large for float"),
    ("real", Decimal("3.4028236e38"), "3.4028236E+38 is too large for real"),
    ("real", -1e300, "-1e+300 is too large for real"),
    ("bit", "yes", "'yes' is no boolean"),
    ("date", "2024-02-30", "day is out of range for month"),
    ("date", "2024-02-28T01:00:00", "'2024-02-28T01:00:00' is a time of day, not only a date"),
    ("datetime2(7)", "yesterday", "Invalid isoformat string: 'yesterday'"),
    ("datetime2(7)", 5, "5 is no text"),
    ("datetime2(7)", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00 is, in UTC, outside the years 1 to 9999"),
    ("datetime2(3)", "2024-01-02T03:04:05.1234Z", "2024-01-02T03:04:05.1234Z is finer than a column of datetime2(3) holds"),
    ("datetimeoffset(0)", "2024-01-02T03:04:05.5Z", "2024-01-02T03:04:05.5Z is finer than a column of datetimeoffset(0) holds"),
    ("time(6)", "03:04:05.1234567", "03:04:05.1234567 is finer than a column of time(6) holds"),
    ("datetime2(7)", "2024-01-02T03:04:05.12345678Z", "'2024-01-02T03:04:05.12345678Z' is finer than 100 nanoseconds"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), WRITTEN)
def test_a_value_is_written(kind, value, expected):
    assert field_encoder(parsed(kind))(value) == expected


@pytest.mark.parametrize(("kind", "value", "reason"), REFUSED)
def test_a_value_is_refused(kind, value, reason):
    with pytest.raises(ValueError) as caught:
        field_encoder(parsed(kind))(value)
    assert str(caught.value) == reason


def test_4000_characters_fit_and_4001_do_not():
    encode = field_encoder(parsed("nvarchar(4000)"))
    assert len(encode("x" * 4000)) == 4002
    with pytest.raises(TooLongError, match=r"text of 4001 characters in a column of nvarchar\(4000\)"):
        encode("x" * 4001)
    with pytest.raises(TooLongError, match="text of 4002 characters"):
        encode("😀" * 2001)


def test_over_long_text_is_cut_between_characters_and_counted():
    cut = []
    encode = field_encoder(parsed("nvarchar(3)"), truncated=lambda: cut.append(1))
    assert [encode("abcd"), encode("😀😀"), encode("abc")] == ['"abc"', '"😀"', '"abc"']
    assert len(cut) == 2


def test_a_type_without_a_documented_text_form_is_refused_before_any_row():
    with pytest.raises(ValueError, match=r"values of type smalldatetime cannot be loaded"):
        field_encoder(parsed("smalldatetime"))


@given(st.text())
def test_any_text_is_read_back_from_csv_and_the_escape_comes_off(text):
    field = field_encoder(parsed("nvarchar(max)"))(text)
    read = next(csv.reader(io.StringIO(field + "\n", newline=""), strict=True))[0] if "\0" not in text else field[1:-1].replace('""', '"')
    assert (read[1:] if read.startswith(ESCAPE) else read) == text
    assert read != ""


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**28), max_value=10**28))
def test_decimals_are_exact(number):
    assert Decimal(field_encoder(parsed("decimal(38,9)"))(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact(number):
    assert float(field_encoder(parsed("float"))(Decimal(repr(number)))) == number


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact(moment):
    assert datetime.fromisoformat(field_encoder(parsed("datetime2(7)"))(moment.isoformat())).replace(tzinfo=UTC) == moment
