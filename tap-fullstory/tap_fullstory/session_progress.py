"""How far sessions are read: a bookmark that leaves nothing out, and what at the bookmark is done already.

FullStory gives a user's sessions, never all sessions since an instant. So a run asks one user after another, and the bookmark moves when all have
been asked: to the newest session seen, but not past the beginning of the run (less a minute, by the service's clock), since a session begun after a
user was asked is for the next run. The bookmark's instant is read again next time; the keys kept with it say which of those are done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_fullstory.sessions import Person, Session

CLOCK_MARGIN = timedelta(seconds=60)  # between a session's beginning and its appearance in answers
MAX_KEYS = 1_000  # in the state; beyond it the last minute is read twice, which does no harm
MAX_REMEMBERED = 100_000  # sessions that two of the asked share are given once, as long as they are not further apart
EVERYBODY = "*"
BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class SessionProgress:
    """One run's way from the last bookmark to the next.

    `asked` holds marks of those who were asked up to the bookmark: somebody new is asked from the start.
    """

    start: datetime
    bookmark: datetime | None
    lookback: timedelta
    done: frozenset[str]
    asked: frozenset[str]
    newest: datetime | None = None
    _near: dict[str, datetime] = field(default_factory=dict)
    _given: dict[str, None] = field(default_factory=dict)

    @classmethod
    def from_state(cls, state: Mapping[str, Any], *, start: datetime | None, lookback_s: int) -> SessionProgress:
        """Go on from the state of a stream; an empty one begins at `start`."""
        text = state.get("replication_key_value")
        bookmark = _instant(text) if text else None
        return cls(
            start or BEGINNING,
            bookmark,
            timedelta(seconds=lookback_s),
            frozenset(state.get("done_at_bookmark", [])),
            frozenset(state.get("asked", [])),
        )

    def since(self, person: Person) -> datetime:
        """From when on this person's sessions are wanted."""
        if self.bookmark is None or not self._was_asked(person):
            return self.start
        return max(self.start, self.bookmark - self.lookback)

    def is_new(self, session: Session, person: Person) -> bool:
        """Count a session, and say whether it is to be given: not done before this run, nor given already in it."""
        if self.newest is None or session.created > self.newest:
            self.newest = session.created
        self._near[session.key] = session.created
        if session.key in self._given:
            return False
        if self.bookmark is not None and session.key in self.done and session.created >= self.bookmark and self._was_asked(person):
            return False
        self._given[session.key] = None
        if len(self._given) > MAX_REMEMBERED:
            del self._given[next(iter(self._given))]
        return True

    def forget_older(self, run_began: datetime) -> None:
        """Drop what cannot be at the next bookmark, so that memory does not grow with the number of sessions."""
        if len(self._near) > 2 * MAX_KEYS:
            at = self._next(run_began)
            self._near = {key: created for key, created in self._near.items() if at is not None and created >= at}

    def to_state(self, run_began: datetime, marks: Iterable[str]) -> dict[str, Any]:
        """The state after all users were asked; empty if there is nothing to remember."""
        at = self._next(run_began)
        if at is None:
            return {}
        near = {key for key, created in self._near.items() if created >= at}
        if at == self.bookmark:
            near |= self.done
        return {
            "replication_key": "created_time",
            "replication_key_value": utc_text(at),
            "done_at_bookmark": sorted(near) if len(near) <= MAX_KEYS else [],
            "asked": sorted(marks),
        }

    def _next(self, run_began: datetime) -> datetime | None:
        if self.newest is None:
            return self.bookmark
        reached = min(self.newest, (run_began - CLOCK_MARGIN).replace(microsecond=0))
        return reached if self.bookmark is None else max(reached, self.bookmark)

    def _was_asked(self, person: Person) -> bool:
        return EVERYBODY in self.asked or mark(person) in self.asked


def mark(person: Person) -> str:
    """A short mark of a person, for the state: no address stands there in clear."""
    return hashlib.sha256(f"{person.uid or ''}\n{person.email or ''}".encode()).hexdigest()[:12]


def utc_text(at: datetime) -> str:
    """An instant as all our bookmarks and records have it: UTC, `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
