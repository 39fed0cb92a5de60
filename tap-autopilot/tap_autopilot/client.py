"""The Autopilot API: one answer, or all pages of contacts, paced and retried.

    RepeatedBookmarkError   the service leads in a circle: the scan begins anew with the next run
    UnexpectedAnswerError   the answer is JSON, but not what was asked for

All else is raised by `singer_commons.http`.
"""

from __future__ import annotations

import email.utils
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from singer_commons.errors import SuiteError
from singer_commons.http import HttpClient, PassingError, RetryPolicy

from tap_autopilot.pace import WindowPacer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

logger = logging.getLogger(__name__)

KEY_HEADER = "autopilotapikey"  # singer-io/tap-autopilot 0.3.0, n8n and all other clients
UNKNOWN_CLOCK_MARGIN = timedelta(minutes=10)  # how far this machine's clock may be ahead where the service does not tell its own
KEY_HINT = "the key is in Autopilot under Settings > Autopilot API; Ortto keys do not open this API"


class RepeatedBookmarkError(SuiteError):
    """The service named a page that was already read."""


class UnexpectedAnswerError(SuiteError):
    """The service answered something else than its endpoint is known for."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of contacts, the bookmark of the page behind it, if there is one, and the service's clock when it answered."""

    contacts: list[dict[str, Any]]
    bookmark: str | None
    answered_at: datetime


class _JsonClient(HttpClient):
    """Takes an answer that is no JSON for a passing failure: a proxy's page, or one cut short. The first is told, the others while debugging."""

    _has_told = False

    def checked(self, answer: requests.Response, method: str) -> requests.Response:
        answer = super().checked(answer, method)
        try:
            _json(answer.content)
        except ValueError:
            what = f"Autopilot answered {method} {answer.request.path_url.split('?')[0]} with something that is not JSON"
            logger.log(logging.DEBUG if self._has_told else logging.WARNING, "%s; it is asked again", what)
            self._has_told = True
            raise PassingError(what) from None
        return answer


class AutopilotClient:
    """Reads from one account."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        user_agent: str,
        requests_per_second: float,
        request_timeout_s: float,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self.http = _JsonClient(
            "Autopilot",
            headers={KEY_HEADER: api_key, "Accept": "application/json", "User-Agent": user_agent},
            pacer=WindowPacer(requests_per_second),
            policy=policy,
            timeout_s=(min(10.0, request_timeout_s), request_timeout_s),
            key_hint=KEY_HINT,
        )

    def get(self, *segments: str) -> tuple[Any, datetime]:
        """What the endpoint under these path segments answers, and the service's clock at that time."""
        answer = self.http.request("GET", "/".join([self._base_url, *(quote(one, safe="") for one in segments)]))
        return _json(answer.content), server_clock(answer.headers.get("Date"))

    def rows(self, *segments: str, envelope: str | None) -> list[dict[str, Any]]:
        """The rows of an endpoint that is not paged: under the key `envelope`, or bare. Raises UnexpectedAnswerError."""
        value, _ = self.get(*segments)
        return _rows(value, envelope, segments)

    def pages(self, *segments: str, bookmark: str | None = None) -> Iterator[Page]:
        """All pages of contacts under these path segments, from the one that `bookmark` names.

        An empty page that names another is followed. Raises RepeatedBookmarkError and UnexpectedAnswerError.
        """
        seen = {bookmark}
        while True:
            path = segments if bookmark is None else (*segments, bookmark)
            value, answered_at = self.get(*path)
            contacts = _rows(value, "contacts", path)
            bookmark = value.get("bookmark") or None  # absent on the last page; a null or '' says the same
            if bookmark is not None and not isinstance(bookmark, str):
                raise UnexpectedAnswerError(f"Autopilot answered GET /{'/'.join(segments)} with a bookmark that is no text")
            if bookmark is not None and bookmark in seen:
                raise RepeatedBookmarkError(
                    f"Autopilot's pages of /{'/'.join(segments)} lead in a circle: {bookmark} was named twice",
                    hint="run again: the scan begins anew; if it stays so, report it to Autopilot's support",
                )
            seen.add(bookmark)
            yield Page(contacts, bookmark, answered_at)
            if bookmark is None:
                return


def _json(text: bytes) -> Any:
    return json.loads(text, parse_float=Decimal, parse_constant=_refused)  # decimals keep their digits


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def server_clock(header: str | None) -> datetime:
    """The moment of a Date header; without one, this machine's clock less a wide margin."""
    if header:
        try:
            return email.utils.parsedate_to_datetime(header).astimezone(UTC)
        except ValueError:
            pass
    return datetime.now(UTC) - UNKNOWN_CLOCK_MARGIN


def _rows(value: Any, envelope: str | None, segments: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = value if envelope is None else value.get(envelope) if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        wanted = "a list" if envelope is None else f"`{envelope}`"
        raise UnexpectedAnswerError(
            f"Autopilot answered GET /{'/'.join(segments)} without {wanted}",
            hint="is `base_url` that of the Autopilot API, version 1?",
        )
    return rows
