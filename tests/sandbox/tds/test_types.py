"""Values survive the wire: written as a column, read as a parameter, and through Microsoft's driver both ways."""

# ruff: noqa: DTZ001  # SQL's datetime and datetime2 know no zone
from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.tds import collation, temporal
from sandbox.tds.columns import ColumnWriter
from sandbox.tds.parameters import read_parameter
from sandbox.tds.reader import ProtocolError, Reader
from sandbox.tds.session import SqlError, SqlType

CP1252 = bytes(range(256)).decode("cp1252", "ignore")
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
UTC_SAFE = st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29))  # UTC and the local time both need a year from 1 to 9999


@st.composite
def decimals(draw):
    precision = draw(st.integers(1, 38))
    scale = draw(st.integers(0, precision))
    units = draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    return SqlType("decimal", precision=precision, scale=scale), Decimal(f"{units}E-{scale}")


def typed(sql_type, values):
    return st.tuples(st.just(sql_type), values)


TYPED_VALUES = st.one_of(
    typed(SqlType("bit"), st.booleans()),
    typed(SqlType("tinyint"), st.integers(0, 255)),
    typed(SqlType("smallint"), st.integers(-(2**15), 2**15 - 1)),
    typed(SqlType("int"), st.integers(-(2**31), 2**31 - 1)),
    typed(SqlType("bigint"), st.integers(-(2**63), 2**63 - 1)),
    typed(SqlType("real"), st.floats(width=32, allow_nan=False)),
    typed(SqlType("float"), st.floats(allow_nan=False)),
    decimals(),
    typed(SqlType("money"), st.integers(-(2**63), 2**63 - 1).map(lambda units: Decimal(units).scaleb(-4))),
    typed(SqlType("nvarchar", 4000), st.text(max_size=2000)),
    typed(SqlType("nvarchar"), st.text()),
    typed(SqlType("varchar", 8000), st.text(CP1252)),
    typed(SqlType("varchar"), st.text(CP1252)),
    typed(SqlType("varbinary", 8000), st.binary()),
    typed(SqlType("varbinary"), st.binary()),
    typed(SqlType("date"), st.dates()),
    typed(SqlType("time", scale=6), st.times()),
    typed(SqlType("time", scale=7), st.times()),
    typed(SqlType("datetime2", scale=7), st.datetimes()),
    typed(SqlType("datetimeoffset", scale=7), st.builds(lambda value, zone: value.replace(tzinfo=zone), UTC_SAFE, ZONES)),
    typed(SqlType("uniqueidentifier"), st.uuids()),
)


def as_parameter(sql_type, value, name=""):
    writer = ColumnWriter(sql_type)
    encoded = name.encode("utf-16-le")
    return bytes([len(name)]) + encoded + b"\0" + writer.type_info + writer.value(value)


@given(TYPED_VALUES)
def test_a_column_is_read_back_as_a_parameter(typed_value):
    sql_type, value = typed_value
    reader = Reader(as_parameter(sql_type, value, "@p"))
    found = read_parameter(reader)
    assert (found.name, found.value, type(found.value), reader.more()) == ("@p", value, type(value), False)
    if isinstance(value, Decimal):
        assert found.value.as_tuple().exponent == value.as_tuple().exponent  # 1.50 is not 1.5


@given(TYPED_VALUES)
def test_null_is_read_back_as_null_in_every_type(typed_value):
    sql_type, _ = typed_value
    reader = Reader(as_parameter(sql_type, None))
    assert (read_parameter(reader).value, reader.more()) == (None, False)


@given(st.datetimes(dt.datetime(1753, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59)))
def test_datetime_keeps_three_hundredths_of_a_second(value):
    found = read_parameter(Reader(as_parameter(SqlType("datetime"), value))).value
    assert abs(found - value) <= dt.timedelta(microseconds=2170)  # half a tick, and the rounding to a millisecond
    again = read_parameter(Reader(as_parameter(SqlType("datetime"), found))).value
    assert again == found


