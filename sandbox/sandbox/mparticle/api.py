"""The endpoints: who may send, how much, how fast, and what becomes of it."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import math
import threading
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.http.limits import RateLimit
from sandbox.http.messages import Answer, Request
from sandbox.http.service import Route
from sandbox.mparticle.idsync import search_identities
from sandbox.mparticle.profiles import Profiles
from sandbox.mparticle.rules import problems
from sandbox.mparticle.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Documents: "HTTP" page of the Events API, and "Default Service Limits".
MAX_REQUEST_KB = 256  # a request must stay under it, whichever the endpoint
MAX_BATCH_KB = 128
MAX_BATCHES = 100
MAX_EVENTS = 100  # in a request: the bulk section says `100 EVENT DATA items`, taken in the stricter of its two readings
COUNTED = (
    *("requests", "requests_refused", "rate_limited", "accepted", "stored", "repeated"),
    *("events_stored", "dropped_wrong", "dropped_historical"),
)
HISTORICAL_MIN_AGE_MS = 72 * 3_600_000
JSON_SEPARATORS = (",", ":")


class MparticleStand:
    """Takes batches of one feed, whose key and secret follow from the seed."""

    def __init__(self, seed: int = 1, clock: Callable[[], float] = time.time) -> None:
        self.api_key = f"us1-sandbox{seed:04d}feed"
        self.api_secret = f"sandbox-secret-{seed:04d}-Zq8+/x"
        self._clock = clock
        self._lock = threading.RLock()
        self.switches = Switches()
        self._forget()

    def _forget(self) -> None:
        self.profiles = Profiles()
        self.batches: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self._seen: set[tuple[str, str]] = set()
        self._rate = RateLimit(self.switches.batches_per_second, 1.0, self._clock)

    def routes(self) -> Sequence[Route]:
        """The three ways to send, and the search of IDSync."""
        return (
            Route("POST", "/v2/events", lambda request: self._accept(request, bulk=False)),
            Route("POST", "/v2/bulkevents", lambda request: self._accept(request, bulk=True)),
            Route("POST", "/v2/bulkevents/historical", lambda request: self._accept(request, bulk=True, historical=True)),
            Route("POST", "/v1/search", self._search),
        )

    def admit(self, request: Request) -> Answer | None:
        """401 without credentials, 403 with wrong ones (documents, "HTTP": both with an empty body or the usual one)."""
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not coded:
            return self._refused(401, "Authorization header is missing.", code="UNAUTHORIZED")
        try:
            given = base64.b64decode(coded, validate=True)
        except binascii.Error:
            given = b""
        if not hmac.compare_digest(given, f"{self.api_key}:{self.api_secret}".encode()):
            return self._refused(403, "The API key or secret is invalid.", code="FORBIDDEN")
        return None

    def unknown(self, request: Request) -> Answer:  # noqa: ARG002 - the frame hands it over
        """404, with no body."""
        return Answer(404)

    def change(self, wish: Mapping[str, Any]) -> Any:
        """Set switches (`sandbox.mparticle.switches`) by name; `{"forget": true}` empties the store. Answers the switches."""
        wish = dict(wish)
        with self._lock:
            forget = wish.pop("forget", False)
            self.switches.set(wish)
            if forget:
                self._forget()
            self._rate.requests = self.switches.batches_per_second
            return asdict(self.switches)

    def stored(self, query: Mapping[str, str]) -> Any:
        """What arrived: `what=profiles` (merged users), `what=batches` (in the order they came) or `what=counts` (the default)."""
        what = query.get("what", "counts")
        with self._lock:
            if what == "profiles":
                return self.profiles.to_json()
            if what == "batches":
                return list(self.batches)
            if what == "counts":
                return {**self.counts, "profiles": len(self.profiles)}
        raise ValueError(f"stored has profiles, batches and counts, not {what}")

    def _accept(self, request: Request, *, bulk: bool, historical: bool = False) -> Answer:
        with self._lock:
            self.counts["requests"] += 1
            if len(request.body) >= MAX_REQUEST_KB * self.switches.kilobyte_bytes:
                return self._refused(
                    self.switches.oversize_status, f"The request has {len(request.body)} bytes; it must be under {MAX_REQUEST_KB} KB."
                )
            try:
                body = json.loads(request.body, parse_constant=_no_constant)
            except ValueError:
                return self._refused(400, "The request is not valid JSON.")
            if bulk is not isinstance(body, list):
                return self._refused(400, "The request must be a list of batches." if bulk else "The request must be one batch.")
            batches = body if bulk else [body]
            return self._rated(batches) or self._checked(batches, historical=historical)

    def _rated(self, batches: Sequence[Any]) -> Answer | None:
        # A request larger than the whole allowance of a second would never get through: it is the limit of count's business.
        wait_s = self._rate.wait_s(min(max(len(batches), 1), self._rate.requests))
        if not wait_s:
            return None
        self.counts["rate_limited"] += 1
        return Answer(429, b"", {"Retry-After": str(math.ceil(wait_s)), "X-mp-rate-limit-exceeded": self.switches.limited_by})

    def _checked(self, batches: Sequence[Any], *, historical: bool) -> Answer:
        if len(batches) > MAX_BATCHES:
            return self._refused(400, f"The request has {len(batches)} batches; {MAX_BATCHES} are allowed.")
        if (events := sum(_event_count(batch) for batch in batches)) > MAX_EVENTS:
            return self._refused(400, f"The request has {events} events; {MAX_EVENTS} are allowed.")
        wrong = {index: found for index, batch in enumerate(batches) if (found := self._problems(batch))}
        if wrong and (len(batches) == 1 or self.switches.bulk_failures == "refuse"):
            return self._refused(400, *(problem for found in wrong.values() for problem in found))
        self.counts["dropped_wrong"] += len(wrong)
        for index, batch in enumerate(batches):
            if index not in wrong:
                self._take(batch, historical=historical)
        return Answer(202, b"", {"X-mp-rate-limit-percentage-used": str(self._percentage_used())})

    def _problems(self, batch: Any) -> list[str]:
        size_bytes = len(json.dumps(batch, ensure_ascii=False, separators=JSON_SEPARATORS).encode("utf-8", "surrogatepass"))
        if size_bytes >= MAX_BATCH_KB * self.switches.kilobyte_bytes:
            return [f"The batch has {size_bytes} bytes; it must be under {MAX_BATCH_KB} KB."]
        return problems(batch, old_client_names=self.switches.old_client_names)

    def _take(self, batch: dict[str, Any], *, historical: bool) -> None:
        self.counts["accepted"] += 1
        if historical and self._too_recent(batch):
            self.counts["dropped_historical"] += 1
            return
        request_id = batch.get("source_request_id")
        if request_id is not None:
            if (self.api_key, request_id) in self._seen:  # scoped by key, enforced for 30 to 60 days (documents, JSON reference)
                self.counts["repeated"] += 1
                return
            self._seen.add((self.api_key, request_id))
        self.counts["stored"] += 1
        self.counts["events_stored"] += len(batch.get("events") or ())
        self.batches.append({"mpid": self.profiles.merge(batch), "historical": historical, "batch": batch})

    def _too_recent(self, batch: Mapping[str, Any]) -> bool:
        # Documents, "HTTP": dropped, not refused, without events, without a timestamp, or with one less than 72 hours old.
        times = [event["data"].get("timestamp_unixtime_ms") for event in batch.get("events") or ()]
        newest_ms = self._clock() * 1000 - HISTORICAL_MIN_AGE_MS
        return not times or any(each is None or each > newest_ms for each in times)

    def _percentage_used(self) -> int:
        return self._rate.used() * 100 // self._rate.requests

    def _search(self, request: Request) -> Answer:
        with self._lock:
            return search_identities(request, self.profiles, self.switches.search_miss_status)

    def _refused(self, status: int, *messages: str, code: str = "BAD_REQUEST") -> Answer:
        with self._lock:
            self.counts["requests_refused"] += 1
        return Answer.of_json({"errors": [{"code": code, "message": message} for message in messages]}, status)


def _event_count(batch: Any) -> int:
    events = batch.get("events") if isinstance(batch, dict) else None
    return len(events) if isinstance(events, list) else 0


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
