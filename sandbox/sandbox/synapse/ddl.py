"""Runs CREATE, ALTER, DROP, RENAME and TRUNCATE: DuckDB's table and the catalogue change together or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.synapse import commands as c
from sandbox.synapse import errors
from sandbox.synapse.catalog import STORE, ColumnDef, TableDef, duck_name
from sandbox.synapse.conversion import converted
from sandbox.synapse.functions import parsed_name
from sandbox.synapse.read_ddl import check_columns
from sandbox.tds.session import Column, RowCount, Rows, SqlError, SqlType

if TYPE_CHECKING:
    from sandbox.synapse.session import PoolSession


def run(session: PoolSession, command: c.Command) -> None:
    """Run one DDL statement. Raises SqlError, and then nothing has changed."""
    catalog = session.pool.catalog
    with catalog.lock:
        before = catalog.snapshot()
        try:
            with session.writing():
                _change(session, command)
                catalog.save(session.cursor)
        except BaseException:
            catalog.restore(before)
            raise


def _change(session: PoolSession, command: c.Command) -> None:  # noqa: C901  # a table of commands
    match command:
        case c.CreateSchema():
            _create_schema(session, command.name)
        case c.DropSchema():
            _drop_schema(session, command.name)
        case c.CreateTable():
            _create_table(session, command)
        case c.DropTable():
            _drop_tables(session, command)
        case c.Truncate():
            session.duck(f"DELETE FROM {session.pool.catalog.table(command.name).duck}")
        case c.AddColumns():
            _add_columns(session, command)
        case c.DropColumns():
            _drop_columns(session, command)
        case c.AlterColumn():
            _alter_column(session, command)
        case c.Rename():
            _rename(session, command)
        case c.Transfer():
            _transfer(session, command)
        case c.Statistics():
            _statistics(session, command)
        case _:
            raise errors.unknown_here(type(command).__name__)


def _create_schema(session: PoolSession, name: str) -> None:
    catalog = session.pool.catalog
    if name.lower() in {*catalog.schemas, "sys", "information_schema", "guest", STORE, "main"}:
        raise errors.object_exists(name)
    catalog.split(("x", name))  # a name too long
    catalog.add_schema(session.cursor, name)


def _drop_schema(session: PoolSession, name: str) -> None:
    catalog = session.pool.catalog
    if name.lower() not in catalog.schemas:
        raise errors.no_such_to_drop(name, "schema")
    if table := next((table for table in catalog if table.schema.lower() == name.lower()), None):
        raise SqlError(3729, f"Cannot drop schema '{name}' because it is being referenced by object '{table.name}'.")
    session.duck(f"DROP SCHEMA {duck_name(name)}")
    del catalog.schemas[name.lower()]


def _create_table(session: PoolSession, command: c.CreateTable) -> None:
    catalog = session.pool.catalog
    schema, name = catalog.split(command.name)
    if name.startswith("#"):
        raise errors.unknown_here("temporary tables")
    # The command may run again (a batch in a loop): the catalogue gets a table of its own.
    table = replace(command.table, schema=catalog.schema(schema), name=name, columns=list(command.table.columns), statistics={})
    if catalog.find(command.name) is not None:
        raise errors.object_exists(name)
    query = None
    if command.query:
        query = session.translator().query(command.query)
        kinds = session.kinds(query)
        table.columns = [
            ColumnDef(text, kind, nullable=place not in query.never_null)
            for place, ((text, _), kind) in enumerate(zip(query.columns, kinds, strict=True))
        ]
        _check_ctas_names(table)
    check_table(table)
    catalog.add(table)
    _make(session, table)
    if query:
        session.duck(f"INSERT INTO {table.duck} {query.sql}")


def _check_ctas_names(table: TableDef) -> None:
    for place, column in enumerate(table.columns, 1):
        if not column.name or column.name == "*":
            raise SqlError(1038, f"An object or column name is missing or empty: column {place} of '{table.name}' needs an alias.", severity=15)
    check_columns(table.columns, table.name)


def check_table(table: TableDef) -> None:
    """Refuse what no table of a pool is. Raises 35343, 104320 and others."""
    if table.index == "CLUSTERED COLUMNSTORE":
        for column in table.columns:
            if column.type.is_max:
                raise errors.max_in_columnstore(column.name)
    for name in table.hash_columns:
        found = table.find(name)
        if found is None:
            raise errors.bad_distribution_column(name)
        if found.default is not None:
            raise errors.unsupported("A DEFAULT on the distribution column")  # create-table-azure-sql-data-warehouse, "DEFAULT"
    for name in table.index_columns:
        table.column(name)


def _make(session: PoolSession, table: TableDef) -> None:
    parts = [f"{duck_name(column.name)} {column.type.duck()}{'' if column.nullable else ' NOT NULL'}" for column in table.columns]
    session.duck(f"CREATE TABLE {table.duck} ({', '.join(parts)})")
    for column in table.columns:
        if column.default is not None:
            _set_default(session, table, column)


def _default(session: PoolSession, column: ColumnDef) -> str:
    text = session.translator().query(f"SELECT {column.default} AS value").sql.removeprefix("SELECT ").rsplit(" AS ", 1)[0]
    return converted(text, column.type)


def _set_default(session: PoolSession, table: TableDef, column: ColumnDef) -> None:
    session.duck(f"ALTER TABLE {table.duck} ALTER {duck_name(column.name)} SET DEFAULT {_default(session, column)}")


def _drop_tables(session: PoolSession, command: c.DropTable) -> None:
    catalog = session.pool.catalog
    for name in command.names:
        table = catalog.find(name)
        if table is None and command.if_exists:
            continue
        if table is None:
            raise errors.no_such_to_drop(".".join(name))
        session.duck(f"DROP TABLE {table.duck}")
        catalog.remove(table)


def _add_columns(session: PoolSession, command: c.AddColumns) -> None:
    table = session.pool.catalog.table(command.name)
    check_columns([*table.columns, *command.columns], table.name)
    for entry in command.columns:
        column = replace(entry, id=max((known.id for known in table.columns), default=0) + 1)
        table.columns.append(column)
        _add_column(session, table, column)
    check_table(table)


def _add_column(session: PoolSession, table: TableDef, column: ColumnDef) -> None:
    empty = session.duck(f"SELECT count(*) FROM {table.duck}").fetchone() == (0,)
    if not column.nullable and column.default is None and not empty:
        text = "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified"
        raise SqlError(4901, f"{text}. Column '{column.name}' cannot be added to non-empty table '{table.name}'.")
    filled = f" DEFAULT {_default(session, column)}" if column.default is not None and not column.nullable else ""
    session.duck(f"ALTER TABLE {table.duck} ADD COLUMN {duck_name(column.name)} {column.type.duck()}{filled}")
    if column.default is not None:
        _set_default(session, table, column)
    if not column.nullable:
        session.duck(f"ALTER TABLE {table.duck} ALTER {duck_name(column.name)} SET NOT NULL")


def _free_column(table: TableDef, name: str) -> ColumnDef:
    column = table.find(name)
    if column is None:
        raise errors.no_alter_column(name, table.name)
    if column.name.lower() in (entry.lower() for entry in table.hash_columns):
        raise errors.distribution_column(column.name)
    for statistics, columns in table.statistics.items():
        if column.name.lower() in (entry.lower() for entry in columns):
            raise errors.has_statistics(column.name, statistics)
    return column


def _drop_columns(session: PoolSession, command: c.DropColumns) -> None:
    table = session.pool.catalog.table(command.name)
    for name in command.columns:
        column = _free_column(table, name)
        session.duck(f"ALTER TABLE {table.duck} DROP COLUMN {duck_name(column.name)}")
        table.columns.remove(column)


def _alter_column(session: PoolSession, command: c.AlterColumn) -> None:
    table = session.pool.catalog.table(command.name)
    column, new = _free_column(table, command.column.name), command.column
    if table.index == "CLUSTERED COLUMNSTORE" and new.type.is_max:
        raise errors.max_in_columnstore(column.name)
    name = duck_name(column.name)
    place = f"table '{session.pool.database}.{table.full_name}', column '{column.name}'"
    session.duck(f"ALTER TABLE {table.duck} ALTER {name} DROP NOT NULL")
    session.duck(f"ALTER TABLE {table.duck} ALTER {name} TYPE {new.type.duck()} USING {converted(name, new.type, column.type, place=place)}")
    if not new.nullable:
        found = session.duck(f"SELECT count(*) FROM {table.duck} WHERE {name} IS NULL").fetchone()
        if found != (0,):
            raise errors.not_null(column.name, f"{session.pool.database}.{table.full_name}", "UPDATE")
        session.duck(f"ALTER TABLE {table.duck} ALTER {name} SET NOT NULL")
    column.type, column.nullable = new.type, new.nullable


def _rename(session: PoolSession, command: c.Rename) -> None:
    catalog = session.pool.catalog
    table = catalog.table(command.name)
    if catalog.find((table.schema, command.to)) is not None:
        raise errors.object_exists(command.to)
    session.duck(f"ALTER TABLE {table.duck} RENAME TO {duck_name(command.to)}")
    catalog.move(table, table.schema, command.to)


def _transfer(session: PoolSession, command: c.Transfer) -> None:
    catalog = session.pool.catalog
    table, schema = catalog.table(command.name), catalog.schema(command.schema)
    if catalog.find((schema, table.name)) is not None:
        raise errors.object_exists(table.name)
    source = table.duck
    catalog.move(table, schema, table.name)
    _make(session, table)
    session.duck(f"INSERT INTO {table.duck} SELECT * FROM {source}")
    session.duck(f"DROP TABLE {source}")


def _statistics(session: PoolSession, command: c.Statistics) -> None:
    table = session.pool.catalog.table(command.table)
    if command.verb == "create" and command.name:
        if command.name.lower() in (name.lower() for name in table.statistics):
            raise SqlError(1927, f"There are already statistics on table '{table.name}' named '{command.name}'.")
        table.statistics[command.name] = [table.column(name).name for name in command.columns]
    elif command.verb == "drop" and command.name:
        if command.name not in table.statistics:
            raise errors.no_such_to_drop(".".join((*command.table, command.name)), "statistics")
        del table.statistics[command.name]


def run_procedure(session: PoolSession, command: c.Procedure) -> Rows | RowCount:
    """EXEC of a system procedure: sp_rename of a column, and what drivers ask at the start."""
    if command.name == "sp_rename":
        if session.in_transaction:
            raise errors.in_transaction()
        _rename_column(session, command.arguments)
        return RowCount(None)
    if command.name.startswith("sp_datatype_info"):
        return Rows([Column("TYPE_NAME", SqlType("nvarchar", 128))], [])
    raise SqlError(2812, f"Could not find stored procedure '{command.name}'.")


def _rename_column(session: PoolSession, arguments: list[str]) -> None:
    """Only COLUMN [sql/relational-databases/system-stored-procedures/sp-rename-transact-sql, Synapse section]."""
    if len(arguments) != 3 or arguments[2].upper() != "COLUMN":  # noqa: PLR2004  # object, new name, kind
        raise errors.unsupported("sp_rename of anything but a COLUMN")
    *name, column = parsed_name(arguments[0])
    catalog = session.pool.catalog
    with catalog.lock, session.writing():
        table = catalog.table(tuple(name))
        found, new = table.find(column), arguments[1]
        if found is None:
            raise SqlError(15248, f"Either the parameter @objname is ambiguous or the claimed @objtype ({arguments[2]}) is wrong.", severity=11)
        if table.find(new) is not None and table.find(new) is not found:
            raise SqlError(15335, f"Error: The new name '{new}' is already in use as a COLUMN name and would cause a duplicate.", severity=11)
        session.duck(f"ALTER TABLE {table.duck} RENAME COLUMN {duck_name(found.name)} TO {duck_name(new)}")
        table.hash_columns = [new if name.lower() == found.name.lower() else name for name in table.hash_columns]
        table.index_columns = [new if name.lower() == found.name.lower() else name for name in table.index_columns]
        for names in table.statistics.values():
            names[:] = [new if name.lower() == found.name.lower() else name for name in names]
        found.name = new
        catalog.save(session.cursor)
