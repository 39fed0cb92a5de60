"""Sinks that take rows in blocks of undecoded text, and those that take them as Arrow tables."""

from __future__ import annotations

import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, cast

from singer_commons.columnar.blocks import Gathered, GatheredLines
from singer_commons.columnar.checks import UNCHECKED, SchemaRules
from singer_commons.columnar.settings import block_rows
from singer_commons.deliveries import DurableSink

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyarrow as pa
    from singer_sdk import Target
    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from singer_commons.columnar.blocks import Block, RecordBlock
    from singer_commons.columnar.decoder import BlockDecoder
    from singer_commons.target import DurableTarget


class BlockSink(DurableSink):
    """A sink that takes blocks: from a `DurableTarget`, for a stream that no stream map touches. Other rows come through `process_record`.

    It counts every row of either way in the stream's account.
    """

    most_block_rows = sys.maxsize  # for a sink that makes an object of each row

    def __init__(self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self.gathered = Gathered()
        self.target = cast("DurableTarget", target)
        self._block_rows = min(block_rows(self.config), self.most_block_rows)

    @abstractmethod
    def process_block(self, block: RecordBlock) -> None:
        """Take the rows of a block, in their order. They are not drained yet: that is `process_batch`."""

    @property
    def current_size(self) -> int:
        """Rows that wait to be drained, gathered ones among them."""
        return super().current_size + len(self.gathered)

    @property
    def gathered_bytes(self) -> int:
        """Size of the gathered rows."""
        return self.gathered.nbytes

    def make_room(self, version: int | None, rows: int) -> int:
        """How many of so many rows of a version may be gathered now; at least one."""
        if len(self.gathered) >= self._block_rows or (len(self.gathered) and self.gathered.version != version):
            self.flush()
        self.gathered.version = version
        return min(rows, self._block_rows - len(self.gathered))

    def flush(self) -> None:
        """Process the gathered rows, if there are any."""
        if len(self.gathered):
            self.take_block(self.gathered.take(self.stream_name))

    def take_block(self, block: RecordBlock) -> None:
        """Count the rows of a block for the SDK, and process them."""
        self._count(len(block))
        self.process_block(block)

    def _count(self, rows: int) -> None:
        self.tally_record_read(rows)
        self.record_counter_metric.increment(rows)

    def start_drain(self) -> dict[str, Any]:
        """See the SDK. Gathered rows are processed first."""
        self.flush()
        return super().start_drain()

    def process_one(self, message: dict[str, Any]) -> None:
        """Take a row of a block as the SDK takes a single one, all but the counting, which `flush` has done, and the draining.

        A drain in the middle of a block would let a STATE out that stands behind the block's other rows.
        """
        self.target.line = message["line"]
        record = message["record"]
        context = self._get_context(record)
        if self.include_sdc_metadata_properties:
            self._add_sdc_metadata_to_record(record, message, context)
        else:
            self._remove_sdc_metadata_from_record(record)
        self._validate_and_parse(record)
        record = self.preprocess_record(record, context)
        self._singer_validate_message(record)
        self.process_record(record, context)
        self._after_process_record(context)


class ColumnarSink(BlockSink):
    """A sink that takes Arrow tables; rows that columns cannot hold come through `process_record`."""

    unchecked_keywords: Collection[str] = UNCHECKED  # of JSON Schema, which the validator passes over: columns need not keep them either
    _decoder: BlockDecoder | None = None

    def __init__(self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._validators: dict[str, BaseJSONSchemaValidator] = {}
        self.gathered_lines = GatheredLines(stream_name)

    @property
    def current_size(self) -> int:
        """See BlockSink."""
        return super().current_size + len(self.gathered_lines)

    @property
    def gathered_bytes(self) -> int:
        """See BlockSink."""
        return super().gathered_bytes + self.gathered_lines.nbytes

    def make_room(self, version: int | None, rows: int) -> int:
        """See BlockSink."""
        if len(self.gathered_lines):
            self.flush()
        return super().make_room(version, rows)

    def make_room_for_lines(self, rows: int, head: bytes) -> int:
        """How many of so many whole lines that begin with `head` may be gathered now; at least one."""
        lines = self.gathered_lines
        if len(self.gathered) or len(lines) >= self._block_rows or (len(lines) and lines.head != head):
            self.flush()
        lines.head = head
        return min(rows, self._block_rows - len(self.gathered_lines))

    def flush(self) -> None:
        """See BlockSink."""
        super().flush()
        if len(self.gathered_lines):
            block = self.gathered_lines.take()
            self._count(len(block))
            self.process_block(block)

    def arrow_schema(self) -> pa.Schema:
        """The columns that tables are to have: by default all properties, as their JSON Schema says."""
        from singer_commons.columnar.types import arrow_schema  # noqa: PLC0415 - Arrow: not for `--version`

        return arrow_schema(self.schema)

    @abstractmethod
    def process_table(self, table: pa.Table, block: Block) -> None:
        """Take rows that fit their schema; row `i` of the table is row `i` of the block."""

    def process_block(self, block: Block) -> None:
        """Take the rows in their order: as tables, and one by one what a table cannot hold."""
        if self._decoder is None:
            self._decoder = self._new_decoder()
        for part, table in self._decoder.parts(block):
            if table is None:
                for message in part.messages():
                    self.process_one(message)
            else:
                self.process_table(self._with_metadata(table, part), part)

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """See the SDK. None if records are not to be validated."""
        return self.validator_for(self.schema) if self.validate_schema else None

    def validator_for(self, schema: dict[str, Any]) -> BaseJSONSchemaValidator:
        """What says whether a record, or some of its properties, fit a schema."""
        from singer_commons.validation import validator  # noqa: PLC0415 - not for `--version`

        return validator(schema, self.unchecked_keywords)

    def _new_decoder(self) -> BlockDecoder:
        from singer_commons.columnar.decoder import BlockDecoder  # noqa: PLC0415 - Arrow: not for `--version`

        rules = SchemaRules(self.schema if self._validator else None, self.key_properties, unchecked=self.unchecked_keywords)
        return BlockDecoder(self.arrow_schema(), rules, self._is_valid)

    def _is_valid(self, name: str | None, record: dict[str, Any]) -> bool:
        """Whether a record passes the validator, its metadata aside; or one property of it."""
        if name is None:
            self._remove_sdc_metadata_from_record(record)
            validator = self._validator
        elif (validator := self._validators.get(name)) is None:
            validator = self._validators[name] = self.validator_for({"properties": {name: self.schema["properties"][name]}})
        try:
            validator.validate(record)  # type: ignore[union-attr]  # asked only where there is one
        except Exception:  # noqa: BLE001 - whatever it is, the row's own turn will tell
            return False
        return True

    def _with_metadata(self, table: pa.Table, block: Block) -> pa.Table:
        if not self.include_sdc_metadata_properties:
            return table
        from singer_commons.columnar.metadata import with_metadata  # noqa: PLC0415 - Arrow: not for `--version`

        return with_metadata(table, block, batched_at=self._get_context({})["batch_start_time"], sync_started_at=self.sync_started_at)
