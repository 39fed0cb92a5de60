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
from singer_commons.accounts import Calls
from singer_commons.columnar.encoder import encoded

from tap_warehouse.ahead import aside, read_ahead
from tap_warehouse.errors import QueryError
from tap_warehouse.query import Query, wrapped
from tap_warehouse.warehouses.postgres_errors import first_line
from tap_warehouse.warehouses.postgres_types import column, number_of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from adbc_driver_manager import AdbcDatabase
    from singer_commons.columnar.json_sql import Envelope

    from tap_warehouse.types import Column

    Batches = Generator[pa.RecordBatch, None, None]
    Through = Callable[[Batches], Batches]

BATCH_BYTES = 4_194_304  # of the Arrow batches, about; the driver's own 16 MiB took 100 MB more memory at the same speed
BATCH_SIZE_OPTION = "adbc.postgresql.batch_size_hint_bytes"
DENIED = re.compile(r"permission denied for (table|view|materialized view|schema|function) (\S+)")
WRITABLE = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
    AND has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
"""
SET_VALUE = "SELECT set_config($1, $2, false)"
REFUSED, BROKE_OFF = "refused the query", "broke off"


class Postgres:
    """A read-only session on a PostgreSQL server; where one broke off, the next question begins another."""

    tells_case = True

    def __init__(self, database: AdbcDatabase, connection: AdbcConnection, user: str) -> None:
        self._database, self._user = database, user
        self._connection: AdbcConnection | None = connection
        self.calls = Calls()

    def columns(self, sql: str) -> list[Column]:
        """See Warehouse."""
        asked = f"SELECT * FROM {wrapped(sql)} LIMIT 0"  # noqa: S608 - a checked query of the user's own
        with self._statement(REFUSED) as (statement, cancel):

            def described() -> Iterator[pa.Schema]:
                statement.set_sql_query(asked)
                yield pa.schema(statement.execute_schema())
                statement.execute_update()  # only what runs is asked whether it may read; not by COPY, which has no way to send some types

            (fields,) = read_ahead(described, cancel)
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
        with self._statement(failure, query.values) as (statement, cancel):
            statement.set_options(**{BATCH_SIZE_OPTION: str(BATCH_BYTES)})
            statement.set_sql_query(query.text)

            def read() -> Iterator[pa.RecordBatch]:
                rows, _ = statement.execute_query()
                return (batch.rename_columns(names) for batch in pa.RecordBatchReader.from_stream(rows))

            ahead = read_ahead(read, cancel)
            yield from read_ahead(lambda: through(ahead), cancel) if through else ahead

    @contextmanager
    def _statement(self, failure: str, values: Sequence[Any] = ()) -> Iterator[tuple[AdbcStatement, Callable[[], None]]]:
        """A statement for one question, and what cancels it. What the server or the driver raises meanwhile becomes a QueryError."""
        try:
            # The driver's own layer: its DB-API imports pyarrow.dataset, nearly a fifth of the time of all imports.
            with self._session() as connection, AdbcStatement(connection) as statement:
                for number, value in enumerate(values, 1):
                    _set(connection, _setting(number), str(value))

                def cancel() -> None:
                    with suppress(ArrowError):  # nothing to cancel: it has not begun, or is at its end
                        statement.cancel()

                self.calls.called()
                yield statement, cancel
        except (ArrowError, OSError, ValueError) as error:  # in mid-stream they come through Arrow, as its own
            raise QueryError(f"PostgreSQL {failure}: {first_line(error)}", hint=self._grant(error)) from error

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
        lacking = DENIED.search(first_line(error))
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
