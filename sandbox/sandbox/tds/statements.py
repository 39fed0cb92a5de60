"""Runs a batch in the engine, and writes its results as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sandbox.tds import columns
from sandbox.tds.session import CancelledError, RowCount, Rows, Session
from sandbox.tds.tokens import Command, DoneKind

if TYPE_CHECKING:
    from sandbox.tds.reply import Reply

Stopped = Callable[[], bool]
T = TypeVar("T")


def execute(session: Session, sql: str, parameters: Mapping[str, object], *, reply: Reply, kind: DoneKind, stopped: Stopped) -> None:
    """Run `sql`; a batch in which nothing reports a result ends with one DONE all the same.

    Raises what the engine raises, and CancelledError once `stopped` says so, whatever the engine still has to give.
    """
    _check(stopped)
    any_result = False
    with _closing(session.execute(sql, parameters)) as results:
        for result in results:
            any_result = True
            write(result, reply, kind, stopped)
            _check(stopped)
    if not any_result and kind is DoneKind.BATCH:
        reply.done(kind)


def write(result: Rows | RowCount, reply: Reply, kind: DoneKind, stopped: Stopped) -> None:
    """Write one result. Rows go out as they are made: none is kept."""
    if isinstance(result, RowCount):
        reply.done(kind, command=Command.NONE if result.rows is None else Command.INSERT, rows=result.rows)
        return
    writers = [columns.ColumnWriter(column.type) for column in result.columns]
    reply.add(columns.metadata(result.columns, writers))
    count = 0
    with _closing(result.rows) as rows:
        for values in rows:
            _check(stopped)
            reply.add(columns.row(writers, values))
            count += 1
    reply.done(kind, command=Command.SELECT, rows=count)


def _check(stopped: Stopped) -> None:
    if stopped():
        raise CancelledError


@contextmanager
def _closing(found: Iterable[T]) -> Iterator[Iterable[T]]:
    """Close a generator that was not read to its end, so that the engine lets go at once."""
    try:
        yield found
    finally:
        close = getattr(found, "close", None)
        if close is not None:
            close()
