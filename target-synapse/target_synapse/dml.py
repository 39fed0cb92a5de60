"""What moves staged rows into their table, as text.

DELETE with a join is the dedicated pool's own form (https://learn.microsoft.com/sql/t-sql/statements/delete-transact-sql); it and INSERT may stand in
a transaction, which TRUNCATE and all DDL may not.

A version, where rows have one, is the same for all rows of a batch, and no column of the staging table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse import staged
from target_synapse.naming import DELETED_COLUMN, RANK_COLUMN, ROW_COLUMN, VERSION_COLUMN
from target_synapse.quoting import labelled, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.ddl import Column
    from target_synapse.naming import TableName


def delete_matching(table: TableName, staging: TableName, keys: Sequence[Column], *, label: str) -> str:
    """Delete the rows of the table whose key is in the staging table."""
    same = " AND ".join(f"{table}.{quoted(key.name)} = {restored(key, 's.')}" for key in keys)
    return labelled(f"DELETE {table}\nFROM {table} INNER JOIN {staging} AS s ON {same}", label)


def insert_all(table: TableName, staging: TableName, columns: Sequence[Column], *, version: int | None = None, label: str) -> str:
    """Append all staged rows."""
    return labelled(f"INSERT INTO {table} ({names_of(columns, version)})\nSELECT {values_of(columns, version)}\nFROM {staging} AS s", label)


def insert_newest(
    table: TableName,
    staging: TableName,
    columns: Sequence[Column],
    keys: Sequence[Column],
    *,
    version: int | None = None,
    unless: Column | None = None,
    label: str,
) -> str:
    """Append, of the staged rows with the same key, the one that came last; none where that one has a value in the column `unless`."""
    names, values = names_of(columns, version), values_of(columns, version)
    but = f" AND s.{quoted(unless.name)} IS NULL" if unless else ""
    return labelled(
        f"INSERT INTO {table} ({names})\nSELECT {values}\nFROM ({ranked(staging, keys)}) AS s\nWHERE s.{quoted(RANK_COLUMN)} = 1{but}", label
    )


def ranked(staging: TableName, keys: Sequence[Column]) -> str:
    """The staged rows, with their place among those with the same key, the last to come first."""
    by_key = ", ".join(restored(key, "s.") for key in keys)
    return f"SELECT s.*, ROW_NUMBER() OVER (PARTITION BY {by_key} ORDER BY s.{quoted(ROW_COLUMN)} DESC) AS {quoted(RANK_COLUMN)} FROM {staging} AS s"


def delete_other_versions(table: TableName, version: int, *, label: str) -> str:
    """Delete the rows of every version but this, and those without one."""
    return labelled(f"DELETE FROM {table}\nWHERE {of_another(version)}", label)


def mark_other_versions(table: TableName, version: int, *, label: str) -> str:
    """Note in the rows of every version but this, and in those without one, when they were found to be gone; the first such moment stays."""
    deleted = quoted(DELETED_COLUMN)
    return labelled(f"UPDATE {table} SET {deleted} = SYSUTCDATETIME()\nWHERE ({of_another(version)}) AND {deleted} IS NULL", label)


def of_another(version: int) -> str:
    """Whether a row is of another version, or of none."""
    column = quoted(VERSION_COLUMN)
    return f"{column} <> {version} OR {column} IS NULL"


def update_all(table: TableName, column: Column, *, label: str) -> str:
    """Set a column to NULL in all rows: of a scratch table, to try the right to."""
    return labelled(f"UPDATE {table} SET {quoted(column.name)} = NULL", label)


def count_rows(table: TableName) -> str:
    """How many rows there are."""
    return f"SELECT COUNT_BIG(*) FROM {table}"


def names_of(columns: Sequence[Column], version: int | None = None) -> str:
    """The columns, and that of versions where there is one, for a list of columns."""
    return ", ".join(quoted(name) for name in [*(one.name for one in columns), *([] if version is None else [VERSION_COLUMN])])


def values_of(columns: Sequence[Column], version: int | None = None) -> str:
    """Their staged values, of `s`, as the table wants them."""
    return ", ".join([*(typed(one) for one in columns), *([] if version is None else [f"CAST({version} AS bigint)"])])


def typed(column: Column) -> str:
    """A staged value, of `s`, as the table wants it."""
    value = restored(column, "s.")
    return f"CAST({value} AS {column.type})" if column.type.is_text or column.staged else value


def restored(column: Column, prefix: str) -> str:
    """The staged value as what it stands for; of text, as long as it is."""
    return staged.restored(prefix + quoted(column.name), column.type)
