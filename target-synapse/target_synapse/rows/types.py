"""Which SQL type holds the values of a JSON Schema property, and which column type may become which other.

Types of a dedicated pool and their limits: https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-data-types
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_NVARCHAR_CHARS = 4_000  # above it only nvarchar(max), which a columnstore table cannot hold
MAX_DECIMAL_DIGITS = 38
BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
INTEGERS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}  # with the digits of the largest, narrowest first
LENGTH_LIMITS = {"nvarchar": 4_000, "varchar": 8_000, "nchar": 4_000, "char": 8_000, "varbinary": 8_000, "binary": 8_000}
SCALED = ("datetime2", "datetimeoffset", "time")
PLAIN = ("bit", "float", "real", "date", "datetime", "smalldatetime", "uniqueidentifier", "money", "smallmoney", *INTEGERS)
TEXT = ("nvarchar", "varchar", "nchar", "char")
BINARY, MONEY = ("varbinary", "binary"), ("money", "smallmoney")
SQL_TYPE = re.compile(r"\s*(\w+)\s*(?:\(\s*(max|\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SqlType:
    """A column's type; `str()` is how T-SQL writes it.

    `length` counts UTF-16 units (nvarchar) or bytes, None meaning max; `precision` and `scale` are decimal's, `scale` alone is that of
    time and datetime2.
    """

    name: str
    length: int | None = None
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        """The type as T-SQL writes it."""
        if self.name in LENGTH_LIMITS:
            return f"{self.name}({'max' if self.length is None else self.length})"
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return f"{self.name}({self.scale})" if self.name in SCALED else self.name

    @property
    def is_max(self) -> bool:
        """Whether a columnstore table refuses it."""
        return self.name in LENGTH_LIMITS and self.length is None

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return self.name in TEXT

    @property
    def is_binary(self) -> bool:
        """Whether it holds bytes."""
        return self.name in BINARY

    @property
    def is_money(self) -> bool:
        """Whether it is one of the two decimals with four places and a name."""
        return self.name in MONEY


BIGINT, FLOAT, BIT, DATE = SqlType("bigint"), SqlType("float"), SqlType("bit"), SqlType("date")
DATETIME, TIME = SqlType("datetime2", scale=7), SqlType("time", scale=7)
MOMENT = SqlType("datetimeoffset", scale=7)
TEXT_MAX, TEXT_4000 = SqlType("nvarchar"), SqlType("nvarchar", MAX_NVARCHAR_CHARS)
BYTES_MAX, BYTES_8000 = SqlType("varbinary"), SqlType("varbinary", LENGTH_LIMITS["varbinary"])
MONEY_AS_DECIMAL = SqlType("decimal", precision=19, scale=4)
# A decimal of no stated size may be anything; what does not fit is rejected by row, with its reason, never rounded.
ANY_DECIMAL = SqlType("decimal", precision=MAX_DECIMAL_DIGITS, scale=18)
FORMATS = {"date-time": DATETIME, "date": DATE, "time": TIME, "uuid": SqlType("uniqueidentifier"), "singer.decimal": ANY_DECIMAL}


def of_property(schema: Mapping[str, Any]) -> SqlType:
    """The type for the values that a property's JSON Schema allows.

    Text without `maxLength` comes as nvarchar(4000); objects, arrays and whatever may be several things are JSON text, nvarchar(max).
    """
    kinds, parts = json_types(schema), alternatives(schema)
    if kinds == {"boolean"}:
        return BIT
    if kinds == {"integer"}:
        return _integer(schema, parts)
    if kinds and kinds <= {"integer", "number"}:
        return _number(schema, parts)
    if kinds == {"string"}:
        return _string(parts)
    return TEXT_MAX if kinds & {"object", "array"} else TEXT_4000


def alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas that a value that is not null may follow: those under `anyOf` or `oneOf`, else the schema itself."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(options, list):
        return [schema]
    flat = [part for option in options if isinstance(option, dict) for part in alternatives(option)]
    return [part for part in flat if part.get("type") not in ("null", ["null"])]


def json_types(schema: Mapping[str, Any]) -> set[str]:
    """The JSON types that a value may have, null left out; empty if the schema does not say."""
    found: set[str] = set()
    for part in alternatives(schema):
        kind = part.get("type", [])
        kinds = {kind} if isinstance(kind, str) else set(kind)
        if not kinds and part.get("properties"):
            kinds = {"object"}
        if not kinds:
            return set()
        found |= kinds
    return found - {"null"}


def parsed(text: str) -> SqlType:
    """Read a type as T-SQL writes it. Raises ValueError if a dedicated pool has no such type."""
    match = SQL_TYPE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no SQL type")
    name, first, second = match[1].lower(), (match[2] or "").lower(), match[3]
    name = {"numeric": "decimal", "integer": "int"}.get(name, name)
    if name == "decimal" and first != "max":
        made = SqlType(name, precision=int(first or 18), scale=int(second or 0))
        if 1 <= made.precision <= MAX_DECIMAL_DIGITS and made.scale <= made.precision:
            return made
    elif name in LENGTH_LIMITS and second is None and (first != "max" or name.startswith(("var", "nvar"))):
        length = None if first == "max" else int(first or 1)
        if length is None or 1 <= length <= LENGTH_LIMITS[name]:
            return SqlType(name, length)
    elif name in SCALED and first != "max" and second is None and int(first or 7) <= 7:  # noqa: PLR2004 - 100 ns is the finest
        return SqlType(name, scale=int(first or 7))
    elif name in PLAIN and (not first or name == "float"):
        return SqlType(name)
    raise ValueError(f"a dedicated SQL pool has no type {text!r}")


def of_column(name: str, length: int | None, precision: int | None, scale: int | None) -> SqlType:
    """The type of a column as INFORMATION_SCHEMA.COLUMNS shows it: -1 stands for max."""
    name = "decimal" if name.lower() == "numeric" else name.lower()
    if name in LENGTH_LIMITS:
        return SqlType(name, None if length in (-1, None) else length)
    if name == "decimal":
        return SqlType(name, precision=precision or 18, scale=scale or 0)
    return SqlType(name, scale=7 if scale is None else scale) if name in SCALED else SqlType(name)


def described(kind: SqlType) -> tuple[str, int | None, int | None, int | None]:
    """A type as `of_column` reads it: name, length, precision and scale."""
    if kind.name in LENGTH_LIMITS:
        return kind.name, -1 if kind.length is None else kind.length, None, None
    return kind.name, None, kind.precision or None, kind.scale


def wide_enough(held: SqlType, wanted: SqlType) -> bool:
    """Whether a column of type `held` takes every value of type `wanted` unchanged; its own type is among them."""
    if held.name in INTEGERS and wanted.name in INTEGERS:
        return INTEGERS[held.name] >= INTEGERS[wanted.name]
    if held.name == "decimal" and wanted.name in (*INTEGERS, "decimal"):
        whole = INTEGERS.get(wanted.name, wanted.precision - wanted.scale)
        return held.scale >= wanted.scale and held.precision - held.scale >= whole
    if held.name == "float":
        return wanted.name in ("float", "real", "tinyint", "smallint", "int")
    if held.is_money:
        return wanted.name == held.name or (held.name == "money" and wanted.is_money)
    if held.name in LENGTH_LIMITS and (held.name == wanted.name or (held.name == "nvarchar" and wanted.is_text)):
        return held.length is None or (wanted.length is not None and held.length >= wanted.length)
    return held.name == wanted.name and held.scale >= wanted.scale


def widened(held: SqlType, wanted: SqlType) -> SqlType | None:
    """The type to alter a column to so that it takes the values of both; None if no ALTER COLUMN does that without loss."""
    if wide_enough(wanted, held):
        return wanted
    if held.name == wanted.name == "decimal":
        whole, scale = max(held.precision - held.scale, wanted.precision - wanted.scale), max(held.scale, wanted.scale)
        return SqlType("decimal", precision=whole + scale, scale=scale) if whole + scale <= MAX_DECIMAL_DIGITS else None
    if held.name in INTEGERS and wanted.name == "decimal":
        whole = max(INTEGERS[held.name], wanted.precision - wanted.scale)
        return replace(wanted, precision=whole + wanted.scale) if whole + wanted.scale <= MAX_DECIMAL_DIGITS else None
    return None


def _integer(schema: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> SqlType:
    lows = [part.get("minimum", schema.get("minimum")) for part in parts]
    highs = [part.get("maximum", schema.get("maximum")) for part in parts]
    beyond = any(low is not None and low < BIGINT_MIN for low in lows) or any(high is not None and high > BIGINT_MAX for high in highs)
    return SqlType("decimal", precision=MAX_DECIMAL_DIGITS) if beyond else BIGINT


def _number(schema: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> SqlType:
    steps = [part.get("multipleOf", schema.get("multipleOf")) for part in parts]
    if any(step is None for step in steps):
        return FLOAT
    try:
        scale = max(-int(Decimal(str(step)).normalize().as_tuple().exponent) for step in steps)
    except (InvalidOperation, ValueError):
        return FLOAT
    return SqlType("decimal", precision=MAX_DECIMAL_DIGITS, scale=max(scale, 0)) if scale <= MAX_DECIMAL_DIGITS else FLOAT


def _string(parts: list[Mapping[str, Any]]) -> SqlType:
    if is_base64(parts):
        return _bytes([part.get("maxLength") for part in parts])
    formats = {part.get("format") for part in parts}
    if len(formats) == 1 and (found := FORMATS.get(formats.pop() or "")):
        return found
    lengths = [part.get("maxLength") for part in parts]
    longest = None if None in lengths else max(int(length or 1) for length in lengths)
    if longest is None:
        return TEXT_4000
    return TEXT_MAX if longest > MAX_NVARCHAR_CHARS else SqlType("nvarchar", max(longest, 1))


def is_base64(parts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all alternatives say that their text stands for bytes."""
    return all(str(part.get("contentEncoding")).lower() == "base64" for part in parts)


def _bytes(lengths: Sequence[int | None]) -> SqlType:
    """Four characters of base64 are three bytes, or up to two fewer."""
    if None in lengths:
        return BYTES_8000
    longest = max(int(length or 0) for length in lengths) // 4 * 3
    return BYTES_MAX if longest > LENGTH_LIMITS["varbinary"] else SqlType("varbinary", max(longest, 1))
