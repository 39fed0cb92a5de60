"""Ends on request: SIGTERM and SIGINT stop a plugin between two lines, never inside one; a second one ends it wherever it is."""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STDERR = 2
SIGNALLED = 128  # and the signal's number: the exit code that shells give
NUDGE_S = 0.25


class TerminationRequested(BaseException):
    """Raised in the main thread by the first SIGTERM or SIGINT; `exit_code` is 128 and the signal's number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_code = SIGNALLED + signal_number


class _Watch:
    """Whether a thread of this process ends it at a second signal, and whether the main thread has taken the first."""

    is_on = False
    first_is_taken = False


def request_termination(signal_number: int, _frame: FrameType | None) -> NoReturn:
    """Handle the first signal: a second one forces the end at once."""
    _Watch.first_is_taken = True
    for each in ENDING_SIGNALS:
        signal.signal(each, _leave_to_the_watch if _Watch.is_on else signal.SIG_DFL)
    raise TerminationRequested(signal_number)


def _leave_to_the_watch(_signal_number: int, _frame: FrameType | None) -> None:
    """Do nothing: a signal that has a handler reaches the watch."""


def force_on_second_signal(name: str) -> None:
    """From now on a second SIGTERM or SIGINT ends the process at once, whatever it is doing, and the first reaches the main thread wherever that waits.

    A handler would not do: Python runs it in the main thread when that is back from the system or a driver, and a query, or a write to a reader that does
    not read, may last. But the system's part of it writes the signal's number here at once, and a thread reads it. `name` is the command's, for the last line.

    The system may give a signal to any thread, and then the main thread sleeps on where it waits for a lock. What wakes it is a signal of its own, SIGURG,
    which by itself does nothing.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: no such signals
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGURG, _leave_to_the_watch)
    _Watch.is_on = True
    threading.Thread(target=_end_at_second, args=(reading, name), name="second signal", daemon=True).start()


def _end_at_second(numbers: int, name: str) -> None:
    came = 0
    while came < 2:  # noqa: PLR2004 - the second one
        is_to_wake = came and not _Watch.first_is_taken
        if not select.select([numbers], [], [], NUDGE_S if is_to_wake else None)[0]:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)
            continue
        (number,) = os.read(numbers, 1)
        came += number in ENDING_SIGNALS
    if select.select([], [STDERR], [], 0)[1]:  # who does not read what is said must not hold this up
        os.write(STDERR, f"{name}: ended at once by a second signal, {signal.Signals(number).name}; what the last STATE says is done\n".encode())
    os._exit(SIGNALLED + number)


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
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (*ENDING_SIGNALS, signal.SIGURG)) if can_block else set()
    before = {each: signal.signal(each, lambda number, _frame: caught.append(number)) for each in ENDING_SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in caught[:1]:
            handler = before[signal.Signals(number)]
            if callable(handler):  # not raised anew: that would count as a second signal
                handler(number, None)
            else:
                signal.raise_signal(number)
