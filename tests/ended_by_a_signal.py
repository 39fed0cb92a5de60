"""A signal that comes while something is at work."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager

import pytest
from singer_commons.signals import TerminationRequested, request_termination

SOON_S = 0.05


@contextmanager
def ended_by_a_signal():
    """SIGTERM comes soon after the beginning of the block, which is to be ended by just what a command's handler raises then."""
    before = {each: signal.signal(each, request_termination) for each in (signal.SIGTERM, signal.SIGINT)}
    timer = threading.Timer(SOON_S, os.kill, [os.getpid(), signal.SIGTERM])
    try:
        with pytest.raises(TerminationRequested):  # noqa: PT012 - whichever of these it comes in
            timer.start()
            yield
            timer.join()  # where the work was done before
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
