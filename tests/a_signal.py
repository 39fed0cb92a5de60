"""A signal that comes while something is at work."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager

from singer_commons.signals import TerminationRequested

SOON_S = 0.05


@contextmanager
def a_signal_soon():
    """SIGTERM soon after the beginning of the block, or at its end: TerminationRequested, as of a command, is to end it."""
    before = signal.signal(signal.SIGTERM, _request)
    timer = threading.Timer(SOON_S, os.kill, [os.getpid(), signal.SIGTERM])
    try:
        timer.start()
        yield
        timer.join()  # where the work was done before
    finally:
        timer.cancel()  # where something else ended it
        signal.signal(signal.SIGTERM, before)


def _request(number, _frame):
    raise TerminationRequested(number)
