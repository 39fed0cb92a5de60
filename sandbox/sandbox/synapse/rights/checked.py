"""Whether the user of a session may do what a statement asks for: before it runs, and for each table that it reads.

The rights are those of each statement's own page, section "Permissions" [sql/t-sql/statements/...-transact-sql]. Names are seen by everyone here, in the
catalogue's views too, where a server shows a user only what it has some right on. A procedure and a view may do what their owner may
[sql/relational-databases/security/ownership-chains].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import TableDef, ViewDef
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals import errors, right_errors
from sandbox.synapse.rows.dml import target_of

if TYPE_CHECKING:
    from sandbox.synapse.session import PoolSession

_LOGINS: Final = d.CreateLogin | d.DropLogin
_CONSTANT: Final = re.compile(r"\s*(?:NULL|-?[\d.]+|N?'(?:[^']|'')*')\s*", re.IGNORECASE)
# What needs CONTROL of the database: users and roles are nobody's business but an owner's here.
_OF_OWNERS: Final = (
    d.Other | d.CreateUser | d.DropUser | d.CreateMasterKey | d.CreateCredential | d.CreateSource | d.DropExternal | d.SetCompatibility
)
_ALTERED: Final = d.AddColumns | d.DropColumns | d.AlterColumn | d.AddKey | d.AddDefault | d.DropConstraint | d.SplitRange | d.SwitchPartition
_INDEXED: Final = d.Statistics | d.CreateIndex | d.DropIndex | d.Rebuild


def meet(session: PoolSession, command: c.Command) -> None:
    """Refuse a statement that its user has no right to. Raises what `right_errors` has, 2760 and 3701."""
    if isinstance(command, _LOGINS) is not session.in_master:
        if not session.in_master:
            raise right_errors.not_in_master()
        if isinstance(command, (d.Ddl, c.Insert, c.Update, c.Delete, c.Merge, c.Copy)):
            raise errors.unknown_here("anything but logins in master")
    session.unread = None
    if session.user is None or session.is_chained:
        return
    match command:
        case c.Insert() | c.Delete() | c.Update() | c.Merge() | c.Copy():
            _meet_change(session, command)
        case c.Procedure():
            _meet_call(session, command)
        case d.Ddl():
            _meet_ddl(session, command)


def read(session: PoolSession, read: TableDef | ViewDef) -> None:
    """A table or view that a statement reads. Raises 229."""
    if session.user is None or session.is_chained or read.object_id == session.unread or read.name.startswith("#"):
        return
    _need(session, "SELECT", read)


def _has(session: PoolSession, right: str, schema: str | None = None, table: TableDef | None = None) -> bool:
    return session.user is None or session.pool.catalog.content.principals.holds(session.user, right, schema, table)


def _need(session: PoolSession, right: str, one: TableDef | ViewDef) -> None:
    if not _has(session, right, one.schema, one if isinstance(one, TableDef) else None):
        raise right_errors.object_denied(right, session.pool.database, one.schema, one.name)


def _need_of_database(session: PoolSession, *wanted: str) -> None:
    for right in wanted:
        if not _has(session, right):
            raise right_errors.database_denied(right, session.pool.database)


def _need_schema(session: PoolSession, name: c.Name) -> None:
    """What makes an object alters its schema."""
    schema, _ = session.pool.catalog.split(name)
    if not _has(session, "ALTER", schema):
        raise errors.no_schema(schema)


def _meet_change(session: PoolSession, command: c.Insert | c.Delete | c.Update | c.Merge | c.Copy) -> None:
    if isinstance(command, c.Copy) and not _has(session, "ADMINISTER DATABASE BULK OPERATIONS"):
        raise right_errors.bulk_denied()
    if isinstance(command, (c.Delete, c.Update)):
        table, _, _ = target_of(session, command.name, command.source)
    else:
        table = session.catalog.table(command.name)
    if table.temporary:
        return
    match command:
        case c.Insert() | c.Copy():
            wanted = {"INSERT"}
        case c.Delete():
            wanted = {"DELETE"}
        case c.Update():
            wanted = {"UPDATE"}
            if command.source is None and command.where is None and all(_CONSTANT.fullmatch(text) for _, text in command.assignments):
                session.unread = table.object_id  # SELECT is for a WHERE clause, or columns in SET
        case c.Merge():
            wanted = {"SELECT", *(action.verb.upper() for action in command.actions)}
    for right in sorted(wanted):
        _need(session, right, table)


def _meet_call(session: PoolSession, command: c.Procedure) -> None:
    own = session.pool.catalog.procedure(command.name)
    if own is not None and not _has(session, "EXECUTE", own.schema):
        raise right_errors.object_denied("EXECUTE", session.pool.database, own.schema, own.name)
    if own is None and command.name[-1].lower() == "sp_rename":
        raise errors.unknown_here("sp_rename for who is not an owner")


def _meet_ddl(session: PoolSession, command: d.Ddl) -> None:  # noqa: C901  # a table of kinds
    match command:
        case _ if isinstance(command, _OF_OWNERS):
            if not _has(session, "CONTROL"):
                raise right_errors.action_denied()
        case d.CreateFormat():
            _need_of_database(session, "ALTER ANY EXTERNAL FILE FORMAT")
        case d.CreateSchema():
            _need_of_database(session, "CREATE SCHEMA")
        case d.DropSchema():
            if not _has(session, "CONTROL", command.name) and not _has(session, "ALTER ANY SCHEMA"):
                raise right_errors.no_principal("schema", command.name)
        case d.CreateTable():
            _meet_create(session, command)
        case d.CreateView() | d.CreateProcedure():
            _need_of_database(session, "CREATE VIEW" if isinstance(command, d.CreateView) else "CREATE PROCEDURE")
            _need_schema(session, command.name)
        case d.DropTable() | d.DropModule():
            for name in command.names:
                _meet_drop(session, name)
        case d.Permission():
            _meet_grant(session, command)
        case _:
            _meet_alter(session, command)


def _meet_create(session: PoolSession, command: d.CreateTable) -> None:
    if command.name[-1].startswith("#"):
        return
    _need_of_database(session, "CREATE TABLE")
    if command.table.external is not None:
        _need_of_database(session, "ALTER ANY SCHEMA", "ALTER ANY EXTERNAL DATA SOURCE", "ALTER ANY EXTERNAL FILE FORMAT")
    _need_schema(session, command.name)


def _meet_drop(session: PoolSession, name: c.Name) -> None:
    """ALTER on the schema, or CONTROL on the table."""
    table = session.catalog.find(name)
    schema, own = session.pool.catalog.split(name)
    if own.startswith("#") or _has(session, "ALTER", schema) or _has(session, "CONTROL", schema, table):
        return
    raise errors.no_such_to_drop(".".join(name))


def _meet_grant(session: PoolSession, command: d.Permission) -> None:
    """CONTROL of what the right is on; GRANT OPTION of others is not looked at."""
    table = session.catalog.find(command.name) if command.on == "OBJECT" else None
    schema = table.schema if table else ".".join(command.name) if command.on == "SCHEMA" else None
    if not _has(session, "CONTROL", schema, table):
        raise right_errors.no_principal("object" if command.on == "OBJECT" else command.on.lower(), ".".join(command.name))


def _meet_alter(session: PoolSession, command: d.Ddl) -> None:
    """ALTER on the table; on both of them for a switch of partitions, and on the new schema for a transfer."""
    match command:
        case _ if isinstance(command, _INDEXED):
            number, name = 1088, command.table
        case d.Truncate():
            number, name = 4701, command.name
        case _ if isinstance(command, _ALTERED):
            number, name = 4902, command.name
        case d.Rename() | d.Transfer():
            number, name = 15247, command.name
        case _:
            raise errors.unknown_here(f"the rights of {type(command).__name__}")
    table = session.catalog.find(name)
    if table is None or table.temporary:
        return
    if isinstance(command, d.Transfer):
        _need_schema(session, (command.schema, table.name))
    others = [session.catalog.find(command.to)] if isinstance(command, d.SwitchPartition) else []
    for one in (table, *others):
        if one is not None and not _has(session, "ALTER", one.schema, one):
            raise right_errors.action_denied() if number == 15247 else right_errors.not_to_alter(number, one.full_name)  # noqa: PLR2004  # its own number
