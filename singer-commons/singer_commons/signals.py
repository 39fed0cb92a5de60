"""Ends on request: SIGTERM and SIGINT stop a plugin between two lines, never inside one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class TerminationRequested(BaseException):
    """Raised in the main thread by the first SIGTERM or SIGINT; `exit_code` is 128 and the signal's number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_code = 128 + signal_number


def request_termination(signal_number: int, _frame: FrameType | None) -> NoReturn:
    """Handle the first signal: a second one forces the end at once, by the system's own default."""
    for each in ENDING_SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise TerminationRequested(signal_number)


@contextmanager
def held_signals() -> Iterator[None]:
    """Hold SIGTERM and SIGINT back inside the block.

    Without it a signal during a blocked write ends the process with half a line written, and the reader fails on that line.
    Does nothing where the system cannot hold signals (Windows).
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
