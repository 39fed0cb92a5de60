"""The iterator of an incremental model: its bookmark as a typed value, and the bounds of a run.

The SDK compares bookmarks as text, where '10' < '9' and `...Z` is not `...+00:00`; here they are compared by their type.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# The types a model may name, and what each is here. The unixtime ones are integers that count from 1970.
KINDS = {
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp",
    "datetime": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp_tz": "timestamptz",
    "timestamp_ltz": "timestamptz",
    "timestamp_unixtime_s": "unixtime_s",
    "timestamp_unixtime_ms": "unixtime_ms",
    "integer": "integer",
    "decimal": "decimal",
    "text": "text",
}
COLUMN_KINDS = {"unixtime_s": "integer", "unixtime_ms": "integer"}  # the kind of column behind a kind of iterator, where it is another
UNITS_A_SECOND = {"unixtime_s": 1, "unixtime_ms": 1000}
TIMED = ("date", "timestamp", "timestamptz", "unixtime_s", "unixtime_ms")
SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Iterator:
    """A column that grows with each change of a row, of a kind of KINDS; `zone` is that of dates and timestamps without one."""

    column: str
    kind: str
    zone: ZoneInfo
    sync_start: str | None = None
    delay_s: int = 0
    lookback_s: int = 0

    def parse(self, value: Any) -> Any:
        """A value from a record or a state, typed. Raises ValueError if it is none of this kind."""
        if self.kind == "text":
            return str(value)
        if self.kind == "decimal":
            return _decimal(value)
        if self.kind in ("integer", *UNITS_A_SECOND):
            return int(value)
        if self.kind == "date":
            return date.fromisoformat(str(value))
        moment = datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        return moment if self.kind == "timestamptz" else moment.replace(tzinfo=None)

    def state_value(self, typed: Any) -> str | int:
        """A typed value as a state keeps it: as in the record, but a decimal as text, since readers of states take JSON numbers for doubles."""
        if isinstance(typed, datetime):
            text = typed.replace(tzinfo=None).isoformat(timespec="microseconds")
            return text + ("Z" if self.kind == "timestamptz" else "+00:00")
        if isinstance(typed, int):
            return typed
        return typed.isoformat() if isinstance(typed, date) else str(typed)

    def later(self, old: Any | None, new: Any) -> Any:
        """The greater of two typed values; of two texts the new one, since only the warehouse knows its own order of texts."""
        return new if old is None or self.kind == "text" else max(old, new)

    def lower_bound(self, bookmark: Any | None) -> Any | None:
        """The least value to read, inclusive: the bookmark less the lookback, else the sync start, else None."""
        if bookmark is None:
            return self._start()
        if not self.lookback_s:
            return bookmark
        if self.kind in UNITS_A_SECOND:
            return bookmark - self.lookback_s * UNITS_A_SECOND[self.kind]
        if self.kind == "date":
            return bookmark - timedelta(days=math.ceil(self.lookback_s / SECONDS_A_DAY))
        return bookmark - timedelta(seconds=self.lookback_s)

    def upper_bound(self, clock: datetime) -> Any | None:
        """The greatest value to read, inclusive: the warehouse's clock less the delay; None where the iterator is no time."""
        return self._from_moment(clock - timedelta(seconds=self.delay_s)) if self.kind in TIMED else None

    def problems(self) -> list[str]:
        """What is wrong with the settings of this iterator."""
        found = []
        if self.kind not in TIMED and (self.delay_s or self.lookback_s):
            found.append(f"`delay_s` and `lookback_s` are for iterators that are times, and `{self.column}` is of type {self.kind}")
        try:
            self._start()
        except ValueError:
            found.append(f"`sync_start` {self.sync_start!r} is no value for an iterator of type {self.kind}")
        return found

    def _start(self) -> Any | None:
        if self.sync_start is None:
            return None
        if self.kind not in TIMED:
            return self.parse(self.sync_start)
        moment = datetime.fromisoformat(self.sync_start)
        return self._from_moment(moment if moment.tzinfo else moment.replace(tzinfo=self.zone))

    def _from_moment(self, moment: datetime) -> Any:
        if self.kind in UNITS_A_SECOND:
            since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            return since // timedelta(microseconds=1_000_000 // UNITS_A_SECOND[self.kind])
        if self.kind == "timestamptz":
            return moment.astimezone(UTC)
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        return local.date() if self.kind == "date" else local


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no decimal") from error
