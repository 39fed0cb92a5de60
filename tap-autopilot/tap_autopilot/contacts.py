"""Contacts, and the streams that the same scan fills: `tap_autopilot.scan` has the rule, here it is carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from singer_commons.errors import ConfigurationError, RejectedError
from singer_commons.signals import held_signals

from tap_autopilot import stamps
from tap_autopilot.client import RepeatedBookmarkError
from tap_autopilot.contact_fields import MODIFIED_AT
from tap_autopilot.reader import Contact, ContactReader
from tap_autopilot.scan import Scan
from tap_autopilot.streams import AutopilotStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_autopilot.client import Page
    from tap_autopilot.custom_fields import FieldId
    from tap_autopilot.derived import DerivedStream
    from tap_autopilot.tap import TapAutopilot

SCAN = "scan"
STREAMS = "streams"  # those that a bookmark, or a saved scan, speaks for
VERSION = "version"  # of the full tables that the last complete scan filled
BOOKMARK = "replication_key_value"
SINGER_IO_BOOKMARK = "updated_at"  # what the state of singer-io/tap-autopilot holds: a user can switch over and go on
BOOKMARK_REFUSED = (400, 404)


class ContactsStream(AutopilotStream):
    """All contacts, of which an incremental run passes on those that changed."""

    name = "contacts"
    primary_keys = ("contact_id",)
    replication_key = MODIFIED_AT

    def __init__(self, tap: TapAutopilot, columns: Mapping[FieldId, str], *, keeps_array: bool) -> None:
        self._reader = ContactReader(columns, keeps_array=keeps_array, unfit=self.unfit, unknown=self.unknown)
        super().__init__(tap, self._reader.schema)

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's signature
        """Contacts page by page, with the rows of the derived streams written behind each."""
        lookback = timedelta(seconds=self.config["lookback_s"])
        for stream in self._derived:
            stream.begin()
        try:
            for scan, page in self._pages():
                for wire in page.contacts:
                    contact = self._reader.read(wire)
                    scan.saw(contact.modified)
                    yield from self._passed_on(contact, is_wanted=scan.wants(contact.modified, lookback))
                scan.page = page.bookmark
                if scan.page is None:
                    for complete in self._filled(whole_only=not scan.is_full):
                        complete.activate_version()
                self._checkpoint(scan)
        except RepeatedBookmarkError:
            self.stream_state.pop(SCAN, None)  # or the next run would go on inside the same circle
            self._write_now()
            raise

    def generate_child_contexts(self, record: Record, context: Context | None) -> Iterable[Context | None]:  # noqa: ARG002 - the SDK's signature
        """None: derived streams are filled by this one."""
        return ()

    @property
    def _derived(self) -> list[DerivedStream]:
        return [cast("DerivedStream", one) for one in self.child_streams if one.selected]

    def _filled(self, *, whole_only: bool = False) -> list[AutopilotStream]:
        """The selected streams that the scan fills; those that every scan fills whole, or all."""
        derived = [one for one in self._derived if one.is_whole or not whole_only]
        return [*derived] if whole_only or not self.selected else [self, *derived]

    def _passed_on(self, contact: Contact, *, is_wanted: bool) -> Iterator[dict[str, Any]]:
        # Made before the SDK takes deselected fields out of the record.
        rows = [(stream, list(stream.rows(contact))) for stream in self._derived if is_wanted or stream.is_whole]
        if is_wanted:
            yield contact.record
        for stream, made in rows:
            stream.write(made)

    def _pages(self) -> Iterator[tuple[Scan, Page]]:
        """The pages of the scan that STATE holds, from where it stopped; else, or if that fails, of one from the beginning."""
        is_full = self.replication_method == "FULL_TABLE"
        since = self._since()
        saved = self._saved_scan()
        versioned = self.emit_activate_version_messages
        if saved is not None and (saved.since, saved.is_full, saved.version is not None) == (since, is_full, versioned):
            self._take_version(saved)
            if (yield from self._rest(saved)):
                return
        scan = None
        for page in self.client.pages("contacts"):
            if scan is None:
                version = self._new_version(page.answered_at, saved) if versioned else None
                scan = Scan.begun(since, page.answered_at, is_full=is_full, version=version)
                self._take_version(scan)
            yield scan, page

    def _new_version(self, server_clock: datetime, saved: Scan | None) -> int:
        """The second in which the scan begins, but above all versions that STATE knows.

        By the service's clock: it is the same for all machines that the tap may run on, also if the STATE of a run is lost.
        """
        before = (self.stream_state.get(VERSION) or 0, (saved and saved.version) or 0)
        return max(int(server_clock.timestamp()), *(one + 1 for one in before))

    def _take_version(self, scan: Scan) -> None:
        for stream in (self, *self._derived):
            stream.set_version(scan.version if scan.is_full or stream.is_whole else None)

    def _saved_scan(self) -> Scan | None:
        state = self.stream_state.get(SCAN) or {}
        return Scan.from_state(state) if self._speaks_for(self._filled(), state) else None

    def _rest(self, saved: Scan) -> Generator[tuple[Scan, Page], None, bool]:
        """The pages that a saved scan has left; the generator's value is whether it could be gone on with."""
        resumed_at = saved.page
        try:
            for page in self.client.pages("contacts", bookmark=resumed_at):
                if saved.page == resumed_at and saved.expired(page.answered_at):
                    self.logger.info("The scan that was cut off is too old to go on with; contacts are read from the first page")
                    return False
                yield saved, page
        except RejectedError as refusal:
            if refusal.status not in BOOKMARK_REFUSED:
                raise
            self.logger.info("Autopilot no longer knows the page where the last run stopped; contacts are read from the first page")
            return False
        return True

    def _since(self) -> datetime | None:
        value = self.stream_state.get(BOOKMARK) or self.stream_state.get(SINGER_IO_BOOKMARK)
        changing = [one for one in self._filled() if not one.is_whole]  # what is filled whole each time needs no bookmark
        if value is not None and not self._speaks_for(changing, self.stream_state):
            self.logger.info("A stream that the scan of contacts fills is selected for the first time: the scan passes on what a first run would")
            value = None
        value = value or self.config.get("start_date")
        if value is None:
            return None
        if (since := stamps.parsed(value)) is None:
            raise ConfigurationError(f"the state of contacts holds {value!r}, which is no moment", hint="correct the state, or run without it")
        return since

    def _speaks_for(self, streams: Iterable[AutopilotStream], state: Mapping[str, Any]) -> bool:
        """Whether the state was written by runs that filled all of these streams; a foreign state speaks for contacts."""
        return {one.name for one in streams} <= set(state.get(STREAMS) or [self.name])

    def _checkpoint(self, scan: Scan) -> None:
        """Save the scan behind a page, or move the bookmark behind the last one."""
        state = self.stream_state
        filled = sorted(one.name for one in self._filled())
        with held_signals():
            if scan.page is not None:
                state[SCAN] = {**scan.to_state(), STREAMS: filled}
            else:
                if scan.version is not None:
                    state[VERSION] = scan.version
                for old in (SCAN, SINGER_IO_BOOKMARK):
                    state.pop(old, None)
                if (bookmark := scan.bookmark()) is not None:
                    state.update({"replication_key": MODIFIED_AT, BOOKMARK: stamps.text(bookmark), STREAMS: filled})
        self._write_now()

    def _write_now(self) -> None:
        self.state_manager.is_flushed = False
        self._write_state_message()

    # The SDK's own bookkeeping is left out: it takes each record's stamp for a bookmark, marks the state as not resumable, and
    # caps at this machine's clock.

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Do nothing: `_checkpoint` does it by the page."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Do nothing: the scan holds it."""

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the scan caps the bookmark, by the service's clock."""
