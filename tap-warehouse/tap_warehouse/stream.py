"""A model as a stream: full, or from its bookmark on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.columnar.stream import ColumnarStream
from singer_commons.errors import ConfigurationError, SuiteError
from singer_commons.preview import PreviewWriter
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL

from tap_warehouse.query import Range, count, count_without, quoted, select

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from singer_commons.columnar.json_sql import Envelope
    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog

    from tap_warehouse.iterator import Iterator
    from tap_warehouse.model import Model
    from tap_warehouse.query import Query
    from tap_warehouse.types import Column
    from tap_warehouse.warehouse import Warehouse


class ModelStream(ColumnarStream):
    """The rows of one model, in the order of its iterator."""

    is_sorted = True  # by ORDER BY: each STATE can be resumed from

    def __init__(self, tap: Tap, model: Model, columns: Sequence[Column], warehouse: Warehouse) -> None:
        schema = {"type": "object", "properties": {one.name: one.schema for one in columns}}
        super().__init__(tap, schema=schema, name=model.name)
        self._model, self._columns, self._warehouse = model, {one.name: one for one in columns}, warehouse
        self._iterator: Iterator | None = model.iterator(columns)
        self.primary_keys = model.key_columns
        self.replication_key = self._iterator.column if self._iterator else None
        self.raw_json_columns = frozenset(one.name for one in columns if one.raw_json)
        self._limit: int | None = tap.config.get("limit")

    def apply_catalog(self, catalog: Catalog) -> None:
        """See the SDK. Raises ConfigurationError if the catalog asks for another iterator than the model's."""
        super().apply_catalog(catalog)
        own = self._iterator.column if self._iterator else None
        if self.replication_method == REPLICATION_INCREMENTAL and self.replication_key != own:
            wanted = f"the catalog wants model `{self.name}` incremental by `{self.replication_key}`, and its iterator is {f'`{own}`' if own else 'not set'}"
            raise ConfigurationError(wanted, hint="set `iterator` in the model, or discover the catalog anew")

    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> None:
        """None: the upper bound is in the query, by the warehouse's own clock."""

    def batches(self, context: Mapping[str, Any] | None) -> Generator[pa.RecordBatch, None, None]:  # noqa: ARG002 - there are no partitions
        """The rows from the bookmark to the upper bound; those without an iterator value are counted, said and left out."""
        yield from self._warehouse.batches(*self._asked())

    def lines(self, context: Mapping[str, Any] | None, envelope: Envelope) -> Generator[pa.RecordBatch, None, None]:  # noqa: ARG002 - as above
        """The same rows as lines."""
        yield from self._warehouse.lines(*self._asked(), envelope)

    def _asked(self) -> tuple[Query, list[Column]]:
        """The query for the rows, and its columns."""
        columns = [self._columns[name] for name in self.wanted_columns]
        within = self._range(self._warehouse.clock()) if self._is_incremental else None
        if not isinstance(self._tap.message_writer, PreviewWriter):  # both count the whole model
            if within is not None:
                self._tell_of_missing_values(within)
            self._check_number(within)
        expressions = [one.expression for one in columns]
        return select(self._model.sql, expressions, within=within, limit=self._limit, placeholder=self._warehouse.placeholder), columns

    @property
    def _is_incremental(self) -> bool:
        return self._iterator is not None and self.replication_method == REPLICATION_INCREMENTAL

    @property
    def _bookmark(self) -> Any | None:
        """The bookmark, typed; None without one. Raises ConfigurationError if the state holds a value of another type."""
        state = self.stream_state
        value = state.get("replication_key_value")
        if self._iterator is None or value is None:
            return None
        if state.get("replication_key") != self._iterator.column:
            self.logger.warning(
                "The bookmark of '%s' is by another iterator, %s: starting from the beginning", self.name, state.get("replication_key")
            )
            return None
        try:
            return self._iterator.parse(value)
        except ValueError as error:
            wrong = f"the state of `{self.name}` has the bookmark {value!r}, which is no {self._iterator.kind}"
            raise ConfigurationError(wrong, hint="was the type of the iterator changed? then begin with an empty state") from error

    def _range(self, clock: datetime) -> Range:
        iterator = self._iterator
        if iterator is None:
            raise AssertionError
        return Range(quoted(iterator.column), iterator.lower_bound(self._bookmark), iterator.upper_bound(clock))

    def _tell_of_missing_values(self, within: Range) -> None:
        if missing := self._warehouse.count(count_without(self._model.sql, within.column)):
            self.logger.warning("%d rows of '%s' have no value in the iterator %s and are not sent", missing, self.name, within.column)

    def _check_number(self, within: Range | None) -> None:
        most = self._model.max_rows
        if most is None:
            return
        rows = self._warehouse.count(count(self._model.sql, within=within, placeholder=self._warehouse.placeholder))
        if rows > most:
            raise SuiteError(f"model `{self.name}` would send {rows} rows, more than its `max_rows` of {most}: nothing was sent")

    def _write_starting_replication_value(self, context: Mapping[str, Any] | None) -> None:  # noqa: ARG002 - there are no partitions
        # The SDK would keep a copy in the state and takes 0 for no bookmark.
        if self._is_incremental:
            self.logger.debug("Starting '%s' from %s", self.name, self.stream_state.get("replication_key_value", "the beginning"))

    def _increment_stream_state(self, latest_record: Mapping[str, Any], *, context: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002 - the SDK passes it by name
        iterator = self._iterator
        if iterator is None or not self._is_incremental:
            return
        if latest_record[iterator.column] is None:  # an infinite one: null in JSON, and no place to go on from
            return
        state = self.stream_state
        old = state.get("replication_key_value") if state.get("replication_key") == iterator.column else None
        latest = iterator.later(None if old is None else iterator.parse(old), iterator.parse(latest_record[iterator.column]))
        state.update(replication_key=iterator.column, replication_key_value=iterator.state_value(latest))
