"""PostgreSQL through psycopg 3, rows streamed in chunks: no server-side cursor, bounded memory."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from singer_commons.errors import ConfigurationError, CredentialsError, SuiteError, UnreachableError

from tap_warehouse.errors import QueryError
from tap_warehouse.query import wrapped
from tap_warehouse.warehouses.postgres_types import column, loaded_type

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from tap_warehouse.query import Query
    from tap_warehouse.types import Column

BATCH_ROWS = 10_000
CHUNK_ROWS = 1_000  # a round trip's worth: 35 MB at 700,000 rows/s in our measurement
CONNECT_TIMEOUT_S = 10
# The server refuses to write, and gives zoned times in UTC. A role that may only read is the true guard.
SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c extra_float_digits=1"


def connect(settings: Mapping[str, Any]) -> Postgres:
    """Log in. Raises ConfigurationError, CredentialsError or UnreachableError."""
    given = settings["postgres"]
    host, port = given.get("host") or "localhost", given.get("port") or 5432
    try:
        connection = psycopg.connect(
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
            autocommit=True,
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        raise _refused(error, f"{host}:{port}", given) from error
    return Postgres(connection)


class Postgres:
    """A read-only session on a PostgreSQL server."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def columns(self, sql: str) -> list[Column]:
        """See Warehouse."""
        cursor = self._execute(f"SELECT * FROM {wrapped(sql)} LIMIT 0", [])  # noqa: S608 - a checked query of the user's own
        return [column(one) for one in cursor.description or ()]

    def is_read_only(self) -> bool:
        """See Warehouse."""
        return str(self._value("SHOW transaction_read_only", [])) == "on"

    def clock(self) -> datetime:
        """See Warehouse."""
        now: datetime = self._value("SELECT clock_timestamp()", [])
        return now.astimezone(UTC)

    def count(self, query: Query) -> int:
        """See Warehouse."""
        return int(self._value(query.text, query.values))

    def placeholder(self, number: int) -> str:
        """See Warehouse."""
        return f"${number}"

    def batches(self, query: Query, columns: Sequence[Column]) -> Generator[pa.RecordBatch, None, None]:
        """See Warehouse."""
        schema = pa.schema([(one.name, loaded_type(one)) for one in columns])
        try:
            with psycopg.RawCursor(self._connection) as cursor:
                rows = cursor.stream(query.text.encode(), query.values, size=CHUNK_ROWS)
                while chunk := list(islice(rows, BATCH_ROWS)):
                    arrays = [pa.array(values, kind) for values, kind in zip(zip(*chunk, strict=True), schema.types, strict=True)]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        except psycopg.Error as error:
            raise QueryError(f"PostgreSQL broke off: {_first_line(error)}") from error

    def close(self) -> None:
        """See Warehouse."""
        self._connection.close()

    def _execute(self, text: str, values: Sequence[Any]) -> psycopg.RawCursor[Any]:
        cursor = psycopg.RawCursor(self._connection)  # `$1` for values: a `%` in a model's query stays what it is
        try:
            cursor.execute(text.encode(), values)
        except psycopg.Error as error:
            raise QueryError(f"PostgreSQL refused the query: {_first_line(error)}") from error
        return cursor

    def _value(self, text: str, values: Sequence[Any]) -> Any:
        row = self._execute(text, values).fetchone()
        if row is None:
            raise QueryError("PostgreSQL gave no row where one was asked for")
        return row[0]


def _refused(error: psycopg.Error, where: str, given: Mapping[str, Any]) -> SuiteError:
    # A failed log-in has no error code in libpq's answer: its text is all there is.
    reason = _last_line(error)
    if "authentication failed" in reason or "no password supplied" in reason or "role" in reason:
        return CredentialsError(
            f"PostgreSQL at {where} does not let `{given['user']}` in: {reason}", hint="look at `postgres.user` and `postgres.password`"
        )
    if "database" in reason and "does not exist" in reason:
        return ConfigurationError(f"PostgreSQL at {where} has no database `{given['database']}`", hint="look at `postgres.database`")
    return UnreachableError(f"cannot reach PostgreSQL at {where}: {reason}", hint="look at `postgres.host`, `postgres.port` and `postgres.sslmode`")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL:" in line]
    line = (fatal or lines[:1] or [type(error).__name__])[-1]
    return line.rpartition("FATAL:")[2].strip()
