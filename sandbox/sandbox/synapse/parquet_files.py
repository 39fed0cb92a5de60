"""Parquet as COPY reads it: each column's type must be the one its Parquet type stands for.

Mapping: learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/design-elt-data-loading; "SQL dedicated pools do not
currently support Parquet data types with MICROS and NANOS precision" is from the same page.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow import parquet

from sandbox.synapse.errors import copy_unreadable

if TYPE_CHECKING:
    from sandbox.synapse.catalog import ColumnDef

_PHYSICAL: Final = {
    "BOOLEAN": {"bit"}, "DOUBLE": {"float"}, "FLOAT": {"real"}, "INT32": {"int"}, "INT64": {"bigint"}, "INT96": {"datetime2"},
    "BYTE_ARRAY": {"varbinary", "binary"}, "FIXED_LEN_BYTE_ARRAY": {"varbinary", "binary"},
}  # fmt: skip
_TEXT: Final = {"nvarchar", "nchar", "varchar", "char"}
_LOGICAL: Final = {
    "STRING": _TEXT, "ENUM": _TEXT, "JSON": {"nvarchar"}, "UUID": {"uniqueidentifier"}, "DATE": {"date"}, "DECIMAL": {"decimal"},
}  # fmt: skip
_INTEGERS: Final = {
    "bitWidth=8, isSigned=true": "smallint", "bitWidth=16, isSigned=true": "smallint", "bitWidth=32, isSigned=true": "int",
    "bitWidth=64, isSigned=true": "bigint", "bitWidth=8, isSigned=false": "tinyint", "bitWidth=16, isSigned=false": "int",
    "bitWidth=32, isSigned=false": "bigint", "bitWidth=64, isSigned=false": "decimal",
}  # fmt: skip
_MOMENTS: Final = {"TIME": {"time"}, "TIMESTAMP": {"datetime2"}}


def read_parquet(name: str, data: bytes, columns: list[tuple[ColumnDef, int]]) -> pa.Table:
    """Read the fields that are loaded, as columns c1, c2, ... by field number. Raises 106000 for what the reader cannot take."""
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise copy_unreadable(name, f"not a Parquet file: {error}") from error
    for column, number in columns:
        if number > len(file.schema.names):
            raise copy_unreadable(name, f"there is no field {number} for column {column.name}")
        _check(name, file.schema.column(number - 1), column)
    whole = file.read()
    return pa.Table.from_arrays([_plain(whole.column(number - 1)) for _, number in columns], names=[f"c{number}" for _, number in columns])


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """INT96 comes as nanoseconds; zones mean UTC and a datetime2 has none."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"), safe=False)
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _check(file: str, field: parquet.ColumnSchema, column: ColumnDef) -> None:
    logical, words = field.logical_type.type, str(field.logical_type)
    if field.max_repetition_level or "." in field.path:
        raise copy_unreadable(file, f"ClassCastException: {field.path} is nested")
    if logical in _MOMENTS and "milliseconds" not in words:
        raise copy_unreadable(file, f"ClassCastException: {field.path} is {words}, and MICROS and NANOS are not supported")
    if logical == "INT":
        allowed = {kind for mark, kind in _INTEGERS.items() if mark in words}
    elif logical == "NONE":
        allowed = _PHYSICAL[field.physical_type]
    else:
        allowed = _MOMENTS.get(logical) or _LOGICAL.get(logical, set())
    if column.type.name not in allowed:
        found = words if logical != "NONE" else field.physical_type
        raise copy_unreadable(file, f"ClassCastException: {field.path} is {found}, and column {column.name} is {column.type.spelled()}")
