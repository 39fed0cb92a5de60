"""Rows of one stream as they came: text, not decoded; cut out of their lines, or the lines as they are."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.exceptions import InvalidInputLine

from singer_commons.columnar.parting import Parted, parted, record_lines
from singer_commons.secrets import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Text = bytes | msgspec.Raw  # UTF-8

QUOTED_CHARS = 200  # of a line that is no message: enough to see what it is
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def record_of(text: Text) -> Any:
    """The value of a JSON text, as the SDK reads it: numbers with a point as Decimal. Raises ValueError.

    What msgspec is too strict for (half of a surrogate pair, NaN) the json module reads, so that only that row is refused later.
    """
    try:
        return _decode(text)
    except ValueError:
        return json.loads(bytes(text).decode(), parse_float=Decimal)


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


class Block(ABC):
    """Rows of one stream, under one schema, in their order. `line_numbers` holds the place of each in the input, from 1."""

    stream: str
    line_numbers: Sequence[int]
    version: int | None
    source: str = ""  # the file that they stand in, if a BATCH message named it

    def __len__(self) -> int:
        """How many rows."""
        return len(self.line_numbers)

    @abstractmethod
    def slice(self, start: int, end: int) -> Block:
        """The rows from `start` up to `end`."""

    @abstractmethod
    def read(self) -> tuple[Block, bytes]:
        """The block, with all that it is to know, and its records as lines. Raises ValueError for a record that is no object.

        Each is an object since pyarrow.json 26 crashes at a line that is `null`.
        """

    @property
    @abstractmethod
    def longest(self) -> int:
        """No line that `read` gives has more bytes."""

    @property
    @abstractmethod
    def extracted_at(self) -> Sequence[str | None]:
        """When each row was extracted."""

    @abstractmethod
    def messages(self) -> Iterator[dict[str, Any]]:
        """The rows as RECORD messages, each with its `line`. Raises InvalidInputLine for one whose record is no JSON object."""

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as the SDK reads them. Raises InvalidInputLine for one that is no JSON object."""
        return [message["record"] for message in self.messages()]

    def place(self, index: int) -> str:
        """Where a row stands, for people."""
        return f"line {self.line_numbers[index]}" + (f" of {self.source}" if self.source else "")

    def _no_object(self, index: int) -> InvalidInputLine:
        return InvalidInputLine(f"{self.place(index)}: the record of `{self.stream}` is no JSON object")


