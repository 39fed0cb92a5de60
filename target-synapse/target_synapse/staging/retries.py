"""How requests to the storage are tried again: by the library's own policy, whose waits are counted with the run's.

Tries need no counting here: the library calls a client's `raw_request_hook` for each of them, since that stands behind the retries in its pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.storage.blob import ExponentialRetry

if TYPE_CHECKING:
    from singer_commons.accounts import Calls

RETRIES = 4  # of a request to the storage; the library's own limits of three for each kind of failure would come first
FIRST_WAIT_S, GROWTH = (
    1,
    2,
)  # waits are of 1 s and 2, 4, 8, 16 s more: half a minute in all; the library's own 15 s and more would hide a wrong address
JITTER_S = 1  # by which a wait is longer or shorter at random; the library's own 3 s would be all of the first


class CountedRetry(ExponentialRetry):
    """Waits as the library does, and says how long."""

    def __init__(self, calls: Calls, retries: int = RETRIES) -> None:
        limits: dict[str, Any] = dict.fromkeys(("retry_total", "retry_connect", "retry_read", "retry_status"), retries)
        super().__init__(initial_backoff=FIRST_WAIT_S, increment_base=GROWTH, random_jitter_range=JITTER_S, **limits)
        self._calls = calls

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Seconds before the next try; asked once for each, just before the wait."""
        wait_s = super().get_backoff_time(settings)
        self._calls.waited(wait_s)
        return wait_s
