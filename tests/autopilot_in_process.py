"""The tap and the stand-in in one process and without sockets: requests end in an adapter of `requests`, and the service has a clock of its own."""

from __future__ import annotations

import email.utils
import io
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
from autopilot_runs import LivelyStand
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from sandbox.http.messages import Request
from tap_autopilot.tap import TapAutopilot

ROWS_BESIDE_EACH = 24  # deleted ones in the index: so that a few contacts make several pages


class ServiceClock:
    """The service's time, which a test sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def shift(self, seconds: float) -> None:
        """Move it on, or back."""
        self.now += timedelta(seconds=seconds)


class SmallStand(LivelyStand):
    """An account of few contacts on several pages, whose stamps and Date headers are by its own clock."""

    def __init__(self, contacts: int, clock: ServiceClock) -> None:
        super().__init__(customers=contacts)
        self.clock = clock
        self.account._now = lambda: clock.now
        ids = sorted(self.account._contacts)
        self.account._index = sorted([*ids, *(f"{one}-{number:02}" for one in ids for number in range(ROWS_BESIDE_EACH))])

    def answer(self, request: Request):
        """The answer as the HTTP server would give it."""
        if (refusal := self.admit(request)) is not None:
            return refusal
        for route in self.routes():
            if (named := route.match(request)) is not None:
                return route.answer(request, **named)
        return self.unknown(request)


class ToStand(BaseAdapter):
    """Hands each request to the stand-in, and its answer back."""

    def __init__(self, stand: SmallStand) -> None:
        super().__init__()
        self._stand = stand

    def send(self, request, **_options):
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self._stand.answer(Request(request.method, urlsplit(request.url).path, {}, headers))
        response = requests.Response()
        response.status_code, response.url, response.request, response.raw = answer.status, request.url, request, io.BytesIO(answer.body)
        response.headers = CaseInsensitiveDict({**answer.headers, "Date": email.utils.format_datetime(self._stand.clock.now, usegmt=True)})
        return response

    def close(self):
        """Nothing is open."""


def tap_of(stand: SmallStand) -> type[TapAutopilot]:
    """The tap, with its client's requests led to the stand-in."""

    class InProcessTap(TapAutopilot):
        """The tap as it is, on another transport."""

        def _new_client(self, policy=None):
            client = super()._new_client(policy)
            client.http._session.mount("http://", ToStand(stand))
            return client

    return InProcessTap
