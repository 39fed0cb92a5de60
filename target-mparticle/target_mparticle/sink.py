"""The rows of one stream, from validation to acceptance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from singer_commons.columnar.blocks import record_of
from singer_commons.columnar.sink import BlockSink
from singer_commons.errors import TooManyRejectsError
from singer_commons.validation import SdkValidator

from target_mparticle import batches, request_ids
from target_mparticle.delivery import OutgoingBatch, Row
from target_mparticle.mapping import Batch, RowRejectedError
from target_mparticle.plan import PlannedDelivery
from target_mparticle.planning import NoIdentityError, plan_for
from target_mparticle.row_check import RowCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_commons.columnar.blocks import RecordBlock, Text
    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_mparticle.mapping import Plan
    from target_mparticle.target import TargetMParticle

REFUSED_ROWS = 1_000  # of which mParticle took none, that end a run: four seconds' worth at its default rate
MELTANO_PROBE = "meltano_test_stream"  # `meltano config test` sends it to every target; no user is in it


class MParticleSink(BlockSink):
    """Maps rows as they come, and sends the batches when the target drains."""

    most_block_rows = 500  # rows that are decoded together: their dicts are gone before the next ones come

    def __init__(self, target: TargetMParticle, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._settings, self._delivery, self._rejects = target.settings, target.delivery, target.rejects
        self._target, self.account = target, target.account.stream(stream_name)
        chosen = self._settings.stream(stream_name)
        self._iterator = chosen.iterator or target.bookmark_property
        self._columns = list(self.schema["properties"])
        date_times = {name for name, part in self.schema["properties"].items() if isinstance(part, dict) and part.get("format") == "date-time"}
        self._plan = self._planned()
        if isinstance(self._delivery, PlannedDelivery):
            self._delivery.begin(stream_name, self._plan, self._columns)
        # A row of a stream with an iterator says itself which version it is; an event happens once. Others are new in each run.
        run_label = None if self._iterator or chosen.data_type == "events" else target.run_label
        self._digests = request_ids.RowDigests(date_times)
        self._request_ids = request_ids.RequestIds(stream_name, self._plan.fingerprint if self._plan else "", run_label)
        self._check = RowCheck(self.schema, self._validator) if self._validator else None
        self._known_columns = set(self.schema["properties"])
        self.waiting_bytes = 0  # of the batch that gathers

    def _planned(self) -> Plan | None:
        try:
            plan = plan_for(self.stream_name, self._columns, self._iterator, self._settings)
        except NoIdentityError:
            if not self._settings.skip_unmapped and self.stream_name != MELTANO_PROBE:
                raise
            self.logger.warning("Skipping stream %s: no column of it identifies a user or device", self.stream_name)
            return None
        for each in plan.assignments:
            self.logger.debug("%s: %s goes to %s", self.stream_name, each.source or f"static {each.value!r}", each.destination)
        return plan

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        return record  # done when the row is taken: one that does not fit is rejected, not the whole run; and times stay the text that the tap wrote

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """See the SDK. None if records are not to be validated."""
        return SdkValidator(self.schema) if self.validate_schema else None

    def start_batch(self, context: dict[str, Any]) -> None:
        """Begin a batch."""
        context["outgoing"] = []

    def start_drain(self) -> dict[str, Any]:
        """See the SDK."""
        context = super().start_drain()
        self.waiting_bytes = 0
        return context

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Map a row, or reject or skip it."""
        self.account.read()
        self._take(record, context)

    def process_block(self, block: RecordBlock) -> None:
        """The same for the rows of a block."""
        if self.include_sdc_metadata_properties:
            for message in block.messages():
                self.process_one(message)
            return
        self.account.read(len(block))
        context = self._get_context({})
        for record, text, self.target.line in zip(block.dicts(), block.records, block.line_numbers, strict=True):
            self._remove_sdc_metadata_from_record(record)
            self._singer_validate_message(record)
            self._take(record, context, text)

    def _take(self, record: dict[str, Any], context: dict[str, Any], text: Text | None = None) -> None:
        if self._plan is None:
            self.account.skip("UNMAPPED_STREAM")
            return
        if self._check and (problem := self._check.problem(record)):
            self._reject(record, "NOT_AS_DECLARED", f"the row does not fit its SCHEMA: {problem.error_message}", problem.field, self.target.line)
            return
        if not self._known_columns.issuperset(record):
            self._warn_of_undeclared(record)
        try:
            outgoing = self._outgoing(self._plan, record, text)
        except RowRejectedError as refusal:
            self._reject(record, refusal.code, str(refusal), refusal.field, self.target.line)
            return
        context["outgoing"] += outgoing
        self.waiting_bytes += sum([len(one.body) for one in outgoing])

    def _outgoing(self, plan: Plan, record: dict[str, Any], text: Text | None) -> list[OutgoingBatch]:
        batch = plan.batch(record)
        given = batch.pop("source_request_id", None)
        digest = self._digests.of(record)

        def encode(part_of_batch: Batch, part: int) -> bytes:
            chosen = self._request_ids.of(digest, part) if given is None else given + (f"#{part}" if part else "")
            return batches.encoded({"environment": plan.environment, "source_request_id": chosen, **part_of_batch})

        if plan.is_events:
            event = batch["events"][0]["data"]
            if "source_message_id" not in event:
                event["source_message_id"] = request_ids.message_id(self.stream_name, record, self.key_properties, given or digest)
        bodies = batches.split(batch, self._settings.limits, encode)
        row = Row(record if text is None else text, open_batches=len(bodies))
        events = len(batch.get("events", ()))
        return [OutgoingBatch(body, row, events if not index else 0) for index, body in enumerate(bodies)]

    def process_batch(self, context: dict[str, Any]) -> None:
        """Send what waits; returns when every row of it is accepted, or rejected and on disk."""
        outgoing: list[OutgoingBatch] = context.setdefault("outgoing", [])
        for record in context.get("records", ()):  # of a BATCH message's files: they come here unread
            self._remove_sdc_metadata_from_record(record)
            self.target.line = None
            self.process_record(record, context)
        self._delivery.deliver(outgoing, self)
        self.account.notes["batches"] += len(outgoing)
        self._rejects.sync()
        self._stop_if_all_are_refused()

    def _stop_if_all_are_refused(self) -> None:
        """Raise TooManyRejectsError if mParticle has taken none of many rows: each costs requests, and the run can only fail."""
        streams = list(self._target.account.streams.values())
        refused = sum(one.rejected["BAD_REQUEST"] + one.rejected["TOO_LARGE"] for one in streams)
        if refused < REFUSED_ROWS or any(one.rows_loaded for one in streams) or self._settings.allows(refused):
            return
        raise TooManyRejectsError(
            f"mParticle refused all of the first {refused} rows", hint=f"{self._rejects.path} holds them with its reasons; no STATE went out for them"
        )

    def accepted(self, rows: int) -> None:
        """Count rows that mParticle took."""
        self.account.load(rows)

    def rejected(self, row: Row, code: str, reason: str) -> None:
        """Write down a row that mParticle refused."""
        record = record_of(row.record) if isinstance(row.record, (bytes, msgspec.Raw)) else dict(row.record)
        self._remove_sdc_metadata_from_record(record)
        self._reject(record, code, reason, None)

    def _reject(self, record: dict[str, Any], code: str, reason: str, field: str | None, line: int | None = None) -> None:
        self._rejects.write(self.stream_name, record, code=code, reason=reason, keys=self.key_properties, field=field, line=line)
        self.account.reject(code)

    def _warn_of_undeclared(self, record: dict[str, Any]) -> None:
        for name in sorted(record.keys() - self._known_columns):
            self._known_columns.add(name)
            self.logger.warning("Stream %s: column %s is not in its SCHEMA and is not sent", self.stream_name, name)

    def activate_version(self, new_version: int) -> None:
        """Do nothing: users in mParticle are updated, never replaced as a table is."""
