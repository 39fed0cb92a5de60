"""One connection's session: batches, variables, transactions, results."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb

from sandbox.synapse import commands as c
from sandbox.synapse import copy_into, ddl, dml
from sandbox.synapse.batch import read_batch
from sandbox.synapse.declared import DeclaredType, from_duck
from sandbox.synapse.errors import aborted, from_duckdb, in_transaction, nested_transaction, no_transaction
from sandbox.synapse.functions import system_functions
from sandbox.synapse.translate import Translated, Translator
from sandbox.synapse.views import VIEWS
from sandbox.tds.session import CancelledError, Column, Disconnect, Login, RowCount, Rows, SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from sandbox.synapse.pool import Pool
    from sandbox.synapse.requests import Request

_MAX_PARAMETERS = 2098  # learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits
_FETCH_ROWS = 5_000  # rows taken from DuckDB at a time
_DDL = (
    c.CreateSchema | c.DropSchema | c.CreateTable | c.DropTable | c.Truncate | c.AddColumns | c.DropColumns | c.AlterColumn | c.Rename
    | c.Transfer | c.Statistics
)  # fmt: skip
_DML = c.Insert | c.Delete | c.Update | c.Merge
_QUIET = c.If | c.Declare | c.SetOption | c.Transaction | c.Ignored  # leave @@ROWCOUNT's request log alone


class LazyRows:
    """Rows as they are fetched; `hold` keeps the rest when the connection is needed for the next statement."""

    def __init__(self, rows: Iterator[Sequence[object]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[object]]:
        """Go on where the last reader stopped."""
        yield from self._rows

    def hold(self) -> None:
        """Fetch what is left now."""
        self._rows = iter(list(self._rows))


class PoolSession:
    """A session on a pool: what the wire calls. One statement runs at a time; `cancel` comes from another thread."""

    def __init__(self, pool: Pool, login: Login, session_id: str) -> None:
        self.pool, self.login, self.session_id = pool, login, session_id
        self.cursor = pool.duck.cursor()
        self.in_transaction = self.failed = self._open = False
        self.row_count = 0
        self.request_id = ""  # of the statement that runs
        self._nocount = self._implicit = False
        self._variables: dict[str, object] = {}
        self._cancelled = threading.Event()

    # --- what the wire calls ---

    def execute(self, sql: str, parameters: Mapping[str, object]) -> Iterable[Rows | RowCount]:
        """Run a batch: all of it is read first, then each statement runs. Raises SqlError, CancelledError or Disconnect."""
        self._cancelled.clear()
        if len(parameters) > _MAX_PARAMETERS:
            raise SqlError(8003, f"The incoming request has too many parameters. The server supports a maximum of {_MAX_PARAMETERS} parameters.")
        self._variables = {name.lower(): value for name, value in parameters.items()}
        with self._failing():
            statements = read_batch(sql)
        yield from self._run_all(statements)

    def begin(self) -> None:
        """Start a transaction. Raises SqlError if one is open."""
        if self.in_transaction:
            raise nested_transaction()
        self.in_transaction, self.failed = True, False

    def commit(self) -> None:
        """Commit as a driver asks for it, without a statement; faults know it as `COMMIT TRANSACTION`.

        Raises 111214 without a transaction, 111233 after an error in it, 1205 if another session was first.
        """
        self._meet_faults("COMMIT TRANSACTION")
        self._commit()
        if self.pool.faults.take("disconnect_after", "COMMIT TRANSACTION"):
            raise Disconnect

    def _commit(self) -> None:
        if not self.in_transaction:
            raise no_transaction()
        if self.failed:
            raise aborted()
        with self._failing():
            if self._open:
                self._open = False
                self.duck("COMMIT")
        self.in_transaction = False

    def rollback(self) -> None:
        """Roll back; without a transaction, do nothing."""
        if self._open:
            self.cursor.execute("ROLLBACK")
        self.in_transaction = self.failed = self._open = False

    def cancel(self) -> None:
        """Stop the statement that runs, if one does."""
        self._cancelled.set()
        self.cursor.interrupt()

    def close(self) -> None:
        """Roll back and let go."""
        try:
            self.rollback()
        finally:
            self.cursor.close()

    # --- what the statements' runners call ---

    def check_cancelled(self) -> None:
        """Stop here if the client asked for it. Raises CancelledError."""
        if self._cancelled.is_set():
            raise CancelledError("The statement was cancelled")

    def duck(self, sql: str, *, verb: str = "INSERT") -> duckdb.DuckDBPyConnection:
        """Run DuckDB's own SQL. Raises SqlError or CancelledError."""
        self.check_cancelled()
        try:
            return self.cursor.execute(sql)
        except duckdb.Error as error:
            raise from_duckdb(error, verb) from error

    def count(self, sql: str, *, verb: str = "INSERT") -> int:
        """Run a statement that changes rows, and say how many."""
        rows = self.duck(sql, verb=verb).fetchall()
        return int(rows[0][0]) if rows else 0

    def translator(self) -> Translator:
        """A translator that knows this session's variables and functions."""
        return Translator(self.pool.catalog, self._variables, system_functions(self))

    def show_views(self, views: Iterable[str]) -> None:
        """Make the rows of these system views as of now."""
        for name in views:
            self.cursor.register(name, VIEWS[name].arrow(self.pool.catalog, self.pool.requests))

    def kinds(self, translated: Translated) -> list[DeclaredType]:
        """Every column's declared type; DuckDB says what the text did not."""
        self.show_views(translated.views)
        found = self.duck(f"DESCRIBE {translated.sql}").fetchall()
        named = [kind for _, kind in translated.columns]
        known = named if len(named) == len(found) else [None] * len(found)
        return [kind or from_duck(str(row[1])) for kind, row in zip(known, found, strict=True)]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make what follows one change: in the client's transaction if there is one, else in one of its own."""
        if self.in_transaction:
            if not self._open:
                self.duck("BEGIN TRANSACTION")
                self._open = True
            yield
            return
        self.duck("BEGIN TRANSACTION")
        try:
            yield
            self.duck("COMMIT")
        except BaseException:
            self._rollback_own()
            raise

    def _rollback_own(self) -> None:
        try:
            self.cursor.execute("ROLLBACK")
        except duckdb.TransactionException:
            return  # a COMMIT that failed has rolled back already

    # --- one statement after the other ---

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """After any error a transaction takes nothing but ROLLBACK."""
        try:
            yield
        except (SqlError, CancelledError):
            self.failed = self.in_transaction
            raise

    def _run_all(self, statements: list[c.Statement]) -> Iterator[Rows | RowCount]:
        for statement in statements:
            yield from self._run(statement)

    def _run(self, statement: c.Statement) -> Iterator[Rows | RowCount]:
        command = statement.command
        with self._failing():
            self._check_state(command)
            if isinstance(command, c.If):
                yield from self._run_all(command.then if self._holds(command.condition) else command.otherwise)
                return
            if isinstance(command, c.Execute):
                text = "".join(str(self._variables[part]) if variable else part for variable, part in command.parts)
                yield from self._run_all(read_batch(text))
                return
        request = None if isinstance(command, _QUIET) else self.pool.requests.start(self.session_id, statement.text, getattr(command, "label", None))
        self.request_id = request.request_id if request else ""
        with self._failing(), self._recorded(request):
            self._meet_faults(statement.text)
            yield from self._answers(command)
            if self.pool.faults.take("disconnect_after", statement.text):
                raise Disconnect

    @contextmanager
    def _recorded(self, request: Request | None) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if request:
                request.end("Cancelled" if isinstance(error, CancelledError) else "Failed", type(error).__name__)
            raise
        if request:
            request.end("Completed")

    def _check_state(self, command: c.Command) -> None:
        rollback = isinstance(command, c.Transaction) and command.verb == "rollback"
        if self.failed and not rollback:
            raise aborted()
        if self.in_transaction and (isinstance(command, _DDL) or (isinstance(command, c.Ignored) and command.ddl)):
            raise in_transaction()
        if self._implicit and not self.in_transaction and isinstance(command, (_DML | c.Query)):
            self.begin()

    def _meet_faults(self, text: str) -> None:
        faults = self.pool.faults
        if (fault := faults.take("delay", text)) and self._cancelled.wait(fault.delay_s):
            raise CancelledError("The statement was cancelled")
        if faults.take("disconnect_before", text):
            raise Disconnect
        if fault := faults.take("error", text):
            raise SqlError(fault.number, fault.text, severity=fault.severity)

    def _answers(self, command: c.Command) -> Iterator[Rows | RowCount]:
        if isinstance(command, c.Query):
            yield from self._query(command)
            return
        if isinstance(command, c.Procedure):
            yield ddl.run_procedure(self, command)
            return
        rows = self._change(command)
        if rows is not None:
            self.row_count = rows
        yield RowCount(None if self._nocount else rows)

    def _change(self, command: c.Command) -> int | None:
        match command:
            case c.Insert() | c.Delete() | c.Update() | c.Merge():
                return dml.run(self, command)
            case c.Copy():
                return copy_into.run(self, command)
            case c.Transaction():
                self._transaction(command.verb)
            case c.Declare():
                self._declare(command)
            case c.SetOption():
                self._nocount = command.on if command.option == "NOCOUNT" else self._nocount
                self._implicit = command.on if command.option == "IMPLICIT_TRANSACTIONS" else self._implicit
            case c.Ignored():
                pass
            case _:
                ddl.run(self, command)
        return None

    def _transaction(self, verb: str) -> None:
        if verb == "rollback" and not self.in_transaction:
            raise no_transaction()
        {"begin": self.begin, "commit": self._commit, "rollback": self.rollback}[verb]()

    def _declare(self, command: c.Declare) -> None:
        if command.type is None and command.name not in self._variables:
            raise SqlError(137, f'Must declare the scalar variable "{command.name}".', severity=15)
        self._variables[command.name] = self._value(command.value) if command.value else None

    def _value(self, expression: str) -> object:
        translated = self.translator().query(f"SELECT {expression} AS value")
        self.show_views(translated.views)
        rows = self.duck(translated.sql).fetchall()
        return rows[0][0] if rows else None

    def _holds(self, condition: str) -> bool:
        translated = self.translator().query(f"SELECT CASE WHEN {condition} THEN 1 ELSE 0 END AS holds")
        self.show_views(translated.views)
        rows = self.duck(translated.sql).fetchall()  # to the end: an unfinished result would block the next view
        return bool(rows and rows[0][0])

    # --- results ---

    def _query(self, command: c.Query) -> Iterator[Rows | RowCount]:
        translated = self.translator().query(command.text)
        kinds = self.kinds(translated)
        result = self.duck(translated.sql)
        if command.assigns:
            row = result.fetchone()
            self._variables[command.assigns[0][0]] = row[0] if row else None
            return
        names = [str(entry[0]) for entry in result.description or []]
        given = [name for name, _ in translated.columns]
        shown = given if len(given) == len(names) else names
        columns = [Column(name, kind.wire()) for name, kind in zip(shown, kinds, strict=True)]
        rows = LazyRows(self._fetched(result, [_reader(kind) for kind in kinds]))
        try:
            yield Rows(columns, rows)
            rows.hold()
        finally:
            self.cursor.abort()  # a client that went on without reading to the end

    def _fetched(self, result: duckdb.DuckDBPyConnection, readers: list[Callable[[object], object] | None]) -> Generator[Sequence[object]]:
        self.row_count = 0
        plain = not any(readers)
        while True:
            self.check_cancelled()
            try:
                block = result.fetchmany(_FETCH_ROWS)
            except duckdb.Error as error:
                raise from_duckdb(error) from error
            if not block:
                return
            self.row_count += len(block)
            for row in block:
                yield row if plain else [read(value) if read and value is not None else value for read, value in zip(readers, row, strict=True)]


def _offset(value: object) -> object:
    if not isinstance(value, dict):
        return value
    zone = timezone(timedelta(minutes=value["minutes"])) if value["minutes"] else UTC
    moment: datetime = value["utc"]
    return moment.replace(tzinfo=UTC).astimezone(zone)


def _number(value: object) -> object:
    return Decimal(value) if isinstance(value, int) else value


def _reader(kind: DeclaredType) -> Callable[[object], object] | None:
    return {"datetimeoffset": _offset, "decimal": _number}.get(kind.name)
