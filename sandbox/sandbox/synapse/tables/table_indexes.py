"""Runs what stands beside a table's rows: keys, indexes, rebuilds and statistics. All are remembered; none changes an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.refusals import errors, load_errors, table_errors
from sandbox.synapse.tables.made import check_table
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.synapse.objects import TableDef
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession

MAX_INDEX_COLUMNS = 16  # sql-data-warehouse-service-capacity-limits, "Key columns per index"


def add_key(session: PoolSession, command: d.AddKey) -> None:
    """ALTER TABLE ... ADD CONSTRAINT ... NOT ENFORCED."""
    table = _own(session, command.name, "ALTER TABLE")
    if any(key.name.lower() == command.key.name.lower() for key in table.keys):
        raise errors.object_exists(command.key.name)
    table.keys.append(command.key)
    check_table(session, table)


def drop_constraint(session: PoolSession, command: d.DropConstraint) -> None:
    """ALTER TABLE ... DROP CONSTRAINT: a key or a named default. Raises 3728."""
    table, wanted = _own(session, command.name, "ALTER TABLE"), command.constraint.lower()
    for key in table.keys:
        if key.name.lower() == wanted:
            table.keys.remove(key)
            return
    for column in table.columns:
        if (column.default_name or "").lower() == wanted:
            column.default = column.default_name = None
            session.duck(f'ALTER TABLE {table.duck} ALTER "{column.name}" DROP DEFAULT')
            return
    raise table_errors.no_constraint(command.constraint)


def create_index(session: PoolSession, command: d.CreateIndex) -> None:
    """CREATE INDEX: a nonclustered one beside the rows, or a clustered one that changes the table's form."""
    table = _own(session, command.table, "CREATE INDEX")
    columns = [table.column(name) for name in command.columns]
    if command.kind != "CLUSTERED COLUMNSTORE":
        for column in columns:
            if column.type.is_max:
                raise SqlError(
                    1919, f"Column '{column.name}' in table '{table.name}' is of a type that is invalid for use as a key column in an index."
                )
        if len(columns) > MAX_INDEX_COLUMNS:
            raise SqlError(
                1904, f"The index '{command.index}' on table '{table.name}' has {len(columns)} columns in the key list. The maximum limit is 16."
            )
    if command.kind == "NONCLUSTERED":
        if command.index.lower() in (name.lower() for name in table.indexes):
            raise SqlError(
                1913, f"The operation failed because an index or statistics with name '{command.index}' already exists on table '{table.name}'."
            )
        table.indexes[command.index] = [column.name for column in columns]
        return
    if table.index != "HEAP" and not command.drop_existing:
        raise table_errors.two_clustered(table.name)
    table.index, table.index_columns = command.kind, [column.name for column in columns]
    check_table(session, table)


def clustered_name(table: TableDef) -> str:
    """The name a pool makes for the index that is the table."""
    return f"ClusteredIndex_{table.object_id:x}"


def drop_index(session: PoolSession, command: d.DropIndex) -> None:
    """DROP INDEX i ON t: without its clustered index a table is a heap. Raises 2727."""
    table = _own(session, command.table, "DROP INDEX")
    named = next((name for name in table.indexes if name.lower() == command.index.lower()), None)
    if named:
        del table.indexes[named]
    elif table.index != "HEAP" and command.index.lower() == clustered_name(table).lower():
        table.index, table.index_columns = "HEAP", []
    else:
        raise table_errors.no_index(command.index, table.name)


def rebuild(session: PoolSession, command: d.Rebuild) -> None:
    """ALTER INDEX {i | ALL} ON t REBUILD, and ALTER TABLE t REBUILD. Raises 208, 2727, 7729."""
    table = _own(session, command.table, "ALTER INDEX")
    known = {"all", *(name.lower() for name in table.indexes), clustered_name(table).lower() if table.index != "HEAP" else "all"}
    if command.index is not None and command.index.lower() not in known:
        raise table_errors.no_index(command.index, table.name)
    if command.partition is not None and not 1 <= command.partition <= table.partitions:
        raise table_errors.not_partitioned(table.name)


def statistics(session: PoolSession, command: d.Statistics) -> None:
    """CREATE, UPDATE and DROP STATISTICS; an external table takes the first and the last. Raises 1927, 3701, 207."""
    table = session.catalog.table(command.table)
    if table.external is not None and command.verb == "update":
        raise load_errors.external_ddl("UPDATE STATISTICS")  # create-external-table, "Limitations": drop them and make them again
    known = next((name for name in table.statistics if name.lower() == (command.name or "").lower()), None)
    if command.verb == "create" and command.name:
        if known:
            raise SqlError(1927, f"There are already statistics on table '{table.name}' named '{command.name}'.")
        columns = [table.column(name) for name in command.columns]
        table.statistics[command.name] = [column.name for column in columns]
    elif command.name and not known and not any(column.name.lower() == command.name.lower() for column in table.columns):
        raise errors.no_such_to_drop(".".join((*command.table, command.name)), "statistics")
    elif command.verb == "drop" and known:
        del table.statistics[known]
    elif command.verb == "drop":
        raise errors.no_such_to_drop(".".join((*command.table, command.name or "")), "statistics")


def _own(session: PoolSession, name: d.Name, what: str) -> TableDef:
    table = session.catalog.table(name)
    if table.external is not None:
        raise load_errors.external_ddl(what)
    return table
