"""What goes wrong with the sandbox itself, worded for the person who started it."""

from __future__ import annotations

HINT = "hint: "


class SandboxError(Exception):
    """A failure with a reason for the user; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def text(self) -> str:
        """The reason and, on a line of its own, the hint."""
        return f"{self}\n{HINT}{self.hint}" if self.hint else str(self)
