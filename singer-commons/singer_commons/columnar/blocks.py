"""Rows of one stream as they came: text, cut out of their lines, not decoded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.exceptions import InvalidInputLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Text = bytes | msgspec.Raw  # UTF-8

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def record_of(text: Text) -> Any:
    """The value of a JSON text, as the SDK reads it: numbers with a point as Decimal. Raises ValueError.

    What msgspec is too strict for (half of a surrogate pair, NaN) the json module reads, so that only that row is refused later.
    """
    try:
        return _decode(text)
    except ValueError:
        return json.loads(bytes(text).decode(), parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """Rows of one stream, under one schema and version, in their order.

    `records` holds the JSON text of each `record` member, `line_numbers` the place of each in the input (from 1), or in the file `source` that a BATCH
    message named. `nbytes` counts the texts.
    """

    stream: str
    records: Sequence[Text]
    time_extracted: Sequence[str | None]
    line_numbers: Sequence[int]
    nbytes: int
    version: int | None = None
    source: str = ""

    def __len__(self) -> int:
        """How many rows."""
        return len(self.records)

    def slice(self, start: int, end: int) -> RecordBlock:
        """The rows from `start` up to `end`."""
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

    def place(self, index: int) -> str:
        """Where a row stands, for people."""
        return f"line {self.line_numbers[index]}" + (f" of {self.source}" if self.source else "")

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as the SDK reads them. Raises InvalidInputLine for one that is no JSON object."""
        return list(self._dicts())

    def _dicts(self) -> Iterator[dict[str, Any]]:
        for index, text in enumerate(self.records):
            try:
                record = record_of(text)
            except (ValueError, RecursionError) as error:
                raise InvalidInputLine(f"{self.place(index)}: {error}") from None
            if not isinstance(record, dict):
                raise InvalidInputLine(f"{self.place(index)}: the record of `{self.stream}` is no JSON object")
            yield record

    def messages(self) -> Iterator[dict[str, Any]]:
        """The rows as RECORD messages."""
        for record, time_extracted in zip(self._dicts(), self.time_extracted, strict=True):
            yield {"type": "RECORD", "stream": self.stream, "record": record, "time_extracted": time_extracted, "version": self.version}


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
