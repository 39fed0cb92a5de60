"""The rule by which a scan of all contacts moves the bookmark. Nothing here reads or writes; times are the service's.

The service neither sorts nor filters, so each run reads every contact, in an order that has nothing to do with change, and passes on those
that changed since the bookmark. While it reads, contacts change, also such as were already read. Hence:

- passed on is what changed at or after `since`, less a lookback: stamps come in batches, by the minute, and may land late;
- the bookmark moves only when the last page was read, to the newest stamp seen, but never past the scan's start: what changes later, before
  or behind the place of reading, is at or after the bookmark and passed on by the next run;
- it never goes back, and a stamp in the future does not carry it away.

A scan that was cut off goes on at its page with the same `since` and the same start, and the rule holds as it does for one in one piece. A full
scan passes on everything; its rows bear a version, and so do those of a full table that any scan fills, the same when it is gone on with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from tap_autopilot import stamps

if TYPE_CHECKING:
    from collections.abc import Mapping

START_MARGIN = timedelta(seconds=60)  # the HTTP Date header has whole seconds, and stamps whole minutes
EXPIRES_AFTER = timedelta(hours=24)  # a bookmark's life is not documented; a day is a run that was meant to go on


@dataclass(slots=True)
class Scan:
    """A scan under way: changes since when, begun when, the newest stamp seen, and the bookmark of the page to be read next.

    `is_full`: everything is passed on. `version` is that of the full tables it fills, None if the settings want none.
    """

    since: datetime | None
    started: datetime
    newest: datetime | None = None
    page: str | None = None
    is_full: bool = False
    version: int | None = None

    @classmethod
    def begun(cls, since: datetime | None, server_clock: datetime, *, is_full: bool = False, version: int | None = None) -> Self:
        """A scan whose first page was answered at that time."""
        return cls(since, server_clock - START_MARGIN, is_full=is_full, version=version)

    def wants(self, modified: datetime | None, lookback: timedelta) -> bool:
        """Whether a contact with this stamp is passed on; one without any stamp always is."""
        if self.is_full or modified is None or self.since is None:
            return True
        return self.since - modified <= lookback  # a difference, since `since - lookback` may lie before the year 1

    def saw(self, modified: datetime | None) -> None:
        """Take note of a contact's stamp, passed on or not."""
        if modified is not None and (self.newest is None or modified > self.newest):
            self.newest = modified

    def bookmark(self) -> datetime | None:
        """Where the next run begins, now that the last page was read."""
        if self.newest is None:
            return self.since
        reached = min(self.newest, self.started)
        return reached if self.since is None else max(self.since, reached)

    def expired(self, server_clock: datetime) -> bool:
        """Whether it was left lying too long to go on with."""
        return server_clock - self.started > EXPIRES_AFTER

    def to_state(self) -> dict[str, Any]:
        """The scan as it stands in STATE."""
        moments = {"since": _text(self.since), "started": _text(self.started), "newest": _text(self.newest)}
        return {**moments, "page": self.page, "is_full": self.is_full, "version": self.version}

    @classmethod
    def from_state(cls, value: object) -> Self | None:
        """The scan that STATE holds; None if it holds none that can be gone on with."""
        if not isinstance(value, dict) or not isinstance(value.get("page"), str):
            return None
        since, started, newest = (_moment(value, name) for name in ("since", "started", "newest"))
        if started is None or (since is None) != (value.get("since") is None):
            return None
        version = value.get("version")
        return cls(since, started, newest, value["page"], value.get("is_full") is True, version if isinstance(version, int) else None)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else stamps.text(moment)


def _moment(value: Mapping[str, Any], name: str) -> datetime | None:
    return stamps.parsed(value.get(name))
