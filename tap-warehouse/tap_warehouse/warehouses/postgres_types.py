"""PostgreSQL's types, as the driver describes them, to columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyarrow import types

from tap_warehouse.query import quoted
from tap_warehouse.types import ANY_JSON, SIMPLE, Column, decimal, integer, nullable, text

if TYPE_CHECKING:
    from typing import Any

    import pyarrow as pa

MAX_ARROW_DIGITS = 38
_JSON = ("json", "jsonb")
_TEXTS = ("text", "varchar", "bpchar", "name")
_INTEGERS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}
_SIMPLE = {
    "bool": "boolean",
    "float4": "real",
    "float8": "double",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "uuid": "uuid",
    "bytea": "binary",
}
_INFINITE = ("date", "timestamp", "timestamptz")
_KNOWN = ("numeric", *_TEXTS, *_INTEGERS, *_SIMPLE)
TYPE, MODIFIER = b"POSTGRESQL:type", b"POSTGRESQL:typmod"  # what the driver tells of a column, from version 1.13 on
UNNAMED = re.compile(r"unnamed<oid:(\d+)>")
NO_MODIFIER = -1
NO_DIGITS = 4  # a modifier is as much more than what it means


def column(field: pa.Field, named: str | None = None) -> Column:
    """The column that the driver's description tells of; a type that JSON has no word for is read as PostgreSQL's own text.

    `named` is the name of a type that the driver has none for: see `number_of_type`.
    """
    told = named or _told(field, TYPE)
    name, read, item = field.name, quoted(field.name), _item(field, told)
    if item is not None:
        items = _schema(item, None, None) if item in _KNOWN else ANY_JSON
        return Column(name, f"{item}[]", nullable("array", items=items), None, f"to_json({read})::text", raw_json=True)
    if told in _JSON:
        return Column(name, told, ANY_JSON, None, f"{read}::text", raw_json=True)
    if told == "numeric":
        # As text: NaN and the infinities have no JSON number, and no Arrow decimal holds every numeric.
        finite = f"CASE WHEN {read} NOT IN ('NaN', 'Infinity', '-Infinity') THEN {read}::text END"
        precision, scale = _digits(int(_told(field, MODIFIER) or NO_MODIFIER))
        shown = told if precision is None else f"numeric({precision},{scale})"
        return Column(name, shown, _schema(told, precision, scale), "decimal", finite, raw_json=True)
    if told in _KNOWN:
        finite = f"CASE WHEN isfinite({read}) THEN {read} END" if told in _INFINITE else read
        return Column(name, told, _schema(told, None, None), _kind(told), f"{read}::text" if told == "uuid" else finite)
    return Column(name, told, text(), None, f"{read}::text")


def number_of_type(field: pa.Field) -> int | None:
    """The number by which the server knows a type that the driver has no name for; else None."""
    unnamed = UNNAMED.fullmatch(_told(field, TYPE))
    return int(unnamed[1]) if unnamed else None


def _told(field: pa.Field, name: bytes) -> str:
    return str((field.metadata or {}).get(name, b"").decode())


def _item(field: pa.Field, told: str) -> str | None:
    """The type of an array's items; None if it is no array."""
    if told.endswith("[]"):
        return told.removesuffix("[]")
    return told.removeprefix("_") if types.is_list(field.type) and told.startswith("_") else None


def _digits(modifier: int) -> tuple[int | None, int | None]:
    """Precision and scale of a numeric, from the modifier of its type; the scale has eleven bits, a sign among them (numeric.c of PostgreSQL 15 and later)."""
    if modifier < NO_DIGITS:
        return None, None
    packed = modifier - NO_DIGITS
    return packed >> 16, ((packed & 0x7FF) ^ 0x400) - 0x400


def _schema(name: str, precision: int | None, scale: int | None) -> dict[str, Any]:
    if name in _INTEGERS:
        return integer(_INTEGERS[name])
    if name == "numeric":
        fits = precision is not None and scale is not None and precision <= MAX_ARROW_DIGITS and 0 <= scale <= precision
        return decimal(precision or 0, scale or 0) if fits else nullable("number", "numeric")
    return SIMPLE[_SIMPLE[name]] if name in _SIMPLE else text()


def _kind(name: str) -> str | None:
    if name in _INTEGERS:
        return "integer"
    return "text" if name in _TEXTS else name if name in _INFINITE else None
