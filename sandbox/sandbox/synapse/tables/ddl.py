"""Runs what changes objects: DuckDB's table and the catalogue change together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.synapse import modules
from sandbox.synapse.catalog import STORE
from sandbox.synapse.loading import external_objects
from sandbox.synapse.objects import TableDef, duck_name
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals import errors, load_errors
from sandbox.synapse.rights import principals
from sandbox.synapse.rights.permissions import permit
from sandbox.synapse.tables import table_changes, table_indexes, table_partitions
from sandbox.synapse.tables.made import create_table, identity_sequence, make
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.synapse.session import PoolSession


def run(session: PoolSession, command: d.Ddl) -> None:
    """Run one DDL statement. Raises SqlError, and then nothing has changed."""
    with session.pool.catalog.lock:
        before = session.catalog.snapshot()
        try:
            with session.writing():
                _RUNNERS[type(command)](session, command)
                session.pool.catalog.save(session.cursor)
        except BaseException:
            session.catalog.restore(before)
            raise


def _create_schema(session: PoolSession, command: d.CreateSchema) -> None:
    catalog, name = session.pool.catalog, command.name
    if name.lower() in {*catalog.schemas, "sys", "information_schema", "guest", STORE, "main", "temp"}:
        raise errors.object_exists(name)
    catalog.split(("x", name))  # a name too long
    catalog.add_schema(session.cursor, name)
    if owner := command.owner or session.user:
        catalog.content.principals.owners[name.lower()] = owner.lower()


def _drop_schema(session: PoolSession, command: d.DropSchema) -> None:
    catalog, name = session.pool.catalog, command.name
    if name.lower() not in catalog.schemas:
        if command.if_exists:
            return
        raise errors.no_such_to_drop(name, "schema")
    if held := next((one for one in catalog.objects() if one.schema.lower() == name.lower()), None):
        raise SqlError(3729, f"Cannot drop schema '{name}' because it is being referenced by object '{held.name}'.")
    session.duck(f"DROP SCHEMA {duck_name(name)}")
    del catalog.schemas[name.lower()]
    catalog.content.principals.owners.pop(name.lower(), None)


def _drop_tables(session: PoolSession, command: d.DropTable) -> None:
    for name in command.names:
        table = session.catalog.find(name)
        if table is None:
            if command.if_exists:
                continue
            if not name[-1].startswith("#") and session.pool.catalog.object(name) is not None:
                raise errors.not_of_kind(".".join(name), "table")
            raise errors.no_such_to_drop(".".join(name))
        if (table.external is not None) != command.external:
            raise errors.not_of_kind(".".join(name), "external table" if command.external else "table")
        drop_table(session, table)


def drop_table(session: PoolSession, table: TableDef) -> None:
    """Forget a table with its rows."""
    if table.external is None:
        session.duck(f"DROP TABLE {table.duck}")
    if table.identity:
        session.duck(f"DROP SEQUENCE IF EXISTS {identity_sequence(table)}")
    session.catalog.remove(table)


def _truncate(session: PoolSession, command: d.Truncate) -> None:
    table = session.catalog.table(command.name)
    if table.external is not None:
        raise load_errors.external_ddl("TRUNCATE TABLE")
    session.duck(f"DELETE FROM {table.duck}")


def _rename(session: PoolSession, command: d.Rename) -> None:
    """Not for external and temporary tables; views keep the old name [sql/t-sql/statements/rename-transact-sql, "Limitations"]."""
    table, catalog = session.catalog.table(command.name), session.pool.catalog
    if table.external is not None:
        raise load_errors.external_ddl("RENAME OBJECT")
    if table.temporary:
        raise errors.unsupported("RENAME of a temporary table")
    catalog.split((command.to,))  # a name too long
    source = table.duck
    catalog.move(table, table.schema, command.to)
    session.duck(f"ALTER TABLE {source} RENAME TO {duck_name(command.to)}")


def _transfer(session: PoolSession, command: d.Transfer) -> None:
    catalog = session.pool.catalog
    table, schema = session.catalog.table(command.name), catalog.schema(command.schema)
    if table.temporary:
        raise errors.unsupported("TRANSFER of a temporary table")
    source = table.duck
    catalog.move(table, schema, table.name)
    if table.external is None:
        make(session, table)
        session.duck(f"INSERT INTO {table.duck} SELECT * FROM {source}")
        session.duck(f"DROP TABLE {source}")


def _compatibility(session: PoolSession, command: d.SetCompatibility) -> None:
    """Levels: AUTO, 10, 20, 30, 40, 50, 9000 [sql/t-sql/statements/alter-database-scoped-configuration-transact-sql, "DW_COMPATIBILITY_LEVEL"]."""
    if command.level not in {"AUTO", "10", "20", "30", "40", "50", "9000"}:
        raise errors.unsupported(f"DW_COMPATIBILITY_LEVEL {command.level}")
    session.pool.catalog.content.compatibility = command.level


def _nothing(_: PoolSession, __: d.Other) -> None:
    """Workload management and roles are nobody's here."""


_RUNNERS: dict[type[d.Ddl], Callable[[PoolSession, Any], None]] = {  # each takes what its key says
    d.CreateSchema: _create_schema,
    d.DropSchema: _drop_schema,
    d.CreateTable: create_table,
    d.DropTable: _drop_tables,
    d.Truncate: _truncate,
    d.Rename: _rename,
    d.Transfer: _transfer,
    d.Permission: permit,
    d.CreateLogin: principals.create_login,
    d.DropLogin: principals.drop_login,
    d.CreateUser: principals.create_user,
    d.DropUser: principals.drop_user,
    d.SetCompatibility: _compatibility,
    d.Other: _nothing,
    d.AddColumns: table_changes.add_columns,
    d.DropColumns: table_changes.drop_columns,
    d.AlterColumn: table_changes.alter_column,
    d.AddDefault: table_changes.add_default,
    d.AddKey: table_indexes.add_key,
    d.DropConstraint: table_indexes.drop_constraint,
    d.CreateIndex: table_indexes.create_index,
    d.DropIndex: table_indexes.drop_index,
    d.Rebuild: table_indexes.rebuild,
    d.Statistics: table_indexes.statistics,
    d.SplitRange: table_partitions.split,
    d.SwitchPartition: table_partitions.switch,
    d.CreateView: modules.create_view,
    d.CreateProcedure: modules.create_procedure,
    d.DropModule: modules.drop,
    d.CreateMasterKey: external_objects.master_key,
    d.CreateCredential: external_objects.credential,
    d.CreateSource: external_objects.source,
    d.CreateFormat: external_objects.file_format,
    d.DropExternal: external_objects.drop,
}
