"""PostgreSQL's types, by OID, to columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tap_warehouse.query import quoted
from tap_warehouse.types import ANY_JSON, SIMPLE, Column, decimal, integer, nullable, text

if TYPE_CHECKING:
    from typing import Any

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


def column(described: psycopg.Column) -> Column:
    """The column that a result's description tells of; a type that JSON has no word for is read as PostgreSQL's own text."""
    known = psycopg.adapters.types.get(described.type_code)
    name, read = described.name, quoted(described.name)
    if known is None:
        return Column(name, described.type_display, text(), None, f"{read}::text")
    if described.type_code == known.array_oid:
        items = ANY_JSON if known.name in _JSON else _schema(known.name, None, None)
        return Column(name, described.type_display, nullable("array", items=items), None, f"to_json({read})::text", raw_json=True)
    if known.name in _JSON:
        return Column(name, described.type_display, ANY_JSON, None, f"{read}::text", raw_json=True)
    schema = _schema(known.name, described.precision, described.scale)
    if known.name == "numeric":
        # As text: NaN and the infinities have no JSON number, and no Arrow decimal holds every numeric.
        finite = f"CASE WHEN {read} NOT IN ('NaN', 'Infinity', '-Infinity') THEN {read}::text END"
        return Column(name, described.type_display, schema, "decimal", finite, raw_json=True)
    if known.name in _SIMPLE or known.name in _INTEGERS or known.name in _TEXTS:
        finite = f"CASE WHEN isfinite({read}) THEN {read} END" if known.name in _INFINITE else read
        cast = f"{read}::text" if known.name == "uuid" else finite
        return Column(name, described.type_display, schema, _kind(known.name), cast)
    return Column(name, described.type_display, schema, None, f"{read}::text")


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
