"""A process that dies at a statement, played inside the test's own: from that statement on nothing reaches pool, pipelines or storage, and nothing is cleaned up."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_commons import http
from target_synapse.pool.connection import Pool
from target_synapse.staging.store import StagingStore

from synapse_support.striking import COMMIT, alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Killed(BaseException):
    """Like a signal: no `except Exception` sees it."""


class Death:
    """Comes at statement number `after`: before it reaches the pool, or when it is `done` there. Commits count."""

    def __init__(self, after: int, *, done: bool) -> None:
        self.left, self.done, self.connections, self.has_come = after, done, [], False

    def is_due(self, text):
        del text
        self.left -= 1
        return self.left == 0

    def meet(self, text, work):
        if self.has_come or ((is_due := self.is_due(text)) and not self.done):
            self.strike()
        found = work()
        if is_due:
            self.strike()
        return found

    def strike(self):
        self.has_come = True
        for one in self.connections:
            one.close()  # the pool sees that the client is gone, and rolls back
        raise Killed


class NewDeath(Death):
    """Comes at the first statement that is not among the `known` ones, and adds it to them. So do calls to pipelines."""

    def __init__(self, known: list[str], *, done: bool) -> None:
        super().__init__(0, done=done)
        self.known = known

    def is_due(self, text):
        if is_new := alike(text) not in self.known:
            self.known.append(alike(text))
        return is_new


class DeathAt(Death):
    """Comes before the statement that begins so, at the n-th of them."""

    def __init__(self, start: str, number: int) -> None:
        super().__init__(number, done=False)
        self.start = start

    def is_due(self, text):
        return text.startswith(self.start) and super().is_due(text)


class DyingCursor:
    def __init__(self, death, cursor):
        self._death, self._cursor = death, cursor

    def execute(self, sql, *parameters):
        self._death.meet(sql, lambda: self._cursor.execute(sql, *parameters))
        return self

    def close(self):
        if not self._death.has_come:
            self._cursor.close()

    def __getattr__(self, name):
        return getattr(self._cursor, name)


class DyingConnection:
    def __init__(self, death, connection):
        self.__dict__.update(death=death, connection=connection)
        death.connections.append(connection)

    def cursor(self):
        if self.death.has_come:
            raise Killed
        return DyingCursor(self.death, self.connection.cursor())

    def commit(self):
        self.death.meet(COMMIT, self.connection.commit)

    def close(self):
        if not self.death.has_come:
            self.connection.close()

    def __setattr__(self, name, value):
        setattr(self.connection, name, value)


@contextmanager
def killed_by(monkeypatch: pytest.MonkeyPatch, death: Death) -> Iterator[None]:
    """Everything that connects inside dies, with Killed."""
    opened, asked, removed = Pool._open, http._Session.request, StagingStore.remove

    def dying(pool):
        if death.has_come:
            raise Killed
        if not isinstance(pool._connection, DyingConnection):
            opened(pool)
            pool._connection = DyingConnection(death, pool._connection)
        return pool._connection

    def removing(store, paths):
        if not death.has_come:
            removed(store, paths)

    with monkeypatch.context() as patch:
        patch.setattr(Pool, "_open", dying)
        patch.setattr(StagingStore, "remove", removing)
        if isinstance(death, NewDeath):
            patch.setattr(http._Session, "request", lambda session, method, url, **more: death.meet(url, lambda: asked(session, method, url, **more)))
        yield


def killed_after(monkeypatch: pytest.MonkeyPatch, statements: int, *, done: bool):
    """Everything that connects inside dies after so many statements, with Killed."""
    return killed_by(monkeypatch, Death(statements, done=done))
