"""A stream of Arrow batches: whole blocks of RECORD lines where nothing wants to see single records, else the SDK's own path over the same lines."""

from __future__ import annotations

import json
import sys
from abc import abstractmethod
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.mapper import SameRecordTransform

from singer_commons.errors import ConfigurationError
from singer_commons.preview import PreviewWriter
from singer_commons.signals import held_signals
from singer_commons.tap import SuiteTap

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping

    import pyarrow as pa
    from singer_sdk.helpers._batch import BatchConfig


class ColumnarStream(Stream):
    """A stream whose subclass yields Arrow batches of the selected columns.

    Stream maps, flattening, nested selection and record limits go through the SDK's record path: the same values, slower.
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

    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """See the SDK. Raises ConfigurationError for BATCH files under stream maps: the SDK would write the columns that a map removes into them."""
        wanted = super().get_batch_config(config)
        if wanted and not self._has_plain_map():
            raise ConfigurationError(
                f"`batch_config` and stream maps or flattening do not go together (stream `{self.name}`)", hint="leave one of them out"
            )
        return wanted

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """The rows as records, read back from the very lines that the fast path writes."""
        for block, _ in self._blocks(context, self.STATE_MSG_FREQUENCY):
            for line in bytes(block).splitlines():
                yield json.loads(line, parse_float=Decimal)["record"]

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any], Any, Any]:
        if not write_messages or context or not self._is_plain():
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        sys.stdout.flush()  # the SCHEMA line may still be in the text layer
        since_state = 0
        with self.get_record_counter() as counter, self.get_sync_timer():
            self._write_starting_replication_value(None)
            with closing(self._blocks(None, self.STATE_MSG_FREQUENCY)) as blocks:
                for block, rows in blocks:
                    since_state = (since_state + rows) % self.STATE_MSG_FREQUENCY
                    counter.increment(rows)
                    self._write_block(block, rows, with_state=since_state == 0)
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def _write_block(self, block: memoryview, rows: int, *, with_state: bool) -> None:
        """Write whole lines, and the STATE that covers them behind them: never a part of either."""
        with held_signals():
            rest = block
            while rest:  # unbuffered (PYTHONUNBUFFERED), one write may take only a part
                rest = rest[sys.stdout.buffer.write(rest) :]
            sys.stdout.buffer.flush()
            if isinstance(self._tap, SuiteTap):
                self._tap.account.wrote(self.name, rows, block.nbytes)
            self._increment_stream_state(_last_record(block), context=None)
            self.state_manager.is_flushed = False
            if with_state:
                self._write_state_message()

    def _has_plain_map(self) -> bool:
        only_map = self.stream_maps[0] if len(self.stream_maps) == 1 else None
        return type(only_map) is SameRecordTransform and not only_map.flattening_enabled

    def _is_plain(self) -> bool:
        return (
            self._has_plain_map()
            and not isinstance(self._tap.message_writer, PreviewWriter)  # which wants rows, not blocks
            and not self.child_streams
            and self.ABORT_AT_RECORD_COUNT is None
            and all(selected or len(path) <= 2 for path, selected in self.mask.items())  # noqa: PLR2004 - ("properties", name)
            and all(
                self.effective_schema["properties"][name].get("type") == self.schema["properties"][name].get("type") for name in self.wanted_columns
            )
        )

    def _blocks(self, context: Mapping[str, Any] | None, rows: int) -> Generator[tuple[memoryview, int], None, None]:
        """Lines and how many they are; after every `rows` rows a block ends."""
        from singer_commons.columnar.encoder import LineEncoder  # noqa: PLC0415 - DuckDB and Arrow: not for `--version`

        encoder: LineEncoder | None = None
        with closing(self.batches(context)) as batches:
            for batch in cut(batches, rows):
                encoder = encoder or LineEncoder(self.name, batch.schema, raw_json=self.raw_json_columns, version=self._stream_version)
                parts = list(encoder.lines(batch))
                yield (parts[0] if len(parts) == 1 else memoryview(b"".join(parts))), batch.num_rows


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
