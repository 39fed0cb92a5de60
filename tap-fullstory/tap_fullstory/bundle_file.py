"""A file of events: unpacked, found whole, and taken apart event by event in little memory.

Whether a file is packed is seen by its first two bytes, since the service names the type in more than one way. A file that was cut off is
found before its first event is handed out: a gzip file by its checksum, plain JSON by reading it once more.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tempfile
import zlib
from collections import deque
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from singer_commons.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
IN_MEMORY_BYTES = 8 << 20  # beyond this a file waits on disk
TAIL_BYTES = 64
READ_CHARS = 1 << 16
SEPARATORS = " \t\r\n,"
ENDS = {b"[": b"]", b"{": b"}"}

_decoder = json.JSONDecoder(parse_float=Decimal)


class BrokenFileError(UnreachableError):
    """The file is cut off or damaged: fetched again, it may be whole."""


def temporary_file() -> IO[bytes]:
    """A file without a name, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)


def plain_file(chunks: Iterable[bytes], into: IO[bytes]) -> None:
    """Write the chunks' content, unpacked, into `into`, and rewind it. Raises BrokenFileError."""
    _empty(into)
    for chunk in chunks:
        into.write(chunk)
    into.seek(0)
    was_packed = _starts_packed(into)
    while _starts_packed(into):  # twice, if the transfer packed a packed file once more
        with temporary_file() as packed:
            shutil.copyfileobj(into, packed)
            packed.seek(0)
            _empty(into)
            try:
                shutil.copyfileobj(gzip.GzipFile(fileobj=packed, mode="rb"), into)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BrokenFileError(str(error)) from error
        into.seek(0)
    _check_end(into)
    if not was_packed:  # no checksum: only reading it shows that it is whole
        deque(items(into), maxlen=0)
        into.seek(0)


def items(file: IO[bytes]) -> Generator[dict[str, Any]]:
    """The objects of a JSON array, or of lines of JSON; none of an empty file. Decimals are exact. Raises BrokenFileError."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig")
    try:
        yield from _items(text)
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"not UTF-8: {error}") from error
    finally:
        text.detach()  # the file is the caller's to close


def _items(text: io.TextIOWrapper) -> Iterator[dict[str, Any]]:
    buffer = _first_block(text)
    in_array = buffer.startswith("[")
    at, want, ended = int(in_array), READ_CHARS, False
    while True:
        while at < len(buffer) and buffer[at] in SEPARATORS:
            at += 1
        if in_array and buffer.startswith("]", at):
            return
        try:
            item, at = _decoder.raw_decode(buffer, at)
        except json.JSONDecodeError as error:
            if ended:
                if at < len(buffer) or in_array:
                    raise BrokenFileError(f"not JSON: {error.msg}") from error
                return
            more = text.read(want)
            ended, buffer, at, want = not more, buffer[at:] + more, 0, want * 2  # doubled: a large object must not be read anew too often
            continue
        want = READ_CHARS
        if not isinstance(item, dict):
            raise BrokenFileError(f"an event is no JSON object but {type(item).__name__}")
        yield item


def _first_block(text: io.TextIOWrapper) -> str:
    block = text.read(READ_CHARS)
    while block and not (begun := block.lstrip()):
        block = text.read(READ_CHARS)
    return begun if block else ""


def _empty(file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()


def _starts_packed(file: IO[bytes]) -> bool:
    start = file.read(len(GZIP_MAGIC))
    file.seek(0)
    return start == GZIP_MAGIC


def _check_end(file: IO[bytes]) -> None:
    start = file.read(TAIL_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read().rstrip()
    file.seek(0)
    if tail and (start not in ENDS or not tail.endswith(ENDS[start])):
        raise BrokenFileError("the file does not begin and end as JSON does")
