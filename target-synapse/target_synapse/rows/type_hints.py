"""What `x-sql-datatype` says: the type that a tap's source has, in the words of whatever database that was.

Taps that write it (ours, and those of singer-sdk) name the source's type, not a Synapse one, and the words differ: `varchar` without a length
is any text in PostgreSQL and one character in T-SQL, `timestamp` is a moment there and a row version here, `tinyint` has a sign in MySQL. So only
what is sure is taken; for any other word the JSON Schema decides as if the hint were not there.
"""

from __future__ import annotations

import re

from target_synapse.rows.types import (
    ANY_DECIMAL,
    BIGINT,
    BIT,
    DATETIME,
    FLOAT,
    MAX_DECIMAL_DIGITS,
    MAX_NVARCHAR_CHARS,
    TEXT_MAX,
    TIME,
    SqlType,
    parsed,
)

HINT = re.compile(r"\s*([a-z]\w*(?:\s+[a-z]+)*)\s*(?:\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?((?:\s+[a-z]+)*)\s*", re.IGNORECASE)

REAL, SMALLINT, INT = SqlType("real"), SqlType("smallint"), SqlType("int")
PLAIN = {
    **dict.fromkeys(("bool", "boolean", "bit"), BIT),
    **dict.fromkeys(("tinyint", "smallint", "int2"), SMALLINT),  # tinyint has a sign elsewhere
    **dict.fromkeys(("int", "integer", "int4", "mediumint"), INT),
    **dict.fromkeys(("bigint", "int8", "long"), BIGINT),
    **dict.fromkeys(("hugeint", "number"), SqlType("decimal", precision=MAX_DECIMAL_DIGITS)),
    **dict.fromkeys(("real", "float4"), REAL),
    **dict.fromkeys(("float", "float8", "double", "double precision", "float64"), FLOAT),
    **dict.fromkeys(("time", "time without time zone"), TIME),
    **dict.fromkeys(
        ("timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone", "timestamp_ntz", "timestamp_tz", "datetime"), DATETIME
    ),
    **dict.fromkeys(("uuid", "uniqueidentifier"), SqlType("uniqueidentifier")),
    **dict.fromkeys(("json", "jsonb", "variant", "super"), TEXT_MAX),
}
DECIMALS = ("decimal", "numeric", "number", "dec", "bignumeric")
UNSIZED = ("binary", "varbinary")  # one byte in T-SQL, any number elsewhere
ZONED = ("timestamptz", "timestamp with time zone", "timestamp_tz")
SIZED_TEXT = ("varchar", "nvarchar", "char", "nchar", "character", "character varying", "bpchar", "string", "text")


def hinted(text: str) -> SqlType | None:
    """The type that a hint surely means, or None."""
    match = HINT.fullmatch(text)
    if not match:
        return None
    word = " ".join(f"{match[1]}{match[4]}".lower().split())
    first, second = (match[2] or "").lower(), match[3]
    if word in DECIMALS and (first or word != "number"):
        return _decimal(first, second)
    if word in SIZED_TEXT:
        return _text(first)
    if word in PLAIN:
        return PLAIN[word]
    return None if word in UNSIZED and not first else _own(text)


def is_zoned(text: str) -> bool:
    """Whether the hint means a moment with its own offset from UTC."""
    return " ".join(text.lower().split()) in ZONED


def _own(text: str) -> SqlType | None:
    """A type in T-SQL's own words."""
    try:
        return parsed(text)
    except ValueError:
        return None


def _decimal(precision: str, scale: str | None) -> SqlType | None:
    if not precision:
        return ANY_DECIMAL
    if precision == "max" or not int(scale or 0) <= int(precision) <= MAX_DECIMAL_DIGITS or precision == "0":
        return None
    return SqlType("decimal", precision=int(precision), scale=int(scale or 0))


def _text(length: str) -> SqlType | None:
    """Text is always nvarchar: varchar holds one code page, and would lose the rest without a word."""
    if length == "max":
        return TEXT_MAX
    if not length or length == "0":
        return None
    return TEXT_MAX if int(length) > MAX_NVARCHAR_CHARS else SqlType("nvarchar", int(length))
