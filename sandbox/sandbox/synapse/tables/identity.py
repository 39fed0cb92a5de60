"""SET IDENTITY_INSERT [sql/t-sql/statements/set-identity-insert-transact-sql]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.refusals import table_errors

if TYPE_CHECKING:
    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.session import PoolSession


def identity_insert(session: PoolSession, command: c.SetIdentityInsert) -> int | None:
    """The table that may be given values from now on, or None. Raises 8106, 8107."""
    table = session.catalog.table(command.name)
    if table.identity is None:
        raise table_errors.no_identity(table.name)
    held = session.identity_insert
    if not command.on:
        return None if held == table.object_id else held
    if held is not None and held != table.object_id:
        by = next((one.full_name for one in session.pool.catalog if one.object_id == held), None)
        if by is not None:
            raise table_errors.identity_insert_taken(by, table.full_name)
    return table.object_id
