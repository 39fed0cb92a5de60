"""RECORD lines that begin alike, parted into their records and what stands behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = "RECORD"


class Line(msgspec.Struct, gc=False):
    """What of a line tells where it goes."""

    type: str
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    time_extracted: str | None = None
    version: int | None = None


line_of = msgspec.json.Decoder(Line).decode


@dataclass(frozen=True, slots=True)
class Parted:
    """The records of some lines, one a line, without an end behind the last; and what their messages say of them."""

    records: bytes
    version: int | None
    times: Sequence[str | None]


def parted(text: bytes, stream: str, head: bytes) -> Parted:
    """Part whole lines that all begin with `head`, which ends where the record begins.

    Raises ValueError for what is no RECORD message of the stream, for several versions, and where a line's record is no object.
    """
    text = text.removesuffix(b"\n")
    texts = text.split(b"\n")
    first = line_of(texts[0])
    texts[0].decode()  # msgspec does not look into what it skips
    _check(first, stream, first.version)
    tail = texts[0][len(head) + len(first.record) :]
    is_last = not line_of(b'{"type":""' + tail).record  # of a member that is there twice the last one counts
    start, end = head + b"{", b"}" + tail
    if is_last and text.startswith(start) and text.endswith(end) and text.count(end + b"\n" + start) == len(texts) - 1:
        # A tap that writes a block at once gives it one time: then lines end alike too. This takes 0.5 us a line of 400 bytes, against 1.5 for what follows.
        begin, stop = len(head), -len(tail)
        return Parted(b"\n".join([one[begin:stop] for one in texts]), first.version, [first.time_extracted] * len(texts))
    text.decode()
    lines = list(map(line_of, texts))
    for line in lines:
        _check(line, stream, first.version)
    return Parted(record_lines([line.record for line in lines]), first.version, [line.time_extracted for line in lines])


def _check(line: Line, stream: str, version: int | None) -> None:
    if (line.type, line.stream) != (RECORD, stream):
        raise ValueError("another type or stream")
    if line.version != version:
        raise ValueError("several versions")


def record_lines(records: Sequence[bytes | msgspec.Raw]) -> bytes:
    """Objects as lines, one each. Raises ValueError if one of them is no object."""
    made = b"\n".join(records)
    if not are_objects(made, len(records)):
        made = b"\n".join([bytes(record).strip() for record in records])  # lines of a file may have blanks at their ends
        if not are_objects(made, len(records)):
            raise ValueError("a record that is no object")
    return made


def are_objects(text: bytes, rows: int) -> bool:
    r"""Whether each line begins and ends as an object does.

    A parser that finds just as many values in them has then found one in each: behind `}` and a line end, `{` begins a new one or is an error.
    """
    return text.startswith(b"{") and text.endswith(b"}") and text.count(b"}\n{") == rows - 1 == text.count(b"\n")
