"""Strikes the statements of a load, or its calls of pipelines, one after the other until all were struck: each as it goes out, a few apart from the one before.

A load repeats what a failure ended. So a test does not count statements: it knows one by its text, without what changes from run to run, and goes on
with loads until one has come to its end without a statement that is new.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_commons import http
from target_synapse.pool.connection import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from synapse_support.stand_ins import PoolProcess

COMMIT = "COMMIT TRANSACTION"
CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|\d+")  # ids of runs and loads, numbers of test schemas


def alike(text: str) -> str:
    """A statement, or the address of a request, as all runs have it."""
    return CHANGING.sub("0", text)


class Strikes:
    """Has `strike` plan a fault for what goes out next, where it has not been struck yet; `missed` says whether the fault found nothing."""

    def __init__(self, strike: Callable[[str], None], missed: Callable[[], bool] = lambda: False, *, apart: int = 6) -> None:
        self._strike, self._missed, self._apart, self._since = strike, missed, apart, apart
        self.struck: list[str] = []
        self.idle: set[str] = set()

    @classmethod
    def at_statements(cls, pool: PoolProcess, kind: str) -> Strikes:
        """Those of a kind of fault. The stand-in strikes an `IF` in what it does, so one that has nothing to do is left for later."""

        def missed():
            waits = bool(pool.order(waiting=True))
            pool.order(clear=True)
            return waits

        return cls(lambda text: pool.fault(kind, "^COMMIT" if text == COMMIT else ""), missed)

    def until_all_are_struck(self) -> Iterator[list[str]]:
        """Go on with loads; the list of each is what was struck in it."""
        while True:
            found: list[str] = []
            before, self._since = len(self.struck), self._apart
            yield found
            if len(self.struck) == before:
                return

    def meet(self, text, work):
        known = alike(text)
        self._since += 1
        if self._since <= self._apart or known in self.struck:
            return work()
        since, self._since = self._since, 0
        self.struck.append(known)
        self._strike(text)
        found = work()
        if self._missed():
            self.idle.add(self.struck.pop())
            self._since = since
        return found


class WatchedCursor:
    def __init__(self, strikes, cursor):
        self._strikes, self._cursor = strikes, cursor

    def execute(self, sql, *parameters):
        return self._strikes.meet(sql, lambda: self._cursor.execute(sql, *parameters))

    def __getattr__(self, name):
        return getattr(self._cursor, name)


class WatchedConnection:
    def __init__(self, strikes, connection):
        self.__dict__.update(strikes=strikes, connection=connection)

    def cursor(self):
        return WatchedCursor(self.strikes, self.connection.cursor())

    def commit(self):
        self.strikes.meet(COMMIT, self.connection.commit)

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def __setattr__(self, name, value):
        setattr(self.connection, name, value)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, strikes: Strikes) -> Iterator[None]:
    """Every statement and commit inside is met."""
    opened = Pool._open

    def watching(pool):
        if not isinstance(pool._connection, WatchedConnection):
            opened(pool)
            pool._connection = WatchedConnection(strikes, pool._connection)
        return pool._connection

    with monkeypatch.context() as patch:
        patch.setattr(Pool, "_open", watching)
        yield


@contextmanager
def calls_watched(monkeypatch: pytest.MonkeyPatch, strikes: Strikes) -> Iterator[None]:
    """Every call of pipelines inside is met."""
    asked = http._Session.request

    def watching(session, method, url, **more):
        return strikes.meet(url, lambda: asked(session, method, url, **more))

    with monkeypatch.context() as patch:
        patch.setattr(http._Session, "request", watching)
        yield
