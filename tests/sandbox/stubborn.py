"""A service that does not react to SIGTERM."""

import signal
import threading
from types import SimpleNamespace


def start(options):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return SimpleNamespace(port=1, settings={"SANDBOX_STUBBORN_URL": "x"}, serve_forever=threading.Event().wait, close=lambda: None)
