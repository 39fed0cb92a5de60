"""PostgreSQL: the log-in, which the server and the driver answer for while Python imports what the rows need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adbc_driver_manager import AdbcConnection
from adbc_driver_manager import Error as ArrowError
from adbc_driver_postgresql import connect as driver
from singer_commons.errors import ConfigurationError, CredentialsError, SuiteError, UnreachableError

from tap_warehouse.ahead import begun
from tap_warehouse.warehouses.postgres_errors import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adbc_driver_manager import AdbcDatabase

    from tap_warehouse.warehouses.postgres_session import Postgres

CONNECT_TIMEOUT_S = 10
# The server refuses to write, and gives zoned times in UTC. A role that may only read is the true guard.
SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c extra_float_digits=1"


def connect(settings: Mapping[str, Any]) -> Postgres:
    """Log in. Raises ConfigurationError, CredentialsError or UnreachableError."""
    given = settings["postgres"]
    host, port = given.get("host") or "localhost", given.get("port") or 5432
    login = conninfo(
        host=host,
        port=port,
        dbname=given["database"],
        user=given["user"],
        password=given.get("password"),
        sslmode=given.get("sslmode") or "prefer",
        application_name="tap-warehouse",
        client_encoding="utf8",
        connect_timeout=CONNECT_TIMEOUT_S,
        options=SESSION,
    )
    logged_in = begun(lambda: log_in(login))
    # Arrow and DuckDB: a tenth of a second of Python's time, and the log-in takes none of it.
    from tap_warehouse.warehouses.postgres_session import Postgres  # noqa: PLC0415 - as said

    try:
        return Postgres(*logged_in(), given["user"])
    except ArrowError as error:
        raise _refused(error, f"{host}:{port}", given) from error


def log_in(words: str) -> tuple[AdbcDatabase, AdbcConnection]:
    """What the driver knows of the database, for which it logs in once by itself, and a session."""
    database = driver(words)
    try:
        return database, AdbcConnection(database)
    except BaseException:
        database.close()
        raise


def conninfo(**parts: object) -> str:
    """The words of a log-in as libpq reads them, without those that are None: https://www.postgresql.org/docs/current/libpq-connect.html (34.1.1.1)."""
    given = {name: str(value).replace("\\", r"\\").replace("'", r"\'") for name, value in parts.items() if value is not None}
    return " ".join(f"{name}='{value}'" for name, value in given.items())


def _refused(error: ArrowError, where: str, given: Mapping[str, Any]) -> SuiteError:
    # A failed log-in has no error code in libpq's answer: its text is all there is.
    reason = first_line(error)
    if "authentication failed" in reason or "no password supplied" in reason or "role" in reason:
        return CredentialsError(
            f"PostgreSQL at {where} does not let `{given['user']}` in: {reason}", hint="look at `postgres.user` and `postgres.password`"
        )
    if "database" in reason and "does not exist" in reason:
        return ConfigurationError(f"PostgreSQL at {where} has no database `{given['database']}`", hint="look at `postgres.database`")
    return UnreachableError(f"cannot reach PostgreSQL at {where}: {reason}", hint="look at `postgres.host`, `postgres.port` and `postgres.sslmode`")
