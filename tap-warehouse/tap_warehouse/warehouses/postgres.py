"""PostgreSQL through ADBC, which reads COPY's binary form straight into Arrow, in bounded memory; questions go the same way.

A second client would be a tenth of the time until the first record, and more: psycopg alone took 84 ms of imports beside the 406 of singer-sdk.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement
from adbc_driver_manager import Error as ArrowError
from adbc_driver_postgresql import connect as driver
from singer_commons.accounts import Calls
from singer_commons.columnar.encoder import encoded
from singer_commons.errors import ConfigurationError, CredentialsError, SuiteError, UnreachableError

from tap_warehouse.ahead import aside, read_ahead
from tap_warehouse.errors import QueryError
from tap_warehouse.query import Query, wrapped
from tap_warehouse.warehouses.postgres_types import column, number_of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from adbc_driver_manager import AdbcDatabase
    from singer_commons.columnar.json_sql import Envelope

    from tap_warehouse.types import Column

    Batches = Generator[pa.RecordBatch, None, None]
    Through = Callable[[Batches], Batches]

BATCH_BYTES = 4_194_304  # of the Arrow batches, about; the driver's own 16 MiB took 100 MB more memory at the same speed
BATCH_SIZE_OPTION = "adbc.postgresql.batch_size_hint_bytes"
CONNECT_TIMEOUT_S = 10
DENIED = re.compile(r"permission denied for (table|view|materialized view|schema|function) (\S+)")
PRIMARY = "PG_DIAG_MESSAGE_PRIMARY"  # among an error's details: the server's message without its place in the query
# The server refuses to write, and gives zoned times in UTC. A role that may only read is the true guard.
SESSION = "-c default_transaction_read_only=on -c timezone=UTC -c extra_float_digits=1"
WRITABLE = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
    AND has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
"""
SET_VALUE = "SELECT set_config($1, $2, false)"
REFUSED, BROKE_OFF = "refused the query", "broke off"


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
    try:
        return Postgres(aside(lambda: driver(login)), given["user"])
    except ArrowError as error:
        raise _refused(error, f"{host}:{port}", given) from error


def conninfo(**parts: object) -> str:
    """The words of a log-in as libpq reads them, without those that are None: https://www.postgresql.org/docs/current/libpq-connect.html (34.1.1.1)."""
    given = {name: str(value).replace("\\", r"\\").replace("'", r"\'") for name, value in parts.items() if value is not None}
    return " ".join(f"{name}='{value}'" for name, value in given.items())