@given(st.times(), st.integers(0, 7))
def test_a_time_is_cut_to_its_scale(value, scale):
    found = read_parameter(Reader(as_parameter(SqlType("time", scale=scale), value))).value
    step_us = 10 ** max(0, 6 - scale)
    assert found == value.replace(microsecond=value.microsecond // step_us * step_us)


def test_the_offset_of_a_datetimeoffset_may_carry_it_into_another_year():
    first = dt.datetime(1, 1, 1, 0, 30, tzinfo=dt.timezone(-dt.timedelta(hours=14)))
    raw = temporal.encode_datetimeoffset(first, 7)
    assert raw[5:] == (0).to_bytes(3, "little") + struct.pack("<h", -14 * 60)
    assert temporal.decode_datetimeoffset(raw, 7) == first


def test_a_datetimeoffset_without_a_zone_is_the_engines_mistake():
    with pytest.raises(ValueError, match="needs a zone"):
        temporal.encode_datetimeoffset(dt.datetime(2024, 1, 1), 7)


def test_text_outside_the_code_page_becomes_question_marks():
    assert collation.encode("Łódź 🦆") == b"?\xf3d? ?"


def test_all_bytes_of_the_code_page_make_the_round_trip():
    assert collation.encode(collation.decode(bytes(range(256)))) == bytes(range(256))


def test_text_in_a_utf_8_collation_is_read_as_such():
    utf8 = b"\x09\x04\xd0\x04\x34"
    text = "Łódź 🦆".encode()
    parameter = b"\0\0\xa7" + struct.pack("<H", 8000) + utf8 + struct.pack("<H", len(text)) + text
    assert read_parameter(Reader(parameter)).value == "Łódź 🦆"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"\x63" + b"\xff\xff\xff\x7f" + collation.COLLATION + b"\x04\0\0\0" + "äö".encode("utf-16-le"), "äö"),  # ntext
        (b"\x63" + b"\xff\xff\xff\x7f" + collation.COLLATION + b"\xff\xff\xff\xff", None),
        (b"\x23" + b"\xff\xff\xff\x7f" + collation.COLLATION + b"\x02\0\0\0\xe4\xf6", "äö"),  # text
        (b"\x22" + b"\xff\xff\xff\x7f" + b"\x02\0\0\0\x00\xff", b"\x00\xff"),  # image
        (b"\xef\x0a\0" + collation.COLLATION + b"\x04\0" + "äö".encode("utf-16-le"), "äö"),  # nchar
        (b"\xaf\x0a\0" + collation.COLLATION + b"\x02\0\xe4\xf6", "äö"),  # char
        (b"\xad\x0a\0\x01\0\xff", b"\xff"),  # binary
        (b"\x27\x0a\x02\xe4\xf6", "äö"),  # varchar of old
        (b"\x1f", None),
        (b"\x30\xff", 255),
        (b"\x32\x01", True),
        (b"\x34\xff\xff", -1),
        (b"\x38\xfe\xff\xff\xff", -2),
        (b"\x7f" + b"\xff" * 8, -1),
        (b"\x3b" + struct.pack("<f", 1.5), 1.5),
        (b"\x3e" + struct.pack("<d", 1.1), 1.1),
        (b"\x7a" + struct.pack("<i", -12345), Decimal("-1.2345")),
        (b"\x6e\x04\x04" + struct.pack("<i", -12345), Decimal("-1.2345")),  # smallmoney
        (b"\x6f\x04\x04" + struct.pack("<HH", 1, 61), dt.datetime(1900, 1, 2, 1, 1)),  # smalldatetime
        (b"\x6c\x11\x26\x02\x05\x00\x7b\0\0\0", Decimal("-1.23")),  # numeric
        (b"\xf1\0" + struct.pack("<QI", 6, 6) + "<a>".encode("utf-16-le") + b"\0\0\0\0", "<a>"),  # xml
        (b"\xe7\xff\xff" + collation.COLLATION + b"\xfe" + b"\xff" * 7 + b"\x02\0\0\0a\0\x02\0\0\0b\0\0\0\0\0", "ab"),  # length unknown
    ],
)
def test_types_that_only_clients_send_are_read(raw, value):
    reader = Reader(b"\0\0" + raw)
    assert (read_parameter(reader).value, reader.more()) == (value, False)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (b"\xf0", 8009),  # a user-defined type
        (b"\x28\x03\xff\xff\xff", 8023),  # a date beyond the year 9999
        (b"\x6d\x08\x03\0\0\0", 8023),  # a float of three bytes
        (b"\xe7\x0a\0" + collation.COLLATION + b"\x03\0abc", 8023),  # half a character
    ],
)
def test_what_is_no_value_is_refused_with_the_servers_numbers(raw, number):
    with pytest.raises(SqlError) as refusal:
        read_parameter(Reader(b"\0\0" + raw))
    assert (refusal.value.number, refusal.value.severity) == (number, 16)


def test_a_parameter_that_is_cut_off_is_a_broken_stream():
    with pytest.raises(ProtocolError, match="ended unexpectedly"):
        read_parameter(Reader(b"\0\0\x26\x04\x04\x01"))


def test_a_decimal_is_rounded_away_from_zero_and_never_overflows_in_silence():
    sql_type = SqlType("decimal", precision=4, scale=2)
    assert read_parameter(Reader(as_parameter(sql_type, Decimal("-1.005")))).value == Decimal("-1.01")
    with pytest.raises(OverflowError):
        as_parameter(sql_type, Decimal("99.995"))


@pytest.fixture(scope="module")
def echo(pyodbc, microsoft_driver, port):
    """Send one value as a parameter through Microsoft's driver, and read it back as a column of that type."""
    text = f"DRIVER={microsoft_driver};SERVER=127.0.0.1,{port};UID=loader;PWD=Secret1!é;Encrypt=no;LongAsMax=yes"
    connection = pyodbc.connect(text, autocommit=True)
    cursor = connection.cursor()
    yield lambda name, value: cursor.execute(f"echo {name} ?", (value,)).fetchone()[0]
    connection.close()


FEW = settings(max_examples=40, deadline=None)
NO_NUL = st.characters(exclude_categories=["Cs"])


@FEW
@given(value=st.text(NO_NUL, max_size=3000) | st.none())
def test_text_survives_microsofts_driver(echo, value):
    assert echo("nvarchar_max", value) == value


@FEW
@given(value=st.binary(max_size=20_000))
def test_bytes_survive_microsofts_driver(echo, value):
    assert echo("varbinary_max", value) == value


@FEW
@given(value=st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_microsofts_driver(echo, value):
    assert echo("bigint", value) == value


@FEW
@given(value=st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(f"{units}E-10")))
def test_decimals_survive_microsofts_driver(echo, value):
    assert echo("decimal", value) == value


@FEW
@given(value=st.datetimes())
def test_moments_survive_microsofts_driver(echo, value):
    assert echo("datetime2", value) == value


@FEW
@given(value=st.uuids())
def test_identifiers_survive_microsofts_driver(echo, value):
    assert uuid.UUID(echo("uniqueidentifier", value)) == value


@FEW
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_microsofts_driver(echo, value):
    assert echo("float", value) == value
