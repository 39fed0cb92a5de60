"""Locks on tables: who changes a table's rows holds it until the transaction ends, and the next one waits, as a pool lets it.

A pool locks rows, pages and segments, and objects for DDL [sql/relational-databases/system-dynamic-management-views/sys-dm-pdw-waits-transact-sql,
sql/t-sql/statements/rename-transact-sql "Locking behavior"]; here it is whole tables, and inserts alone do not wait for each other. Readers wait for
nobody: a pool reads uncommitted.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals.errors import deadlock, lock_timeout
from sandbox.tds.session import CancelledError

if TYPE_CHECKING:
    from sandbox.synapse.catalog import SessionCatalog

Mode = Literal["insert", "exclusive"]


class TableLocks:
    """The locks of all sessions."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[int, dict[str, Mode]] = {}
        self._waiting: dict[str, tuple[int, Mode]] = {}

    def acquire(self, session_id: str, table: int, mode: Mode, *, cancelled: threading.Event, timeout_s: float | None) -> None:
        """Hold a lock, waiting for as long as another session's stands against it. Raises 1205 in a circle, 1222, CancelledError."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            try:
                while self._against(session_id, table, mode):
                    if session_id not in self._waiting:
                        self._waiting[session_id] = (table, mode)
                        self._changed.notify_all()
                    if self._in_circle(session_id):
                        raise deadlock()
                    left = None if until is None else until - time.monotonic()
                    if left is not None and left <= 0:
                        raise lock_timeout()
                    self._changed.wait(left)
                    if cancelled.is_set():
                        raise CancelledError("The statement was cancelled")
            finally:
                self._waiting.pop(session_id, None)
            held = self._held.setdefault(table, {})
            held[session_id] = "exclusive" if "exclusive" in {mode, held.get(session_id)} else "insert"

    def _against(self, session_id: str, table: int, mode: Mode) -> set[str]:
        others = {other: held for other, held in self._held.get(table, {}).items() if other != session_id}
        return {other for other, held in others.items() if "exclusive" in {mode, held}}

    def _in_circle(self, session_id: str) -> bool:
        """Whether those that are waited for wait, in the end, for this session."""
        seen: set[str] = set()
        ahead = [session_id]
        while ahead:
            one = ahead.pop()
            if one not in self._waiting:
                continue
            for other in self._against(one, *self._waiting[one]):
                if other == session_id:
                    return True
                if other not in seen:
                    seen.add(other)
                    ahead.append(other)
        return False

    def release(self, session_id: str) -> None:
        """Let go of all that a session holds."""
        with self._changed:
            for table in [table for table, held in self._held.items() if session_id in held]:
                del self._held[table][session_id]
                if not self._held[table]:
                    del self._held[table]
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those that wait see that they were cancelled."""
        with self._changed:
            self._changed.notify_all()

    def until_queued(self, session_id: str, timeout_s: float) -> bool:
        """Wait until a session waits for a lock; False if it did not come to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: session_id in self._waiting, timeout_s)

    def waits(self) -> list[tuple[str, int, Mode, str]]:
        """Who holds or waits: session, table, mode, and `Granted` or `Queued`."""
        with self._changed:
            held = [(session, table, mode, "Granted") for table, holders in self._held.items() for session, mode in holders.items()]
            return held + [(session, table, mode, "Queued") for session, (table, mode) in self._waiting.items()]


_ON_TABLES = (
    d.Truncate, d.AddColumns, d.DropColumns, d.AlterColumn, d.AddKey, d.AddDefault, d.DropConstraint, d.SplitRange, d.Rename, d.Transfer,
)  # fmt: skip


def mode_of(catalog: SessionCatalog, command: c.Command) -> list[tuple[int, Mode]]:
    """The tables that a statement locks, by id; a temporary table is nobody else's."""
    wanted: list[tuple[d.Name, Mode]] = []
    match command:
        case c.Insert() | c.Copy():
            wanted = [(command.name, "insert")]
        case c.Delete() | c.Update() | c.Merge():
            wanted = [(command.name, "exclusive")]
        case d.SwitchPartition():
            wanted = [(command.name, "exclusive"), (command.to, "exclusive")]
        case d.DropTable():
            wanted = [(name, "exclusive") for name in command.names]
        case d.CreateIndex() | d.DropIndex() | d.Rebuild():
            wanted = [(command.table, "exclusive")]
        case _ if isinstance(command, _ON_TABLES):
            wanted = [(command.name, "exclusive")]
    found = [(catalog.find(name), mode) for name, mode in wanted]
    return sorted((table.object_id, mode) for table, mode in found if table is not None and not table.temporary)
