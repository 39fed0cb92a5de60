"""How long the loader bears with a pool: passing failures are tried again, one that is paused or warming up is waited for as long as the settings say.

passing failure (a lost connection, a deadlock, a failover)   ATTEMPTS tries, with waits of 1, 2, 4, 8, 16 s and a jitter of up to 1 s
throttled                                                     likewise, but with THROTTLED_WAIT_S at least before each
warming up, not available                                     likewise, and beyond them until `wait_for_pool_s` is over
paused                                                        not at all, or until `wait_for_pool_s` is over
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from singer_commons.errors import CredentialsError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

ATTEMPTS = 6  # half a minute, in which a failover is over
MAX_WAIT_S = (
    60  # between two tries of something that passes (https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-connectivity-issues)
)
MAX_POOL_WAIT_S = 30  # between two looks at a pool that is away: resuming takes minutes
THROTTLED_WAIT_S = 10  # error 40501 says: "Retry the request after 10 seconds"

Result = TypeVar("Result")
logger = logging.getLogger("target-synapse")


class TransientSqlError(UnreachableError):
    """The connection was lost or the pool asked to come again; the connection it happened on is no longer used."""

    def __init__(self, message: str, *, hint: str | None = None, wait_s: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s  # at least, before the next try


class PoolAwayError(TransientSqlError):
    """There is a pool, and it takes no logins now: it is paused, or not up yet."""

    def __init__(self, message: str, *, hint: str | None = None, is_paused: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_paused = is_paused


@dataclass(slots=True)
class Patience:
    """Does work until it succeeds or patience is over; `first_wait_s` is the wait before the second try."""

    first_wait_s: float = 1.0
    wait_for_pool_s: float = 0.0
    sleep: Callable[[float], None] | None = None

    def repeated(self, work: Callable[[], Result], *, attempts: int = ATTEMPTS) -> Result:
        """Do the work again while passing failures end it. The work must bear being repeated. Raises what ended its last try."""
        from tenacity import Retrying, nap  # noqa: PLC0415 - not for `--version`

        spell, sleep = _Spell(self, attempts), self.sleep or nap.sleep
        return Retrying(retry=spell.is_passing, stop=spell.is_over, wait=spell.wait_s, before_sleep=spell.tell, sleep=sleep, reraise=True)(work)


class _Spell:
    """The failures of one piece of work."""

    def __init__(self, patience: Patience, attempts: int) -> None:
        self._patience, self._attempts = patience, attempts
        self._tried = 0  # failures that count against the attempts
        self._away_s: float | None = None  # waited for the pool since it is away
        self._was_away = False

    def is_passing(self, state: RetryCallState) -> bool:
        """Whether another try may help; asked once for each outcome."""
        error = _failure(state)
        away = isinstance(error, PoolAwayError)
        # Just after it was resumed, a pool may not know its logins yet (unconfirmed).
        waking = self._was_away and isinstance(error, CredentialsError)
        self._was_away = self._was_away or away
        self._away_s = (self._away_s or 0.0) if away or waking else None
        self._tried += error is not None
        return isinstance(error, TransientSqlError) or waking

    def is_over(self, state: RetryCallState) -> bool:
        """Whether patience is at its end."""
        error = _failure(state)
        if self._away_s is not None and self._away_s < self._patience.wait_for_pool_s:
            return False
        return self._tried >= self._attempts or (isinstance(error, PoolAwayError) and error.is_paused)

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next try."""
        from tenacity import wait_exponential_jitter  # noqa: PLC0415 - not for `--version`

        first, error = self._patience.first_wait_s, _failure(state)
        longest = MAX_WAIT_S if self._away_s is None else MAX_POOL_WAIT_S
        wait = wait_exponential_jitter(initial=first, max=longest, jitter=first)(state)
        left = 0.0 if self._away_s is None else self._patience.wait_for_pool_s - self._away_s
        return min(wait, left) if left > 0 else max(wait, error.wait_s if isinstance(error, TransientSqlError) else 0.0)

    def tell(self, state: RetryCallState) -> None:
        """Say what is waited for."""
        error = _failure(state)
        if self._away_s is not None:
            self._away_s += state.upcoming_sleep
        if self._away_s is not None and self._patience.wait_for_pool_s:
            logger.info("%s; looking again in %.0f s, for %d s at most", error, state.upcoming_sleep, self._patience.wait_for_pool_s)
        else:
            logger.info("%s; trying again (%d of %d)", error, self._tried, self._attempts)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
