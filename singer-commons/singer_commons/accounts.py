"""Every row is accounted for: read = loaded + rejected + skipped, stream by stream, with time, bookmarks, calls and waits.

A tap counts a row that it wrote as read and loaded; rows of a target are loaded when they are durable at the destination.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from singer_commons.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Service(Protocol):
    """What counts its calls to a service, such as an HttpClient or a connection."""

    @property
    def calls(self) -> int:
        """Requests made, retries included."""

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting: for the pace, and between tries."""


class Calls:
    """A Service for what has no count of its own; several threads may call."""

    def __init__(self) -> None:
        self.calls, self.waited_s = 0, 0.0
        self._lock = threading.Lock()

    def called(self, *_call: object) -> None:
        """Count a call. Takes whatever a client's hook gives."""
        with self._lock:
            self.calls += 1

    def waited(self, seconds: float) -> None:
        """Count a wait."""
        with self._lock:
            self.waited_s += seconds


@dataclass(slots=True)
class StreamAccount:
    """What became of the rows of one stream; rejected and skipped ones by their code. Times are in seconds since the run began."""

    stream: str
    run: Account
    started_s: float = 0.0
    ended_s: float = 0.0
    rows_read: int = 0
    rows_loaded: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)  # what else is worth a number, such as rows replaced by a later one
    bookmark_from: Any = None
    bookmark_to: Any = None
    calls: int | None = None
    waited_s: float | None = None

    @property
    def seconds(self) -> float:
        """From the stream's SCHEMA to its last row."""
        return max(0.0, self.ended_s - self.started_s)

    @property
    def open_rows(self) -> int:
        """Rows that were read and have no end."""
        return self.rows_read - self.rows_loaded - self.rejected.total() - self.skipped.total()

    def read(self, rows: int = 1) -> None:
        """Count rows as they come."""
        with self.run.lock:
            self.rows_read += rows
            self.run.rows += rows

    def load(self, rows: int = 1) -> None:
        """Count rows that are durable now."""
        with self.run.lock:
            self.rows_loaded += rows
            self.ended_s = self.run.elapsed_s()

    def reject(self, code: str) -> None:
        """Count a row that was put aside."""
        with self.run.lock:
            self.rejected[code] += 1
            self.ended_s = self.run.elapsed_s()

    def skip(self, code: str) -> None:
        """Count a row that the settings leave out."""
        with self.run.lock:
            self.skipped[code] += 1
            self.ended_s = self.run.elapsed_s()


class Account:
    """The account of a run. One stream at a time has the turn: calls to the service are its.

    A target reads in one thread and delivers in another; each change happens under `lock`.
    """

    def __init__(self, *, clock_s: Callable[[], float] = time.monotonic, started_at: datetime | None = None) -> None:
        self.lock = threading.RLock()
        self.run_id = uuid.uuid4().hex
        self.started_at = started_at or datetime.now(UTC)
        self.streams: dict[str, StreamAccount] = {}
        self.rows = 0  # read so far, over all streams
        self.bytes_passed = 0
        self.service: Service | None = None  # its calls go to the stream that has the turn
        self.beside: Service | None = None  # one that is called while other streams have it, too: counted for the run alone
        self.callers: Mapping[str, str] = {}  # streams that another one's calls fill, with that one's name
        self._clock_s, self._started_s = clock_s, clock_s()
        self._state: Mapping[str, Any] = {}
        self._turn: StreamAccount | None = None
        self._booked: tuple[int, float] = (0, 0.0)

    def calls(self) -> tuple[int, float] | None:
        """All calls of the run, and the seconds waited for them; None if no service counts any."""
        services = [one for one in (self.service, self.beside) if one is not None]
        return (sum(one.calls for one in services), sum(one.waited_s for one in services)) if services else None

    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self._clock_s() - self._started_s

    def moment(self, seconds: float) -> datetime:
        """The time of day so many seconds after the run began: never out of order, whatever is done to the machine's clock."""
        return self.started_at + timedelta(seconds=seconds)

    def stream(self, name: str) -> StreamAccount:
        """The account of a stream, opened when first asked for; its bookmark so far is that of the state known then."""
        with self.lock:
            if name not in self.streams:
                now, bookmark = self.elapsed_s(), bookmark_of(self._state, name)
                self.streams[name] = StreamAccount(name, self, started_s=now, ended_s=now, bookmark_from=bookmark, bookmark_to=bookmark)
            return self.streams[name]

    def turn_to(self, name: str | None) -> None:
        """Give a stream the turn: what was called since goes to the one that had it."""
        name = self.callers.get(name, name) if name else None
        with self.lock:
            if name != (self._turn and self._turn.stream):
                self._book()
                self._turn = None if name is None else self.stream(name)

    def wrote(self, name: str, rows: int, size_bytes: int) -> None:
        """Count rows that a tap wrote."""
        self.turn_to(name)
        one = self.stream(name)
        one.read(rows)
        one.load(rows)
        self.bytes_passed += size_bytes

    def state_in(self, state: Mapping[str, Any]) -> None:
        """Note the state from which streams that are opened from now on begin."""
        self._state = deepcopy(dict(state))

    def state_out(self, state: Mapping[str, Any]) -> None:
        """Note a state that went out."""
        with self.lock:
            for name, one in self.streams.items():
                if (bookmark := bookmark_of(state, name)) is not None:
                    one.bookmark_to = bookmark

    def close(self) -> None:
        """End the last turn."""
        self.turn_to(None)

    def check_sums(self) -> None:
        """Raise SuiteError if a row has no end: the count would be wrong, and so perhaps the delivery."""
        for name, one in self.streams.items():
            if one.open_rows:
                raise SuiteError(
                    f"the rows of `{name}` do not add up: {one.rows_read} read, {one.rows_loaded} loaded, {one.rejected.total()} rejected, "
                    f"{one.skipped.total()} skipped",
                    hint="this is a defect: please report it",
                )

    def _book(self) -> None:
        now = (self.service.calls, self.service.waited_s) if self.service else (0, 0.0)
        if self._turn is not None:
            self._turn.ended_s = self.elapsed_s()
            if self.service:
                self._turn.calls = (self._turn.calls or 0) + now[0] - self._booked[0]
                self._turn.waited_s = (self._turn.waited_s or 0.0) + now[1] - self._booked[1]
        self._booked = now


def bookmark_of(state: Mapping[str, Any], stream: str) -> Any:
    """The value of a stream's bookmark: the SDK's `replication_key_value`, or the only plain value of the stream's entry, as other taps have it."""
    marks = state.get("bookmarks")
    mark = marks.get(stream) if isinstance(marks, dict) else None
    if not isinstance(mark, dict):
        return None
    if "replication_key_value" in mark:
        return mark["replication_key_value"]
    plain = [value for value in mark.values() if isinstance(value, str | int | float)]
    return plain[0] if len(plain) == 1 else None
