"""What moves staged rows into their table, as text.

DELETE with a join is the dedicated pool's own form (https://learn.microsoft.com/sql/t-sql/statements/delete-transact-sql); it and INSERT may stand in
a transaction, which TRUNCATE and all DDL may not.

A version, where rows have one, is the same for all rows of a batch, and no column of the staging table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.rows.values import ESCAPE_CODE
from target_synapse.sql import staged
from target_synapse.sql.quoting import labelled, literal, quoted
from target_synapse.tables.naming import DELETED_COLUMN, RANK_COLUMN, RECORD_COLUMN, ROW_COLUMN, STAGED, VERSION_COLUMN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

LOAD_ID_CHARS = 32  # of a UUID as digits


def delete_matching(table: TableName, staging: TableName, keys: Sequence[Column], *, label: str) -> str:
    """Delete the rows of the table whose key is in the staging table."""
    same = " AND ".join(f"{table}.{quoted(key.name)} = {restored(key, STAGED)}" for key in keys)
    return labelled(f"DELETE {table}\nFROM {table} INNER JOIN {staging} AS {STAGED} ON {same}", label)


def insert_all(
    table: TableName, staging: TableName, columns: Sequence[Column], *, version: int | None = None, load_id: str | None = None, label: str
) -> str:
    """Append all staged rows; with a `load_id`, each gets the id that its child rows name."""
    names, values = names_of(columns, version), values_of(columns, version)
    if load_id is not None:
        names = ", ".join(filter(None, (names, quoted(RECORD_COLUMN))))
        values = ", ".join(filter(None, (values, record_id(load_id, STAGED))))
    return labelled(f"INSERT INTO {table} ({names})\nSELECT {values}\nFROM {staging} AS {STAGED}", label)


def record_id(load_id: str, alias: str) -> str:
    """What tells a staged row from all others: the id of its batch, which a slice has behind its own, and its place in it."""
    return f"{literal(load_id[:LOAD_ID_CHARS] + '-')} + CAST({alias}.{quoted(ROW_COLUMN)} AS nvarchar(20))"


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
    but = f" AND {STAGED}.{quoted(unless.name)} IS NULL" if unless else ""
    return labelled(
        f"INSERT INTO {table} ({names})\nSELECT {values}\nFROM ({ranked(staging, keys)}) AS {STAGED}\nWHERE {STAGED}.{quoted(RANK_COLUMN)} = 1{but}",
        label,
    )


def ranked(staging: TableName, keys: Sequence[Column]) -> str:
    """The staged rows, with their place among those with the same key, the last to come first."""
    by_key = ", ".join(restored(key, STAGED) for key in keys)
    return f"SELECT {STAGED}.*, ROW_NUMBER() OVER (PARTITION BY {by_key} ORDER BY {STAGED}.{quoted(ROW_COLUMN)} DESC) AS {quoted(RANK_COLUMN)} FROM {staging} AS {STAGED}"


def count_other_versions(table: TableName, version: int) -> str:
    """How many rows there are of other versions than this, or of none."""
    return f"SELECT COUNT_BIG(*) FROM {table}\nWHERE {of_another(version)}"


def delete_other_versions(table: TableName, version: int, *, part: str = "", label: str) -> str:
    """Delete the rows of every version but this, and those without one."""
    return labelled(f"DELETE FROM {table}\nWHERE ({of_another(version)}){and_part(part)}", label)


def mark_other_versions(table: TableName, version: int, *, part: str = "", label: str) -> str:
    """Note in the rows of every version but this, and in those without one, when they were found to be gone; the first such moment stays."""
    deleted = quoted(DELETED_COLUMN)
    return labelled(f"UPDATE {table} SET {deleted} = SYSUTCDATETIME()\nWHERE ({of_another(version)}) AND {deleted} IS NULL{and_part(part)}", label)


def take_escapes_off(staging: TableName, columns: Sequence[Column], *, label: str) -> str:
    """Give the staged texts the values that they stand for."""
    return _update_escaped(staging, columns, lambda name: f"SUBSTRING({name}, 2, {staged.LONGEST})", label)


def put_escapes_on(staging: TableName, columns: Sequence[Column], *, label: str) -> str:
    """Escape staged texts again, so that the INSERT restores them; '' needs no escape any more."""
    return _update_escaped(staging, columns, lambda name: f"NCHAR({ESCAPE_CODE}) + {name}", label)


def _update_escaped(staging: TableName, columns: Sequence[Column], changed: Callable[[str], str], label: str) -> str:
    names = [quoted(one.name) for one in columns]
    sets = ", ".join(f"{name} = CASE WHEN UNICODE({name}) = {ESCAPE_CODE} THEN {changed(name)} ELSE {name} END" for name in names)
    return labelled(f"UPDATE {staging} SET {sets}\nWHERE {' OR '.join(f'UNICODE({name}) = {ESCAPE_CODE}' for name in names)}", label)


def and_part(part: str) -> str:
    """The condition, with AND before it, if there is one."""
    return f" AND {part}" if part else ""


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
    """Their staged values as the table wants them."""
    return ", ".join([*(typed(one) for one in columns), *([] if version is None else [f"CAST({version} AS bigint)"])])


def typed(column: Column, alias: str = STAGED) -> str:
    """A staged value as the table wants it."""
    if column.constant:
        return column.constant
    value = restored(column, alias)
    return f"CAST({value} AS {column.type})" if column.type.is_text or column.staged else value


def restored(column: Column, alias: str) -> str:
    """The staged value as what it stands for; of text, as long as it is."""
    return staged.restored(f"{alias}.{quoted(column.name)}", column.type)
