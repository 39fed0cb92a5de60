"""How fast batches may go: at most so many in any second, fewer when mParticle says that its limit is near.

mParticle counts batches, not requests: by default 270 a second (docs.mparticle.com/guides/default-service-limits). Its answers carry
`X-mp-rate-limit-percentage-used`, and a 429 says in `X-mp-rate-limit-exceeded` which limit it was; `acceleration` there means
that only the increase was too steep.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from singer_commons.http import HttpClient, Pacer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

WINDOW_S = 1.0
HOLD_PERCENT, EASE_PERCENT = 80, 95
EASED, HALVED, RAISED = 0.8, 0.5, 1.05
LOWEST_PER_SECOND = 1.0
TOO_MANY_REQUESTS = 429


class BatchPacer(Pacer):
    """Waits until `upcoming` more batches fit into the second before now.

    A request counts from its answer on: mParticle can only have counted it earlier, so no second of its clock sees more than ours.
    """

    def __init__(
        self,
        batches_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(None, clock=clock, sleep=sleep)
        self._limit = self.per_second = batches_per_second
        self._sent: deque[tuple[float, int]] = deque()
        self.upcoming = 1

    def wait(self) -> None:
        """Wait until the upcoming batches may go."""
        while self._sent and (self._recent() + self.upcoming) > self.per_second:
            wait_s = max(0.0, self._sent[0][0] + WINDOW_S - self._clock())
            self._sleep(wait_s)
            self.waited_s += wait_s
            self._sent.popleft()

    def observe(self, status: int, headers: Mapping[str, str]) -> None:
        """Take an answer into account: count its batches, and slow down or speed up as it says."""
        self._sent.append((self._clock(), self.upcoming))
        if status == TOO_MANY_REQUESTS:
            if headers.get("X-mp-rate-limit-exceeded") != "acceleration":
                self._set(self.per_second * HALVED)
            return
        used = headers.get("X-mp-rate-limit-percentage-used", "")
        if used.isdigit() and int(used) >= EASE_PERCENT:
            self._set(self.per_second * EASED)
        elif not used.isdigit() or int(used) < HOLD_PERCENT:
            self._set(self.per_second * RAISED)

    def _set(self, per_second: float) -> None:
        self.per_second = min(self._limit, max(LOWEST_PER_SECOND, per_second))

    def _recent(self) -> int:
        while self._sent and self._sent[0][0] <= self._clock() - WINDOW_S:
            self._sent.popleft()
        return sum(batches for _, batches in self._sent)


class EventsClient(HttpClient):
    """The suite's HTTP client, whose pacer hears every answer, refusals too."""

    def __init__(self, pacer: BatchPacer, **options: object) -> None:
        super().__init__("mParticle's Events API", pacer=pacer, **options)  # type: ignore[arg-type]  # passed on as they are
        self._batch_pacer = pacer

    def checked(self, answer: requests.Response, method: str) -> requests.Response:
        """Observe the answer, then judge it."""
        self._batch_pacer.observe(answer.status_code, answer.headers)
        return super().checked(answer, method)


def evened(batches_per_request: int, batches_per_second: float) -> int:
    """The largest size of requests of which a whole number fills a second: 90 instead of 100 for 270 a second."""
    requests_per_second = -(-batches_per_second // batches_per_request)
    return max(1, min(batches_per_request, int(batches_per_second // requests_per_second)))