class Postgres:
    """A read-only session on a PostgreSQL server, begun at the first question."""

    tells_case = True

    def __init__(self, database: AdbcDatabase, user: str) -> None:
        self._database, self._user = database, user
        self._connection: AdbcConnection | None = None
        self.calls = Calls()

    def columns(self, sql: str) -> list[Column]:
        """See Warehouse."""
        asked = f"SELECT * FROM {wrapped(sql)} LIMIT 0"  # noqa: S608 - a checked query of the user's own
        self._value(f"SELECT count(nothing) FROM ({asked}) AS nothing")  # noqa: S608 - as above; only what runs is asked whether it may read
        with self._session() as connection, AdbcStatement(connection) as statement:
            self.calls.called()
            statement.set_sql_query(asked)
            fields = pa.schema(statement.execute_schema())
        return [column(field, self._type_name(field)) for field in fields]

    def is_read_only(self) -> bool:
        """See Warehouse."""
        return str(self._value("SELECT current_setting('transaction_read_only')")) == "on"

    def writable_tables(self) -> int:
        """See Warehouse."""
        return int(self._value(WRITABLE))

    def clock(self) -> datetime:
        """See Warehouse."""
        now: datetime = self._value("SELECT clock_timestamp()")
        return now.astimezone(UTC)

    def count(self, query: Query) -> int:
        """See Warehouse."""
        return int(self._value(query.text, query.values))

    def placeholder(self, number: int, value: Any) -> str:
        """See Warehouse."""
        # COPY takes no parameters: the value is bound to a setting of the session, and the query reads it from there.
        return f"current_setting('{_setting(number)}')::{_cast(value)}"

    def batches(self, query: Query, columns: Sequence[Column]) -> Batches:
        """See Warehouse."""
        yield from self._read(query, [one.name for one in columns], BROKE_OFF)

    def lines(self, query: Query, columns: Sequence[Column], envelope: Envelope) -> Batches:
        """See Warehouse. The driver reads, a thread makes lines and the caller writes, all at once."""
        raw_json = {one.name for one in columns if one.raw_json}
        yield from self._read(query, [one.name for one in columns], BROKE_OFF, lambda batches: encoded(batches, envelope, raw_json))

    def _read(self, query: Query, names: Sequence[str], failure: str, through: Through | None = None) -> Batches:
        try:
            # The driver's own layer: its DB-API imports pyarrow.dataset, nearly a fifth of the time of all imports.
            with self._session() as connection, AdbcStatement(connection) as statement:
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

                ahead = read_ahead(read, cancel)
                yield from read_ahead(lambda: through(ahead), cancel) if through else ahead
        except (ArrowError, OSError, ValueError) as error:  # in mid-stream they come through Arrow, as its own
            raise QueryError(f"PostgreSQL {failure}: {_first_line(error)}", hint=self._grant(error)) from error

    @contextmanager
    def _session(self) -> Iterator[AdbcConnection]:
        """The connection; one in which something broke off is not asked again."""
        connection = self._connection or aside(lambda: AdbcConnection(self._database))
        self._connection = None
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """See Warehouse."""
        if self._connection:
            self._connection.close()
        self._database.close()

    def _grant(self, error: Exception) -> str | None:
        """The right that was lacking, as the statement that gives it; None for other refusals."""
        lacking = DENIED.search(_first_line(error))
        if lacking is None:
            return None
        kind, name = lacking.groups()
        right = {"schema": "USAGE ON SCHEMA", "function": "EXECUTE ON FUNCTION"}.get(kind, "SELECT ON")
        return f"let the role read it: GRANT {right} {name} TO {self._user}"

    def _type_name(self, field: pa.Field) -> str | None:
        """The name of a type that the driver has none for, as of ranges; else None."""
        number = number_of_type(field)
        return None if number is None else str(self._value(f"SELECT format_type({number}, NULL)"))

    def _value(self, text: str, values: Sequence[Any] = ()) -> Any:
        found = [one for batch in self._read(Query(text, list(values)), ["value"], REFUSED) for one in batch.column(0).to_pylist()]
        if not found:
            raise QueryError("PostgreSQL gave no row where one was asked for")
        return found[0]


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


def _refused(error: ArrowError, where: str, given: Mapping[str, Any]) -> SuiteError:
    # A failed log-in has no error code in libpq's answer: its text is all there is.
    reason = _first_line(error)
    if "authentication failed" in reason or "no password supplied" in reason or "role" in reason:
        return CredentialsError(
            f"PostgreSQL at {where} does not let `{given['user']}` in: {reason}", hint="look at `postgres.user` and `postgres.password`"
        )
    if "database" in reason and "does not exist" in reason:
        return ConfigurationError(f"PostgreSQL at {where} has no database `{given['database']}`", hint="look at `postgres.database`")
    return UnreachableError(f"cannot reach PostgreSQL at {where}: {reason}", hint="look at `postgres.host`, `postgres.port` and `postgres.sslmode`")


def _first_line(error: Exception) -> str:
    """What went wrong, in the server's words where it said something."""
    told = {str(name): value for name, value in getattr(error, "details", ())}
    primary = next((value for name, value in told.items() if PRIMARY in name), None)
    if primary is not None:
        return str(primary, "utf-8", "replace")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    (line,) = [line for line in lines if "FATAL:" in line][-1:] or lines[:1]  # libpq tells of each address, and of each attempt with TLS and without
    return line.rpartition("Failed to connect: ")[2].rpartition("FATAL:")[2].strip()
