"""PostgreSQL: questions through psycopg 3, rows through ADBC, which reads COPY's binary form straight into Arrow, in bounded memory."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement
from adbc_driver_manager import Error as ArrowError
from adbc_driver_postgresql import connect as driver
from psycopg.conninfo import make_conninfo
from singer_commons.accounts import Calls
from singer_commons.columnar.encoder import encoded
from singer_commons.errors import ConfigurationError, CredentialsError, SuiteError, UnreachableError

from tap_warehouse.ahead import read_ahead
from tap_warehouse.errors import QueryError
from tap_warehouse.query import wrapped
from tap_warehouse.warehouses.postgres_types import column

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from singer_commons.columnar.json_sql import Envelope

    from tap_warehouse.query import Query
    from tap_warehouse.types import Column

    Batches = Generator[pa.RecordBatch, None, None]
    Through = Callable[[Batches], Batches]

BATCH_BYTES = 4_194_304  # of the Arrow batches, about; the driver's own 16 MiB took 100 MB more memory at the same speed
BATCH_SIZE_OPTION = "adbc.postgresql.batch_size_hint_bytes"
CONNECT_TIMEOUT_S = 10
DENIED = re.compile(r"permission denied for (table|view|materialized view|schema|function) (\S+)")
# The server refuses to write, and gives zoned times in UTC. A role that may only read is the true guard.
SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c extra_float_digits=1"
WRITABLE = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
    AND has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
"""
SET_VALUE = "SELECT set_config($1, $2, false)"


def connect(settings: Mapping[str, Any]) -> Postgres:
    """Log in. Raises ConfigurationError, CredentialsError or UnreachableError."""
    given = settings["postgres"]
    host, port = given.get("host") or "localhost", given.get("port") or 5432
    login = make_conninfo(
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
    try:
        connection = psycopg.connect(login, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _refused(error, f"{host}:{port}", given) from error
    return Postgres(connection, login)


class Postgres:
    """A read-only session on a PostgreSQL server."""

    def __init__(self, connection: psycopg.Connection[Any], login: str) -> None:
        self._connection, self._login = connection, login
        self.calls = Calls()

    def columns(self, sql: str) -> list[Column]:
        """See Warehouse."""
        cursor = self._execute(f"SELECT * FROM {wrapped(sql)} LIMIT 0", [])  # noqa: S608 - a checked query of the user's own
        return [column(one) for one in cursor.description or ()]

    def is_read_only(self) -> bool:
        """See Warehouse."""
        return str(self._value("SHOW transaction_read_only", [])) == "on"

    def writable_tables(self) -> int:
        """See Warehouse."""
        return int(self._value(WRITABLE, []))

    def clock(self) -> datetime:
        """See Warehouse."""
        now: datetime = self._value("SELECT clock_timestamp()", [])
        return now.astimezone(UTC)

    def count(self, query: Query) -> int:
        """See Warehouse."""
        for number, value in enumerate(query.values, 1):
            self._execute(SET_VALUE, [_setting(number), str(value)])
        return int(self._value(query.text, []))

    def placeholder(self, number: int, value: Any) -> str:
        """See Warehouse."""
        # COPY takes no parameters: the value is bound to a setting of the session, and the query reads it from there.
        return f"current_setting('{_setting(number)}')::{_cast(value)}"

    def batches(self, query: Query, columns: Sequence[Column]) -> Batches:
        """See Warehouse."""
        yield from self._read(query, columns, lambda batches: batches)

    def lines(self, query: Query, columns: Sequence[Column], envelope: Envelope) -> Batches:
        """See Warehouse. The driver reads, a thread makes lines and the caller writes, all at once."""
        raw_json = {one.name for one in columns if one.raw_json}
        yield from self._read(query, columns, lambda batches: encoded(batches, envelope, raw_json))

    def _read(self, query: Query, columns: Sequence[Column], through: Through) -> Batches:
        names = [one.name for one in columns]
        try:
            # The driver's own layer: its DB-API imports pyarrow.dataset, which takes longer than all else that a start of the tap does here.
            with driver(self._login) as database, AdbcConnection(database) as connection, AdbcStatement(connection) as statement:
                for number, value in enumerate(query.values, 1):
                    _set(connection, _setting(number), str(value))
                statement.set_options(**{BATCH_SIZE_OPTION: str(BATCH_BYTES)})
                statement.set_sql_query(query.text)

                self.calls.called()

                def read() -> Iterator[pa.RecordBatch]:
                    rows, _ = statement.execute_query()
                    return (batch.rename_columns(names) for batch in pa.RecordBatchReader.from_stream(rows))

                def cancel() -> None:
                    with suppress(ArrowError):  # nothing to cancel: it has not begun, or is at its end
                        statement.cancel()

                yield from read_ahead(lambda: through(read_ahead(read, cancel)), cancel)
        except (ArrowError, OSError, ValueError) as error:  # in mid-stream they come through Arrow, as its own
            raise QueryError(f"PostgreSQL broke off: {_first_line(error)}") from error

    def close(self) -> None:
        """See Warehouse."""
        self._connection.close()

    def _execute(self, text: str, values: Sequence[Any]) -> psycopg.RawCursor[Any]:
        self.calls.called()
        cursor = psycopg.RawCursor(self._connection)  # `$1` for values: a `%` in a model's query stays what it is
        try:
            cursor.execute(text.encode(), values)
        except psycopg.Error as error:
            raise QueryError(f"PostgreSQL refused the query: {_first_line(error)}", hint=self._grant(error)) from error
        return cursor

    def _grant(self, error: psycopg.Error) -> str | None:
        """The right that was lacking, as the statement that gives it; None for other refusals."""
        lacking = DENIED.search(str(error)) if isinstance(error, psycopg.errors.InsufficientPrivilege) else None
        if lacking is None:
            return None
        kind, name = lacking.groups()
        right = {"schema": "USAGE ON SCHEMA", "function": "EXECUTE ON FUNCTION"}.get(kind, "SELECT ON")
        return f"let the role read it: GRANT {right} {name} TO {self._connection.info.user}"

    def _value(self, text: str, values: Sequence[Any]) -> Any:
        row = self._execute(text, values).fetchone()
        if row is None:
            raise QueryError("PostgreSQL gave no row where one was asked for")
        return row[0]


def _set(connection: AdbcConnection, setting: str, value: str) -> None:
    with AdbcStatement(connection) as statement:
        statement.set_sql_query(SET_VALUE)
        statement.bind(pa.RecordBatch.from_pylist([{"name": setting, "value": value}]))
        pa.RecordBatchReader.from_stream(statement.execute_query()[0]).read_all()


def _setting(number: int) -> str:
    return f"tap_warehouse.value_{number}"


def _cast(value: Any) -> str:
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    if isinstance(value, int):
        return "bigint" if -(2**63) <= value < 2**63 else "numeric"  # a bigint's index is no use to a numeric
    return {Decimal: "numeric", date: "date"}.get(type(value), "text")


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