@dataclass(frozen=True, slots=True)
class RecordBlock(Block):
    """Rows of one version. `records` holds the JSON text of each `record` member; `nbytes` counts the texts."""

    stream: str
    records: Sequence[Text]
    time_extracted: Sequence[str | None]
    line_numbers: Sequence[int]
    nbytes: int
    version: int | None = None
    source: str = ""

    def slice(self, start: int, end: int) -> RecordBlock:
        """See Block."""
        if start == 0 and end == len(self.records):
            return self
        records = self.records[start:end]
        return RecordBlock(
            self.stream,
            records,
            self.time_extracted[start:end],
            self.line_numbers[start:end],
            sum(map(len, records)),
            self.version,
            self.source,
        )

    def read(self) -> tuple[RecordBlock, bytes]:
        """See Block."""
        return self, record_lines(self.records)

    @property
    def longest(self) -> int:
        """See Block."""
        return max(map(len, self.records)) + 1

    @property
    def extracted_at(self) -> Sequence[str | None]:
        """See Block."""
        return self.time_extracted

    def dicts(self) -> list[dict[str, Any]]:
        """See Block."""
        return list(self._dicts())

    def _dicts(self) -> Iterator[dict[str, Any]]:
        for index, text in enumerate(self.records):
            try:
                record = record_of(text)
            except (ValueError, RecursionError) as error:
                raise InvalidInputLine(f"{self.place(index)}: {error}") from None
            if not isinstance(record, dict):
                raise self._no_object(index)
            yield record

    def messages(self) -> Iterator[dict[str, Any]]:
        """See Block."""
        for record, time_extracted, line in zip(self._dicts(), self.time_extracted, self.line_numbers, strict=True):
            yield {
                "type": "RECORD",
                "stream": self.stream,
                "record": record,
                "time_extracted": time_extracted,
                "version": self.version,
                "line": line,
            }


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lines, and what `parted` made of them, if it could."""

    text: bytes
    parted: Parted | None = None

    @property
    def nbytes(self) -> int:
        """Size of both."""
        return len(self.text) + (len(self.parted.records) if self.parted else 0)


@dataclass(frozen=True)
class LineBlock(Block):
    """RECORD lines as they came, in pieces of whole lines. All begin with `head`, up to the record.

    `version` and `extracted_at` are known of a block that has been `read`.
    """

    stream: str
    pieces: Sequence[Piece]
    head: bytes
    line_numbers: Sequence[int]
    version: int | None = None
    extracted_at: Sequence[str | None] = ()

    @cached_property
    def _texts(self) -> list[bytes]:
        return b"".join([piece.text for piece in self.pieces]).removesuffix(b"\n").split(b"\n")

    @property
    def longest(self) -> int:
        """See Block."""
        return max(len(piece.text) for piece in self.pieces)

    def read(self) -> tuple[LineBlock, bytes]:
        """See Block. Raises ValueError also for lines of several versions, and for what is no RECORD message of the stream."""
        parts = [piece.parted or parted(piece.text, self.stream, self.head) for piece in self.pieces]
        versions = {part.version for part in parts}
        if len(versions) > 1:
            raise ValueError("several versions")
        times = list(chain.from_iterable(part.times for part in parts))
        return replace(self, version=versions.pop(), extracted_at=times), b"\n".join([part.records for part in parts])

    def slice(self, start: int, end: int) -> LineBlock:
        """See Block."""
        if start == 0 and end == len(self):
            return self
        text = b"\n".join(self._texts[start:end])
        return replace(self, pieces=[Piece(text)], line_numbers=self.line_numbers[start:end], extracted_at=self.extracted_at[start:end])

    def messages(self) -> Iterator[dict[str, Any]]:
        """See Block."""
        for index, text in enumerate(self._texts):
            try:
                message = message_of(text)
            except InvalidInputLine as error:
                raise InvalidInputLine(f"{self.place(index)}: {error}") from None
            if (message.get("type"), message.get("stream")) != ("RECORD", self.stream):
                raise InvalidInputLine(f"{self.place(index)}: this names its type or stream twice")
            if not isinstance(message["record"], dict):
                raise self._no_object(index)
            yield {"time_extracted": None, "version": None, **message, "line": self.line_numbers[index]}


@dataclass(slots=True)
class Gathered:
    """Rows of a stream that wait to become a block."""

    records: list[Text] = field(default_factory=list)
    time_extracted: list[str | None] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    nbytes: int = 0
    version: int | None = None
    source: str = ""

    def __len__(self) -> int:
        """How many rows."""
        return len(self.records)

    def add(self, records: Iterable[Text], time_extracted: Iterable[str | None], line_numbers: Iterable[int], nbytes: int) -> None:
        """Append rows."""
        self.records += records
        self.time_extracted += time_extracted
        self.line_numbers += line_numbers
        self.nbytes += nbytes

    def take(self, stream: str) -> RecordBlock:
        """The rows as a block; none wait any longer."""
        block = RecordBlock(stream, self.records, self.time_extracted, self.line_numbers, self.nbytes, self.version, self.source)
        self.records, self.time_extracted, self.line_numbers, self.nbytes = [], [], [], 0
        return block


@dataclass(slots=True)
class GatheredLines:
    """The same for lines, which are parted while they are still in the processor's cache: a third of the time. They all begin with `head`."""

    stream: str
    head: bytes = b""
    pieces: list[Piece] = field(default_factory=list)
    line_numbers: list[range] = field(default_factory=list)
    nbytes: int = 0
    _rows: int = 0

    def __len__(self) -> int:
        """How many rows."""
        return self._rows

    def add(self, text: bytes, line_numbers: range) -> None:
        """Append whole lines."""
        try:
            piece = Piece(text, parted(text, self.stream, self.head))
        except (ValueError, RecursionError):  # told once it is clear which line it is
            piece = Piece(text)
        self.pieces.append(piece)
        self.line_numbers.append(line_numbers)
        self.nbytes += piece.nbytes
        self._rows += len(line_numbers)

    def take(self) -> LineBlock:
        """The lines as a block; none wait any longer."""
        block = LineBlock(self.stream, self.pieces, self.head, list(chain.from_iterable(self.line_numbers)))
        self.pieces, self.line_numbers, self.nbytes, self._rows = [], [], 0, 0
        return block
