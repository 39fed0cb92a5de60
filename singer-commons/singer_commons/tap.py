"""What the suite's taps have in common: whole lines, and an end between two of them when asked to stop."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from singer_sdk import Tap
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter

from singer_commons.signals import held_signals, request_termination

if TYPE_CHECKING:
    from types import FrameType

    from singer_sdk.singerlib.encoding.simple import Message


class WholeLineWriter(SimpleSingerWriter):
    """The SDK's writer, with SIGTERM and SIGINT held back while a line is written."""

    def write_message(self, message: Message) -> None:
        """Write one message as one line."""
        with held_signals():
            super().write_message(message)


class SuiteTap(Tap):
    """A tap that writes whole lines, and on SIGTERM or SIGINT its state, then ends with 143 or 130 (the SDK ends with 0)."""

    message_writer_class = WholeLineWriter

    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        with suppress(SystemExit):
            super()._handle_termination(signum, frame)  # writes the state; no line is open, since writes hold the signals back
        request_termination(signum, frame)
