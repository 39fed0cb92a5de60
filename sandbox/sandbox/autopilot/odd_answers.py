"""Odd answers that the service is known to give, or that nothing rules out: planned by name, given to the next requests that fit.

`POST /_sandbox/change` with `{"odd": "html_500", "times": 2}` plans two. Each has its source; where there is none, it says so.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sandbox.http.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.http.messages import Request

PAGES = "*/contacts*"  # of all contacts, of a list, of a smart segment


@dataclass(frozen=True, slots=True)
class OddAnswer:
    """An odd answer in place of a good one to a path that matches; `make` gives None where it does not fit, and is then kept for a later request."""

    source: str
    make: Callable[[Request, Answer], Answer | None]
    path: str = "*"


def _status(status: int, body: str) -> Callable[[Request, Answer], Answer]:
    return lambda _request, _answer: Answer(status, body.encode())


def _last_page_with(bookmark: str | None) -> Callable[[Request, Answer], Answer | None]:
    def make(_request: Request, answer: Answer) -> Answer | None:
        page = _page(answer)
        return None if page is None or "bookmark" in page else Answer.of_json({**page, "bookmark": bookmark})

    return make


def _same_bookmark(request: Request, answer: Answer) -> Answer | None:
    page, asked = _page(answer), request.path.rpartition("/")[2]
    return Answer.of_json({**page, "bookmark": asked}) if page is not None and asked.startswith("person_") else None


def _half(_request: Request, answer: Answer) -> Answer:
    return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)


def _each_contact_with(**fields: object) -> Callable[[Request, Answer], Answer | None]:
    def make(_request: Request, answer: Answer) -> Answer | None:
        page = _page(answer)
        if page is None or not page["contacts"]:
            return None
        return Answer.of_json({**page, "contacts": [{**one, **fields} for one in page["contacts"]]})

    return make


def _page(answer: Answer) -> dict[str, Any] | None:
    found = json.loads(answer.body) if answer.body else None
    return found if isinstance(found, dict) and "contacts" in found else None


BLUEPRINT = "API blueprint of 2015, `_api_docs/apiary.md`"
ODD_ANSWERS: Mapping[str, OddAnswer] = {
    "timeout_408": OddAnswer("singer-io/tap-autopilot 0.1.2: `Retry HTTP 408 responses`", _status(408, "")),
    "throttled_429": OddAnswer(
        f"{BLUEPRINT}: the other message of a 429",
        _status(
            429,
            '{"error":"Too Many Requests","message":"Your request was throttled. Please see \\"Rate Limit\\" section of documentation at '
            'http://developers.autopilothq.com."}',
        ),
    ),
    "html_500": OddAnswer(f"{BLUEPRINT}: 500 with `(various)` messages; that it may be a page of HTML is what proxies do", _status(500, "<html>")),
    "html_200": OddAnswer("no source: what a proxy in between does while the service is down", _status(200, "<html>maintenance</html>")),
    "cut_json": OddAnswer("no source: what a connection does that ends early without a Content-Length", _half),
    "bookmark_null": OddAnswer("no source shows it, nor rules it out: recorded answers leave the key out", _last_page_with(None), PAGES),
    "bookmark_blank": OddAnswer("no source shows it, nor rules it out: recorded answers leave the key out", _last_page_with(""), PAGES),
    "bookmark_repeated": OddAnswer(
        "singer-io/tap-autopilot, pull request 4: that tap read the same page for ever; whether the service ever said so is not known", _same_bookmark, PAGES
    ),
    "unheard_of_field": OddAnswer(
        "the field lists of five clients differ: each lacks some that another has", _each_contact_with(FavouriteColour={"hex": "#ff0000"}), PAGES
    ),
    "other_types": OddAnswer(
        "zonneplan/php-autopilothq: `NumberOfEmployees` comes as text and as a number; so any field may",
        _each_contact_with(Email=5, unsubscribed="yes", mail_opened="never", lists="none", custom_fields={"NPS": 3}),
        PAGES,
    ),
}  # fmt: skip


class OddAnswers:
    """Those planned for one account; safe to use from the service's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[OddAnswer] = []

    def plan(self, name: str, times: int = 1) -> None:
        """Give the next fitting requests an odd answer. Raises ValueError for a name that is none."""
        if name not in ODD_ANSWERS:
            raise ValueError(f"no odd answer is named {name}; there are {', '.join(ODD_ANSWERS)}")
        with self._lock:
            self._planned += [ODD_ANSWERS[name]] * times

    def in_place_of(self, request: Request, answer: Answer) -> Answer:
        """The answer, or an odd one in its place."""
        with self._lock:
            for place, odd in enumerate(self._planned):
                if fnmatchcase(request.path, odd.path) and (made := odd.make(request, answer)) is not None:
                    del self._planned[place]
                    return made
        return answer
