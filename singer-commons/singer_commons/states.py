"""How often a tap writes its STATE while a stream runs: after so many rows, and after so many seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STATE_EVERY_ROWS = 16_384  # rows of a batch from DuckDB, so that no batch is cut in two for a STATE
STATE_EVERY_S = 60.0

STATE_SETTINGS = (
    th.Property(
        "state_every_rows",
        th.IntegerType(minimum=1),
        default=STATE_EVERY_ROWS,
        title="Rows between states",
        description="A STATE goes out after this many rows of a stream.",
    ),
    th.Property(
        "state_every_s",
        th.NumberType(exclusive_minimum=0),
        default=STATE_EVERY_S,
        title="Seconds between states",
        description="A STATE goes out behind the first rows that come this many seconds after the last one, however few they are.",
    ),
)


class StatePace:
    """When a STATE is due."""

    def __init__(self, every_rows: int = STATE_EVERY_ROWS, every_s: float = STATE_EVERY_S, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.every_rows, self.every_s = every_rows, every_s
        self._clock_s, self._since_s, self._rows = clock_s, clock_s(), 0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> StatePace:
        """The pace that the settings ask for."""
        return cls(int(settings.get("state_every_rows") or STATE_EVERY_ROWS), float(settings.get("state_every_s") or STATE_EVERY_S))

    def is_due(self, rows: int) -> bool:
        """Count rows that were written, and say whether a STATE is to follow them; if so the count begins anew."""
        self._rows += rows
        now_s = self._clock_s()
        if self._rows < self.every_rows and now_s - self._since_s < self.every_s:
            return False
        self._rows, self._since_s = 0, now_s
        return True
