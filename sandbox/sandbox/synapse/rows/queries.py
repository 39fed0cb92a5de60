"""Runs SELECT: into variables, or as rows that are fetched while the client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from sandbox.synapse.refusals.duck_errors import from_duckdb
from sandbox.synapse.rows.results import LazyRows, reader_of
from sandbox.tds.session import Column, RowCount, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.session import PoolSession

_FETCH_ROWS: Final = 5_000  # rows taken from DuckDB at a time


def query(session: PoolSession, command: c.Query) -> Iterator[Rows | RowCount]:
    """SELECT; one that assigns variables has no result."""
    translated = session.translator().query(command.text)
    kinds = session.kinds(translated)
    result = session.duck(translated.sql)
    if command.assigns:
        row = result.fetchone()
        for place, (name, _) in enumerate(command.assigns):
            if row is not None:  # without a row the variables keep what they hold
                session.variables[name] = row[place]
        return
    names = [str(entry[0]) for entry in result.description or []]
    given = [name for name, _ in translated.columns]
    shown = given if len(given) == len(names) else names
    columns = [Column(name, kind.wire()) for name, kind in zip(shown, kinds, strict=True)]
    rows = LazyRows(_fetched(session, result, [reader_of(kind) for kind in kinds]))
    try:
        yield Rows(columns, rows)
        rows.hold()
    finally:
        session.cursor.abort()  # a client that went on without reading to the end


def _fetched(
    session: PoolSession, result: duckdb.DuckDBPyConnection, readers: list[Callable[[object], object] | None]
) -> Generator[Sequence[object]]:
    session.row_count = 0
    plain = not any(readers)
    while True:
        session.check_cancelled()
        try:
            block = result.fetchmany(_FETCH_ROWS)
        except duckdb.Error as error:
            raise from_duckdb(error) from error
        if not block:
            return
        session.row_count += len(block)
        for row in block:
            yield row if plain else [read(value) if read and value is not None else value for read, value in zip(readers, row, strict=True)]
