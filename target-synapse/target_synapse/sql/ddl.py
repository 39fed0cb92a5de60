"""DDL as text: tables as a dedicated pool makes them, and the staging tables beside them.

https://learn.microsoft.com/sql/t-sql/statements/create-table-azure-sql-data-warehouse. A pool takes no DDL inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from target_synapse.rows.types import SqlType
from target_synapse.sql.quoting import literal, quoted
from target_synapse.sql.staged import staged_type
from target_synapse.tables.naming import ROW_COLUMN, TableName, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

Index = Literal["columnstore", "heap", "clustered"]
MAX_COLUMNS = 1_024  # in a table (https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits)
OWN_KEY = "_sdc_pk_"  # before the name of a key that a setting has declared


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type; without a collation it has the database's. `staged` is its type in a staging table, where that must be another.

    `constant` is an expression for what all rows of a batch have there, where nothing is staged for it.
    """

    name: str
    type: SqlType
    collation: str | None = None
    nullable: bool = True
    staged: SqlType | None = None
    constant: str = ""


@dataclass(frozen=True, slots=True)
class Partition:
    """The column whose values part the rows, and the values, as T-SQL literals, at which a part begins (`right`) or ends."""

    column: str
    boundaries: Sequence[str]
    right: bool = False


@dataclass(frozen=True, slots=True)
class TableShape:
    """How the rows of a table are kept: `index_columns` order a columnstore or a clustered index; without `hashed_by` rows go round robin."""

    index: Index = "heap"
    index_columns: Sequence[str] = ()
    hashed_by: Sequence[str] = ()
    replicated: bool = False
    partition: Partition | None = None
    primary_key: Sequence[str] = ()


def create_schema(schema: str) -> str:
    """Make the schema if it is not there. CREATE SCHEMA must stand alone in its batch, hence EXEC."""
    create = f"CREATE SCHEMA {quoted(schema)}"
    return f"IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = {literal(schema)}) EXEC({literal(create)})"


def count_schemas(schema: str) -> str:
    """Whether the schema is there: 1 or 0."""
    return f"SELECT COUNT_BIG(*) FROM sys.schemas WHERE name = {literal(schema)}"


def create_table(table: TableName, columns: Sequence[Column], shape: TableShape) -> str:
    """Make a table, but for its primary key."""
    return f"CREATE TABLE {table} (\n  {_LINES.join(_definition(one) for one in columns)}\n)\n{with_shape(shape)}"


def add_primary_key(table: TableName, columns: Sequence[str]) -> str:
    """Say the key of a table; a pool takes none that it would have to enforce.

    https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-table-constraints
    """
    name = quoted(f"{OWN_KEY}{digest(str(table))}")
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY NONCLUSTERED ({_list(columns)}) NOT ENFORCED"


def with_shape(shape: TableShape) -> str:
    """The WITH of CREATE TABLE, and of CREATE TABLE AS SELECT."""
    parts = [f"DISTRIBUTION = {distribution(shape.hashed_by, replicated=shape.replicated)}", _index(shape)]
    if shape.partition:
        side, values = "RIGHT" if shape.partition.right else "LEFT", ", ".join(shape.partition.boundaries)
        parts.append(f"PARTITION ({quoted(shape.partition.column)} RANGE {side} FOR VALUES ({values}))")
    return f"WITH ({', '.join(parts)})"


def if_missing(table: TableName, *statements: str) -> str:
    """The statements that make the table, run only if it is not there: so they can be repeated."""
    made = statements[0] if len(statements) == 1 else f"BEGIN\n{_TERMINATED.join(statements)};\nEND"
    return f"IF OBJECT_ID({literal(str(table))}, N'U') IS NULL {made}"


def create_staging(table: TableName, columns: Sequence[Column], *, hashed_by: Sequence[str]) -> str:
    """Make the staging table for a batch: a heap."""
    return create_table(table, staged_columns(columns), TableShape(hashed_by=hashed_by))


def staged_columns(columns: Sequence[Column]) -> list[Column]:
    """The columns of the staging table for these, with types of `staged`, and at the end the row's number.

    Text keeps its column's collation: to compare two of different collations is an error.
    """
    staged = [replace(one, type=one.staged or staged_type(one.type), nullable=True) for one in columns]
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
    """Name, type, length, precision, scale, nullability and collation (NULL: the database's) of each column; no rows if there is no such table."""
    return (
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,\n"
        "  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION\n"
        "FROM INFORMATION_SCHEMA.COLUMNS\n"
        f"WHERE TABLE_SCHEMA = {literal(table.schema)} AND TABLE_NAME = {literal(table.table)}\n"
        "ORDER BY ORDINAL_POSITION"
    )


def select_tables(schema: str, prefix: str) -> str:
    """The names of the schema's tables that begin with the prefix."""
    return f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES\nWHERE TABLE_SCHEMA = {literal(schema)} AND LEFT(TABLE_NAME, {len(prefix)}) = {literal(prefix)}"


def select_hash_columns(table: TableName) -> str:
    """The columns that the table's rows are distributed by, in their order.

    https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-pdw-column-distribution-properties-transact-sql.
    """
    return (
        "SELECT c.name FROM sys.pdw_column_distribution_properties AS d\n"
        "INNER JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id\n"
        f"WHERE d.object_id = OBJECT_ID({literal(str(table))}) AND d.distribution_ordinal > 0\n"
        "ORDER BY d.distribution_ordinal"
    )


def select_statistics(table: TableName) -> str:
    """The names of the statistics that the table has."""
    return f"SELECT name FROM sys.stats WHERE object_id = OBJECT_ID({literal(str(table))})"


def create_statistics(table: TableName, name: str, columns: Sequence[str]) -> str:
    """Make statistics of the columns, from the sample that the pool takes by itself."""
    return f"CREATE STATISTICS {quoted(name)} ON {table} ({_list(columns)})"


def drop_statistics(table: TableName, name: str) -> str:
    """Drop statistics of the table."""
    return f"DROP STATISTICS {table}.{quoted(name)}"


def update_statistics(table: TableName) -> str:
    """Bring all statistics of the table up to date."""
    return f"UPDATE STATISTICS {table}"


def rebuild_indexes(table: TableName) -> str:
    """Rebuild all indexes of the table; without effect on a heap that has none."""
    return f"ALTER INDEX ALL ON {table} REBUILD"


_TERMINATED = ";\n"
_LINES = ",\n  "


def distribution(hashed_by: Sequence[str], *, replicated: bool = False) -> str:
    """How rows are spread: by columns, over all nodes, or round robin."""
    if replicated:
        return "REPLICATE"
    return f"HASH({_list(hashed_by)})" if hashed_by else "ROUND_ROBIN"


def _index(shape: TableShape) -> str:
    if shape.index == "heap":
        return "HEAP"
    if shape.index == "clustered":
        return f"CLUSTERED INDEX ({_list(shape.index_columns)})"
    return "CLUSTERED COLUMNSTORE INDEX" + (f" ORDER ({_list(shape.index_columns)})" if shape.index_columns else "")


def _list(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _definition(column: Column) -> str:
    collation = f" COLLATE {column.collation}" if column.collation else ""
    return f"{quoted(column.name)} {column.type}{collation} {'NULL' if column.nullable else 'NOT NULL'}"
