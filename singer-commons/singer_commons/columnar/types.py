"""Which Arrow column holds the values of a JSON Schema property exactly."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from singer_commons.columnar.checks import json_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

INT64 = range(-(2**63), 2**63)
MAX_DECIMAL_DIGITS = 38  # of Arrow's 128-bit decimal
RAW_JSON = {b"singer": b"raw json"}
DECIMAL_HINT = re.compile(r"\s*(?:decimal|numeric|number)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\s*", re.IGNORECASE)
FLOAT_HINTS = frozenset(("double", "double precision", "float", "float4", "float8", "float64", "real"))


def raw_json(name: str, kind: pa.DataType | None = None) -> pa.Field:
    """A column of text that holds each value's own JSON, without blanks between its tokens; SQL's NULL for null and for a missing key."""
    return pa.field(name, kind or pa.string(), metadata=RAW_JSON)


def is_raw_json(field: pa.Field) -> bool:
    """Whether the column holds JSON text."""
    return (field.metadata or {}).get(b"singer") == RAW_JSON[b"singer"]


def arrow_schema(schema: Mapping[str, Any]) -> pa.Schema:
    """The columns of a stream, one for each property of its JSON Schema."""
    return pa.schema([arrow_field(name, part) for name, part in schema["properties"].items()])


def arrow_field(name: str, schema: Any) -> pa.Field:
    """The column of a property: text for dates and times, raw JSON for objects, arrays, numbers of unknown size and whatever may be several things."""
    kind = _kind(schema) if isinstance(schema, dict) else None
    return raw_json(name) if kind is None else pa.field(name, kind)


def _kind(schema: Mapping[str, Any]) -> pa.DataType | None:
    kinds = (json_kinds(schema) or frozenset()) - {"null"}
    if kinds == {"boolean"}:
        return pa.bool_()
    if kinds == {"string"}:
        return pa.string()
    if kinds == {"integer"}:
        return _integer(schema)
    return _number(schema) if kinds and kinds <= {"integer", "number"} else None


def _integer(schema: Mapping[str, Any]) -> pa.DataType | None:
    bounds = [bound for name in ("minimum", "maximum") if isinstance(bound := schema.get(name), int)]
    if all(bound in INT64 for bound in bounds):
        return pa.int64()
    return pa.decimal128(MAX_DECIMAL_DIGITS, 0) if all(abs(bound) < 10**MAX_DECIMAL_DIGITS for bound in bounds) else None


def _number(schema: Mapping[str, Any]) -> pa.DataType | None:
    hint = str(schema.get("x-sql-datatype", ""))
    if found := DECIMAL_HINT.fullmatch(hint):
        precision, scale = int(found[1]), int(found[2] or 0)
        return pa.decimal128(precision, scale) if 0 < precision <= MAX_DECIMAL_DIGITS and scale <= precision else None
    if hint.strip().lower() in FLOAT_HINTS:
        return pa.float64()
    try:
        places = -int(Decimal(str(schema["multipleOf"])).normalize().as_tuple().exponent)
    except (KeyError, InvalidOperation, ValueError):
        return None
    return pa.decimal128(MAX_DECIMAL_DIGITS, max(places, 0)) if places <= MAX_DECIMAL_DIGITS else None
