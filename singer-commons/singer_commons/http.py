"""HTTP for the packages that speak to REST services: one client, one retry policy, one pacer.

What is retried: refused or cut connections and time-outs, and the statuses of `RETRIED_STATUSES`. A `Retry-After` header
(seconds or a date) is waited out, up to `max_wait_s`; without one the wait doubles, with full jitter. Limits are by tries and by time.
"""

from __future__ import annotations

import base64
import email.utils
import logging
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from singer_commons.errors import CredentialsError, ForbiddenError, RejectedError, SuiteError, UnreachableError
from singer_commons.secrets import excerpt, known_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenacity import RetryCallState

logger = logging.getLogger(__name__)

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
TOLD_WAIT_S = 5.0  # a longer wait is told at INFO: without a word it looks like a hang
QUOTED_CHARS = 300  # of a refusal's body in our message; the whole body may hold a customer's data


class PassingError(SuiteError):
    """A failure that may pass: retried; `retry_after_s` is the wait that the service asks for, if it names one."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try. `first_wait_s` is the upper end of the first random wait, which doubles up to `max_wait_s`."""

    max_tries: int = 8
    max_total_s: float = 900.0
    first_wait_s: float = 1.0
    max_wait_s: float = 300.0

    def wait_s(self, tries: int, error: BaseException | None) -> float:
        """Seconds to wait after the given number of failed tries, the last of them with `error`."""
        asked = getattr(error, "retry_after_s", None)
        if asked is not None:
            return min(float(asked), self.max_wait_s)
        return random.uniform(0, min(self.first_wait_s * 2 ** (tries - 1), self.max_wait_s))  # noqa: S311 - jitter, no secret


QUICK_POLICY = RetryPolicy(max_tries=3, max_total_s=15.0, first_wait_s=0.5, max_wait_s=5.0)  # for `--check`: somebody waits for the answer


