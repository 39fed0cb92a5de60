"""The stream of events, from the bundles of the Data Export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_fullstory.event_key import EventKeys
from tap_fullstory.event_record import event_record, event_schema
from tap_fullstory.exports import Progress, bundles_from, events_of
from tap_fullstory.session_progress import utc_text
from tap_fullstory.streams import BookmarkedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_fullstory.exports import Bundle


class EventsStream(BookmarkedStream):
    """Every event of the Data Export's bundles, which take an Architect key; the state moves when a bundle is out.

    Documented fields are columns; the custom variables `evt_*`, `user_*` and `page_*` are the JSON columns `evt`, `user` and `page`, under the
    names they were sent by; `other` holds fields that no document names and values that do not fit their column.
    """

    name = "events"
    primary_keys = ("_event_key",)
    replication_key = "EventStart"
    is_sorted = False
    schema = event_schema()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The events of each bundle that is not done yet."""
        start_s = int(self.start.timestamp()) if self.start else 0
        progress = Progress.from_state(self.progress, start_s=start_s, lookback_s=self.config["events_lookback_s"])
        for bundle in bundles_from(self.client, progress.list_from_s):
            if bundle.id in progress.done:
                continue
            yield from self._bundle(bundle)
            progress.add(bundle)
            self.checkpoint(progress.to_state())

    def _bundle(self, bundle: Bundle) -> Iterator[dict[str, Any]]:
        keys = EventKeys()
        source = {"_bundle_id": bundle.id, "_bundle_start": _text(bundle.start_s), "_bundle_stop": _text(bundle.stop_s)}
        with events_of(self.client, bundle) as events:
            for event in events:
                yield {"_event_key": keys.key(event), **event_record(event), **source}


def _text(unix_s: int) -> str:
    return utc_text(datetime.fromtimestamp(unix_s, UTC))
