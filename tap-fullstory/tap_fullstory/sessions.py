"""Sessions of one user, from whichever of the three APIs: no paging there, no filter by time, the most recent first."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from singer_commons.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_fullstory.client import FullstoryClient

logger = logging.getLogger(__name__)

MAX_LIMIT = 10_240  # ours: FullStory documents no maximum, and one answer must stay of a size that fits in memory
NOT_FOUND, BAD_REQUEST = 404, 400


class Person(NamedTuple):
    """Whose sessions are asked for: by uid, by e-mail address, or by both, which gives the union."""

    uid: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session, whichever API it came from. The ids are 64-bit integers, kept as text."""

    user_id: str
    session_id: str
    created: datetime
    app_url: str | None

    @property
    def key(self) -> str:
        """User and session: a session's id alone is not unique."""
        return f"{self.user_id}:{self.session_id}"


def from_v1(row: Mapping[str, Any]) -> Session:
    """Read `{"UserId": 1, "SessionId": 2, "CreatedTime": 1736496431, "FsUrl": ...}`."""
    return Session(str(row["UserId"]), str(row["SessionId"]), _unix(row["CreatedTime"]), row.get("FsUrl"))


def from_v2_legacy(row: Mapping[str, Any]) -> Session:
    """Read `{"userId": "1", "sessionId": "2", "createdTime": "1736496431", "fsUrl": ...}`."""
    return Session(str(row["userId"]), str(row["sessionId"]), _unix(row["createdTime"]), row.get("fsUrl"))


def from_v2(row: Mapping[str, Any]) -> Session:
    """Read `{"id": "1:2", "created_time": "2025-01-10T08:07:11Z", "app_url": ...}`."""
    user_id, _, session_id = unquote(row["id"]).partition(":")
    created = datetime.fromisoformat(row["created_time"])
    return Session(user_id, session_id, created if created.tzinfo else created.replace(tzinfo=UTC), row.get("app_url"))


class Shape(NamedTuple):
    """One of the APIs: its path, where in the answer the list stands (None: the answer is the list), and how a row is read."""

    path: str
    list_name: str | None
    read: Callable[[Mapping[str, Any]], Session]


SHAPES: Mapping[str, Shape] = {
    "v1": Shape("/api/v1/sessions", None, from_v1),
    "v2_legacy": Shape("/sessions/v2", "sessions", from_v2_legacy),
    "v2": Shape("/v2/sessions", "results", from_v2),
}


class SessionReader:
    """Reads users' sessions back to an instant, by asking for more until none can be missing.

    `truncated` counts the users of whom older sessions may be missing all the same.
    """

    def __init__(self, client: FullstoryClient, shape: str, first_limit: int, max_limit: int = MAX_LIMIT) -> None:
        self._client, self._shape = client, SHAPES[shape]
        self._first_limit, self._max_limit = first_limit, max(first_limit, max_limit)
        self._most, self._stuck_at = 0, dict[int, int]()
        self.truncated = 0

    def since(self, person: Person, since: datetime) -> list[Session]:
        """The person's sessions from `since` on, that instant included, most recent first."""
        limit, shorter = self._first_limit, 0
        found = self._ask(person, limit)
        while len(found) >= limit and found[-1].created >= since:
            if limit >= self._max_limit:
                self.truncated += 1
                break
            limit, shorter = min(limit * 2, self._max_limit), len(found)
            try:
                found = self._ask(person, limit)
            except RejectedError as error:
                if error.status != BAD_REQUEST:
                    raise
                self._max_limit = limit = len(found)  # more than the service gives: nobody need be asked so again
        self._most = max(self._most, len(found))
        if shorter and len(found) == shorter:
            self._stuck_at[shorter] = self._stuck_at.get(shorter, 0) + 1
        return [session for session in found if session.created >= since]

    def first(self, person: Person) -> list[Session]:
        """The person's most recent sessions, one request's worth."""
        return self._ask(person, self._first_limit)

    def tell(self) -> None:
        """Warn of sessions that may be missing."""
        if self.truncated:
            logger.warning(
                "Sessions of %d users may be missing: each has %d or more, and FullStory gives no older ones; run more often, or set `start_date` later",
                self.truncated,
                self._max_limit,
            )
        if stuck := self._stuck_at.get(self._most):
            logger.warning(
                "FullStory gave %d users exactly %d sessions, however many were asked for: there may be a limit, and older ones behind it",
                stuck,
                self._most,
            )

    def _ask(self, person: Person, limit: int) -> list[Session]:
        names = {name: value for name, value in person._asdict().items() if value}
        try:
            answer = self._client.get(self._shape.path, **names, limit=limit)
        except RejectedError as error:
            if error.status == NOT_FOUND:  # nobody of that name: no sessions
                return []
            raise
        rows = answer.get(self._shape.list_name) if self._shape.list_name and isinstance(answer, dict) else answer
        try:
            sessions = [self._shape.read(row) for row in rows or []]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise RejectedError(
                f"FullStory's answer to GET {self._shape.path} is not of the shape it is documented in: {error!r}", status=200
            ) from error
        return sorted(sessions, key=lambda session: session.created, reverse=True)


def _unix(value: Any) -> datetime:
    return datetime.fromtimestamp(int(value), UTC)
