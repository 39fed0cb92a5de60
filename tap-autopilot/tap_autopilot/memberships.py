"""Who is on which list and in which smart segment: read whole each time, since leaving one may not touch a contact's stamp."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from singer_commons.errors import RejectedError

from tap_autopilot.ahead import ReadAhead
from tap_autopilot.client import UnexpectedAnswerError
from tap_autopilot.streams import AutopilotStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context

    from tap_autopilot.tap import TapAutopilot


PAGES_AHEAD = 500  # that lie ready at most, of 100 ids each: some 6 MB


class MembershipStream(AutopilotStream):
    """Pairs of an owner (a list or a segment) and a contact."""

    owners_path: ClassVar[str]
    owners_envelope: ClassVar[str]
    owner_path: ClassVar[str]
    owner_key: ClassVar[str]

    def __init__(self, tap: TapAutopilot) -> None:
        super().__init__(tap, {"type": "object", "properties": {key: {"type": "string"} for key in self.primary_keys}})

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """The members of every owner, several owners at a time; one that was deleted since it was listed is passed over."""
        owners = self._owners()
        ahead = ReadAhead([partial(self._members, one) for one in owners], at_a_time=self.config["lists_at_a_time"], most_items=PAGES_AHEAD)
        gone = set()
        for owner_id, pages in zip(owners, ahead, strict=True):
            try:
                for members in pages:
                    for contact_id in members:
                        yield {self.owner_key: owner_id, "contact_id": contact_id}
            except RejectedError as refusal:
                if refusal.status != requests.codes.not_found:
                    raise
                gone.add(owner_id)
        if gone and (kept := self._pass_over(gone)):
            self.logger.warning("%s is not known to be complete, since %s is still there: rows of earlier runs stay", self.name, ", ".join(kept))
            return
        self.activate_version()

    def _owners(self) -> list[str]:
        rows = self.client.rows(self.owners_path, envelope=self.owners_envelope)
        return list(dict.fromkeys(_id(one, self.owner_key, self.owners_path) for one in rows))

    def _members(self, owner_id: str) -> Iterator[list[str]]:
        # Runs in a thread of its own, and keeps ids only: many pages of them may lie ready.
        for page in self.client.pages(self.owner_path, owner_id, "contacts"):
            yield [_id(contact, "contact_id", self.owner_path) for contact in page.contacts]

    def _pass_over(self, gone: set[str]) -> list[str]:
        """Tell of owners that were not found when their turn came; those of them that are listed all the same."""
        for owner_id in sorted(gone):
            self.logger.warning("%s was deleted while %s was read; it is passed over", owner_id, self.name)
        return sorted(gone & set(self._owners()))


def _id(row: Mapping[str, Any], key: str, path: str) -> str:
    if not (found := row.get(key)):
        raise UnexpectedAnswerError(f"Autopilot answered GET /{path} with a row that has no {key}")
    return str(found)


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
