"""Runs ALTER TABLE for columns and defaults: what a pool changes in place, and what it refuses [sql/t-sql/statements/alter-table-transact-sql]."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.synapse.objects import ColumnDef, TableDef, duck_name
from sandbox.synapse.reading.table import check_columns
from sandbox.synapse.refusals import errors, load_errors, table_errors
from sandbox.synapse.tables.made import check_table, literal_of, set_default
from sandbox.synapse.values.conversion import converted
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession

_BINARY = {"binary", "varbinary"}
_NUMBERS = {"bit", "tinyint", "smallint", "int", "bigint", "decimal", "money", "smallmoney", "float", "real"}
_MOMENTS = {"date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset"}
_TEXT = {"nvarchar", "nchar", "varchar", "char"}
# What T-SQL does not convert by itself: from any of these, into any of those [sql/t-sql/functions/cast-and-convert-transact-sql, "Implicit conversions"].
_NOT_BY_ITSELF = (
    (_MOMENTS, _NUMBERS | _BINARY | {"uniqueidentifier"}),
    (_NUMBERS, {"date", "time", "datetime2", "datetimeoffset", "uniqueidentifier"}),
    ({"date"}, {"time"}),
    ({"time"}, {"date"}),
    (_TEXT | {"float", "real"}, _BINARY),
    (_BINARY, {"float", "real", "date", "time", "datetime2", "datetimeoffset"}),
    ({"uniqueidentifier"}, _NUMBERS | _MOMENTS),
)


def _plain_table(session: PoolSession, name: d.Name, what: str) -> TableDef:
    table = session.catalog.table(name)
    if table.external is not None:
        raise load_errors.external_ddl(what)
    return table


def add_columns(session: PoolSession, command: d.AddColumns) -> None:
    """ALTER TABLE ... ADD."""
    table = _plain_table(session, command.name, "ALTER TABLE")
    check_columns([*table.columns, *command.columns], table.name)
    for entry in command.columns:
        column = replace(entry, id=max((known.id for known in table.columns), default=0) + 1)
        table.columns.append(column)
        _add_column(session, table, column)
    check_table(session, table)


def _add_column(session: PoolSession, table: TableDef, column: ColumnDef) -> None:
    empty = session.first(f"SELECT count(*) FROM {table.duck}") == (0,)
    if not column.nullable and column.default is None and not empty:
        text = "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified"
        raise SqlError(4901, f"{text}. Column '{column.name}' cannot be added to non-empty table '{table.name}'.")
    filled = f" DEFAULT {literal_of(session, column.default, column)}" if column.default is not None and not column.nullable else ""
    session.duck(f"ALTER TABLE {table.duck} ADD COLUMN {duck_name(column.name)} {column.type.duck()}{filled}")
    if column.default is not None:
        set_default(session, table, column)
    if not column.nullable:
        session.duck(f"ALTER TABLE {table.duck} ALTER {duck_name(column.name)} SET NOT NULL")


def add_default(session: PoolSession, command: d.AddDefault) -> None:
    """ALTER TABLE ... ADD [CONSTRAINT c] DEFAULT literal FOR column."""
    table = _plain_table(session, command.name, "ALTER TABLE")
    column = table.column(command.column)
    if column.default is not None:
        raise SqlError(1781, f"Column already has a DEFAULT bound to it: '{column.name}'.")
    column.default, column.default_name = command.value, command.constraint
    check_table(session, table)
    set_default(session, table, column)


def _held(table: TableDef, column: ColumnDef) -> str | None:
    """What keeps a column from being dropped or changed, in words."""
    name = column.name.lower()
    for what, columns in (
        *((f"the index '{index}'", columns) for index, columns in table.indexes.items()),
        *((f"the constraint '{key.name}'", key.columns) for key in table.keys),
        (f"the {table.index.lower()} index", table.index_columns),
        ("the partition function", [table.partition.column] if table.partition else []),
    ):
        if name in (entry.lower() for entry in columns):
            return what
    return None


def _free_column(table: TableDef, name: str, verb: str) -> ColumnDef:
    column = table.find(name)
    if column is None:
        raise table_errors.no_alter_column(name, table.name)
    if column.name.lower() in (entry.lower() for entry in table.hash_columns):
        raise table_errors.distribution_column(column.name)
    for statistics, columns in table.statistics.items():
        if column.name.lower() in (entry.lower() for entry in columns):
            raise table_errors.has_statistics(column.name, statistics)
    if verb == "DROP" and column.default is not None:
        raise table_errors.column_in_use(column.name, f"the default '{column.default_name or column.default}'", verb)
    return column


def drop_columns(session: PoolSession, command: d.DropColumns) -> None:
    """ALTER TABLE ... DROP COLUMN: not one that an index, a key, a default, a partition or statistics use."""
    table = _plain_table(session, command.name, "ALTER TABLE")
    for name in command.columns:
        column = _free_column(table, name, "DROP")
        if held := _held(table, column):
            raise table_errors.column_in_use(column.name, held, "DROP")
        if len(table.columns) == 1:
            raise SqlError(4923, f"ALTER TABLE DROP COLUMN failed because '{column.name}' is the only data column in table '{table.name}'.")
        session.duck(f"ALTER TABLE {table.duck} DROP COLUMN {duck_name(column.name)}")
        table.columns.remove(column)


def alter_column(session: PoolSession, command: d.AlterColumn) -> None:
    """ALTER TABLE ... ALTER COLUMN: another length, precision or null; another type only where nothing holds the column."""
    table = _plain_table(session, command.name, "ALTER TABLE")
    column, new = _free_column(table, command.column.name, "ALTER"), command.column
    _check_change(table, column, new)
    name = duck_name(column.name)
    place = f"table '{session.pool.database}.{table.full_name}', column '{column.name}'"
    session.duck(f"ALTER TABLE {table.duck} ALTER {name} DROP NOT NULL")
    session.duck(f"ALTER TABLE {table.duck} ALTER {name} TYPE {new.type.duck()} USING {converted(name, new.type, column.type, place=place)}")
    if not new.nullable:
        found = session.first(f"SELECT count(*) FROM {table.duck} WHERE {name} IS NULL")
        if found != (0,):
            raise errors.not_null(column.name, f"{session.pool.database}.{table.full_name}", "UPDATE")
        session.duck(f"ALTER TABLE {table.duck} ALTER {name} SET NOT NULL")
    column.type, column.nullable = new.type, new.nullable


def _check_change(table: TableDef, column: ColumnDef, new: ColumnDef) -> None:
    """Refuse a change that a pool does not make in place."""
    old, kind = column.type, new.type
    if table.index == "CLUSTERED COLUMNSTORE" and kind.is_max:
        raise table_errors.max_in_columnstore(column.name)
    if column.identity and (kind.name not in {"int", "bigint"} or new.nullable):
        raise table_errors.identity_type(column.name)
    if old == kind:
        return
    widened = old.name == kind.name and old.name.startswith(("var", "nvar")) and (kind.length is None or (old.length or 0) <= kind.length)
    if (held := _held(table, column)) and not (widened and old.length is not None):
        raise table_errors.column_in_use(column.name, held, "ALTER")
    if table.partition and old.name != kind.name:  # "no type change on partitioned tables' columns" [alter-table-transact-sql, ALTER COLUMN]
        raise table_errors.column_in_use(column.name, "the table is partitioned", "ALTER")
    if column.default is not None and old.name != kind.name:
        raise table_errors.column_in_use(column.name, f"the default '{column.default_name or column.default}'", "ALTER")
    if any(old.name in sources and kind.name in targets for sources, targets in _NOT_BY_ITSELF):
        raise errors.no_implicit(old.name, kind.name)
