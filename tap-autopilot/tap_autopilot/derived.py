"""Streams that the scan of contacts fills: what a contact's row holds in arrays, a row each. They cost no requests of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from tap_autopilot import kinds
from tap_autopilot.contact_fields import CUSTOM_FIELDS, MAIL_EVENTS, MODIFIED_AT
from tap_autopilot.contacts import ContactsStream
from tap_autopilot.kinds import UnfitError
from tap_autopilot.streams import AutopilotStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context

    from tap_autopilot.kinds import Kind
    from tap_autopilot.reader import Contact
    from tap_autopilot.tap import TapAutopilot


class DerivedStream(AutopilotStream):
    """Rows made of a contact's record, passed on whenever the contact is."""

    columns: ClassVar[Mapping[str, Kind]]
    parent_stream_type = ContactsStream
    replication_key: str | None = MODIFIED_AT  # the contact's: the stream has no bookmark of its own

    def __init__(self, tap: TapAutopilot) -> None:
        columns = {"contact_id": kinds.KEY, **self.columns, **({} if self.is_whole else {MODIFIED_AT: kinds.STAMP})}
        super().__init__(tap, {"type": "object", "properties": {name: dict(kind.schema) for name, kind in columns.items()}})

    def rows(self, contact: Contact) -> Iterator[dict[str, Any]]:
        """The rows of a contact."""
        stamp = {} if self.is_whole else {MODIFIED_AT: contact.record[MODIFIED_AT]}
        for row in self.parts(contact):
            yield {"contact_id": contact.record["contact_id"], **row, **stamp}

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:
        """A contact's rows, each without the columns that all derived streams have."""
        raise NotImplementedError

    def begin(self) -> None:
        """Announce the schema."""
        self._write_schema_message()

    def write(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write rows out."""
        for row in rows:
            self._write_record_message(self.post_process(row))

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """Nothing: `contacts` writes this stream's rows."""
        return ()


class ContactCustomFieldsStream(DerivedStream):
    """Each custom field of a contact, deleted ones too; the value as text, and in the column of its type."""

    name = "contact_custom_fields"
    primary_keys = ("contact_id", "kind", "fieldType")
    columns: ClassVar = {
        "kind": kinds.KEY,
        "fieldType": kinds.KEY,
        "value": kinds.TEXT,
        "value_number": kinds.NUMBER,
        "value_boolean": kinds.FLAG,
        "value_at": kinds.STAMP,
        "deleted": kinds.FLAG,
    }
    typed: ClassVar[Mapping[str, tuple[str, ...]]] = {"value_number": ("integer", "float"), "value_boolean": ("boolean",), "value_at": ("date",)}

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:
        """One row a field; where two share the key, one that is not deleted comes last, and so wins."""
        wire = contact.wire.get(CUSTOM_FIELDS) or []
        try:
            entries = kinds.CUSTOM_FIELDS.read(wire)
        except UnfitError:
            return []  # `contacts` carries it and says so
        rows = [{**entry, "fieldType": entry["fieldType"] or "", **self._typed_values(raw)} for entry, raw in zip(entries, wire, strict=True)]
        return sorted(rows, key=lambda row: not row["deleted"])

    def _typed_values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = dict.fromkeys(self.typed)
        for column, field_types in self.typed.items():
            kind = self.columns[column]
            if raw.get("fieldType") in field_types and not kind.is_null(raw.get("value")):
                with suppress(UnfitError):
                    values[column] = kind.read(raw["value"])
        return values


class ContactMailEventsStream(DerivedStream):
    """Each delivery of a mail to a contact, and what became of it."""

    name = "contact_mail_events"
    primary_keys = ("contact_id", "event", "delivery_id")
    columns: ClassVar = {"event": kinds.KEY, "delivery_id": kinds.KEY, "occurred_at": kinds.STAMP}

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:
        """One row an event and delivery."""
        for event in MAIL_EVENTS:
            for delivery in contact.record[f"mail_{event}"] or ():
                yield {"event": event, "delivery_id": delivery["id"], "occurred_at": delivery["timestamp"]}


class _VisitsStream(DerivedStream):
    """Pages on which the tracking script saw a contact."""

    primary_keys = ("contact_id", "url")
    columns: ClassVar = {"url": kinds.KEY, "value": kinds.TEXT}
    column: ClassVar[str]

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:
        """One row a page."""
        return list(contact.record[self.column] or ())


class ContactPageVisitsStream(_VisitsStream):
    """Pages that a contact visited."""

    name, column = "contact_page_visits", "anywhere_page_visits"


class ContactFormSubmitsStream(_VisitsStream):
    """Pages on which a contact sent a form."""

    name, column = "contact_form_submits", "anywhere_form_submits"


class ContactUtmStream(_VisitsStream):
    """Campaign parameters that a contact came with."""

    name, column = "contact_utm", "anywhere_utm"


class ContactIdsStream(DerivedStream):
    """Contacts that there are, by their key alone: whole with each scan, since the service tells of no deleted contact."""

    name = "contact_ids"
    primary_keys = ("contact_id",)
    replication_key = None
    is_whole = True
    columns: ClassVar = {}

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - one row for each
        """The one row."""
        return [{}]


class ListsOfContactsStream(DerivedStream):
    """Contacts on lists, as the contacts themselves tell: whole with each scan, since leaving a list may not touch a contact's stamp."""

    name = "lists_contacts"
    primary_keys = ("list_id", "contact_id")
    replication_key = None
    is_whole = True
    columns: ClassVar = {"list_id": kinds.KEY}

    def parts(self, contact: Contact) -> Iterable[dict[str, Any]]:
        """One row a list."""
        return [{"list_id": one} for one in dict.fromkeys(contact.record["lists"] or ())]


DERIVED: tuple[type[DerivedStream], ...] = (
    ContactIdsStream,
    ContactCustomFieldsStream,
    ContactMailEventsStream,
    ContactPageVisitsStream,
    ContactFormSubmitsStream,
    ContactUtmStream,
)
