"""Reads CREATE and DROP of logins and users [sql/t-sql/statements/create-login-transact-sql, create-user-transact-sql, Synapse sections]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.reading import ddl_commands as d

if TYPE_CHECKING:
    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.reading.tokens import Reader

PRINCIPALS: Final = ("LOGIN", "USER")


def read_create_principal(reader: Reader) -> c.Command:
    """CREATE LOGIN l WITH PASSWORD = 'p'; CREATE USER u [{FOR | FROM} LOGIN l | WITHOUT LOGIN | FROM EXTERNAL PROVIDER] [WITH DEFAULT_SCHEMA = s]."""
    if reader.accept("LOGIN"):
        name = reader.identifier()
        reader.expect("WITH", "PASSWORD", "=")
        made = d.CreateLogin(name, reader.string())
        reader.end()
        return made
    reader.expect("USER")
    name = reader.identifier()
    login: str | None = name  # without a word about it, the login of that name
    if reader.accept("WITHOUT", "LOGIN") or reader.accept("FROM", "EXTERNAL", "PROVIDER"):
        login = None
    elif reader.accept("FOR", "LOGIN") or reader.accept("FROM", "LOGIN"):
        login = reader.identifier()
    if reader.accept("WITH"):
        reader.expect("DEFAULT_SCHEMA", "=")
        reader.identifier()
    reader.end()
    return d.CreateUser(name, login)


def read_drop_principal(reader: Reader) -> c.Command:
    """DROP LOGIN l, DROP USER u."""
    made = d.DropLogin if reader.take().upper == "LOGIN" else d.DropUser
    name = reader.identifier()
    reader.end()
    return made(name)
