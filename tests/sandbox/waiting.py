"""Waits for what other processes do."""

import socket
import threading
import time

LIMIT_S = 20


def until(condition):
    """Wait for what another process does."""
    latest_s, wait = time.monotonic() + LIMIT_S, threading.Event()
    while not (value := condition()):
        assert time.monotonic() < latest_s, "this did not come about in time"
        wait.wait(0.02)
    return value


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
