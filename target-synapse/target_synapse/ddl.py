"""DDL as text: tables as a dedicated pool makes them, and the staging tables beside them.

https://learn.microsoft.com/sql/t-sql/statements/create-table-azure-sql-data-warehouse. A pool takes no DDL inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from target_synapse.naming import ROW_COLUMN, TableName
from target_synapse.quoting import literal, quoted
from target_synapse.types import TEXT_MAX, SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

Index = Literal["columnstore", "heap"]
MAX_COLUMNS = 1_024  # in a table (https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits)


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type."""

    name: str
    type: SqlType


def create_schema(schema: str) -> str:
    """Make the schema if it is not there. CREATE SCHEMA must stand alone in its batch, hence EXEC."""
    create = f"CREATE SCHEMA {quoted(schema)}"
    return f"IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = {literal(schema)}) EXEC({literal(create)})"


def count_schemas(schema: str) -> str:
    """Whether the schema is there: 1 or 0."""
    return f"SELECT COUNT_BIG(*) FROM sys.schemas WHERE name = {literal(schema)}"


def create_table(table: TableName, columns: Sequence[Column], *, index: Index, hashed_by: str | None = None, replicated: bool = False) -> str:
    """Make a table whose columns may all be NULL; without `hashed_by` its rows go round robin."""
    kind = "HEAP" if index == "heap" else "CLUSTERED COLUMNSTORE INDEX"
    return f"CREATE TABLE {table} (\n  {_definitions(columns)}\n)\nWITH (DISTRIBUTION = {distribution(hashed_by, replicated=replicated)}, {kind})"


def if_missing(table: TableName, create: str) -> str:
    """The statement that makes the table, run only if it is not there: so it can be repeated."""
    return f"IF OBJECT_ID({literal(str(table))}, N'U') IS NULL {create}"


def create_staging(table: TableName, columns: Sequence[Column], *, hashed_by: str | None) -> str:
    """Make the staging table for a batch: a heap, every text as long as may be, so that COPY INTO never fails on a length."""
    return create_table(table, staged_columns(columns), index="heap", hashed_by=hashed_by)


def staged_columns(columns: Sequence[Column]) -> list[Column]:
    """The columns of the staging table for these: text without a limit, and at the end the row's number."""
    staged = [Column(one.name, TEXT_MAX if one.type.is_text else one.type) for one in columns]
    return [*staged, Column(ROW_COLUMN, SqlType("bigint"))]


def drop_table(table: TableName) -> str:
    """Drop the table if it is there."""
    return f"IF OBJECT_ID({literal(str(table))}, N'U') IS NOT NULL DROP TABLE {table}"


def add_columns(table: TableName, columns: Sequence[Column]) -> str:
    """Add the columns, NULL in the rows that are there."""
    return f"ALTER TABLE {table} ADD {', '.join(_definition(one) for one in columns)}"


def alter_column(table: TableName, column: Column) -> str:
    """Change the type of a column."""
    return f"ALTER TABLE {table} ALTER COLUMN {_definition(column)}"


def select_columns(table: TableName) -> str:
    """Name, type, length, precision and scale of each column of the table; no rows if there is no such table."""
    return (
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE\n"
        "FROM INFORMATION_SCHEMA.COLUMNS\n"
        f"WHERE TABLE_SCHEMA = {literal(table.schema)} AND TABLE_NAME = {literal(table.table)}\n"
        "ORDER BY ORDINAL_POSITION"
    )


def select_tables(schema: str, prefix: str) -> str:
    """The names of the schema's tables that begin with the prefix."""
    return f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES\nWHERE TABLE_SCHEMA = {literal(schema)} AND LEFT(TABLE_NAME, {len(prefix)}) = {literal(prefix)}"


def distribution(hashed_by: str | None, *, replicated: bool = False) -> str:
    """How rows are spread: by a column, over all nodes, or round robin."""
    if replicated:
        return "REPLICATE"
    return f"HASH({quoted(hashed_by)})" if hashed_by else "ROUND_ROBIN"


def _definitions(columns: Sequence[Column]) -> str:
    return ",\n  ".join(_definition(one) for one in columns)


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column.type} NULL"
