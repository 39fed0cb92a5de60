"""What the stand-in's account holds: users, their sessions, and the bundles of the legacy data export; the same for the same seed.

Identifiers are of the service's kind: 64-bit integers above 2^53, sessions that are unique only together with their user, and
several sessions in one second. The history ends at `HISTORY_END_S`; what is added later carries the stamp of the server's clock.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HISTORY_END_S = 1_772_323_200  # 2026-03-01T00:00:00Z
HISTORY_DAYS = 90
DAY_S = 86_400
FIRST_BUNDLE_ID = 9_007_199_254_740_993  # 2^53 + 1: the first integer that a double cannot hold
FIRST_USER_ID = 6_606_828_898_126_528_473
FIRST_INDIVIDUAL_ID = 5_190_000_000_000_736
FIRST_SESSION_ID = 9_320_000_000_000_137
PLANS = ("free", "pro", "größe L", "")
SESSIONS_OF_A_NEW_BUNDLE = 5
SEGMENTS = 130


@dataclass(frozen=True, slots=True)
class User:
    """A visitor. Without `uid` and `email` one that was never identified; one `being_deleted` shows nothing but its id."""

    number: int
    id: int
    individual_id: int
    uid: str
    email: str
    properties: dict[str, Any] = field(default_factory=dict)
    being_deleted: bool = False

    @property
    def display_name(self) -> str:
        """A made-up name of plain words."""
        return f"user {self.number:04}"


@dataclass(frozen=True, slots=True)
class Session:
    """A visit of a user: begun at `created_s` (Unix time), its events within `length_ms`."""

    user: User
    id: int
    created_s: int
    length_ms: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """One file of the legacy data export: the events of [start_s, stop_s)."""

    id: int
    start_s: int
    stop_s: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A set of users by some rule; FullStory's own has no `created`."""

    id: str
    name: str
    creator: str
    created: str | None


class Account:
    """One customer's account; safe to read and to add to from several threads.

    The last `bundles` days of the history are exported. `clock` gives the server's time, in Unix seconds.
    """

    def __init__(self, *, seed: int = 1, users: int = 300, sessions: int = 3000, bundles: int = 2, clock: Callable[[], float] = time.time) -> None:
        self.seed, self.clock = seed, clock
        self._random = random.Random(f"fullstory {seed}")
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self.users: list[User] = []
        self.sessions: list[Session] = []
        self.bundles: list[Bundle] = []
        self.segments = [Segment("everyone", "Everyone", "FullStory", None), *map(_segment, range(1, SEGMENTS))]
        self.add_users(users)
        self._live_through(sessions)
        for day in range(bundles, 0, -1):
            self._add_bundle(HISTORY_END_S - day * DAY_S, HISTORY_END_S - (day - 1) * DAY_S)

    def users_named(self, uid: str, email: str) -> list[User]:
        """Users with this uid or this e-mail address; an empty text matches nobody."""
        with self._lock:
            return [user for user in self.users if (uid and user.uid == uid) or (email and user.email == email)]

    def sessions_of(self, users: list[User]) -> list[Session]:
        """The sessions of these users, most recent first."""
        ids = {user.id for user in users}
        with self._lock:
            return sorted((one for one in self.sessions if one.user.id in ids), key=lambda one: (one.created_s, one.id), reverse=True)

    def sessions_within(self, start_s: int, stop_s: int) -> list[Session]:
        """The sessions that may have events in [start_s, stop_s), oldest first."""
        with self._lock:
            return sorted(
                (one for one in self.sessions if one.created_s < stop_s and one.created_s + one.length_ms / 1000 >= start_s),
                key=lambda one: (one.created_s, one.id),
            )

    def add_users(self, count: int) -> list[User]:
        """Add users of every kind: most identified by both, some by one of them, some not at all, a few being deleted."""
        with self._lock:
            added = [self._new_user(len(self.users) + number) for number in range(1, count + 1)]
            self.users += added
            return added

    def add_sessions(self, count: int) -> list[Session]:
        """Add sessions of identified users, begun now."""
        with self._lock:
            now_s = self._now_s()
            known = [user for user in self.users if user.uid or user.email]
            added = [self._new_session(self._random.choice(known), now_s, 900) for _ in range(count)]
            self.sessions += added
            return added

    def add_bundles(self, count: int) -> list[Bundle]:
        """Add bundles that reach to now, each with what happened since the one before it; something happens if nothing did."""
        added = []
        with self._lock:
            for _ in range(count):
                start_s = self.bundles[-1].stop_s if self.bundles else HISTORY_END_S
                if not self.sessions_within(start_s, self._now_s() + 1):
                    self.add_sessions(SESSIONS_OF_A_NEW_BUNDLE)
                added.append(self._add_bundle(start_s, self._now_s() + 1))
        return added

    def _now_s(self) -> int:
        # Not before the last bundle's end: an event never falls into a bundle that was already handed out.
        return max(int(self.clock()), self.bundles[-1].stop_s if self.bundles else 0)

    def _add_bundle(self, start_s: int, stop_s: int) -> Bundle:
        bundle = Bundle(FIRST_BUNDLE_ID + len(self.bundles), start_s, stop_s)
        self.bundles.append(bundle)
        return bundle

    def _live_through(self, count: int) -> None:
        known = [user for user in self.users if not user.being_deleted]
        start_s = HISTORY_END_S - HISTORY_DAYS * DAY_S
        while known and len(self.sessions) < count:
            user = known[int(len(known) * self._random.random() ** 2)]  # a few come often, many seldom
            created_s = self._random.randrange(start_s, HISTORY_END_S - 300)
            self.sessions.append(self._new_session(user, created_s, 240_000))
            if len(self.sessions) % 20 == 0:  # another device, or another tab, in the same second
                self.sessions.append(self._new_session(user, created_s, 240_000))

    def _new_session(self, user: User, created_s: int, length_ms: int) -> Session:
        return Session(user, FIRST_SESSION_ID + 2 * next(self._numbers), created_s, length_ms)

    def _new_user(self, number: int) -> User:
        ids = (number, FIRST_USER_ID + 7919 * number, FIRST_INDIVIDUAL_ID + number)
        if number % 50 == 0:
            return User(*ids, "", "", being_deleted=True)
        name = f"user{number:04}" + ("+shop" if number % 25 == 5 else "")  # noqa: PLR2004 - a plus sign must be percent-encoded in a query
        uid = "" if number % 10 in (7, 8) else f"u-{number:04}"
        email = "" if number % 10 in (7, 9) else f"{name}@example.com"
        return User(*ids, uid, email, self._properties(number))

    def _properties(self, number: int) -> dict[str, Any]:
        properties: dict[str, Any] = {"plan": PLANS[number % len(PLANS)]}
        if number % 3 == 0:
            properties |= {"seats_int": self._random.randrange(1, 90), "Total Spent": self._random.randrange(10_000) / 100}
        if number % 5 == 0:
            properties |= {"tags": ["a", "b"], "account.id": FIRST_USER_ID + number, "since": "2025-01-10T08:07:11Z", "note": None}
        return properties


def _segment(number: int) -> Segment:
    return Segment(f"Seg{number:04}", f"Größe > {number}", "owner@example.com", f"2025-05-{1 + number % 28:02}T10:00:00Z")
