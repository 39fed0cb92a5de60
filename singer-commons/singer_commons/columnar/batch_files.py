"""Files that a BATCH message names, as blocks of records: JSON lines, Parquet and Arrow IPC, by the same path as RECORD lines from there on.

Parquet and Arrow columns are written as JSON first, as tap-warehouse writes its lines: so their values are validated and typed in one way only.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
from upath import UPath

from singer_commons.columnar.blocks import Gathered, record_of
from singer_commons.errors import InputError
from singer_commons.reading import whole_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa
    from singer_sdk.helpers._batch import StorageTarget

    from singer_commons.columnar.blocks import RecordBlock, Text

GZIP_MAGIC = b"\x1f\x8b"  # https://www.rfc-editor.org/rfc/rfc1952#page-6
ARROW_MAGIC = b"ARROW1"  # of a file; a stream has none (https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format)
ARROW_FORMATS = frozenset(("arrow", "arrow_ipc", "ipc"))
FORMATS = frozenset(("jsonl", "parquet", *ARROW_FORMATS))
UNREADABLE = (OSError, EOFError, zlib.error, ValueError)  # pyarrow's errors are ValueErrors


class Members(msgspec.Struct, gc=False):
    """The one member of a RECORD line that matters here."""

    record: msgspec.Raw


_skip = msgspec.json.Decoder(msgspec.Raw).decode
_members = msgspec.json.Decoder(Members).decode_lines


@dataclass(frozen=True)
class BatchReader:
    """Reads the files of BATCH messages. `storage` is the target's own, if its settings name one: files are then looked for there by their names.

    `opened` opens those that the target knows better how to get at, and gives None for others.
    """

    storage: StorageTarget | None
    block_rows: int
    block_bytes: int
    opened: Callable[[str], IO[bytes] | None] | None = None

    def blocks(self, message: dict[str, Any]) -> Iterator[RecordBlock]:
        """The rows of all files of a message. Raises InputError."""
        kind = message["encoding"].get("format")
        if kind not in FORMATS:
            raise InputError(f"`{message['stream']}` comes in files of format `{kind}`", hint=f"known are {', '.join(sorted(FORMATS))}")
        for path in message["manifest"]:
            yield from self._file(path, kind, message)

    def _file(self, path: str, kind: str, message: dict[str, Any]) -> Iterator[RecordBlock]:
        stream = message["stream"]
        try:
            with self._opened(path) as file:
                yield from self._cut(self._records(file, kind, stream), stream, message.get("version"), Path(urlsplit(path).path).name)
        except FileNotFoundError:
            raise InputError(f"the file {path} of a BATCH message of `{stream}` is not there", hint=self._hint) from None
        except (*UNREADABLE, TypeError) as error:
            raise InputError(f"the file {path} of a BATCH message of `{stream}` cannot be read: {error}", hint=self._hint) from error

    @property
    def _hint(self) -> str:
        return "can this machine reach the storage that the tap's `batch_config` names?"

    def _opened(self, path: str) -> IO[bytes]:
        if self.opened is not None and (file := self.opened(path)) is not None:
            return file
        parts = urlsplit(path)
        if self.storage is not None:
            name = path.rsplit("/", 1)[-1]
            return _at(self.storage.root, self.storage.params).joinpath(unquote(name) if parts.scheme == "file" else name).open("rb")
        return _at(path, {}).open("rb")

    def _records(self, file: IO[bytes], kind: str, stream: str) -> Iterator[list[Text]]:
        if kind == "jsonl":
            return json_lines(file)
        batches = _parquet_batches(file, self.block_rows) if kind == "parquet" else _arrow_batches(file)
        return _encoded(batches, stream)

    def _cut(self, pieces: Iterable[list[Text]], stream: str, version: int | None, source: str) -> Iterator[RecordBlock]:
        waiting, number = Gathered(version=version, source=source), 1
        for records in pieces:
            waiting.add(records, [None] * len(records), range(number, number + len(records)), sum(map(len, records)))
            number += len(records)
            if len(waiting) >= self.block_rows or waiting.nbytes >= self.block_bytes:
                yield waiting.take(stream)
        if len(waiting):
            yield waiting.take(stream)


def _at(place: str, options: Mapping[str, Any]) -> Path | UPath:
    """A path, or the address of one in any storage that fsspec knows. Not by the SDK's own `open`, which makes folders where there are none."""
    parts = urlsplit(place)
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path) if parts.scheme else place)
    return UPath(place, **options)  # type: ignore[no-any-return]  # its constructor gives a subclass by scheme


def json_lines(file: IO[bytes]) -> Iterator[list[Text]]:
    """The lines of a file, some at a time. It may be packed by gzip, whatever its message says: the SDK's writer always packs."""
    plain: Any = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # fsspec's are raw
    unpacked = gzip.GzipFile(fileobj=plain) if plain.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC) else plain
    number = 1
    for chunk in whole_lines(unpacked.read1, lambda: number - 1):  # noqa: B023 - asked when all that came before has been taken
        lines: list[Text] = [*chunk.removesuffix(b"\n").split(b"\n")]
        try:
            chunk.decode()
            list(map(_skip, lines))
        except (ValueError, RecursionError):
            _raise_for_broken(lines, number)
        yield lines
        number += len(lines)


def _raise_for_broken(lines: list[Text], first: int) -> None:
    for number, line in enumerate(lines, first):
        try:
            record_of(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number} is not JSON: {error}") from None


def _parquet_batches(file: IO[bytes], rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where such a file comes

    yield from pq.ParquetFile(file).iter_batches(batch_size=rows)


def _arrow_batches(file: IO[bytes]) -> Iterator[pa.RecordBatch]:
    from pyarrow import ipc  # noqa: PLC0415 - only where such a file comes

    is_file = file.read(len(ARROW_MAGIC)) == ARROW_MAGIC
    file.seek(0)
    if not is_file:
        yield from ipc.open_stream(file)
        return
    reader = ipc.open_file(file)
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _encoded(batches: Iterator[pa.RecordBatch], stream: str) -> Iterator[list[Text]]:
    from singer_commons.columnar.encoder import LineEncoder  # noqa: PLC0415 - DuckDB: only where such a file comes
    from singer_commons.columnar.json_sql import Envelope  # noqa: PLC0415 - as above

    encoder: LineEncoder | None = None
    for batch in batches:
        encoder = encoder or LineEncoder(batch.schema, Envelope.record(stream))
        for block in encoder.lines(batch):
            yield [line.record for line in _members(bytes(block))]
