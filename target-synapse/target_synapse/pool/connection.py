"""The connection to the pool: statements in autocommit, transactions for DML, and a new connection after each failure of the old one."""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from singer_commons.accounts import Calls
from singer_commons.errors import SuiteError

from target_synapse.pool import odbc
from target_synapse.pool.patience import ATTEMPTS, Patience, TransientSqlError
from target_synapse.pool.token_login import TokenLogin
from target_synapse.settings.connection import DEFAULT_PORT
from target_synapse.sql.quoting import labelled
from target_synapse.tables.naming import run_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DROP_ATTEMPTS = 2
LOGIN_TIMEOUT_S = 30  # a pool's gateway answers within seconds, or not at all

Result = TypeVar("Result")
logger = logging.getLogger("target-synapse")


class Pool:
    """A dedicated SQL pool, as far as a loader needs it. One statement at a time; not for use by several threads.

    With a run's id every query has a label, and every session the id in its name: by that an administrator finds what takes no label, too.
    """

    def __init__(self, config: Mapping[str, Any], run_id: str = "", *, first_wait_s: float = 1.0) -> None:
        self._config, self._run_id = config, run_id
        self._patience = Patience(first_wait_s, float(config.get("wait_for_pool_s") or 0), sleep=self._counted_sleep)
        self.host, self.port = str(config["host"]), int(config.get("port") or DEFAULT_PORT)
        self._connection: Any = None
        self._was_open = False
        self._login = TokenLogin(config)
        self.calls = Calls()

    def execute(self, sql: str, *parameters: str | float, doing: str) -> int:
        """Run one statement; returns how many rows it touched, -1 if the pool does not say."""
        # `closing`, not the cursor's own `with`: pyodbc's commits the transaction when it ends.
        with self._failures(doing), closing(self._open().cursor()) as cursor:
            self.calls.called()
            cursor.execute(sql, *parameters)
            return int(cursor.rowcount)

    def run(self, sql: str, *, doing: str) -> None:
        """Run somebody else's batch of statements to its very end: closing the cursor before would cut it off, and hide what fails in it."""
        with self._failures(doing), closing(self._open().cursor()) as cursor:
            self.calls.called()
            cursor.execute(sql)
            while cursor.nextset():
                pass

    def rows(self, sql: str, *, doing: str) -> list[Sequence[Any]]:
        """Run one query and return all its rows."""
        told = labelled(sql, f"{run_name(self._run_id)} step=read") if self._run_id else sql
        with self._failures(doing), closing(self._open().cursor()) as cursor:
            self.calls.called()
            return list(cursor.execute(told).fetchall())

    def number(self, sql: str, *, doing: str) -> int:
        """Run a query that answers with one number."""
        return int(self.rows(sql, doing=doing)[0][0])

    @contextmanager
    def transaction(self, *, doing: str) -> Iterator[None]:
        """Commit what the block executes, or roll it back. A TransientSqlError out of the commit leaves open which of the two happened."""
        connection = self._open()
        with self._failures(doing):
            connection.autocommit = False
        try:
            yield
            with self._failures(f"{doing}, at the commit"):
                connection.commit()
        except BaseException:
            # A failed transaction takes nothing but ROLLBACK (error 111233); closing the connection is the one that always works.
            self.close()
            raise
        with self._failures(doing):
            connection.autocommit = True

    def repeated(self, work: Callable[[], Result], *, attempts: int = ATTEMPTS) -> Result:
        """Do the work again, on a new connection, while passing failures end it. The work must bear being repeated."""
        return self._patience.repeated(work, attempts=attempts)

    def drop(self, what: str, sql: str) -> bool:
        """Drop what nobody needs any more; returns whether it is gone. A failure is only told.

        A connection that is lost just then gets a second try, since nobody else comes for it until a sweep hours later. A pool that is gone gets none.
        """
        again = Patience(self._patience.first_wait_s, sleep=self._counted_sleep)
        attempts = 1 if self._connection is None else DROP_ATTEMPTS
        try:
            again.repeated(lambda: self.execute(sql, doing="it cannot be dropped"), attempts=attempts)
        except SuiteError as error:
            logger.warning("%s stays: %s", what, error)
            return False
        return True

    def _counted_sleep(self, seconds: float) -> None:
        from tenacity import nap  # noqa: PLC0415 - not for `--version`

        nap.sleep(seconds)
        self.calls.waited(seconds)

    def close(self) -> None:
        """Let go of the connection; what was not committed is rolled back by the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # noqa: BLE001 - the link may be down already; the next one is new anyway
                logger.debug("The connection was closed by the other side")

    def _open(self) -> Any:
        if self._connection is None:
            pyodbc = odbc.load_pyodbc()
            driver = odbc.find_driver(pyodbc, self._config.get("odbc_driver"))
            text = odbc.connection_string(self._config, driver, application=run_name(self._run_id))
            with self._failures(f"cannot connect to {self._config['host']}"):
                self._connection = pyodbc.connect(text, autocommit=True, timeout=LOGIN_TIMEOUT_S, attrs_before=self._login.attributes())
            self._was_open = True
        return self._connection

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        pyodbc = odbc.load_pyodbc()
        try:
            yield
        except pyodbc.Error as error:
            told = odbc.suite_error(odbc.failure(error), doing, was_open=self._was_open)
            if isinstance(told, TransientSqlError):
                self.close()
            raise told from error
