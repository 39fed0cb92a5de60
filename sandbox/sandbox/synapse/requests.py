"""What has run: the rows of sys.dm_pdw_exec_requests, by which a loader finds its own work after a lost connection."""

from __future__ import annotations

import itertools
import re
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRET: Final = re.compile(r"(SECRET\s*=\s*N?')(?:[^']|'')*'", re.IGNORECASE)  # a COPY's credential is nothing to keep
_LOOKED_AT_CHARS: Final = 20_000  # of a command, for secrets: far more than is kept
KEPT_REQUESTS: Final = 10_000  # rows the view keeps [sql/relational-databases/system-dynamic-management-views/sys-dm-pdw-exec-requests-transact-sql]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(slots=True)
class Request:
    """One statement's run."""

    request_id: str
    session_id: str
    command: str
    label: str | None
    status: str = "Running"
    submitted_utc: datetime = field(default_factory=_now)
    ended_utc: datetime | None = None
    error_id: str | None = None
    details: str | None = None  # of the error

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds so far, or until the end."""
        return int(((self.ended_utc or _now()) - self.submitted_utc).total_seconds() * 1000)

    def end(self, status: str, details: str | None = None) -> None:
        """Completed, Failed or Cancelled; what failed has an error with an id of its own."""
        self.status, self.ended_utc, self.details = status, _now(), details
        self.error_id = str(uuid.uuid4()) if details else None


class RequestLog:
    """The newest requests of all sessions."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._kept: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self._lock = threading.Lock()

    def start(self, session_id: str, command: str, label: str | None) -> Request:
        """Enter one that begins."""
        request = Request(f"QID{next(self._numbers)}", session_id, _SECRET.sub(r"\1***'", command[:_LOOKED_AT_CHARS])[:4000], label)
        with self._lock:
            self._kept.append(request)
        return request

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()

    def __iter__(self) -> Iterator[Request]:
        """Newest first."""
        with self._lock:
            return iter(list(self._kept)[::-1])
