"""Errors that a user meets, named for what the user does next.

    SuiteError                  exit code 1
    +-- ConfigurationError      2: change a setting
    +-- CredentialsError        1: get another key, or a right for it
    |   +-- ForbiddenError      1: the key is known, but may not do this: get it the right, or leave this out
    +-- UnreachableError        1: try again later; retries are spent
    +-- RejectedError           1: the service refused a request for good
    +-- InputError              1: the Singer lines on standard input are wrong
    +-- DestinationError        1: the destination refused what was sent
    +-- TooManyRejectsError     3: look into the rejects file

The message says what, where and why in one line; `hint` says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class SuiteError(Exception):
    """A failure with a reason for the user: no traceback is shown for it unless debugging."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigurationError(SuiteError):
    """Settings are missing, wrong or do not fit together; `problems` holds all of them, one sentence each."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str], *, hint: str | None = None) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("; ".join(self.problems), hint=hint)


class CredentialsError(SuiteError):
    """The service does not know the key, or the key may not do this."""


class ForbiddenError(CredentialsError):
    """The service knows the key, but the key may not do this (HTTP 403)."""


class UnreachableError(SuiteError):
    """The service did not answer, or only with passing failures, until retries were spent."""


class RejectedError(SuiteError):
    """The service refused a request for good; `status` is its HTTP status, `body` the start of its answer."""

    def __init__(self, message: str, *, status: int, body: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status, self.body = status, body


class InputError(SuiteError):
    """A line on standard input is no Singer message, or does not fit those before it."""


class DestinationError(SuiteError):
    """The destination refused what was sent, and trying again will not change that."""


class TooManyRejectsError(SuiteError):
    """More rows were rejected than the settings allow; the others were delivered."""

    exit_code = 3
