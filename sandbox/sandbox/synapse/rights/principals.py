"""Logins of the server, users of the database, and their rights on the database and its schemas; a table keeps the rights on itself.

Whoever the pool was started with has every right, as dbo has. Rights on single columns are kept and shown, and nobody is refused for them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.refusals.errors import login_failed, no_database, object_exists
from sandbox.synapse.refusals.right_errors import no_login, no_principal

if TYPE_CHECKING:
    from sandbox.synapse.objects import TableDef
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession
    from sandbox.tds.session import Login

Place = Literal["SCHEMA", "DATABASE"]
PUBLIC: Final = "public"  # the role that everyone is in
_ALTERING_SCHEMAS: Final = {"ALTER", "ALTER ANY SCHEMA"}  # on the database, either implies ALTER on each schema


@dataclass(slots=True)
class Principals:
    """Who there is; keys are names in lower case."""

    logins: dict[str, tuple[str, str]] = field(default_factory=dict)  # name and password
    users: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # name, and its login in lower case
    owners: dict[str, str] = field(default_factory=dict)  # of schemas, by schema; dbo's are not here
    rights: list[tuple[str, str, Place, str, str]] = field(default_factory=list)  # state, permission, on what, which schema, grantee

    def known(self, login: Login, database: str) -> str:
        """The user of a login that CREATE LOGIN made. Raises 18456, and 4060 for one without a user."""
        name, password = self.logins.get(login.user.lower(), ("", ""))
        if not name or not secrets.compare_digest(password.encode(), login.password.encode()):
            raise login_failed(login.user)
        user = next((name for name, of in self.users.values() if of == login.user.lower()), None)
        if user is None:
            raise no_database(database)
        return user

    def holds(self, user: str, right: str, schema: str | None = None, table: TableDef | None = None) -> bool:
        """Whether the user has the right on a table, a schema, or (neither) the database.

        A right on a schema covers what is in it, one on the database all; CONTROL implies all others, and DENY goes before GRANT
        [sql/relational-databases/security/permissions-database-engine, "Permissions hierarchy" and "Summary of the permission check algorithm"].
        """
        me = {user.lower(), PUBLIC}
        found = {(state, name) for state, name, who, column in (table.rights if table else ()) if who.lower() in me and column is None}
        of_database = set()
        for state, name, on, which, who in self.rights:
            if who.lower() not in me:
                continue
            if on == "DATABASE":
                of_database.add((state, name))
            elif schema is not None and which == schema.lower():
                found.add((state, name))
        above = (
            _ALTERING_SCHEMAS if right == "ALTER" and schema is not None else {"ALTER"} if right.startswith("CREATE ") and schema is None else set()
        )
        if ("DENY", right) in found | of_database:
            return False
        if schema is not None and self.owners.get(schema.lower()) == user.lower():
            return True
        granted = {name for state, name in found if state != "DENY"} & {right, "CONTROL"}
        return bool(granted or {name for state, name in of_database if state != "DENY"} & {right, "CONTROL", *above})


def create_login(session: PoolSession, command: d.CreateLogin) -> None:
    """CREATE LOGIN. Raises 15025 for a name that is taken."""
    principals = session.pool.catalog.content.principals
    if command.name.lower() in principals.logins or session.pool.is_owner(command.name):
        raise object_exists(command.name)
    principals.logins[command.name.lower()] = (command.name, command.password)


def drop_login(session: PoolSession, command: d.DropLogin) -> None:
    """DROP LOGIN. Raises 15151."""
    if session.pool.catalog.content.principals.logins.pop(command.name.lower(), None) is None:
        raise no_principal("login", command.name)


def create_user(session: PoolSession, command: d.CreateUser) -> None:
    """CREATE USER. Raises 15007 for a login that is not there, 15023 for a name that is taken."""
    principals = session.pool.catalog.content.principals
    if command.login is not None and command.login.lower() not in principals.logins:
        raise no_login(command.login)
    if command.name.lower() in {*principals.users, "dbo", "guest", PUBLIC}:
        raise object_exists(command.name)
    principals.users[command.name.lower()] = (command.name, command.login.lower() if command.login is not None else None)


def drop_user(session: PoolSession, command: d.DropUser) -> None:
    """DROP USER, and its rights with it. Raises 15151."""
    principals, gone = session.pool.catalog.content.principals, command.name.lower()
    if principals.users.pop(gone, None) is None:
        raise no_principal("user", command.name)
    principals.rights = [one for one in principals.rights if one[-1].lower() != gone]


def grant(session: PoolSession, command: d.Permission, on: Place) -> None:
    """GRANT, DENY and REVOKE on a schema or the database. Raises 15151 for a schema or a user that is not there."""
    catalog = session.pool.catalog
    principals, which = catalog.content.principals, ".".join(command.name).lower() if on == "SCHEMA" else ""
    if on == "SCHEMA" and which not in catalog.schemas:
        raise no_principal("schema", ".".join(command.name))
    for grantee in command.grantees:
        if grantee.lower() not in {*principals.users, PUBLIC}:
            raise no_principal("user", grantee)
        for right in command.rights:
            principals.rights = [one for one in principals.rights if (*one[1:4], one[4].lower()) != (right, on, which, grantee.lower())]
            if command.state != "REVOKE":
                principals.rights.append((command.state, right, on, which, grantee))
