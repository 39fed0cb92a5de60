"""The catalogue views a loader asks, made from the pool's catalogue when a query names them.

Columns and their types: learn.microsoft.com/sql/relational-databases/system-catalog-views and .../system-information-schema-views;
those of pdw_* and dm_pdw_*: .../sql-and-parallel-data-warehouse-catalog-views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sandbox.synapse.catalog import Catalog, TableDef, duck_name
from sandbox.synapse.declared import BIGINT, BIT, DEFAULT_COLLATION, INT, SYSNAME, DeclaredType

if TYPE_CHECKING:
    from sandbox.synapse.requests import RequestLog

SMALLINT, TINYINT, MOMENT = DeclaredType("smallint"), DeclaredType("tinyint"), DeclaredType("datetime")
_ARROW: Final = {
    "int": pa.int32(), "bigint": pa.int64(), "smallint": pa.int16(), "tinyint": pa.uint8(), "bit": pa.bool_(), "datetime": pa.timestamp("us"),
}  # fmt: skip
_TYPES: Final = [
    "uniqueidentifier", "date", "time", "datetime2", "datetimeoffset", "tinyint", "smallint", "int", "smalldatetime", "real", "money", "datetime",
    "float", "bit", "decimal", "smallmoney", "bigint", "varbinary", "varchar", "binary", "char", "nvarchar", "nchar",
]  # fmt: skip
_DATETIME_DIGITS: Final = {"date": 0, "datetime": 3, "smalldatetime": 0}

Row = tuple[object, ...]
Maker = Callable[[Catalog, "RequestLog"], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class View:
    """One view: its columns as declared, and what makes its rows."""

    columns: Mapping[str, DeclaredType]
    rows: Maker

    def select(self, name: str) -> str:
        """DuckDB's text that reads the registered rows, with text compared as the pool's collation does."""
        parts = [f"{duck_name(column)}{' COLLATE NOCASE' if kind.is_text else ''} AS {duck_name(column)}" for column, kind in self.columns.items()]
        return f"SELECT {', '.join(parts)} FROM {name}"

    def arrow(self, catalog: Catalog, requests: RequestLog) -> pa.Table:
        """The rows as they are now."""
        rows = list(self.rows(catalog, requests))
        arrays = [pa.array([row[place] for row in rows], _ARROW.get(kind.name, pa.string())) for place, kind in enumerate(self.columns.values())]
        return pa.Table.from_arrays(arrays, names=list(self.columns))


def view_name(schema: str, name: str) -> str | None:
    """The registered name of a system view, or None. Case does not matter."""
    wanted = f"{schema.lower()}_{name.lower()}"
    return wanted if schema.lower() in {"sys", "information_schema"} and wanted in VIEWS else None


def schema_id(catalog: Catalog, name: str) -> int:
    """Dbo is 1, as always; the rest count from 5."""
    keys = [key for key in catalog.schemas if key != "dbo"]
    return 1 if name.lower() == "dbo" else 5 + keys.index(name.lower())


def _schemata(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for name in catalog.schemas.values():
        yield catalog.database, name, "dbo", None, None, "iso_1"


def _information_tables(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        yield catalog.database, table.schema, table.name, "BASE TABLE"


def _information_columns(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        for place, column in enumerate(table.columns, 1):
            kind = column.type
            sized = kind.is_text or kind.is_binary
            length = (-1 if kind.length is None else kind.length) if sized else None
            numeric = not sized and kind.digits > 0 and kind.name != "bit"
            moment = _DATETIME_DIGITS.get(kind.name, kind.scale if kind.name in {"time", "datetime2", "datetimeoffset"} else None)
            yield (
                catalog.database, table.schema, table.name, column.name, place, f"({column.default})" if column.default else None,
                "YES" if column.nullable else "NO", kind.name, length, kind.max_length_bytes if sized else None,
                kind.digits if numeric else None, (2 if kind.name in {"real", "float"} else 10) if numeric else None,
                kind.scale if numeric and kind.name not in {"real", "float"} else None, moment,
                (kind.collation or DEFAULT_COLLATION) if kind.is_text else None,
            )  # fmt: skip


def _schemas(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for name in catalog.schemas.values():
        yield name, schema_id(catalog, name), 1


def _object(catalog: Catalog, table: TableDef) -> Row:
    return table.name, table.object_id, schema_id(catalog, table.schema), 0, "U ", "USER_TABLE", table.created_utc, table.created_utc, False


def _objects(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        yield _object(catalog, table)


def _tables(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        yield *_object(catalog, table), False


def _columns(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        for column in table.columns:
            kind = column.type
            number = kind.system_type_id
            collation = (kind.collation or DEFAULT_COLLATION) if kind.is_text else None
            yield (
                table.object_id,
                column.name,
                column.id,
                number,
                number,
                kind.max_length_bytes,
                kind.digits,
                kind.scale,
                collation,
                column.nullable,
                False,
                False,
            )


def _types(_: Catalog, __: RequestLog) -> Iterable[Row]:
    for name in _TYPES:
        kind = DeclaredType(name, 8000 if name[0] != "n" else 4000)
        number = kind.system_type_id
        yield name, number, number, 4, kind.max_length_bytes, kind.digits, kind.scale, True, False


def _indexes(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    numbers = {"HEAP": (0, 0, "HEAP"), "CLUSTERED": (1, 1, "CLUSTERED"), "CLUSTERED COLUMNSTORE": (1, 5, "CLUSTERED COLUMNSTORE")}
    for table in catalog:
        number, kind, words = numbers[table.index]
        yield table.object_id, None if number == 0 else f"ClusteredIndex_{table.object_id:x}", number, kind, words, False, False


def _table_distribution(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    policies = {"HASH": 2, "REPLICATE": 3, "ROUND_ROBIN": 4}
    for table in catalog:
        yield table.object_id, policies[table.distribution], table.distribution


def _column_distribution(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        names = [name.lower() for name in table.hash_columns]
        for column in table.columns:
            yield table.object_id, column.id, names.index(column.name.lower()) + 1 if column.name.lower() in names else 0


def _stats(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    for table in catalog:
        for number, name in enumerate(table.statistics, 2):
            yield table.object_id, name, number, False, True


def _requests(_: Catalog, requests: RequestLog) -> Iterable[Row]:
    for one in requests:
        yield (
            one.request_id, one.session_id, one.status, one.submitted_utc, one.submitted_utc, one.ended_utc, one.elapsed_ms, one.label,
            one.error_id, 1, one.command, "smallrc",
        )  # fmt: skip


def _databases(catalog: Catalog, _: RequestLog) -> Iterable[Row]:
    created = datetime(2024, 1, 1)  # noqa: DTZ001  # datetime has no zone
    yield "master", 1, created, 140, DEFAULT_COLLATION, "ONLINE", False
    yield catalog.database, 5, created, 140, DEFAULT_COLLATION, "ONLINE", False


def _text(length: int) -> DeclaredType:
    return DeclaredType("nvarchar", length)


_OBJECT: Final = {
    "name": SYSNAME, "object_id": INT, "schema_id": INT, "parent_object_id": INT, "type": DeclaredType("char", 2), "type_desc": _text(60),
    "create_date": MOMENT, "modify_date": MOMENT, "is_ms_shipped": BIT,
}  # fmt: skip
VIEWS: Final[Mapping[str, View]] = {
    "information_schema_schemata": View(
        {"CATALOG_NAME": SYSNAME, "SCHEMA_NAME": SYSNAME, "SCHEMA_OWNER": SYSNAME, "DEFAULT_CHARACTER_SET_CATALOG": DeclaredType("varchar", 6),
         "DEFAULT_CHARACTER_SET_SCHEMA": DeclaredType("varchar", 3), "DEFAULT_CHARACTER_SET_NAME": SYSNAME}, _schemata),
    "information_schema_tables": View(
        {"TABLE_CATALOG": SYSNAME, "TABLE_SCHEMA": SYSNAME, "TABLE_NAME": SYSNAME, "TABLE_TYPE": DeclaredType("varchar", 10)}, _information_tables),
    "information_schema_columns": View(
        {"TABLE_CATALOG": SYSNAME, "TABLE_SCHEMA": SYSNAME, "TABLE_NAME": SYSNAME, "COLUMN_NAME": SYSNAME, "ORDINAL_POSITION": INT,
         "COLUMN_DEFAULT": _text(4000), "IS_NULLABLE": DeclaredType("varchar", 3), "DATA_TYPE": SYSNAME, "CHARACTER_MAXIMUM_LENGTH": INT,
         "CHARACTER_OCTET_LENGTH": INT, "NUMERIC_PRECISION": TINYINT, "NUMERIC_PRECISION_RADIX": SMALLINT, "NUMERIC_SCALE": INT,
         "DATETIME_PRECISION": SMALLINT, "COLLATION_NAME": SYSNAME}, _information_columns),
    "sys_schemas": View({"name": SYSNAME, "schema_id": INT, "principal_id": INT}, _schemas),
    "sys_objects": View(_OBJECT, _objects),
    "sys_tables": View({**_OBJECT, "is_external": BIT}, _tables),
    "sys_columns": View(
        {"object_id": INT, "name": SYSNAME, "column_id": INT, "system_type_id": TINYINT, "user_type_id": INT, "max_length": SMALLINT,
         "precision": TINYINT, "scale": TINYINT, "collation_name": SYSNAME, "is_nullable": BIT, "is_identity": BIT, "is_computed": BIT}, _columns),
    "sys_types": View(
        {"name": SYSNAME, "system_type_id": TINYINT, "user_type_id": INT, "schema_id": INT, "max_length": SMALLINT, "precision": TINYINT,
         "scale": TINYINT, "is_nullable": BIT, "is_user_defined": BIT}, _types),
    "sys_indexes": View(
        {"object_id": INT, "name": SYSNAME, "index_id": INT, "type": TINYINT, "type_desc": _text(60), "is_unique": BIT, "is_primary_key": BIT}, _indexes),
    "sys_stats": View({"object_id": INT, "name": SYSNAME, "stats_id": INT, "auto_created": BIT, "user_created": BIT}, _stats),
    "sys_pdw_table_distribution_properties": View(
        {"object_id": INT, "distribution_policy": TINYINT, "distribution_policy_desc": _text(60)}, _table_distribution),
    "sys_pdw_column_distribution_properties": View({"object_id": INT, "column_id": INT, "distribution_ordinal": TINYINT}, _column_distribution),
    "sys_dm_pdw_exec_requests": View(
        {"request_id": _text(32), "session_id": _text(32), "status": _text(32), "submit_time": MOMENT, "start_time": MOMENT, "end_time": MOMENT,
         "total_elapsed_time": BIGINT, "label": _text(255), "error_id": _text(36), "database_id": INT, "command": _text(4000),
         "resource_class": _text(20)}, _requests),
    "sys_databases": View(
        {"name": SYSNAME, "database_id": INT, "create_date": MOMENT, "compatibility_level": TINYINT, "collation_name": SYSNAME,
         "state_desc": _text(60), "is_read_only": BIT}, _databases),
}  # fmt: skip
