"""Columns of a model: their type in the warehouse, in the SCHEMA message, and how they are read.

`x-sql-datatype` carries the exact type to targets that know it, in words that no single warehouse owns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INTEGERS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
ANY_JSON = {"type": ["object", "array", "string", "number", "boolean", "null"], "x-sql-datatype": "json"}


@dataclass(frozen=True)
class Column:
    """One column of a model.

    `kind` is what an iterator over it would be (of tap_warehouse.iterator.KINDS' values), None if it cannot be one. `expression` is the SQL that reads
    it; with `raw_json` that gives JSON text.
    """

    name: str
    sql_type: str  # as the warehouse calls it
    schema: dict[str, Any]
    kind: str | None
    expression: str
    raw_json: bool = False


def nullable(json_type: str, sql_type: str | None = None, **more: Any) -> dict[str, Any]:
    """The JSON Schema of a column that may be null."""
    named = {"x-sql-datatype": sql_type} if sql_type else {}
    return {"type": [json_type, "null"], **more, **named}


def integer(name: str) -> dict[str, Any]:
    """The schema of a signed integer type of INTEGERS."""
    half = 2 ** (INTEGERS[name] - 1)
    return nullable("integer", "smallint" if name == "tinyint" else name, minimum=-half, maximum=half - 1)


def unsigned(bits: int) -> dict[str, Any]:
    """The schema of an unsigned integer; the 64-bit one needs a decimal(20,0) elsewhere."""
    wider = {8: "smallint", 16: "integer", 32: "bigint", 64: "decimal(20,0)"}
    return nullable("integer", wider[bits], minimum=0, maximum=2**bits - 1)


def decimal(precision: int, scale: int) -> dict[str, Any]:
    """The schema of an exact number: a JSON integer without digits behind the point."""
    return nullable("number" if scale else "integer", f"decimal({precision},{scale})")


def text() -> dict[str, Any]:
    """The schema of text."""
    return nullable("string", "varchar")


SIMPLE = {
    "boolean": nullable("boolean", "boolean"),
    "real": nullable("number", "real"),
    "double": nullable("number", "double"),
    "date": nullable("string", "date", format="date"),
    "time": nullable("string", "time", format="time"),
    "timestamp": nullable("string", "timestamp", format="date-time"),
    "timestamptz": nullable("string", "timestamptz", format="date-time"),
    "uuid": nullable("string", "uuid", format="uuid"),
    "binary": nullable("string", "binary", contentEncoding="base64"),
}
