"""Who is on which list and in which smart segment: read whole each time, since leaving one may not touch a contact's stamp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import requests
from singer_commons.errors import RejectedError

from tap_autopilot.streams import AutopilotStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context

    from tap_autopilot.tap import TapAutopilot


class MembershipStream(AutopilotStream):
    """Pairs of an owner (a list or a segment) and a contact."""

    owners_path: ClassVar[str]
    owners_envelope: ClassVar[str]
    owner_path: ClassVar[str]
    owner_key: ClassVar[str]

    def __init__(self, tap: TapAutopilot) -> None:
        super().__init__(tap, {"type": "object", "properties": {key: {"type": "string"} for key in self.primary_keys}})

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """The members of every owner; one that was deleted since it was listed is passed over."""
        for owner in self.client.rows(self.owners_path, envelope=self.owners_envelope):
            yield from self._members(str(owner[self.owner_key]))
        self.activate_version()

    def _members(self, owner_id: str) -> Iterable[dict[str, Any]]:
        try:
            for page in self.client.pages(self.owner_path, owner_id, "contacts"):
                for contact in page.contacts:
                    yield {self.owner_key: owner_id, "contact_id": contact["contact_id"]}
        except RejectedError as refusal:
            if refusal.status != requests.codes.not_found:
                raise
            self.logger.warning("%s was deleted while %s was read; it is passed over", owner_id, self.name)


class ListsContactsStream(MembershipStream):
    """Contacts on lists."""

    name = "lists_contacts"
    primary_keys = ("list_id", "contact_id")
    owners_path, owners_envelope, owner_path, owner_key = "lists", "lists", "list", "list_id"


class SmartSegmentsContactsStream(MembershipStream):
    """Contacts in smart segments."""

    name = "smart_segments_contacts"
    primary_keys = ("segment_id", "contact_id")
    owners_path, owners_envelope, owner_path, owner_key = "smart_segments", "segments", "smart_segments", "segment_id"


MEMBERSHIPS = (ListsContactsStream, SmartSegmentsContactsStream)
