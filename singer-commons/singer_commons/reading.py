"""Standard input, read in blocks: RECORD lines are told apart from the others and gathered undecoded, each stream's for itself.

A stream whose sink is a `BlockSink` and that no stream map touches gets its rows in blocks. All other lines go one by one through the SDK's own methods.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding import GenericSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine

from singer_commons.columnar.blocks import message_of, record_of
from singer_commons.columnar.parting import RECORD, Line, line_of
from singer_commons.columnar.sink import ColumnarSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_commons.target import DurableTarget

READ_BYTES = 256 * 2**10  # of a file; a pipe gives what it holds, so that a line is read as soon as it is there
PIPE_BYTES = (
    2**20
)  # what a pipe may hold: the most that Linux lets anybody ask for, 16 times what it gives by itself (pipe(7), /proc/sys/fs/pipe-max-size)
MAX_LINE_BYTES = 512 * 2**20  # our own bound: what has no line end by then is no Singer input, and would fill the memory


ODD = Line("")  # a line that the fast way cannot tell
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
            source = self.default_input if file_input is None else file_input
            widen(source)
            for chunk in whole_lines(_read(source), lambda: reading.lines_done):
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
        self.lines_done = 0
        self._heads: dict[str, bytes] = {}  # how all lines of a stream begin, up to the record; empty if not alike
        self._last = ("", b"")  # the stream that came last, and its head
        self._room_rows = 0  # rows that may come before all sinks together are full; 0: to be looked up

    def take(self, chunk: bytes) -> None:
        """Take whole lines."""
        if not self._take_alike(chunk):
            self._take_told(chunk)
        self._target.keep_within_memory()
        self._target._handle_max_record_age()  # noqa: SLF001 - the SDK asks after each record

    def _take_alike(self, chunk: bytes) -> bool:
        """Take a chunk if all its lines begin like the ones before, and so are RECORD lines of the same stream. What follows is seen when they are decoded.

        Nothing is decoded here: 0.5 CPU s for a million lines of 400 bytes, against 2.5 (told apart, joined again).
        """
        stream, head = self._last
        if not head or not chunk.startswith(head):
            return False
        rows = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        sink = self._target.block_sink(stream)
        if chunk.count(b"\n" + head) != rows - 1 or not isinstance(sink, ColumnarSink):
            return False
        self._take_lines(sink, chunk, rows, head, self.lines_done + 1)
        self.lines_done += rows
        return True

    def _take_lines(self, sink: ColumnarSink, text: bytes, rows: int, head: bytes, first: int) -> None:
        """Take RECORD lines that begin alike; the first of them is line `first`."""
        self.counts[RECORD] += rows
        self._target.account.bytes_passed += len(text) + (not text.endswith(b"\n"))
        while rows:
            some = sink.make_room_for_lines(min(self._room(), rows), head)
            end = len(text) if some == rows else _end_of(text, some)
            sink.gathered_lines.add(text[:end], range(first, first + some))
            text, rows, first = text[end:], rows - some, first + some
            self._took(some)

    def _take_told(self, chunk: bytes) -> None:
        """Take lines of any kind, each told from the others."""
        texts = chunk.split(b"\n")
        if not texts[-1]:
            texts.pop()
        lines = _told(chunk, texts)
        start = 0
        for (kind, stream, _), group in groupby(lines, key=_route):
            run = list(group)
            end = start + len(run)
            sizes = [len(line.record) for line in run] if kind == RECORD and stream else [0]
            if all(sizes):
                self._take_records(texts[start:end], run, self.lines_done + start + 1)
            else:
                for index in range(start, end):
                    self._take_other(texts[index], self.lines_done + index + 1)
            start = end
        self.lines_done += len(texts)

    def _take_records(self, texts: Sequence[bytes], run: Sequence[Line], first: int) -> None:
        """Take RECORD lines of one stream and version; the first of them is line `first`."""
        stream = run[0].stream
        sink = self._target.block_sink(stream)
        if isinstance(sink, ColumnarSink) and self._are_alike(stream, texts, run[0]):
            self._take_lines(sink, b"\n".join(texts) + b"\n", len(texts), self._last[1], first)
            return
        self.counts[RECORD] += len(run)
        self._target.account.bytes_passed += sum(map(len, texts)) + len(texts)
        if sink is None:
            for number, line in enumerate(run, first):
                self._take_one(line, number)
            return
        records = [line.record for line in run]
        times = [line.time_extracted for line in run]
        start = 0
        while start < len(run):
            end = start + sink.make_room(run[0].version, min(self._room(), len(run) - start))
            sink.gathered.add(records[start:end], times[start:end], range(first + start, first + end), sum(map(len, records[start:end])))
            self._took(end - start)
            start = end

    def _are_alike(self, stream: str, texts: Sequence[bytes], first: Line) -> bool:
        """Whether lines of a stream begin as all its lines have so far; once they do not, it is not looked for any longer."""
        if stream not in self._heads:
            self._heads[stream] = _head_of(texts[0], first)
        head = self._heads[stream]
        if head and not all(text.startswith(head) for text in texts):
            head = self._heads[stream] = b""
        self._last = stream, head
        return bool(head)

    def _room(self) -> int:
        if self._room_rows <= 0:
            self._room_rows = self._target.rows_until_full
        return self._room_rows

    def _took(self, rows: int) -> None:
        self._room_rows -= rows
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
        self._target.line = number
        callback = self._callbacks.get(message["type"], self._reader.unknown)
        try:
            callback(message)
        except (InvalidInputLine, RecordsWithoutSchemaException) as error:
            raise type(error)(f"line {number}: {error}") from None


def widen(source: IO[Any]) -> None:
    """Let a pipe hold PIPE_BYTES, so that the tap writes on while a block is decoded, and each side wakes the other less often.

    Changes of context fell to a quarter in the tap, and to a half here (a million rows of 350 bytes).
    """
    with suppress(ImportError, AttributeError, OSError, ValueError):  # not Linux; not a pipe; more than this user may have in pipes
        import fcntl  # noqa: PLC0415 - not on Windows

        if fcntl.fcntl(source.fileno(), fcntl.F_GETPIPE_SZ) < PIPE_BYTES:
            fcntl.fcntl(source.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def whole_lines(read: Callable[[int], bytes], lines_done: Callable[[], int]) -> Iterator[bytes]:
    """What `read` gives, cut behind line ends. A last line may lack its end. Raises InvalidInputLine for a line over MAX_LINE_BYTES.

    `lines_done` says how many there were in all that it gave: who takes them counts them anyway.
    """
    parts: list[bytes] = []
    waiting_bytes = 0
    while piece := read(READ_BYTES):
        end = piece.rfind(b"\n") + 1
        if end:
            parts.append(piece[:end])
            yield b"".join(parts)
            parts, waiting_bytes = [], 0
        if end < len(piece):
            parts.append(piece[end:])
            waiting_bytes += len(piece) - end
        if waiting_bytes > MAX_LINE_BYTES:
            raise InvalidInputLine(f"line {lines_done() + 1}: this has no end within {MAX_LINE_BYTES} bytes; a message is one line")
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
        return list(map(line_of, texts))
    except (ValueError, RecursionError):
        return [_told_alone(text) for text in texts]


def _told_alone(text: bytes) -> Line:
    """What a line tells of itself; `ODD` if it needs a closer look."""
    try:
        text.decode()
        return line_of(text)
    except (ValueError, RecursionError):
        return ODD


def _head_of(text: bytes, told: Line) -> bytes:
    """What stands before the record of a line, if it holds the type and the stream; else nothing."""
    head = text[: text.find(bytes(told.record))]
    alone = _told_alone(head + b"{}}")
    return head if (alone.type, alone.stream, bytes(alone.record)) == (RECORD, told.stream, b"{}") else b""


def _end_of(text: bytes, lines: int) -> int:
    """Where the first so many lines end."""
    return len(text) - len(text.split(b"\n", lines)[-1])
