"""A stream of Arrow batches: whole blocks of RECORD lines where nothing wants to see single records, else the record path over the same lines."""

from __future__ import annotations

import json
from abc import abstractmethod
from contextlib import closing
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_commons.columnar.batch_sync import BatchFiles, file_format
from singer_commons.signals import held_signals
from singer_commons.states import StatePace
from singer_commons.stream import TOP_LEVEL, SuiteStream
from singer_commons.writer import WholeLineWriter

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping

    import pyarrow as pa
    from singer_sdk.helpers._batch import BatchConfig

    from singer_commons.columnar.json_sql import Envelope


class ColumnarStream(SuiteStream):
    """A stream whose subclass yields Arrow batches of the selected columns.

    Stream maps, flattening, nested selection and record limits go through the record path: the same values, slower.
    """

    raw_json_columns: Collection[str] = ()  # columns whose text is JSON already

    @abstractmethod
    def batches(self, context: Mapping[str, Any] | None) -> Generator[pa.RecordBatch, None, None]:
        """The rows from the bookmark on, in the order of the replication key, with `wanted_columns` alone."""

    @property
    def wanted_columns(self) -> list[str]:
        """The selected columns, in the order of the schema: selection is pushed down to the source."""
        known = self.effective_schema["properties"]
        return [name for name in self.schema["properties"] if name in known and self.mask["properties", name]]

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """The rows as records, read back from the very lines that the fast path writes."""
        for block, _ in self.blocks(context, self._pace.every_rows):
            for line in bytes(block).splitlines():
                yield json.loads(line, parse_float=Decimal)["record"]

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any], Any, Any]:
        writer = self._tap.message_writer
        if not write_messages or context or not isinstance(writer, WholeLineWriter):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        if reason := self.wants_records():
            self.logger.info("'%s' goes record by record: %s", self.name, reason)
            yield from super()._sync_records(context)
            return
        pace = self._pace
        with self.get_record_counter() as counter, self.get_sync_timer():
            self._write_starting_replication_value(None)
            with closing(self.blocks(None, pace.every_rows)) as blocks:
                for block, rows in blocks:
                    counter.increment(rows)
                    self._write_block(writer, block, rows, with_state=pace.is_due(rows))
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def state_is_due(self, seen_rows: int) -> bool:  # noqa: ARG002 - the pace counts for itself
        """See SuiteStream: by rows and by seconds."""
        return self._pace.is_due(1)

    @cached_property
    def _pace(self) -> StatePace:
        return StatePace.of(self.config)

    def _write_block(self, writer: WholeLineWriter, block: memoryview, rows: int, *, with_state: bool) -> None:
        """Write whole lines, and the STATE that covers them behind them: never a part of either."""
        with held_signals():
            writer.write_block(self.name, rows, block)
            if self.replication_key:
                self._increment_stream_state(_last_record(block), context=None)
            self.state_manager.is_flushed = False
            if with_state:
                self._write_state_message()

    def wants_records(self) -> str | None:
        """Why the stream cannot stay in columns, if it cannot."""
        if not self.has_plain_map():
            return "stream maps or flattening change its records"
        if self.child_streams:
            return "child streams are filled from its records"
        if self.ABORT_AT_RECORD_COUNT is not None:
            return "there is a limit of records"
        if not all(selected or len(path) <= TOP_LEVEL for path, selected in self.mask.items()):
            return "a part of a column is deselected"
        effective, own = self.effective_schema["properties"], self.schema["properties"]
        if any(effective[name].get("type") != own[name].get("type") for name in self.wanted_columns):
            return "the catalog gives a column another type"
        return None

    def blocks(self, context: Mapping[str, Any] | None, rows: int) -> Generator[tuple[memoryview, int], None, None]:
        """Lines and how many they are; after every `rows` rows a block ends."""
        from singer_commons.columnar.encoder import payload  # noqa: PLC0415 - DuckDB and Arrow: not for `--version`
        from singer_commons.columnar.json_sql import Envelope  # noqa: PLC0415 - as above

        with closing(self.lines(context, Envelope.record(self.name, self._stream_version))) as batches:
            for batch in cut(batches, rows):
                yield payload(batch.column(0)), batch.num_rows

    def lines(self, context: Mapping[str, Any] | None, envelope: Envelope) -> Generator[pa.RecordBatch, None, None]:
        """Batches of one column of text, a line a row; a source that makes such lines by itself gives those."""
        from singer_commons.columnar.encoder import encoded  # noqa: PLC0415 - as above

        yield from encoded(self.batches(context), envelope, self.raw_json_columns)

    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """See the SDK. Raises ConfigurationError for files that cannot be written."""
        wanted = super().get_batch_config(config)
        if wanted:
            file_format(wanted.encoding, self.name, self.wants_records())
        return wanted

    def _sync_batches(self, batch_config: BatchConfig, context: Any = None) -> None:
        files = BatchFiles(self, batch_config)
        with self.get_batch_counter() as counter, self.get_sync_timer():
            self._write_starting_replication_value(None)
            for file in files.from_records(context) if self.wants_records() else files.from_columns(context):
                counter.increment()
                with held_signals():  # a STATE ahead of its BATCH would lose the file's rows
                    file.announce()
                    self._write_state_message()
        self._finalize_state(self.stream_state)
        self._write_state_message()


def cut(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches that never reach over a multiple of `rows`; empty ones are left out."""
    room = rows
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, room)
            yield piece
            start += piece.num_rows
            room = room - piece.num_rows or rows


def _last_record(block: memoryview) -> dict[str, Any]:
    text = bytes(block[-65_536:])
    start = text.rfind(b"\n", 0, -1)
    line = bytes(block).splitlines()[-1] if start < 0 else text[start + 1 :]
    record: dict[str, Any] = json.loads(line, parse_float=Decimal)["record"]
    return record
