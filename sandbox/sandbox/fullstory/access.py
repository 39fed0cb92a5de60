"""Who may do what: keys and their levels, and how many requests a second and downloads a minute are let in.

The raw key stands after `Basic `, not the base64 of a user and a password (`specs/` of
https://github.com/fullstorydev/fullstory-node-sdk, read 2026-11-21).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.http.limits import RateLimit
from sandbox.http.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http.messages import Request


class Level(IntEnum):
    """Levels of a key, each with all rights of those below it."""

    STANDARD = 1
    ARCHITECT = 2
    ADMIN = 3


STANDARD_KEY, ARCHITECT_KEY, ADMIN_KEY = "na1.sandbox-standard", "na1.sandbox-architect", "na1.sandbox-admin"
KEYS: Mapping[str, Level] = {STANDARD_KEY: Level.STANDARD, ARCHITECT_KEY: Level.ARCHITECT, ADMIN_KEY: Level.ADMIN}

# By the start of the path; sessions, segments, operations and quotas take any key (the API contracts
# of 2026-09 in https://github.com/fullstorydev/sekizui, read 2026-11-21).
ARCHITECT_PATHS = ("/v2/users", "/api/v1/export/", "/segments/v1/exports", "/search/v1/exports")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is let in. Of the requests FullStory publishes no number, so 200 a second is ours; the downloads' limit is theirs.

    https://developer.fullstory.com/server/v1/exports/get-event-export (read 2026-11-21): 2 downloads a minute, then 429 with Retry-After.
    """

    requests_per_second: int = 200
    downloads_per_minute: int = 2


class Gate:
    """Lets a request in, or says why not."""

    def __init__(self, limits: Limits) -> None:
        self._requests = RateLimit(limits.requests_per_second, 1.0)
        self._downloads = RateLimit(limits.downloads_per_minute, 60.0)

    def refusal(self, request: Request) -> Answer | None:
        """401, 403 or 429, or None to let the request in."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        level = KEYS.get(key) if scheme == "Basic" else None
        if level is None:
            return Answer.of_json({"message": "Invalid API key", "code": "unauthorized"}, 401)
        if level < level_for(request):
            return Answer.of_json({"message": "Insufficient permissions", "code": "insufficient_permissions"}, 403)
        wait_s = self._requests.wait_s()
        if not wait_s and request.path == "/api/v1/export/get":
            wait_s = self._downloads.wait_s()
        return _too_many(wait_s) if wait_s else None


def level_for(request: Request) -> Level:
    """The lowest level that may make this request."""
    return Level.ARCHITECT if request.path.startswith(ARCHITECT_PATHS) else Level.STANDARD


def _too_many(wait_s: float) -> Answer:
    # Not JSON: a client that parses before it looks at the status dies here (https://github.com/singer-io/tap-fullstory/pull/6).
    headers = {"Content-Type": "text/plain", "Retry-After": str(math.ceil(wait_s))}
    return Answer(429, b"Too Many Requests", headers)
