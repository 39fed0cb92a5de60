"""How many requests a service takes in a span of time."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """At most `requests` in any window of `per_s` seconds, by a clock that a test can replace."""

    def __init__(self, requests: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.requests, self.per_s = requests, per_s
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_s(self, count: int = 1) -> float:
        """0.0 if `count` more are within the limit (they are then counted), else the seconds until they will be."""
        with self._lock:
            now = self._clock()
            while self._times and self._times[0] <= now - self.per_s:
                self._times.popleft()
            if len(self._times) + count <= self.requests:
                self._times.extend([now] * count)
                return 0.0
            index = min(len(self._times) + count - self.requests, len(self._times)) - 1
            return self._times[index] + self.per_s - now if index >= 0 else self.per_s

    def used(self) -> int:
        """How many were counted in the window that ends now."""
        with self._lock:
            now = self._clock()
            return sum(each > now - self.per_s for each in self._times)
