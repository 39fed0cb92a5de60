"""DuckDB's types, by name as DESCRIBE gives them, to columns."""

from __future__ import annotations

import re

from tap_warehouse.query import quoted
from tap_warehouse.types import ANY_JSON, SIMPLE, Column, decimal, integer, nullable, text, unsigned

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}
_UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32, "UBIGINT": 64}
_SIMPLE = {
    "BOOLEAN": "boolean",
    "FLOAT": "real",
    "DOUBLE": "double",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
    "BLOB": "binary",
}
_ORDERED = ("date", "timestamp", "timestamptz")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_INEXACT_DECIMAL = "DECIMAL(38,38)"  # its JSON text would lack the zero before the point
# Types whose values to_json does not print exactly once they are inside a list or struct: those go as DuckDB's text.
_ODD_INSIDE = re.compile(r"INTERVAL|BIT|TIME WITH TIME ZONE|UHUGEINT|BIGNUM|UNION|VARIANT|GEOMETRY|JSON|TIMESTAMP_NS|DECIMAL\(38,38\)")


def column(name: str, sql_type: str) -> Column:
    """The column of this name and type; a type that JSON has no word for is read as DuckDB's own text."""
    read = quoted(name)
    upper = sql_type.upper()
    if upper == "JSON":
        return Column(name, sql_type, ANY_JSON, None, read, raw_json=True)
    if upper.endswith("]") or upper.startswith(("STRUCT(", "MAP(")):
        if _ODD_INSIDE.search(upper):
            return Column(name, sql_type, _nested_schema(upper), None, f"CAST(to_json({read}) AS VARCHAR)", raw_json=True)
        return Column(name, sql_type, _nested_schema(upper), None, read)
    scalar = _scalar(upper)
    if scalar is None:
        return Column(name, sql_type, text(), "text" if upper == "VARCHAR" else None, f"CAST({read} AS VARCHAR)")
    schema, kind = scalar
    return Column(name, sql_type, schema, kind, read)


def _scalar(sql_type: str) -> tuple[dict[str, object], str | None] | None:
    if sql_type in _INTEGERS:
        return integer(sql_type.lower()), "integer"
    if sql_type in _UNSIGNED:
        return unsigned(_UNSIGNED[sql_type]), "integer"
    if sql_type == "HUGEINT":
        return nullable("integer", "decimal(38,0)"), "integer"
    if sql_type in _SIMPLE:
        known = _SIMPLE[sql_type]
        return SIMPLE[known], known if known in _ORDERED else None
    if (found := _DECIMAL.fullmatch(sql_type)) and sql_type != _INEXACT_DECIMAL:
        return decimal(int(found[1]), int(found[2])), "decimal"
    return None


def _nested_schema(sql_type: str) -> dict[str, object]:
    if not sql_type.endswith("]"):
        return nullable("object")
    inner = sql_type[: sql_type.rindex("[")]
    nested = inner.endswith("]") or inner.startswith(("STRUCT(", "MAP("))
    if nested:
        return nullable("array", items=_nested_schema(inner))
    scalar = None if _ODD_INSIDE.search(inner) else _scalar(inner)
    return nullable("array", items=scalar[0] if scalar else {} if "JSON" in inner else text())
