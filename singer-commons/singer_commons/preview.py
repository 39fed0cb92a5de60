"""`--preview`: the first rows of each selected stream, with as few requests as that takes, and no state.

The streams run as they always do; what they write comes to a PreviewWriter, which keeps rows and ends the stream when there are enough.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import RecordMessage, StateMessage

from singer_commons.secrets import known_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from singer_sdk.singerlib.encoding.simple import Message

DEFAULT_ROWS = 5
FILLING_ROWS = 100  # after so many rows of all, a stream that fills others is not read on for one of them that has few
MOST_STATES = 3  # a stream that has told its state so often and given fewer rows has few: the rest of the account is not read for them
MAX_CELL_CHARS, MIN_CELL_CHARS = 32, 3
BETWEEN = "  "


class EnoughError(BaseException):
    """Ends a stream's run; no Exception, which the SDK would log as a failure."""


class PreviewWriter(SimpleSingerWriter):
    """Takes a tap's messages and keeps the first rows of each stream."""

    def __init__(self, most_rows: int) -> None:
        self.most_rows = most_rows
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._main, self._wanted = "", list[str]()
        self._seen_rows = self._states = 0

    def begin(self, stream: str, wanted: Iterable[str]) -> None:
        """A stream is about to run; `wanted` are those that it fills and that are to be shown, itself among them or not."""
        self._main, self._wanted = stream, list(wanted)
        self._seen_rows = self._states = 0

    def write_message(self, message: Message) -> None:
        """Keep a row; pass everything else over. Raises EnoughError."""
        if isinstance(message, StateMessage):
            self._states += 1
            if self._states >= MOST_STATES:
                raise EnoughError
        if isinstance(message, RecordMessage):
            self._keep(message)

    def _keep(self, message: RecordMessage) -> None:
        self._seen_rows += 1
        if self._is_open(message.stream):
            self.rows[message.stream].append(dict(message.record))
        is_main_open = self._main in self._wanted and self._is_open(self._main)
        if not any(map(self._is_open, self._wanted)) or (not is_main_open and self._seen_rows >= FILLING_ROWS):
            raise EnoughError

    def _is_open(self, stream: str) -> bool:
        return len(self.rows[stream]) < self.most_rows


def json_lines(stream: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for a program: a line each, `{"stream": ..., "record": ...}`."""
    return "".join(serialize_json({"stream": stream, "record": row}) + "\n" for row in rows)


def table(stream: str, rows: Sequence[Mapping[str, Any]], width_chars: int) -> str:
    """Rows for a person: a heading, the columns that fit into the width, and the names of those that do not."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    heading = f"{stream}: {len(rows)} row{'' if len(rows) == 1 else 's'}\n"
    if not rows:
        return heading + "\n"
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [
        min(MAX_CELL_CHARS, max(MIN_CELL_CHARS, *(len(text) for text in column))) for column in zip([_cell(n) for n in names], *cells, strict=True)
    ]
    shown = _fitting(widths, width_chars)
    lines = [[_cell(name) for name in names], *cells]
    text = "".join(_line(line[:shown], widths, width_chars) for line in lines)
    more = f"and {len(names) - shown} more columns: {', '.join(_cell(name) for name in names[shown:])}"
    return heading + text + (_cut(more, width_chars) + "\n" if shown < len(names) else "") + "\n"


def written(is_terminal: bool) -> Callable[[str, Sequence[Mapping[str, Any]]], str]:  # noqa: FBT001 - the one thing it depends on
    """How rows are written: as tables on a terminal, as JSON lines elsewhere."""
    if not is_terminal:
        return json_lines
    width_chars = shutil.get_terminal_size().columns
    return lambda stream, rows: table(stream, rows, width_chars)


def _cell(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else serialize_json(value)
    # Data must not steer the terminal: whatever cannot be printed is shown as a question mark.
    return "".join(char if char.isprintable() else "?" for char in " ".join(known_secrets()(text).split()))


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: max(chars - 1, 0)] + "…"


def _fitting(widths: Sequence[int], width_chars: int) -> int:
    used = 0
    for place, width in enumerate(widths):
        used += width + (len(BETWEEN) if place else 0)
        if used > width_chars:
            return max(place, 1)
    return len(widths)


def _line(cells: Sequence[str], widths: Sequence[int], width_chars: int) -> str:
    text = BETWEEN.join(_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=False))
    return _cut(text.rstrip(), width_chars) + "\n"
