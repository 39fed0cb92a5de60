"""A stream of dicts that writes its records in blocks, as the streams of API taps do; whatever wants to see single messages gets the SDK's own path."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_sdk import Stream
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from singer_commons.writer import WholeLineWriter, record_head

if TYPE_CHECKING:
    from collections.abc import Generator

    from singer_sdk.helpers.types import Record

    from singer_commons.records import RecordEncoder

COUNTED_ROWS = 1_000  # rows between two looks of the metrics' counter at its clock
TOP_LEVEL = 2  # parts of the path of a column: ("properties", name)


class SuiteStream(Stream):
    """A stream whose `get_records` gives dicts. Same messages, states and counts as the SDK's, several times faster where there is no stream map."""

    def has_plain_map(self) -> bool:
        """Whether neither stream maps nor flattening change the records."""
        only_map = self.stream_maps[0] if len(self.stream_maps) == 1 else None
        return type(only_map) is SameRecordTransform and not only_map.flattening_enabled

    def state_is_due(self, seen_rows: int) -> bool:
        """Whether a STATE is to go out behind this row, the `seen_rows`th."""
        return seen_rows % self.STATE_MSG_FREQUENCY == 0

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any], Any, Any]:
        writer = self._tap.message_writer
        if not write_messages or not isinstance(writer, WholeLineWriter) or self.ABORT_AT_RECORD_COUNT is not None:
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        try:
            self._sync_in_blocks(context)
        finally:
            writer.flush()

    def _sync_in_blocks(self, context: Any) -> None:
        """What the SDK's `_sync_records` does, in its order, without a message object for each record."""
        seen_rows = 0
        with self.get_record_counter() as counter, self.get_sync_timer() as timer:
            for element in ([context] if context is not None else self.partitions) or [{}]:
                counter.with_context(element)
                timer.with_context(element)
                seen_rows = self._sync_partition(element or None, counter, seen_rows)
        if not context:
            self._finalize_state(self.stream_state)
        self._write_state_message()

    def _sync_partition(self, context: Any, counter: Any, seen_rows: int) -> int:
        """Write the records of one partition, and return how many were seen in all."""
        partition = self._get_state_partition_context(context)
        self._write_starting_replication_value(context)
        child_context = copy.copy(context)
        is_selected, looks_at_each = self.selected, bool(self.child_streams or partition)
        moves_state = self.replication_method == REPLICATION_INCREMENTAL or self._moves_state_its_own_way
        uncounted = 0
        try:
            for raw in self.get_records(context):
                record = self.post_process(cast("dict[str, Any]", raw), context)
                if record is None:
                    continue
                if looks_at_each:
                    self._process_record(record, child_context=child_context, partition_context=partition)
                if is_selected:
                    self._write_record_message(record)
                    if moves_state:
                        self._increment_stream_state(record, context=context)
                    uncounted += 1
                seen_rows += 1
                if is_selected and self.state_is_due(seen_rows):
                    self._write_state_message()
                if uncounted == COUNTED_ROWS:
                    counter.increment(uncounted)
                    uncounted = 0
        finally:
            counter.increment(uncounted)
        if context == partition:
            self._finalize_state(self.get_context_state(context))
        return seen_rows

    def _write_record_message(self, record: Record) -> None:
        writer = self._tap.message_writer
        if not isinstance(writer, WholeLineWriter) or not self._is_plain:
            super()._write_record_message(record)
            return
        if self._leaves_out:
            self._leave_out(record)
        writer.add(self.name, self._head, self._encoded(record), self._stream_version)
        self.state_manager.is_flushed = False

    def _leave_out(self, record: Record) -> None:
        if any(len(path) > TOP_LEVEL for path in self._leaves_out):
            pop_deselected_record_properties(record, self.schema, self.mask)
            return
        for _, name in self._leaves_out:
            record.pop(name, None)

    # What follows is fixed once the stream's records come: catalog and maps are known by then.

    @cached_property
    def _is_plain(self) -> bool:
        # A name that the catalog does not know is left out, or kept, by what it says of the whole stream.
        return self.has_plain_map() and self.mask[()]

    @cached_property
    def _moves_state_its_own_way(self) -> bool:
        return type(self)._increment_stream_state is not Stream._increment_stream_state  # noqa: SLF001 - the SDK's does nothing for full tables

    @cached_property
    def _leaves_out(self) -> list[tuple[str, ...]]:
        return [path for path, selected in self.mask.items() if path and not selected]

    @cached_property
    def _head(self) -> bytes:
        return record_head(self.stream_maps[0].stream_alias)

    @cached_property
    def _encoded(self) -> RecordEncoder:
        from singer_commons.records import RecordEncoder  # noqa: PLC0415 - and msgspec: not for streams that write whole blocks

        return RecordEncoder(self.name, self.effective_schema, self.TYPE_CONFORMANCE_LEVEL, self.logger)
