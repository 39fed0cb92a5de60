"""A signal that comes while something is at work."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager

from singer_commons.signals import request_termination

SOON_S = 0.05


@contextmanager
def a_signal_soon():
    """SIGTERM soon after the beginning of the block, or at its end: what a command's handler raises then is to end it."""
    before = {each: signal.signal(each, request_termination) for each in (signal.SIGTERM, signal.SIGINT)}
    timer = threading.Timer(SOON_S, os.kill, [os.getpid(), signal.SIGTERM])
    try:
        timer.start()
        yield
        timer.join()  # where the work was done before
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
