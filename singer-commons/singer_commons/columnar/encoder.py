"""Arrow batches to lines of JSON, by DuckDB: `json_sql` says how, `columns` what goes another way before."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pyarrow import types

from singer_commons.columnar.columns import parts, reading
from singer_commons.columnar.json_sql import Envelope, Member, line
from singer_commons.errors import SuiteError
from singer_commons.signals import held_signals

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

FIRST_ROWS = 1_000  # of the first batch alone: the lines of all 14,000 or so of a PostgreSQL batch took a fifth of a second on a busy machine


class LineEncoder:
    """Makes a line for each row: those of RECORD messages, or the bare objects of a file.

    `raw_json` names the columns whose text is JSON already and goes through as it stands. Raises TypeError for a type that has no exact JSON.
    """

    def __init__(self, schema: pa.Schema, envelope: Envelope, *, raw_json: Collection[str] = ()) -> None:
        self._envelope = envelope
        self._readings = [reading(field.type) for field in schema]
        # Columns go by number inside DuckDB: there, names that differ only in case would be one.
        self._columns = [f"c{number}" for number in range(len(schema))]
        self._members = [
            Member(field.name, column, how.kind, how.is_json or field.name in raw_json)
            for field, column, how in zip(schema, self._columns, self._readings, strict=True)
        ]
        self._connection = duckdb.connect(config={"threads": 2})
        self._connection.execute("SET timezone='UTC'")  # not in `config`: duckdb 2.0 then wants to load icu from the network
        self._connection.execute("SET arrow_large_buffer_size=true")  # 64-bit offsets: a block may pass 2 GiB

    def lines(self, batch: pa.RecordBatch) -> Iterator[memoryview]:
        """The lines of the batch in its order, in one block or more; each block holds whole lines. Raises SuiteError for text that is not UTF-8."""
        for lines in self.batches(batch):
            yield payload(lines.column(0))

    def batches(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """The same as batches of one column, a line a row."""
        if not batch.num_rows:
            return []
        _refuse_other_than_utf8(batch)
        arrays = [how.of(column) for how, column in zip(self._readings, batch.columns, strict=True)]
        self._connection.register("batch", pa.table(arrays, names=self._columns) if arrays else _rows_alone(batch.num_rows))
        made = line(self._envelope, self._members, datetime.now(UTC).isoformat())
        with held_signals():  # of a signal's exception, DuckDB makes a RuntimeError of its own
            lines: pa.Table = self._connection.sql(f"SELECT {made} FROM batch").to_arrow_table()  # noqa: S608 - names and literals are quoted
        return list(lines.to_batches())


def encoded(batches: Generator[pa.RecordBatch, None, None], envelope: Envelope, raw_json: Collection[str]) -> Generator[pa.RecordBatch, None, None]:
    """The rows of batches, all of one schema, as batches of one column, a line a row. The first is a small one, so that whoever reads the lines can begin."""
    encoder: LineEncoder | None = None
    with closing(batches):
        for batch in batches:
            rest = batch
            if encoder is None:
                encoder, rest = LineEncoder(batch.schema, envelope, raw_json=raw_json), batch.slice(FIRST_ROWS)
                yield from encoder.batches(batch.slice(0, FIRST_ROWS))
            yield from encoder.batches(rest)


def _refuse_other_than_utf8(batch: pa.RecordBatch) -> None:
    """DuckDB would make an empty text of it without a word. Costs 13 ns a text."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            _validate_texts(column)
        except pa.ArrowInvalid as error:
            raise SuiteError(
                f"column `{name}` cannot be written as JSON: {error}", hint="convert it to UTF-8 in the query, or leave it out"
            ) from error


def _validate_texts(column: pa.Array) -> None:
    kind = column.type
    if not any(map(types.is_decimal, parts(kind))):
        column.validate(full=True)
    # Not the numbers: DuckDB gives a HUGEINT as decimal128(38, 0), whose greatest have 39 digits. They arrive whole, and validate() refuses them.
    elif types.is_struct(kind):
        for part in column.flatten():
            _validate_texts(part)
    elif types.is_map(kind):
        _validate_texts(column.keys)
        _validate_texts(column.items)
    elif types.is_nested(kind):
        _validate_texts(column.flatten())


def _rows_alone(rows: int) -> pa.Table:
    return pa.table([pa.nulls(rows)], names=["nothing"])


def payload(column: pa.Array) -> memoryview:
    """The bytes of a string column end to end, without the padding of its buffer."""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("q" if types.is_large_string(column.type) else "i")
    return memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]
