"""A service that never comes to listen."""

import threading


def start(options):
    threading.Event().wait()
