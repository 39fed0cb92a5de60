"""A process that dies at a statement, played inside the test's own: from that statement on nothing reaches the pool, and nothing is cleaned up."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from target_synapse.pool.connection import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Killed(BaseException):
    """Like a signal: no `except Exception` sees it."""


class Death:
    """Comes at statement number `after`: before it reaches the pool, or when it is `done` there. Commits count."""

    def __init__(self, after: int, *, done: bool) -> None:
        self.left, self.done, self.connections = after, done, []

    def meet(self, work):
        self.left -= 1
        if self.left < 0 or (self.left == 0 and not self.done):
            self.strike()
        found = work()
        if self.left == 0:
            self.strike()
        return found

    def strike(self):
        self.left = -1
        for one in self.connections:
            one.close()  # the pool sees that the client is gone, and rolls back
        raise Killed


class DyingCursor:
    def __init__(self, death, cursor):
        self._death, self._cursor = death, cursor

    def execute(self, sql):
        self._death.meet(lambda: self._cursor.execute(sql))
        return self

    def close(self):
        if self._death.left >= 0:
            self._cursor.close()

    def __getattr__(self, name):
        return getattr(self._cursor, name)


class DyingConnection:
    def __init__(self, death, connection):
        self.__dict__.update(death=death, connection=connection)
        death.connections.append(connection)

    def cursor(self):
        if self.death.left < 0:
            raise Killed
        return DyingCursor(self.death, self.connection.cursor())

    def commit(self):
        self.death.meet(self.connection.commit)

    def close(self):
        if self.death.left >= 0:
            self.connection.close()

    def __setattr__(self, name, value):
        setattr(self.connection, name, value)


@contextmanager
def killed_after(monkeypatch: pytest.MonkeyPatch, statements: int, *, done: bool) -> Iterator[None]:
    """Everything that connects inside dies after so many statements, with Killed."""
    death, opened = Death(statements, done=done), Pool._open

    def dying(pool):
        if death.left < 0:
            raise Killed
        if not isinstance(pool._connection, DyingConnection):
            opened(pool)
            pool._connection = DyingConnection(death, pool._connection)
        return pool._connection

    with monkeypatch.context() as patch:
        patch.setattr(Pool, "_open", dying)
        yield
