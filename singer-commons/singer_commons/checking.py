"""`--check`: what a run needs, tried one by one, a line each.

A plugin's `checks()` is a generator. It yields a Check, is told whether that went well, and so decides what can be tried next.
"""

from __future__ import annotations

import logging
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_commons.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Checks = Generator["Check", bool, None]

OK, FAIL, NOTE = "ok  ", "FAIL", "note"
EXIT_OK, EXIT_FAILED = 0, 1
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to try: `attempt` raises SuiteError if it does not go, else returns what there is to say, in a few words.

    `what` names it where it fails. What a run can do without is `optional`: then a failure is a note.
    """

    subject: str
    what: str
    attempt: Callable[[], str]
    optional: bool = False


class NotProvableError(SuiteError):
    """It cannot be known without doing what a check must not do: told in a note."""


def run_checks(checks: Checks, write: Callable[[str], object]) -> int:
    """Try all and write a line each, ended by a line break. Returns the exit code: 0 if nothing failed, else 1."""
    failed = False
    with closing(checks), suppress(StopIteration):  # closed, so that a signal leaves nothing lying about
        check = next(checks)
        while True:
            word, said = _tried(check)
            write(f"{word} {check.subject}: {' '.join(said.split())}\n")
            failed = failed or word == FAIL
            check = checks.send(word != FAIL)
    return EXIT_FAILED if failed else EXIT_OK


def _tried(check: Check) -> tuple[str, str]:
    try:
        return OK, check.attempt()
    except NotProvableError as error:
        return NOTE, _reason(check, error)
    except SuiteError as error:
        return (NOTE if check.optional else FAIL), _reason(check, error)
    except Exception as error:  # one check that breaks must not hide what the others find
        logger.debug("The failure, for debugging", exc_info=error)
        return FAIL, f"{check.what}: {type(error).__name__}: {error}"


def _reason(check: Check, error: SuiteError) -> str:
    return f"{check.what}: {error}" + (f" - hint: {error.hint}" if error.hint else "")
