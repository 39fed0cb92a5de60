"""INFORMATION_SCHEMA [sql/relational-databases/system-information-schema-views]; temporary tables are not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import ColumnDef, TableDef, ViewDef
from sandbox.synapse.values.declared import DEFAULT_COLLATION, INT, SYSNAME, DeclaredType
from sandbox.synapse.views.view_kind import SMALLINT, TINYINT, Row, View, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.synapse.session import PoolSession

_DATETIME_DIGITS: Final = {"date": 0, "datetime": 3, "smalldatetime": 0}


def _schemata(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for name in catalog.schemas.values():
        yield catalog.database, name, "dbo", None, None, "iso_1"


def _tables(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for one in catalog.objects():
        if isinstance(one, (TableDef, ViewDef)):
            yield catalog.database, one.schema, one.name, "VIEW" if isinstance(one, ViewDef) else "BASE TABLE"


def _views(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for one in catalog.objects():
        if isinstance(one, ViewDef):
            yield catalog.database, one.schema, one.name, one.definition[:4000], "NONE", "NO"


def columns_of(one: TableDef | ViewDef) -> list[ColumnDef]:
    """A table's columns, or a view's as if they were."""
    if isinstance(one, TableDef):
        return one.columns
    return [ColumnDef(name, kind, id=number) for number, (name, kind) in enumerate(one.columns.items(), 1)]


def _columns(session: PoolSession) -> Iterable[Row]:
    catalog = session.pool.catalog
    for one in catalog.objects():
        if isinstance(one, (TableDef, ViewDef)):
            for place, column in enumerate(columns_of(one), 1):
                yield _column(catalog.database, one, column, place)


def _column(database: str, one: TableDef | ViewDef, column: ColumnDef, place: int) -> Row:
    kind = column.type
    sized = kind.is_text or kind.is_binary
    length = (-1 if kind.length is None else kind.length) if sized else None
    numeric = not sized and kind.digits > 0 and kind.name != "bit"
    moment = _DATETIME_DIGITS.get(kind.name, kind.scale if kind.name in {"time", "datetime2", "datetimeoffset"} else None)
    return (
        database, one.schema, one.name, column.name, place, f"({column.default})" if column.default else None,
        "YES" if column.nullable else "NO", kind.name, length, kind.max_length_bytes if sized else None,
        kind.digits if numeric else None, (2 if kind.name in {"real", "float"} else 10) if numeric else None,
        kind.scale if numeric and kind.name not in {"real", "float"} else None, moment,
        (kind.collation or DEFAULT_COLLATION) if kind.is_text else None,
    )  # fmt: skip


VIEWS: Final = {
    "information_schema_schemata": View(
        {"CATALOG_NAME": SYSNAME, "SCHEMA_NAME": SYSNAME, "SCHEMA_OWNER": SYSNAME, "DEFAULT_CHARACTER_SET_CATALOG": DeclaredType("varchar", 6),
         "DEFAULT_CHARACTER_SET_SCHEMA": DeclaredType("varchar", 3), "DEFAULT_CHARACTER_SET_NAME": SYSNAME}, _schemata),
    "information_schema_tables": View(
        {"TABLE_CATALOG": SYSNAME, "TABLE_SCHEMA": SYSNAME, "TABLE_NAME": SYSNAME, "TABLE_TYPE": DeclaredType("varchar", 10)}, _tables),
    "information_schema_views": View(
        {"TABLE_CATALOG": SYSNAME, "TABLE_SCHEMA": SYSNAME, "TABLE_NAME": SYSNAME, "VIEW_DEFINITION": text(4000), "CHECK_OPTION": DeclaredType("varchar", 7),
         "IS_UPDATABLE": DeclaredType("varchar", 2)}, _views),
    "information_schema_columns": View(
        {"TABLE_CATALOG": SYSNAME, "TABLE_SCHEMA": SYSNAME, "TABLE_NAME": SYSNAME, "COLUMN_NAME": SYSNAME, "ORDINAL_POSITION": INT,
         "COLUMN_DEFAULT": text(4000), "IS_NULLABLE": DeclaredType("varchar", 3), "DATA_TYPE": SYSNAME, "CHARACTER_MAXIMUM_LENGTH": INT,
         "CHARACTER_OCTET_LENGTH": INT, "NUMERIC_PRECISION": TINYINT, "NUMERIC_PRECISION_RADIX": SMALLINT, "NUMERIC_SCALE": INT,
         "DATETIME_PRECISION": SMALLINT, "COLLATION_NAME": SYSNAME}, _columns),
}  # fmt: skip
