# ruff: noqa: DTZ001  # datetime2 has no zone
"""A column for every type that the package maps, with the values that are easily lost: what JSON says, and what the pool must hold.

Nothing here comes from the package or the stand-in: each pair is written down, or made from a number by Python's own means.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import random
import struct
import uuid
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VALUES = 1 << 10  # of a column, of which each row takes one: a power of two, so that a row's is found by masking
NULLS = 64  # of these: half of them null, half without the key
EPOCH = dt.datetime(1, 1, 1)
MOST_US = (dt.datetime(9999, 12, 31, 23, 59, 59, 999999) - EPOCH) // dt.timedelta(microseconds=1)
DAY_US = 86_400 * 10**6
WIDE = Context(prec=100)  # Python's own would round beyond 28 digits

Pair = tuple[str | None, Any]  # JSON, None for no key; and what is held
DATETIME2, TIME = pa.timestamp("us"), pa.time64("us")
DATETIMEOFFSET = pa.struct([("utc", DATETIME2), ("minutes", pa.int16())])  # as the stand-in keeps it


@dataclass(frozen=True)
class Column:
    """`odd`: values in spellings, or of lengths, that go the slow way of single rows or that not every way takes; they come in the last rows alone."""

    name: str
    schema: Mapping[str, Any]
    sql: str
    held: pa.DataType
    pairs: Sequence[Pair]
    odd: Sequence[Pair] = field(default=())


def number(value: Any) -> Pair:
    return str(value), value


def text(value: str) -> Pair:
    """Now with everything escaped that is not ASCII, now as it is."""
    return json.dumps(value, ensure_ascii=len(value) % 2 == 0), value


def spelled(value: Any, held: Any) -> Pair:
    return json.dumps(value), held


def made(name: str, awkward: Sequence[Pair], drawn: Callable[[random.Random], Pair], *, nulls: bool = True) -> list[Pair]:
    """All values of a column: the awkward ones, NULLs, and drawn ones for the rest."""
    draw = random.Random(name)
    rest: list[Pair] = [("null", None)] * (NULLS // 2) + [(None, None)] * (NULLS // 2) if nulls else []
    some = [*awkward, *rest]
    return some + [drawn(draw) for _ in range(VALUES - len(some))]


def whole(name: str, bits: int, schema: Mapping[str, Any], sql: str, held: pa.DataType) -> Column:
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    awkward = [number(one) for one in (low, high, low + 1, high - 1, 0, -1, 1, 9)]
    if bits > 53:
        awkward += [number(sign * (2**53 + more)) for sign in (1, -1) for more in (0, 1)]
    pairs = made(name, awkward, lambda draw: number(draw.getrandbits(bits) + low >> draw.randrange(bits)))
    return Column(name, schema, sql, held, pairs, [("-0", 0)])


def decimal(name: str, precision: int, scale: int, schema: Mapping[str, Any], *, quoted: bool = False, sql: str = "") -> Column:
    most, unit = 10**precision - 1, Decimal(1).scaleb(-scale)

    def pair(units: int) -> Pair:
        value = WIDE.multiply(Decimal(units), unit)
        shown = f"{value:f}"
        return (f'"{shown}"' if quoted else shown), value

    awkward = [pair(units) for units in (0, 1, -1, most, -most, most - 1, 10 ** (precision - 1), -(10 ** (precision - 1)), most // 2)]
    if scale and not quoted:
        shorter = [units for units in (0, 10**scale, -(10**scale) * 7) if abs(units) <= most]
        awkward += [(str(units // 10**scale), WIDE.multiply(Decimal(units), unit)) for units in shorter]  # without a point
    pairs = made(name, awkward, lambda draw: pair((draw.getrandbits(127) % (10 ** draw.randint(1, precision))) * draw.choice((1, -1))))
    odd = [] if quoted or not scale else [("-0", Decimal(0).scaleb(-scale)), (f"1E-{scale}", unit), (f"0.00{'0' * scale}", Decimal(0).scaleb(-scale))]
    return Column(name, schema, sql or f"decimal({precision},{scale})", pa.decimal128(precision, scale), pairs, odd)


def double(draw: random.Random) -> Pair:
    while not math.isfinite(value := struct.unpack("<d", draw.randbytes(8))[0]):
        pass
    return repr(value), value


def single(draw: random.Random) -> Pair:
    """As its shortest digits that a 32-bit float is read back from, or as the double that it is."""
    while not math.isfinite(value := struct.unpack("<f", draw.randbytes(4))[0]):
        pass
    return (f"{value:.9g}" if draw.random() < 0.5 else repr(value)), value


def floats() -> list[Column]:
    extremes = (
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        -1.7976931348623157e308,
        0.1,
        1 / 3,
        2.0**53 + 2,
        1e22,
        1e23,
    )
    awkward = [(repr(one), one) for one in extremes] + [("1", 1.0), ("-12", -12.0), ("1E5", 1e5), ("123456789012345678", 123456789012345680.0)]
    small = [("0.0", 0.0), ("-0.0", -0.0), ("3.4028234663852886e38", 3.4028234663852886e38), ("-3.4028234663852886e38", -3.4028234663852886e38)]
    small += [
        ("1.1754943508222875e-38", 1.1754943508222875e-38),
        ("1e-45", 1.401298464324817e-45),
        ("0.1", 0.10000000149011612),
        ("16777216", 16777216.0),
    ]
    return [
        Column("ratio", {"type": ["null", "number"]}, "float", pa.float64(), made("ratio", awkward, double)),
        Column("single", {"type": ["null", "number"], "x-sql-datatype": "real"}, "real", pa.float32(), made("single", small, single)),
    ]


def fraction(micros: int, digits: int, draw: random.Random) -> str:
    """A fraction of so many digits at most, without the zeros at its end now and then."""
    shown = f"{micros:06}"[:digits]
    shown = shown.rstrip("0") if draw.random() < 0.5 else shown
    return f".{shown}" if shown else ""


def cut(micros: int, digits: int) -> int:
    return micros - micros % 10 ** (6 - digits)


def moment(draw: random.Random, at: dt.datetime, digits: int, offset: int | None) -> str:
    """A moment in UTC as it is where the clocks have that offset in minutes; None: without a zone."""
    local = at + dt.timedelta(minutes=offset or 0)
    zone = (
        ""
        if offset is None
        else "Z"
        if not offset and draw.random() < 0.7
        else f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    )
    return f"{local:%Y-%m-%d}".zfill(10) + draw.choice("TTTT ") + f"{local:%H:%M:%S}{fraction(local.microsecond, digits, draw)}{zone}"


def any_moment(draw: random.Random, digits: int) -> dt.datetime:
    """Of all years, or of those that most rows are of."""
    micros = draw.randrange(DAY_US, MOST_US - DAY_US) if draw.random() < 0.3 else 63_000_000_000_000_000 + draw.randrange(10**15)
    return EPOCH + dt.timedelta(microseconds=cut(micros, digits))


ENDS = (
    EPOCH,
    EPOCH + dt.timedelta(microseconds=MOST_US),
    dt.datetime(1970, 1, 1),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    dt.datetime(1582, 10, 10),
    dt.datetime(2000, 2, 29),
)


def datetimes(name: str, digits: int, schema: Mapping[str, Any], sql: str) -> Column:
    def pair(draw: random.Random, at: dt.datetime, offset: int | None) -> Pair:
        return f'"{moment(draw, at, digits, offset)}"', at

    fixed = random.Random(0)
    awkward = [pair(fixed, one.replace(microsecond=cut(one.microsecond, digits)), offset) for one in ENDS for offset in (0, None)]
    pairs = made(name, awkward, lambda draw: pair(draw, any_moment(draw, digits), draw.choice((0, 0, 0, None, 60, -60, 330, 840, -840, 765))))
    return Column(
        name,
        {"type": ["null", "string"], "format": "date-time", **schema},
        sql,
        DATETIME2,
        pairs,
        [
            ('"2024-02-29"', dt.datetime(2024, 2, 29)),
            ('"2024-02-29T12"', dt.datetime(2024, 2, 29, 12)),
            ('"20240229T120001Z"', dt.datetime(2024, 2, 29, 12, 0, 1)),
        ],
    )


def offsets() -> Column:
    def pair(draw: random.Random, at: dt.datetime, offset: int) -> Pair:
        return f'"{moment(draw, at, 6, offset)}"', {"utc": at, "minutes": offset}

    fixed = random.Random(0)
    inner = [one for one in ENDS if DAY_US < (one - EPOCH) // dt.timedelta(microseconds=1) < MOST_US - DAY_US]
    awkward = [pair(fixed, one, 0) for one in ENDS] + [pair(fixed, one, minutes) for one in inner for minutes in (840, -840, 1, -1, 59, -59, -30)]
    pairs = made("zoned", awkward, lambda draw: pair(draw, any_moment(draw, 6), draw.randint(-840, 840)))
    return Column(
        "zoned",
        {"type": ["null", "string"], "format": "date-time", "x-sql-datatype": "datetimeoffset(7)"},
        "datetimeoffset(7)",
        DATETIMEOFFSET,
        pairs,
    )


def clocks(name: str, digits: int, schema: Mapping[str, Any], sql: str) -> Column:
    def pair(micros: int, draw: random.Random) -> Pair:
        at = (EPOCH + dt.timedelta(microseconds=cut(micros, digits))).time()
        return f'"{at:%H:%M:%S}{fraction(at.microsecond, digits, draw)}{"Z" if draw.random() < 0.1 else ""}"', at

    awkward = [pair(micros, random.Random(0)) for micros in (0, 1, DAY_US - 1, DAY_US // 2, 999_999, 10**6)]
    pairs = made(name, awkward, lambda draw: pair(draw.randrange(DAY_US), draw))
    return Column(
        name,
        {"type": ["null", "string"], "format": "time", **schema},
        sql,
        TIME,
        pairs,
        [('"01:02"', dt.time(1, 2)), ('"12:00:00+02:00"', dt.time(10))],
    )


def days() -> Column:
    def pair(day: dt.date) -> Pair:
        return spelled(day.isoformat(), day)

    awkward = [pair(one.date()) for one in ENDS] + [
        ('"2024-02-29T00:00:00Z"', dt.date(2024, 2, 29)),
        ('"2024-02-29 00:00:00.000"', dt.date(2024, 2, 29)),
    ]
    pairs = made("day", awkward, lambda draw: pair((EPOCH + dt.timedelta(days=draw.randrange(3_652_059))).date()))
    return Column("day", {"type": ["null", "string"], "format": "date"}, "date", pa.date32(), pairs)


def uuids() -> Column:
    def pair(one: uuid.UUID, shown: str) -> Pair:
        return f'"{shown}"', str(one)

    awkward = [pair(one, str(one)) for one in (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID(int=1))]

    def drawn(draw: random.Random) -> Pair:
        one = uuid.UUID(int=draw.getrandbits(128))
        return pair(one, draw.choice((str(one), str(one).upper())))

    plain = uuid.UUID("0123abcd-4567-89ab-cdef-0123456789ab")
    odd = [pair(plain, plain.hex), pair(plain, f"{{{plain}}}"), pair(plain, plain.urn)]
    return Column("uid", {"type": ["null", "string"], "format": "uuid"}, "uniqueidentifier", pa.string(), made("uid", awkward, drawn), odd)


PIECES = (
    "a", "B", " ", "  ", "ä", "ß", "é", "漢", "😀", "👩‍👩‍👧", "e\u0301", '"', '""', "'", "''", ",", ";", "|", "\n", "\r", "\r\n", "\t", "\\", "\\n", "\0", "\x01",
    "\x1e", "\x1f", "\x7f", "\x85", "\xa0", "\u200b", "\u200d", "\u2028", "\u2029", "\ufeff", "\ue000", "\ue001", "\ue00a", "\ue00d", "\ue01f", "\ue0fe",
    "\uf8ff", "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\U00010000", "\ud7ff", "NULL", "null", "N'x'", "?", "@P1", "--", "/*", "%", "_", "[", "]", "{", "}", "<a>", "0x00",
    "=1+1", "1", "true", "\x00\x00", "\x1a", "\u0130", "\u0131", "K", "fi", "Ω",
)  # fmt: skip


def some_text(draw: random.Random, most: int) -> str:
    made_of, size = "", draw.randrange(most)
    while units(made_of) < size:
        made_of += draw.choice(PIECES)
    return made_of if units(made_of) <= most else ""


def units(value: str) -> int:
    return len(value.encode("utf-16-le")) // 2


def texts(name: str, schema: Mapping[str, Any], sql: str, most: int, long: Sequence[str] = ()) -> Column:
    awkward = [
        text(""),
        *(text(piece) for piece in PIECES),
        text("x" * most),
        text("😀" * (most // 2)),
        text("\ue000" + "y" * (most - 1)),
        text('"' * most),
        text("\n" * most),
    ]
    return Column(name, schema, sql, pa.string(), made(name, awkward, lambda draw: text(some_text(draw, most))), [text(one) for one in long])


def binary(name: str, schema: Mapping[str, Any], sql: str, most: int, long: Sequence[bytes] = ()) -> Column:
    def pair(value: bytes) -> Pair:
        return f'"{base64.b64encode(value).decode()}"', value

    awkward = [pair(one) for one in (b"", b"\0", b"\0\0\0", b"\xff" * most, bytes(range(256))[:most], b"\xee\x80\x80", b"'")]
    pairs = made(name, awkward, lambda draw: pair(draw.randbytes(draw.randint(0, most))))
    return Column(name, {"type": ["null", "string"], "contentEncoding": "base64", **schema}, sql, pa.binary(), pairs, [pair(one) for one in long])


def nested(name: str, schema: Mapping[str, Any], awkward: Sequence[Pair], wrap: Callable[[Any], Any]) -> Column:
    """JSON text: without blanks, each character as it is, each number as it was written."""

    def drawn(draw: random.Random) -> Pair:
        value = wrap([draw.choice((None, True, draw.getrandbits(64), some_text(draw, 8))) for _ in range(draw.randrange(4))])
        return json.dumps(value, ensure_ascii=draw.random() < 0.1), json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    return Column(name, schema, "nvarchar(max)", pa.string(), made(name, awkward, drawn))


NULLABLE = {"type": ["null", "number"]}
SIX_PARTS = ({}, [], [{}], {"a": None})
ANYTHING = [
    *(spelled(one, json.dumps(one, separators=(",", ":"))) for one in SIX_PARTS),
    ('{"a": 1.10, "b" : [1, 2.50, -0.5]}', '{"a":1.10,"b":[1,2.50,-0.5]}'),
    ('{"big": 123456789012345678901234567890.123456789}', '{"big":123456789012345678901234567890.123456789}'),
    ('{"\\u00e9\\ud83d\\ude00": "\\/\\u0041"}', '{"é😀":"/A"}'),
    ('{"deep": ' + "[" * 40 + "]" * 40 + "}", '{"deep":' + "[" * 40 + "]" * 40 + "}"),
]  # fmt: skip


def columns(*, most_chars: int = 100_000) -> list[Column]:
    """All columns but the key; no text, or hexadecimal digits of bytes, is longer than so many characters."""
    return [replace(one, odd=[pair for pair in one.odd if chars(pair[1]) <= most_chars]) for one in all_columns()]


def chars(value: Any) -> int:
    return units(value) if isinstance(value, str) else 2 * len(value) if isinstance(value, bytes) else 0


def all_columns() -> list[Column]:
    objects = [pair for pair in ANYTHING if pair[0] and pair[0].startswith("{")]
    lists = [pair for pair in ANYTHING if pair[0] and pair[0].startswith("[")]
    mixed = [*ANYTHING, ("true", "true"), ("12", "12"), ("-1.50", "-1.50"), ('"12"', "12"), ('"null"', "null"), ('""', "")]
    return [
        whole("i64", 64, {"type": ["null", "integer"]}, "bigint", pa.int64()),
        whole("i32", 32, {"type": ["null", "integer"], "x-sql-datatype": "int"}, "int", pa.int32()),
        whole("i16", 16, {"type": ["null", "integer"], "x-sql-datatype": "smallint"}, "smallint", pa.int16()),
        Column(
            "flag",
            {"type": ["null", "boolean"]},
            "bit",
            pa.bool_(),
            made("flag", [("true", True)], lambda draw: draw.choice([("true", True), ("false", False)])),
        ),
        *floats(),
        decimal("huge", 38, 0, {"type": ["null", "integer"], "maximum": 10**38}),
        decimal("cents", 38, 2, {**NULLABLE, "multipleOf": 0.01}),
        decimal("tiny", 38, 10, {**NULLABLE, "multipleOf": 1e-10}),
        decimal("part", 38, 38, {**NULLABLE, "x-sql-datatype": "decimal(38,38)"}),
        decimal("half", 12, 2, {**NULLABLE, "x-sql-datatype": "decimal(12,2)"}),
        decimal("five", 5, 0, {**NULLABLE, "x-sql-datatype": "numeric(5,0)"}),
        decimal("exact", 38, 18, {"type": ["null", "string"], "format": "singer.decimal"}, quoted=True),
        money("price", 64, "money"),
        money("coins", 32, "smallmoney"),
        days(),
        clocks("clock", 6, {}, "time(7)"),
        clocks("millis", 3, {"x-sql-datatype": "time(3)"}, "time(7)"),
        datetimes("at", 6, {}, "datetime2(7)"),
        datetimes("at_s", 0, {"x-sql-datatype": "datetime2(0)"}, "datetime2(0)"),
        datetimes("at_ms", 3, {"x-sql-datatype": "datetime2(3)"}, "datetime2(3)"),
        offsets(),
        uuids(),
        texts("code", {"type": ["null", "string"], "maxLength": 12}, "nvarchar(12)", 12),
        texts("name", {"type": ["null", "string"], "maxLength": 3999}, "nvarchar(3999)", 40, ["x" * 3999, "😀" * 1999, "\n" * 3999, '"' * 3999]),
        texts(
            "note",
            {"type": ["null", "string"], "maxLength": 100_000},
            "nvarchar(max)",
            40,
            ["x" * 4000, "x" * 4001, "漢" * 20_000, "😀" * 50_000, '"\n,' * 3000],
        ),
        nested("anything", {}, mixed, lambda value: value),
        nested("list", {"type": ["null", "array"]}, lists, lambda value: value),
        nested("object", {"type": ["null", "object"]}, objects, lambda value: {"a": value, "é": value[:1]}),
        binary("bytes", {"maxLength": 40}, "varbinary(30)", 30),
        binary("blob", {"maxLength": 100_000}, "varbinary(max)", 30, [b"\xff" * 2001, bytes(range(256)) * 200]),
    ]


def money(name: str, bits: int, sql: str) -> Column:
    """Ten-thousandths in 64 bits, or in 32."""
    found = decimal(name, 19 if bits == 64 else 10, 4, {**NULLABLE, "x-sql-datatype": sql}, sql=sql)
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def pair(whole: int) -> Pair:
        value = Decimal(whole).scaleb(-4, context=WIDE)
        return f"{value:f}", value

    pairs = made(name, [pair(one) for one in (low, high, 0, 1, -1, 10_000)], lambda draw: pair(draw.getrandbits(bits) + low >> draw.randrange(bits)))
    return Column(name, found.schema, sql, found.held, pairs, found.odd)
