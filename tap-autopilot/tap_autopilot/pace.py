"""How fast requests go: evenly, and never so that the service could count too many in a second.

The rule is five requests in any second ("You have exceeded your request rate of 5 r/s.": API blueprint of 2015). Spacing alone does not keep it: a
thread that wakes late sends late, and those behind it are on time. So each request also keeps its distance to the one that is so many places before it.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from singer_commons.http import Pacer

if TYPE_CHECKING:
    from collections.abc import Callable

MARGIN_S = 0.04  # beyond each second, since requests do not all take the same time to arrive: 96 % of a rate of 5 a second or less


class WindowPacer(Pacer):
    """At most `per_second` calls in any second, from however many threads, even if they arrive up to MARGIN_S late."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        calls = max(1, int(per_second))
        self._window_s = calls / per_second + MARGIN_S
        super().__init__(calls / self._window_s, clock=clock, sleep=sleep)
        self._gone_at: deque[float] = deque(maxlen=calls)

    def wait(self) -> None:
        """Wait until the next call is due, and far enough behind those that went."""
        super().wait()
        while wait_s := self._too_early_s():
            self._sleep(wait_s)

    def _too_early_s(self) -> float:
        """Seconds by which a call now would be too early; 0.0 if it may go, and then it is counted."""
        with self._lock:
            now = self._clock()
            is_full = len(self._gone_at) == self._gone_at.maxlen
            wait_s = max(0.0, self._gone_at[0] + self._window_s - now) if is_full else 0.0
            self.waited_s += wait_s
            if not wait_s:
                self._gone_at.append(now)
            return wait_s
