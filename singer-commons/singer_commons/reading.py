"""Standard input, read in blocks: RECORD lines are told apart from the others and gathered undecoded, each stream's for itself.

A stream whose sink is a `BlockSink` and that no stream map touches gets its rows in blocks. All other lines go one by one through the SDK's own methods.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

import msgspec
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine

from singer_commons.columnar.blocks import record_of
from singer_commons.secrets import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_commons.target import DurableTarget

READ_BYTES = 256 * 2**10  # of a file; a pipe gives what it holds, 64 KiB at most (pipe(7)), so that a line is read as soon as it is there
MAX_LINE_BYTES = 512 * 2**20  # our own bound: what has no line end by then is no Singer input, and would fill the memory
QUOTED_CHARS = 200  # of a line that is no message: enough to see what it is
RECORD = "RECORD"


class Line(msgspec.Struct, gc=False):
    """What of a line tells where it goes."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    time_extracted: str | None = None
    version: int | None = None


ODD = Line("")  # a line that the fast way cannot tell
_decode = msgspec.json.Decoder(Line).decode
_route = attrgetter("type", "stream", "version")


class BlockReader(GenericSingerReader[bytes]):
    """Reads for a target."""

    def __init__(self, target: DurableTarget) -> None:
        super().__init__()
        self._target = target

    @property
    def default_input(self) -> IO[bytes]:
        """Standard input."""
        import sys  # noqa: PLC0415 - looked up when it is read: tests replace it

        return sys.stdin.buffer

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """The message of a line. Raises InvalidInputLine."""
        return message_of(line)

    def process_lines(self, file_input: IO[Any] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]) -> Counter[str]:
        """Hand each message on; returns how many there were of each kind."""
        with self._target.reading():
            reading = Reading(self, self._target, callbacks)
            for chunk in whole_lines(_read(self.default_input if file_input is None else file_input)):
                reading.take(chunk)
            return reading.counts

    def unknown(self, message: dict[str, Any]) -> None:
        """Raise ValueError, as the SDK does for a type that it does not know."""
        self._process_unknown_message(message)


class Reading:
    """One pass over the input."""

    def __init__(self, reader: BlockReader, target: DurableTarget, callbacks: dict[str, Callable[[dict[str, Any]], None]]) -> None:
        self.counts: Counter[str] = Counter()
        self._reader, self._target, self._callbacks = reader, target, callbacks
        self._lines_done = 0
        self._room_rows = 0  # rows that may come before all sinks together are full; 0: to be looked up

    def take(self, chunk: bytes) -> None:
        """Take whole lines."""
        texts = chunk.split(b"\n")
        if not texts[-1]:
            texts.pop()
        lines = _told(chunk, texts)
        start = 0
        for (kind, stream, version), group in groupby(lines, key=_route):
            run = list(group)
            end = start + len(run)
            sizes = [len(line.record) for line in run] if kind == RECORD and stream else [0]
            if all(sizes):
                self._target.account.bytes_passed += sum(map(len, texts[start:end])) + end - start
                self._take_records(stream, version, run, sizes, self._lines_done + start + 1)
            else:
                for index in range(start, end):
                    self._take_other(texts[index], self._lines_done + index + 1)
            start = end
        self._lines_done += len(texts)
        self._target.keep_within_memory()
        self._target._handle_max_record_age()  # noqa: SLF001 - the SDK asks after each record

    def _take_records(self, stream: str, version: int | None, run: Sequence[Line], sizes: Sequence[int], first: int) -> None:
        """Take RECORD lines of one stream and version; the first of them is line `first`."""
        self.counts[RECORD] += len(run)
        if (sink := self._target.block_sink(stream)) is None:
            for number, line in enumerate(run, first):
                self._take_one(line, number)
            return
        records = [line.record for line in run]
        times = [line.time_extracted for line in run]
        start = 0
        while start < len(run):
            if self._room_rows <= 0:
                self._room_rows = self._target.rows_until_full
            end = start + sink.make_room(version, min(self._room_rows, len(run) - start))
            sink.gathered.add(records[start:end], times[start:end], range(first + start, first + end), sum(sizes[start:end]))
            self._room_rows -= end - start
            start = end
            if self._room_rows <= 0:
                self._target.drain_if_full()

    def _take_one(self, line: Line, number: int) -> None:
        message = {
            "type": RECORD,
            "stream": line.stream,
            "record": record_of(line.record),
            "time_extracted": line.time_extracted,
            "version": line.version,
        }
        self._call(message, number)

    def _take_other(self, line: bytes, number: int) -> None:
        try:
            message = message_of(line)
            self._reader.assert_line_requires(message, requires={"type"})
        except InvalidInputLine as error:
            raise InvalidInputLine(f"line {number}: {error}") from None
        self.counts[message["type"]] += 1
        if message["type"] == RECORD:
            self._target.account.bytes_passed += len(line) + 1
        self._target.before_message(message)
        self._call(message, number)

    def _call(self, message: dict[str, Any], number: int) -> None:
        self._room_rows = 0
        callback = self._callbacks.get(message["type"], self._reader.unknown)
        try:
            callback(message)
        except (InvalidInputLine, RecordsWithoutSchemaException) as error:
            raise type(error)(f"line {number}: {error}") from None


