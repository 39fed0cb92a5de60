"""Arrow tables to lines of CSV, a block at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as arrow
from singer_commons.columnar.encoder import payload
from singer_commons.columnar.types import is_raw_json
from singer_commons.signals import held_signals

from target_synapse.columns.fields import ANYTHING, Field, Seen, field, is_text
from target_synapse.columns.json_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_synapse.rows.types import SqlType
    from target_synapse.tables.ensure import LoadPlan

ZONED = re.compile(r":[0-9.]+(Z|[+-][0-9:]+)$")


@dataclass(frozen=True, slots=True)
class Lines:
    """Consecutive rows: what they say, end to end, and their whole lines, from the row `start` of the table on."""

    start: int
    rows: int
    content: memoryview
    lines: memoryview


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table's lines; `refused` are the places, from 0, of rows that must go one by one."""

    content: pa.Array
    lines: pa.Array
    refused: Sequence[int]

    def without(self, more: Sequence[int]) -> Encoded:
        """The same, with more rows refused."""
        return replace(self, refused=sorted({*self.refused, *more})) if more else self

    def runs(self) -> Iterator[Lines | int]:
        """All rows in their order: runs of lines, and the place of each refused row."""
        for before, place in pairwise([-1, *self.refused, len(self.lines)]):
            start, rows = before + 1, place - before - 1
            if rows:
                yield Lines(start, rows, payload(self.content.slice(start, rows)), payload(self.lines.slice(start, rows)))
            if place < len(self.lines):
                yield place


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all encoders, each with a cursor of its own: to start it takes 30 ms. Text has 64-bit offsets, as a block may pass 2 GiB."""
    return duckdb.connect(config={"threads": 1, "arrow_large_buffer_size": True})


class TableEncoder:
    """Makes the lines of one plan.

    `content` and `tail` name its properties as `RowWriter` parts them: what a row says, and its metadata. Names may be missing in a table.
    """

    def __init__(self, plan: LoadPlan, content: Sequence[str], tail: Sequence[str]) -> None:
        self._plan, self._content, self._tail = plan, content, tail
        self._kinds = [plan.columns[name].type for name in (*content, *tail)]
        self._connection = _engine().cursor()

    def encode(self, table: pa.Table, place: int) -> Encoded:
        """The lines of a table whose first row has this place in the batch. Raises ArrowInvalid for text that is no UTF-8."""
        names, columns, fields = [*self._content, *self._tail], [], []
        unread: set[int] = set()
        for number, (name, kind) in enumerate(zip(names, self._kinds, strict=True)):
            column = _prepared(table, name, kind, unread)
            try:
                seen = Seen.of(column) if is_text(column.type) else ANYTHING
                fields.append(field(kind, column.type, f"c{number}", seen))
            except TypeError:
                column = pc.is_valid(column)
                fields.append(Field("''", f"c{number}"))
            columns.append(column)
        refused = [f"({one.refused})" for one in fields if one.refused]
        refused += [f"c{names.index(key)} IS NULL" for key in self._plan.keys]
        places = pa.array(range(place, place + table.num_rows), pa.int64())
        block = pa.table([*columns, places], names=[*(f"c{number}" for number in range(len(columns))), "place"])
        content = joined(fields[: len(self._content)])
        tail = joined(fields[len(self._content) :]) + ", place"
        made = self._made(block, content, tail, " OR ".join(refused) or "false")
        return replace(made, refused=sorted(unread.union(made.refused))) if unread else made

    def _made(self, block: pa.Table, content: str, tail: str, refused: str) -> Encoded:
        self._connection.register("block", block)
        try:
            sql = f"SELECT concat({content}) AS content, concat({tail}, chr(10)) AS tail, coalesce({refused}, false) AS refused FROM block"  # noqa: S608 - made of numbers and our own patterns
            with held_signals():  # of a signal's exception, DuckDB makes a RuntimeError of its own
                made = self._connection.sql(sql).to_arrow_table().combine_chunks()
        finally:
            self._connection.unregister("block")
        if not made.num_rows:
            return Encoded(pa.array([], pa.large_string()), pa.array([], pa.large_string()), ())
        said, ends, bad = (column.chunk(0) for column in made.columns)
        lines = pc.binary_join_element_wise(said, ends, pa.scalar("", pa.large_string()))
        return Encoded(said, lines, pc.indices_nonzero(bad).to_pylist())


def joined(fields: Sequence[Field]) -> str:
    """The arguments of a concat() of fields, each with a comma behind it. The texts between two fields are one argument: each costs 0.04 us a row."""
    arguments, between = [], ""
    for one in fields:
        quote = '"' if one.is_quoted else ""
        arguments += [f"'{between}{quote}'", one.pieces]
        between = f"{quote},"
    return ", ".join([*arguments, f"'{between}'"])


def _prepared(table: pa.Table, name: str, kind: SqlType, unread: set[int]) -> pa.ChunkedArray:
    """The column as `field` can take it; of nulls alone if the table has none. The places of unreadable JSON are added to `unread`."""
    place = table.schema.get_field_index(name)
    if place < 0:
        return pa.chunked_array([pa.nulls(table.num_rows)])
    column = table.column(place)
    column.validate(full=True)  # DuckDB makes '' of text that is no UTF-8
    if arrow.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_raw_json(table.schema.field(place)):
        column, places = plain_text(column)
        unread.update(places)
    if kind.name == "datetime2" and (arrow.is_string(column.type) or arrow.is_large_string(column.type)):
        column = _parsed(column)
    if arrow.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit))  # the same instant in UTC
    return column


def _parsed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The moments of the texts, if all of them are written in one of the common ways, and like the first in whether they name a zone; else the texts."""
    first = next((text.as_py() for chunk in column.chunks for text in chunk.drop_null()[:1]), "")
    try:
        return column.cast(pa.timestamp("us", "UTC" if ZONED.search(first) else None))
    except pa.ArrowInvalid:
        return column
