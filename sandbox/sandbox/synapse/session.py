"""One connection's session: batches, variables, transactions, and what each statement is answered."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import duckdb

from sandbox.synapse import modules
from sandbox.synapse.catalog import SessionCatalog
from sandbox.synapse.loading import copy_into, external_tables
from sandbox.synapse.locks import mode_of
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading.batch import read_batch
from sandbox.synapse.reading.ddl_commands import Ddl
from sandbox.synapse.refusals.duck_errors import from_duckdb
from sandbox.synapse.refusals.errors import aborted, in_transaction, nested_transaction, no_transaction
from sandbox.synapse.rights import checked as rights
from sandbox.synapse.rows import dml
from sandbox.synapse.rows.functions import system_functions
from sandbox.synapse.rows.queries import query
from sandbox.synapse.rows.translate import Reads, Translated, Translator
from sandbox.synapse.tables import ddl
from sandbox.synapse.tables.identity import identity_insert
from sandbox.synapse.values.declared import DeclaredType, from_duck
from sandbox.synapse.views.named import VIEWS
from sandbox.tds.session import CancelledError, Disconnect, Login, RowCount, Rows, SqlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from sandbox.synapse.pool import Pool
    from sandbox.synapse.requests import Request

_MAX_PARAMETERS: Final = 2098  # learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits
_DML = c.Insert | c.Delete | c.Update | c.Merge
_FLOW = c.If | c.While | c.Block | c.Execute
# What is no request of its own in sys.dm_pdw_exec_requests here.
_QUIET = c.Declare | c.Declarations | c.SetOption | c.SetIdentityInsert | c.Transaction | c.Ignored | c.Throw


class PoolSession:
    """A session on a pool: what the wire calls. One statement runs at a time; `cancel` comes from another thread."""

    def __init__(
        self, pool: Pool, login: Login, session_id: str, *, user: str | None = None, in_master: bool = False, sheltered: bool = False
    ) -> None:
        self.pool, self.login, self.session_id = pool, login, session_id
        self.user, self.in_master = user, in_master  # no user: an owner's session, with every right
        self.is_chained = False  # in a procedure, which may do what its owner may
        self.unread: int | None = None  # the table that a statement changes without reading it
        self.opened_utc = datetime.now(UTC).replace(tzinfo=None)
        self._sheltered = sheltered  # from the pool's weather, as the sandbox's own controls are
        self.cursor = pool.duck.cursor()
        self.catalog = SessionCatalog(pool.catalog)
        self.in_transaction = self.failed = self._open = False
        self.row_count = self.nesting = 0
        self.request_id = ""  # of the statement that runs
        self.identity_insert: int | None = None  # the table of SET IDENTITY_INSERT ON
        self.date_format = "MDY"  # us_english's [sql/t-sql/statements/set-dateformat-transact-sql]
        self.variables: dict[str, object] = {}
        self._nocount = self._implicit = False
        self._lock_timeout_s: float | None = None
        self._changed_rows = 0  # of the transaction
        self._external: set[int] = set()  # external tables whose rows are there for the statement that runs
        self._cancelled = threading.Event()

    # --- what the wire calls ---

    def execute(self, sql: str, parameters: Mapping[str, object]) -> Iterable[Rows | RowCount]:
        """Run a batch: all of it is read first, then each statement runs. Raises SqlError, CancelledError or Disconnect."""
        self._cancelled.clear()
        if not self._sheltered:
            self.pool.weather.meet_statement()
        if len(parameters) > _MAX_PARAMETERS:
            raise SqlError(8003, f"The incoming request has too many parameters. The server supports a maximum of {_MAX_PARAMETERS} parameters.")
        self.variables = {name.lower(): value for name, value in parameters.items()}
        with self._failing():
            statements = read_batch(sql)
        yield from self.run_all(statements)

    def begin(self) -> None:
        """Start a transaction. Raises SqlError if one is open."""
        if self.in_transaction:
            raise nested_transaction()
        self.in_transaction, self.failed, self._changed_rows = True, False, 0

    def commit(self) -> None:
        """Commit as a driver asks for it, without a statement; faults know it as `COMMIT TRANSACTION`.

        Raises 111214 without a transaction, 111233 after an error in it, 1205 if another session was first.
        """
        self.pool.weather.meet_statement()
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
        self.pool.locks.release(self.session_id)

    def rollback(self) -> None:
        """Roll back; without a transaction, do nothing."""
        try:
            if self._open:
                self.cursor.execute("ROLLBACK")
        finally:
            self.in_transaction = self.failed = self._open = False
            self.pool.locks.release(self.session_id)

    def cancel(self) -> None:
        """Stop the statement that runs, if one does."""
        self._cancelled.set()
        self.cursor.interrupt()
        self.pool.locks.wake()

    def close(self) -> None:
        """Roll back and let go; the temporary tables go with the connection to DuckDB."""
        try:
            self.rollback()
        finally:
            self.cursor.close()
            self.pool.forget(self)

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

    def first(self, sql: str) -> tuple[object, ...] | None:
        """The first row of a query of DuckDB's; read to the end, as an unfinished result would block the next statement."""
        rows: list[tuple[object, ...]] = self.duck(sql).fetchall()
        return rows[0] if rows else None

    def translator(self) -> Translator:
        """A translator that knows this session's tables, variables and functions."""
        return Translator(self.catalog, self.variables, system_functions(self), partial(rights.read, self))

    @contextmanager
    def registered(self, name: str, rows: pa.Table) -> Iterator[None]:
        """Let DuckDB see rows under a name. In a transaction that failed they stay until it is rolled back, and are replaced by the next."""
        self.cursor.register(name, rows)
        try:
            yield
        finally:
            with suppress(duckdb.TransactionException):
                self.cursor.unregister(name)

    def prepare(self, reads: Reads) -> None:
        """Make ready what a statement reads: the rows of system views as of now, and those of external tables, once a statement."""
        for name in reads.views:
            self.cursor.register(name, VIEWS[name].arrow(self))
        for number, table in reads.externals.items():
            if number not in self._external:
                external_tables.read(self, table)
                self._external.add(number)

    def kinds(self, translated: Translated) -> list[DeclaredType]:
        """Every column's declared type; DuckDB says what the text did not."""
        self.prepare(translated.reads)
        found = self.duck(f"DESCRIBE {translated.sql}").fetchall()
        named = [kind for _, kind in translated.columns]
        known = named if len(named) == len(found) else [None] * len(found)
        return [kind or from_duck(str(row[1])) for kind, row in zip(known, found, strict=True)]

    def value(self, expression: str) -> object:
        """What a T-SQL expression is worth now."""
        translated = self.translator().query(f"SELECT {expression} AS value")
        self.prepare(translated.reads)
        rows = self.duck(translated.sql).fetchall()  # to the end: an unfinished result would block the next view
        return rows[0][0] if rows else None

    def changed(self, rows: int) -> None:
        """Count the rows that a statement has changed against the size of a transaction. Raises 9002."""
        self._changed_rows = self.pool.weather.meet_rows(rows + (self._changed_rows if self.in_transaction else 0))

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

    def run_all(self, statements: list[c.Statement]) -> Iterator[Rows | RowCount]:
        """Run one statement after the other."""
        for statement in statements:
            yield from self._run(statement)

    def _run(self, statement: c.Statement) -> Iterator[Rows | RowCount]:
        command = statement.command
        with self._failing():
            self._check_state(command)
            if isinstance(command, _FLOW):
                yield from self._flow(command)
                return
        request = None if isinstance(command, _QUIET) else self.pool.requests.start(self.session_id, statement.text, getattr(command, "label", None))
        self.request_id = request.request_id if request else ""
        with self._failing(), self._recorded(request), self._locked(command), self._externals():
            self._meet_faults(statement.text)
            rights.meet(self, command)
            yield from self._answers(command)
            if self.pool.faults.take("disconnect_after", statement.text):
                raise Disconnect

    def _flow(self, command: _FLOW) -> Iterator[Rows | RowCount]:
        match command:
            case c.If():
                yield from self.run_all(command.then if self._holds(command.condition) else command.otherwise)
            case c.While():
                while self._holds(command.condition):
                    self.check_cancelled()
                    yield from self.run_all(command.body)
            case c.Block():
                yield from self.run_all(command.statements)
            case c.Execute():
                text = "".join(str(self.variables.get(part, "")) if variable else part for variable, part in command.parts)
                yield from modules.run_text(self, text, self.variables)

    @contextmanager
    def _recorded(self, request: Request | None) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if request:
                request.end(
                    "Cancelled" if isinstance(error, CancelledError) else "Failed",
                    f"{error.number}: {error.message}" if isinstance(error, SqlError) else type(error).__name__,
                )
            raise
        if request:
            request.end("Completed")

    @contextmanager
    def _locked(self, command: c.Command) -> Iterator[None]:
        """Hold the locks of what a statement changes, until the transaction ends; wait for those of others."""
        wanted = mode_of(self.catalog, command)
        try:
            for number, mode in wanted:
                self.pool.locks.acquire(self.session_id, number, mode, cancelled=self._cancelled, timeout_s=self._lock_timeout_s)
            yield
        finally:
            if wanted and not self.in_transaction:
                self.pool.locks.release(self.session_id)

    @contextmanager
    def _externals(self) -> Iterator[None]:
        """The rows of external tables go with the statement that read them."""
        try:
            yield
        finally:
            while self._external:
                with suppress(duckdb.TransactionException):  # a transaction that failed takes them along
                    self.cursor.execute(f"DROP TABLE IF EXISTS temp.main.external_{self._external.pop()}")

    def _check_state(self, command: c.Command) -> None:
        rollback = isinstance(command, c.Transaction) and command.verb == "rollback"
        if self.failed and not rollback:
            raise aborted()
        if self.in_transaction and isinstance(command, Ddl):
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
            raise fault.error()

    def _answers(self, command: c.Command) -> Iterator[Rows | RowCount]:
        if isinstance(command, c.Query):
            yield from query(self, command)
            return
        if isinstance(command, c.Procedure):
            yield from modules.call(self, command)
            return
        rows = self._change(command)
        if rows is not None:
            self.row_count = rows
        yield RowCount(None if self._nocount else rows)

    def _change(self, command: c.Command) -> int | None:
        match command:
            case c.Insert() | c.Delete() | c.Update() | c.Merge():
                self.pool.weather.meet_write(command)
                return dml.run(self, command)
            case c.Copy():
                self.pool.weather.meet_write(command)
                return copy_into.run(self, command)
            case Ddl():
                self.pool.weather.meet_write(command)
                ddl.run(self, command)
            case _:
                self._small(command)
        return None

    def _small(self, command: c.Command) -> None:
        match command:
            case c.Transaction():
                self._transaction(command.verb)
            case c.Declare():
                self._declare(command)
            case c.Declarations():
                for one in command.variables:
                    self._declare(one)
            case c.SetOption():
                self._set_option(command)
            case c.SetIdentityInsert():
                self.identity_insert = identity_insert(self, command)
            case c.Throw():
                raise SqlError(command.number, str(self.value(command.message)), severity=command.severity)

    def _set_option(self, command: c.SetOption) -> None:
        match command.option:
            case "NOCOUNT":
                self._nocount = command.on
            case "IMPLICIT_TRANSACTIONS":
                self._implicit = command.on
            case "DATEFORMAT":
                self.date_format = command.value
            case "LOCK_TIMEOUT":
                self._lock_timeout_s = None if command.value.startswith("-") else int(command.value) / 1000

    def _transaction(self, verb: str) -> None:
        if verb == "rollback" and not self.in_transaction:
            raise no_transaction()
        {"begin": self.begin, "commit": self._commit, "rollback": self.rollback}[verb]()

    def _declare(self, command: c.Declare) -> None:
        if command.type is None and command.name not in self.variables:
            raise SqlError(137, f'Must declare the scalar variable "{command.name}".', severity=15)
        self.variables[command.name] = self.value(command.value) if command.value else None

    def _holds(self, condition: str) -> bool:
        return bool(self.value(f"CASE WHEN {condition} THEN 1 ELSE 0 END"))
