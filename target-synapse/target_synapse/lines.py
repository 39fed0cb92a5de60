"""Singer lines from standard input."""

from __future__ import annotations

import json
from contextlib import nullcontext
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from singer_commons.secrets import excerpt
from singer_sdk.contrib.msgspec import MsgSpecReader, decoder
from singer_sdk.singerlib.exceptions import InvalidInputLine

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from contextlib import AbstractContextManager

QUOTED_CHARS = 80  # of a line that is none: enough to see what it is


class LineReader(MsgSpecReader):
    """Reads lines fast; what msgspec is too strict for (half of a surrogate pair) json reads, so that only that row is refused.

    All reading happens inside `around()`.
    """

    def __init__(self, around: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        super().__init__()
        self._around = around

    def process_lines(self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]) -> Counter[str]:
        """Hand each message to its callback; returns how many there were of each kind."""
        with self._around():
            return super().process_lines(file_input, callbacks)

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """The message of a line. Raises InvalidInputLine."""
        try:
            return decoder.decode(line)  # type: ignore[no-any-return]  # a line that holds no object fails where its type is looked for
        except ValueError:
            pass
        try:
            return json.loads(line, parse_float=Decimal)  # type: ignore[no-any-return]  # as above
        except ValueError as error:
            raise InvalidInputLine(f"{error} in {excerpt(line, QUOTED_CHARS)!r}") from None
