"""What all streams of the tap share, and those that one request fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_commons.stream import SuiteStream
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_autopilot import kinds
from tap_autopilot.column_names import WIRE, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_autopilot.client import AutopilotClient
    from tap_autopilot.kinds import Kind
    from tap_autopilot.tap import TapAutopilot


class AutopilotStream(SuiteStream):
    """A stream of the account. Records are made to fit their schema here, so that the SDK need not try.

    Everything is made under the names on the wire; columns get the spelling that the settings ask for when a record is passed on.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    is_whole: ClassVar[bool] = False  # filled whole by every scan of the contacts, whatever changed

    def __init__(self, tap: TapAutopilot, schema: dict[str, Any]) -> None:
        field_case = tap.config.get("field_case", WIRE)
        properties = schema["properties"]
        self._columns = {name: spelled(name, field_case) for name in properties}
        super().__init__(tap, schema={**schema, "properties": {self._columns[name]: part for name, part in properties.items()}})
        self.primary_keys = tuple(self._columns[name] for name in self.primary_keys or ())
        self._told: set[str] = set()

    def post_process(self, row: Record, context: Context | None = None) -> Record:  # noqa: ARG002 - the SDK's signature
        """A record under its columns' names."""
        return {self._columns[name]: value for name, value in row.items()}

    @property
    def client(self) -> AutopilotClient:
        """The tap's client, one for all streams."""
        return cast("TapAutopilot", self._tap).client

    def unfit(self, column: str, kept_in: str) -> None:
        """Tell, once a column, that a value did not fit."""
        if column not in self._told:
            self._told.add(column)
            self.logger.warning("A value of `%s` in %s does not fit its column; it is in `%s`", column, self.name, kept_in)

    def unknown(self, field: str, kept_in: str) -> None:
        """Tell, once a field, that there is no column for it."""
        if field not in self._told:
            self._told.add(field)
            self.logger.info("`%s` in %s has no column of its own; it is in `%s`", field, self.name, kept_in)

    def set_version(self, version: int | None) -> None:
        """The version that records bear from now on."""
        self._stream_version = version

    def activate_version(self) -> None:
        """Say that all rows of the stream were read, so that a target may drop those of earlier versions."""
        if self._stream_version is not None:
            super()._write_activate_version_message(self._stream_version)

    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Write nothing: the SDK would say so before the first row, and a run that is cut off then leaves an empty table."""

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Never: the SDK's batches hold deselected columns, and a STATE could overtake the file that is being filled."""


class LookupStream(AutopilotStream):
    """Rows that one request answers, whole."""

    path: ClassVar[tuple[str, ...]]
    envelope: ClassVar[str | None]
    columns: ClassVar[Mapping[str, Kind]]

    def __init__(self, tap: TapAutopilot) -> None:
        super().__init__(tap, kinds.schema(self.columns))

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """Each row in its columns."""
        for row in self.client.rows(*self.path, envelope=self.envelope):
            yield kinds.record(row, self.columns, self.unfit, self.unknown)
        self.activate_version()


class ListsStream(LookupStream):
    """Lists that contacts are put on."""

    name = "lists"
    path, envelope = ("lists",), "lists"
    primary_keys = ("list_id",)
    columns: ClassVar = {"list_id": kinds.KEY, "title": kinds.TEXT}


class SmartSegmentsStream(LookupStream):
    """Segments that contacts fall into by a rule."""

    name = "smart_segments"
    path, envelope = ("smart_segments",), "segments"
    primary_keys = ("segment_id",)
    columns: ClassVar = {"segment_id": kinds.KEY, "title": kinds.TEXT}


class CustomFieldsStream(LookupStream):
    """The account's definitions of custom fields."""

    name = "custom_fields"
    path, envelope = ("contacts", "custom_fields"), None
    primary_keys = ("key",)
    columns: ClassVar = {"key": kinds.KEY, "name": kinds.TEXT, "fieldType": kinds.TEXT}


class TriggersStream(LookupStream):
    """Journeys that have an API trigger; the service lists no others."""

    name = "triggers"
    path, envelope = ("triggers",), "triggers"
    primary_keys = ("trigger_id",)
    columns: ClassVar = {"trigger_id": kinds.KEY, "journey": kinds.TEXT, "trigger_type": kinds.TEXT}


class HooksStream(LookupStream):
    """Addresses that the service calls when contacts change; an address may hold a token."""

    name = "hooks"
    path, envelope = ("hooks",), "hooks"
    primary_keys = ("hook_id",)
    columns: ClassVar = {"hook_id": kinds.KEY, "event": kinds.TEXT, "target_url": kinds.TEXT, "created_at": kinds.STAMP}


class AccountStream(AutopilotStream):
    """The account itself. No source shows its shape: the answer is carried whole, in one column."""

    name = "account"
    selected_by_default = False

    def __init__(self, tap: TapAutopilot) -> None:
        super().__init__(tap, {"type": "object", "properties": {"account": dict(kinds.OBJECT.schema)}})

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """One record."""
        account, _ = self.client.get("account")
        yield {"account": account if isinstance(account, dict) else {"value": account}}
        self.activate_version()


LOOKUPS = (ListsStream, SmartSegmentsStream, CustomFieldsStream, TriggersStream, HooksStream, AccountStream)
