"""What ends a bench run, or one of its measurements."""

from __future__ import annotations


class BenchError(Exception):
    """The bench cannot go on, or a measured command failed or gave wrong rows; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class OverdueError(BenchError):
    """A measured command did not end within its time."""


class MissingPeerError(BenchError):
    """A peer cannot be installed here."""
