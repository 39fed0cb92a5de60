"""Parquet as COPY reads it: each column's type must be the one its Parquet type stands for.

Mapping: learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/design-elt-data-loading; "SQL dedicated pools do not
currently support Parquet data types with MICROS and NANOS precision" is from the same page.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow import parquet

from sandbox.synapse.objects import ColumnDef
from sandbox.synapse.refusals import load_errors
from sandbox.synapse.values.declared import MAX_SCALE, DeclaredType

if TYPE_CHECKING:
    from sandbox.synapse.objects import TableDef

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
    file = _opened(name, data)
    for column, number in columns:
        if number > len(file.schema.names):
            raise load_errors.copy_unreadable(name, f"there is no field {number} for column {column.name}")
        _check(name, file.schema.column(number - 1), column)
    whole = file.read()
    return pa.Table.from_arrays([_plain(whole.column(number - 1)) for _, number in columns], names=[f"c{number}" for _, number in columns])


def _opened(name: str, data: bytes) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise load_errors.copy_unreadable(name, f"not a Parquet file: {error}") from error


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """INT96 comes as nanoseconds; zones mean UTC and a datetime2 has none."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us"), safe=False)
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _allowed(file: str, field: parquet.ColumnSchema) -> set[str]:
    """The types of a column that a field may go to. Raises 106000 for MICROS and NANOS."""
    logical, words = field.logical_type.type, str(field.logical_type)
    if logical in _MOMENTS and "milliseconds" not in words:
        raise load_errors.copy_unreadable(file, f"ClassCastException: {field.path} is {words}, and MICROS and NANOS are not supported")
    if logical == "INT":
        return {kind for mark, kind in _INTEGERS.items() if mark in words}
    if logical == "NONE":
        return _PHYSICAL[field.physical_type]
    return _MOMENTS.get(logical) or _LOGICAL.get(logical, set())


def _check(file: str, field: parquet.ColumnSchema, column: ColumnDef) -> None:
    if field.max_repetition_level or "." in field.path:
        raise load_errors.copy_unreadable(file, f"ClassCastException: {field.path} is nested")
    if column.type.name not in _allowed(file, field):
        found = str(field.logical_type) if field.logical_type.type != "NONE" else field.physical_type
        raise load_errors.copy_unreadable(file, f"ClassCastException: {field.path} is {found}, and column {column.name} is {column.type.spelled()}")


def discovered(name: str, data: bytes) -> list[ColumnDef]:
    """The columns that AUTO_CREATE_TABLE makes of a file: each Parquet type's own, text and bytes as (max)."""
    schema = _opened(name, data).schema
    return [ColumnDef(schema.column(place).path.split(".")[0], _own_type(name, schema.column(place))) for place in _top_level(schema)]


def _top_level(schema: parquet.ParquetSchema) -> list[int]:
    """One leaf for each field of the file; lists and maps have several or nested ones."""
    seen: dict[str, int] = {}
    for place in range(len(schema.names)):
        seen.setdefault(schema.column(place).path.split(".")[0], place)
    return list(seen.values())


def _own_type(file: str, field: parquet.ColumnSchema) -> DeclaredType:
    if field.max_repetition_level or "." in field.path:
        return DeclaredType("varchar", None)  # "LIST/MAP: varchar(max)", with AUTO_CREATE_TABLE alone
    (kind, *_) = sorted(_allowed(file, field) - {"nchar", "varchar", "char", "binary"})
    if kind in {"nvarchar", "varbinary"}:
        return DeclaredType(kind, None)
    if kind == "decimal":
        words = re.search(r"precision=(\d+), scale=(\d+)", str(field.logical_type))
        return DeclaredType("decimal", precision=int(words.group(1)) if words else 20, scale=int(words.group(2)) if words else 0)
    return DeclaredType(kind, scale=MAX_SCALE if kind in {"datetime2", "time"} else 0)


def read_by_name(name: str, data: bytes, table: TableDef) -> tuple[pa.Table, list[DeclaredType]]:
    """The fields that the table has columns for, found by name in any case, with the type each has by itself. Raises 106000 for one without a column."""
    file = _opened(name, data)
    whole, kinds, arrays, names = file.read(), dict[str, DeclaredType](), [], []
    for place in _top_level(file.schema):
        kinds[file.schema.column(place).path.split(".")[0]] = _own_type(name, file.schema.column(place))
    for field, kind in kinds.items():
        column = table.find(field)
        if column is None:
            raise load_errors.copy_unreadable(name, f"field {field} has no column in {table.full_name}")
        values = whole.column(field)
        if pa.types.is_nested(values.type):
            values = pa.array([None if value is None else json.dumps(value, default=str) for value in values.to_pylist()], pa.string())
        arrays.append(_plain(values) if isinstance(values, pa.ChunkedArray) else values)
        names.append(column.name)
        kinds[field] = kind
    return pa.Table.from_arrays(arrays, names=names), [kinds[field] for field in kinds]