def message_of(line: bytes) -> dict[str, Any]:
    """The message of a line. Raises InvalidInputLine."""
    try:
        message = record_of(line)
    except UnicodeDecodeError as error:
        raise InvalidInputLine(f"this is not UTF-8 ({error.reason} at byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        quoted = excerpt(line.decode("utf-8", "replace"), QUOTED_CHARS)
        raise InvalidInputLine(f"this is not JSON ({error.msg} at character {error.pos + 1}): {quoted}") from None
    except RecursionError:
        raise InvalidInputLine("this is JSON nested too deeply to be read") from None
    if not isinstance(message, dict):
        raise InvalidInputLine("this is not a message, which is a JSON object")
    return message


def whole_lines(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What `read` gives, cut behind line ends. A last line may lack its end. Raises InvalidInputLine for a line over MAX_LINE_BYTES."""
    parts: list[bytes] = []
    waiting_bytes, lines_done = 0, 0
    while piece := read(READ_BYTES):
        end = piece.rfind(b"\n") + 1
        if end:
            parts.append(piece[:end])
            lines_done += piece.count(b"\n")
            yield b"".join(parts)
            parts, waiting_bytes = [], 0
        if end < len(piece):
            parts.append(piece[end:])
            waiting_bytes += len(piece) - end
        if waiting_bytes > MAX_LINE_BYTES:
            raise InvalidInputLine(f"line {lines_done + 1}: this has no end within {MAX_LINE_BYTES} bytes; a message is one line")
    if parts:
        yield b"".join(parts)


def _read(source: IO[Any]) -> Callable[[int], bytes]:
    """How to read some bytes of a file. Of an opened text file its bytes are read: lines are UTF-8 and end in a line feed, whatever the system thinks."""
    below = getattr(source, "buffer", source)
    if hasattr(below, "read1"):
        return below.read1  # type: ignore[no-any-return]  # of io.BufferedReader and io.BytesIO
    return lambda size: below.read(size).encode("utf-8", "surrogatepass")  # text in memory


def _told(chunk: bytes, texts: Sequence[bytes]) -> list[Line]:
    """What each line tells of itself."""
    try:
        if not chunk.isascii():
            chunk.decode()  # msgspec does not look into what it skips
        return list(map(_decode, texts))
    except (ValueError, RecursionError):
        return [_told_alone(text) for text in texts]


def _told_alone(text: bytes) -> Line:
    """What a line tells of itself; `ODD` if it needs a closer look."""
    try:
        text.decode()
        return _decode(text)
    except (ValueError, RecursionError):
        return ODD
