"""What makes a table like another, and puts it in that one's place, as text.

Two RENAME OBJECTs are no transaction (a pool takes no DDL in one): between them there is no table of that name
(https://learn.microsoft.com/sql/t-sql/statements/rename-transact-sql). The new table is made from what the catalogue says of the old one, and not by
CTAS, whose page does not say which columns stay NOT NULL. Rights and statistics are read from the catalogue, too; partitions, keys, indexes and defaults
are in `shadow_parts`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_synapse.sql.quoting import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.rows.types import SqlType
    from target_synapse.tables.naming import TableName

    Rows = Sequence[Sequence[Any]]

SIZED = {"nvarchar": 2, "nchar": 2, "varchar": 1, "char": 1, "varbinary": 1, "binary": 1}  # bytes of a unit of length; (max) has length -1
COLUMNSTORE = "CLUSTERED COLUMNSTORE"
SCALED = ("datetime2", "datetimeoffset", "time")
COLLATION = re.compile(r"\w+")
WORDS = re.compile(r"[A-Z ]+")  # a permission is made of


def select_index(table: TableName) -> str:
    """The table's own index: kind, and for each column of it its name, its place in the order of a columnstore, its place as a key, and whether descending."""
    return (
        "SELECT i.type_desc, c.name, x.column_store_order_ordinal, x.key_ordinal, x.is_descending_key\n"
        "FROM sys.indexes AS i\n"
        "LEFT JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id\n"
        "LEFT JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE i.object_id = {id_of(table)} AND i.index_id < 2\n"
        "ORDER BY x.column_store_order_ordinal, x.key_ordinal"
    )


def index_clause(rows: Rows) -> str:
    """The index as the WITH clause of a table says it."""
    kind = str(rows[0][0]) if rows else "HEAP"
    if kind == COLUMNSTORE:
        ordered = ", ".join(quoted(str(name)) for _, name, order, _, _ in rows if order)
        return f"CLUSTERED COLUMNSTORE INDEX ORDER ({ordered})" if ordered else "CLUSTERED COLUMNSTORE INDEX"
    if kind == "CLUSTERED":
        keys = ", ".join(f"{quoted(str(name))}{' DESC' if descending else ''}" for _, name, _, key, descending in rows if key)
        return f"CLUSTERED INDEX ({keys})"
    return "HEAP"


def distribution_clause(rows: Rows) -> str:
    """The distribution as the WITH clause of a table says it."""
    policy = str(rows[0][0]) if rows else "ROUND_ROBIN"
    return f"HASH({', '.join(quoted(str(name)) for _, name in rows)})" if policy == "HASH" else policy


def select_definitions(table: TableName) -> str:
    """The columns: name, type, bytes, precision, scale, collation, and whether NULL may be in it."""
    return (
        "SELECT c.name, t.name AS type_name, c.max_length, c.precision, c.scale, c.collation_name, c.is_nullable\n"
        "FROM sys.columns AS c\n"
        "INNER JOIN sys.types AS t ON t.user_type_id = c.user_type_id\n"
        f"WHERE c.object_id = {id_of(table)}\n"
        "ORDER BY c.column_id"
    )


def create_like(
    shadow: TableName, definitions: Rows, distribution: Rows, index: Rows, *, partition: str = "", behind: Mapping[str, str] | None = None
) -> str:
    """Make an empty table with the other's columns and shape; `partition` is the clause, `behind` what stands behind a column: DEFAULT, IDENTITY."""
    columns = ",\n  ".join(_definition(row, (behind or {}).get(str(row[0]))) for row in definitions)
    shape = ", ".join(filter(None, (f"DISTRIBUTION = {distribution_clause(distribution)}", index_clause(index), partition)))
    return f"CREATE TABLE {shadow} (\n  {columns}\n)\nWITH ({shape})"


def _definition(row: Sequence[Any], behind: str | None) -> str:
    name, collation, nullable = row[0], row[5], row[6]
    collated = f" COLLATE {collation}" if collation is not None and COLLATION.fullmatch(collation) else ""
    # Without a name of its own: those of constraints are unique in the database, and the old table still has it.
    return f"{quoted(name)} {type_of(row)}{collated} {'NULL' if nullable else 'NOT NULL'}{'' if behind is None else f' {behind}'}"


def type_of(row: Sequence[Any]) -> str:
    """The type of a column as `select_definitions` reads it, as T-SQL has it."""
    _, kind, length_bytes, precision, scale, *_ = row
    if kind in SIZED:
        return f"{kind}({'max' if length_bytes < 0 else length_bytes // SIZED[kind]})"
    if kind in {"decimal", "numeric"}:
        return f"{kind}({precision},{scale})"
    return f"{kind}({scale})" if kind in SCALED else str(kind)


def retyped(row: Sequence[Any], kind: SqlType) -> tuple[Any, ...]:
    """A column as `select_definitions` reads it, with another type; only text has a collation."""
    size_bytes = -1 if kind.length is None else kind.length * SIZED.get(kind.name, 0)
    return row[0], kind.name, size_bytes, kind.precision, kind.scale, row[5] if kind.is_text else None, row[6]


def select_rights(table: TableName) -> str:
    """The rights on the table itself: GRANT or DENY, the right, whose, and the column if it is one's."""
    return (
        "SELECT p.state_desc, p.permission_name, u.name, c.name AS column_name\n"
        "FROM sys.database_permissions AS p\n"
        "INNER JOIN sys.database_principals AS u ON u.principal_id = p.grantee_principal_id\n"
        "LEFT JOIN sys.columns AS c ON c.object_id = p.major_id AND c.column_id = p.minor_id\n"
        f"WHERE p.class = 1 AND p.major_id = {id_of(table)}"
    )


def grants(shadow: TableName, rights: Rows) -> Iterator[str]:
    """The statements that give the same rights on another table. Raises ValueError for what is no right."""
    for state, right, grantee, column in rights:
        if not WORDS.fullmatch(str(right)):
            raise ValueError(f"not a permission: {right!r}")
        verb, tail = ("DENY", "") if state == "DENY" else ("GRANT", " WITH GRANT OPTION" if state == "GRANT_WITH_GRANT_OPTION" else "")
        where = f"{shadow} ({quoted(str(column))})" if column is not None else str(shadow)
        yield f"{verb} {right} ON OBJECT::{where} TO {quoted(str(grantee))}{tail}"


def select_statistics(table: TableName) -> str:
    """The statistics that somebody made: name and column, in order."""
    return (
        "SELECT s.name, c.name AS column_name\n"
        "FROM sys.stats AS s\n"
        "INNER JOIN sys.stats_columns AS x ON x.object_id = s.object_id AND x.stats_id = s.stats_id\n"
        "INNER JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id\n"
        f"WHERE s.object_id = {id_of(table)} AND s.user_created = 1\n"
        "ORDER BY s.stats_id, x.stats_column_id"
    )


def create_statistics(shadow: TableName, statistics: Rows) -> Iterator[str]:
    """The statements that make the same statistics of another table."""
    columns: dict[str, list[str]] = {}
    for name, column in statistics:
        columns.setdefault(str(name), []).append(quoted(str(column)))
    for name, listed in columns.items():
        yield f"CREATE STATISTICS {quoted(name)} ON {shadow} ({', '.join(listed)})"


def rename(table: TableName, to: TableName) -> str:
    """Give the table another name in its schema."""
    return f"RENAME OBJECT {table} TO {quoted(to.table)}"


def id_of(table: TableName) -> str:
    """The table's id, as an expression."""
    return f"OBJECT_ID({literal(str(table))}, N'U')"
