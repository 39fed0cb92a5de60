"""What the suite's taps have in common: whole lines, and an end between two of them when asked to stop."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from singer_sdk import Tap
from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter

from singer_commons.accounts import Account
from singer_commons.plugin import SuitePlugin
from singer_commons.signals import held_signals, request_termination

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.singerlib.encoding.simple import Message


class WholeLineWriter(SimpleSingerWriter):
    """The SDK's writer, with SIGTERM and SIGINT held back while a line is written, and every line in the account."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()

    def write_message(self, message: Message) -> None:
        """Write one message as one line."""
        line = self.format_message(message) + "\n"
        if isinstance(message, SchemaMessage):
            self.account.turn_to(message.stream)
        with held_signals():
            sys.stdout.write(line)
            sys.stdout.flush()
            if isinstance(message, RecordMessage):
                self.account.wrote(message.stream, 1, len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass")))
            elif isinstance(message, StateMessage):
                self.account.state_out(message.value)


class SuiteTap(SuitePlugin, Tap):
    """A tap that writes whole lines, and on SIGTERM or SIGINT its state, then ends with 143 or 130 (the SDK ends with 0)."""

    message_writer_class = WholeLineWriter

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(self.message_writer, WholeLineWriter):
            self.message_writer.account = self.account
        self.account.callers = _callers(self.streams.values())

    def load_state(self, state: dict[str, Any]) -> None:
        """See the SDK."""
        super().load_state(state)
        self.account.state_in(self.state)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        with suppress(SystemExit):
            super()._handle_termination(signum, frame)  # writes the state; no line is open, since writes hold the signals back
        request_termination(signum, frame)


def _callers(streams: Collection[Stream]) -> dict[str, str]:
    """Child streams with the parent whose calls fill them."""
    parents = {one.name: one.parent_stream_type for one in streams if one.parent_stream_type}
    return {name: one.name for name, parent in parents.items() for one in streams if type(one) is parent}
