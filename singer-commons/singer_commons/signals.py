"""Ends on request: SIGTERM and SIGINT stop a plugin between two lines, never inside one."""

from __future__ import annotations

import signal
import threading
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
    """Hold SIGTERM and SIGINT back inside the block, and let them act behind it.

    Without it a signal during a blocked write ends the process with half a line written, and the reader fails on that line. It takes two holds:
    blocked in the main thread, so that no signal cuts a system call short (unbuffered, Python then drops the rest of the write); and with handlers
    that wait, since the system gives a blocked signal to another thread (DuckDB has some), and Python still runs its handler here.
    Does nothing outside the main thread, where no handler runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    can_block = hasattr(signal, "pthread_sigmask")  # Windows cannot
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS) if can_block else set()
    before = {each: signal.signal(each, lambda number, _frame: caught.append(number)) for each in ENDING_SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in caught[:1]:
            signal.raise_signal(number)
