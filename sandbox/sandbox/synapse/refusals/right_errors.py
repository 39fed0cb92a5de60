"""What a pool says to who has no right.

The numbers are SQL Server's [sql/relational-databases/errors-events/database-engine-events-and-errors-...]: no page shows those of a dedicated pool, so
each is unconfirmed for one. Where an object may not be altered, SQL Server does not tell it from one that is not there.
"""

from __future__ import annotations

from sandbox.tds.session import SqlError


def object_denied(right: str, database: str, schema: str, name: str) -> SqlError:
    """229 [0 to 999]."""
    return SqlError(229, f"The {right} permission was denied on the object '{name}', database '{database}', schema '{schema}'.", severity=14)


def database_denied(right: str, database: str) -> SqlError:
    """262 [0 to 999]."""
    return SqlError(262, f"{right} permission denied in database '{database}'.", severity=14)


def bulk_denied() -> SqlError:
    """4834 [4000 to 4999]."""
    return SqlError(4834, "You do not have permission to use the bulk load statement.")


def action_denied() -> SqlError:
    """15247 [15000 to 15999]."""
    return SqlError(15247, "User does not have permission to perform this action.", severity=14)


def not_to_alter(number: int, name: str) -> SqlError:
    """1088 (indexes, statistics), 4701 (TRUNCATE) and 4902 (ALTER TABLE) [1000 to 1999, 4000 to 4999]."""
    return SqlError(number, f'Cannot find the object "{name}" because it does not exist or you do not have permissions.')


def no_principal(kind: str, name: str) -> SqlError:
    """15151 [15000 to 15999]."""
    return SqlError(15151, f"Cannot find the {kind} '{name}', because it does not exist or you do not have permission.")


def no_login(name: str) -> SqlError:
    """15007 [15000 to 15999]."""
    return SqlError(15007, f"'{name}' is not a valid login or you do not have permission.")


def not_in_master() -> SqlError:
    """5001 [5000 to 5999]: logins are made in master [sql/t-sql/statements/create-login-transact-sql, "Permissions"]."""
    return SqlError(5001, "User must be in the master database.")