class Pacer:
    """Keeps calls at or below `per_second`, evenly spaced, from however many threads they come; None means no limit."""

    def __init__(self, per_second: float | None, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self._gap_s = 1 / per_second if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._next_at = 0.0
        self._lock = threading.Lock()
        self.waited_s = 0.0

    def wait(self) -> None:
        """Wait until the next call is due."""
        with self._lock:  # held to take a place in the row, not while waiting for it to come
            now = self._clock()
            wait_s = max(0.0, self._next_at - now)
            self._next_at = now + wait_s + self._gap_s
            self.waited_s += wait_s
        if wait_s:
            self._sleep(wait_s)


class CallsSpentError(BaseException):
    """The calls that `most_calls` allows are made; no Exception, since nothing went wrong that a stream could handle."""


class _Allowed:
    calls: int | None = None


@contextmanager
def most_calls(number: int) -> Iterator[None]:
    """Allow so many calls, of all clients, inside the block: the next one raises CallsSpentError."""
    before, _Allowed.calls = _Allowed.calls, number
    try:
        yield
    finally:
        _Allowed.calls = before


def _spend_call() -> None:
    if _Allowed.calls is not None:
        if _Allowed.calls <= 0:
            raise CallsSpentError
        _Allowed.calls -= 1


class HttpClient:
    """Makes requests to one service, paced and retried; threads may share it.

    `service` names it in messages. `headers` go with each request. Counters for the summary: `calls`, `waited_s`.
    """

    def __init__(
        self,
        service: str,
        *,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None = None,
        pacer: Pacer | None = None,
        policy: RetryPolicy | None = None,
        timeout_s: tuple[float, float] = (10.0, 300.0),
        sleep: Callable[[float], None] = time.sleep,
        key_hint: str = "check the key in the settings",
    ) -> None:
        self._service, self._timeout_s, self._sleep, self._key_hint = service, timeout_s, sleep, key_hint
        self._policy = policy or RetryPolicy()
        self._pacer = pacer or Pacer(None)
        self._session = _Session()
        self._session.headers.update(headers)
        self._session.auth = auth or _no_netrc
        self._lock = threading.Lock()
        if auth:  # the form in which they travel: a service that quotes the request's headers shows it
            known_secrets().add([base64.b64encode(":".join(auth).encode()).decode()])
        self.calls = 0
        self._retries_waited_s = 0.0

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting: for the pace, and between tries."""
        return self._retries_waited_s + self._pacer.waited_s

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request until it is answered for good.

        `options` are those of `requests.Session.request`. Returns an answer below 400. Raises CredentialsError (401, 403),
        RejectedError (any other 4xx) or UnreachableError (tries or time spent).
        """
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay  # noqa: PLC0415 - not for `--version`

        retrying = Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._policy.max_tries) | stop_after_delay(self._policy.max_total_s),
            wait=self._wait_s,
            sleep=self._counted_sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(self._once, method, url, **options)
        except PassingError as error:
            tries = retrying.statistics.get("attempt_number", 1)
            raise UnreachableError(f"{error} (tried {tries} times)", hint="check the address and the network, or run again later") from error

    def _once(self, method: str, url: str, **options: Any) -> requests.Response:
        _spend_call()
        self._pacer.wait()
        with self._lock:
            self.calls += 1
        try:
            answer = self._session.request(method, url, timeout=self._timeout_s, **options)
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            raise PassingError(f"{self._service} at {_place(url)} did not answer: {type(error).__name__}") from error
        return self.checked(answer, method)

    def checked(self, answer: requests.Response, method: str) -> requests.Response:
        """The answer, if its status is below 400. Raises PassingError, CredentialsError or RejectedError."""
        status, where = answer.status_code, f"{self._service} answered {method} {_path(answer.url)} with {answer.status_code}"
        if status < requests.codes.bad_request:
            return answer
        if status in RETRIED_STATUSES:
            raise PassingError(where, retry_after_s(answer.headers.get("Retry-After")))
        body = excerpt(answer.text, QUOTED_CHARS)
        message = f"{where}: {body}" if body else where
        if status == requests.codes.unauthorized:
            raise CredentialsError(message, hint=self._key_hint)
        if status == requests.codes.forbidden:
            raise ForbiddenError(message, hint=self._key_hint)
        raise RejectedError(message, status=status, body=answer.text)

    def _wait_s(self, state: RetryCallState) -> float:
        return self._policy.wait_s(state.attempt_number, state.outcome.exception() if state.outcome else None)

    def _counted_sleep(self, wait_s: float) -> None:
        begun_s = time.monotonic()
        try:
            self._sleep(wait_s)
        except BaseException:  # a signal: what is left of the wait was not waited
            wait_s = time.monotonic() - begun_s
            raise
        finally:
            with self._lock:
                self._retries_waited_s += wait_s

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait_s = state.next_action.sleep if state.next_action else 0.0
        level = logging.INFO if wait_s >= TOLD_WAIT_S else logging.DEBUG
        logger.log(level, "%s; trying again in %.1f s", error, wait_s)


def retry_after_s(value: str | None, *, now_s: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait, from a `Retry-After` header in either form (RFC 9110, section 10.2.3); None if there is none to be read."""
    if value is None:
        return None
    text = value.strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now_s())
    except ValueError:
        return None


class _Session(requests.Session):
    """A session that takes no credentials from a stray ~/.netrc, as requests would on a redirect."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Drop the Authorization header on the way to another host."""
        first, then = str(response.request.url), str(prepared_request.url)
        if "Authorization" in prepared_request.headers and self.should_strip_auth(first, then):  # type: ignore[no-untyped-call]  # types-requests leaves it out
            del prepared_request.headers["Authorization"]


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _place(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _path(url: str) -> str:
    # Never the query: some services take keys or e-mail addresses there.
    return "/" + url.split("?", 1)[0].split("/", 3)[-1]
