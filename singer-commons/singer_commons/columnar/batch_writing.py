"""Files of BATCH messages: JSON lines, Parquet and Arrow IPC, written beside their place and moved into it when whole."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types
from upath import UPath

from singer_commons.columnar.encoder import LineEncoder
from singer_commons.columnar.json_sql import Envelope
from singer_commons.columnar.moment_texts import MomentTexts
from singer_commons.errors import SuiteError
from singer_commons.signals import held_signals

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from singer_sdk.helpers._batch import BatchConfig

SUFFIXES = {"jsonl": "jsonl", "parquet": "parquet", "arrow": "arrow"}
GZIP_LEVEL = 1  # level 6 took three times the CPU time for files a fifth smaller
GROUP_ROWS = 131_072  # of a Parquet row group: DuckDB's own is 122,880
INFINITE_DAY, INFINITE_MOMENT = 2**31 - 1, 2**63 - 1  # DuckDB's and PostgreSQL's infinities; the negative ones have the same digits
LOCAL = ("", "file", "local")  # fsspec's names of the machine's own files
JSON_FIELD = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}


class OpenFile:
    """A file of lines that is being written. Where the storage is a folder, it gets its name when it is whole; object storage shows no other."""

    def __init__(self, config: BatchConfig, name: str, stream: str) -> None:
        compression = config.encoding.compression
        suffix = SUFFIXES[config.encoding.format] + (".gz" if compression == "gzip" and config.encoding.format == "jsonl" else "")
        self.stream, self.rows, self.size_bytes = stream, 0, 0
        full_name = f"{config.storage.prefix or ''}{name}.{suffix}"
        root = UPath(config.storage.root, **config.storage.params)
        root.mkdir(parents=True, exist_ok=True)
        self._place = root / full_name
        self._written = root / f".{full_name.replace('/', '-')}.part" if root.protocol in LOCAL else self._place
        self.url = config.storage.get_url(full_name)
        self._compression = None if compression == "none" else compression
        self._file: IO[bytes] = self._written.open("wb")
        self._lines = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) if suffix.endswith(".gz") else self._file

    def write(self, lines: bytes | memoryview, rows: int) -> None:
        """Add whole lines."""
        self._lines.write(lines)
        self.rows += rows

    def write_table(self, table: pa.Table) -> None:
        """Add rows in columns."""
        raise NotImplementedError

    def finish(self) -> None:
        """Bring the file into its place."""
        self._close()
        self._file.flush()
        self.size_bytes = self._file.tell()
        self._file.close()
        if self._written is not self._place:
            with held_signals():
                self._written.rename(self._place)

    def discard(self) -> None:
        """Leave nothing of it."""
        with suppress(OSError):
            self._close()
        self._file.close()
        self._written.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._lines is not self._file:
            self._lines.close()


class ParquetFile(OpenFile):
    """A Parquet file, its row groups filled up whatever the batches' size."""

    _writer: pq.ParquetWriter | None = None

    def write_table(self, table: pa.Table) -> None:
        """See OpenFile."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression=self._compression or "snappy")
            self._waiting: list[pa.Table] = []
        self._waiting.append(table)
        self.rows += table.num_rows
        while sum(one.num_rows for one in self._waiting) >= GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        """Write the next rows, in one piece: so the bytes of a file follow from its rows alone, and not from how they came."""
        if self._writer and self._waiting:
            waiting = pa.concat_tables(self._waiting)
            self._writer.write_table(waiting.slice(0, GROUP_ROWS).combine_chunks(), row_group_size=GROUP_ROWS)
            self._waiting = [waiting.slice(GROUP_ROWS)] if waiting.num_rows > GROUP_ROWS else []

    def _close(self) -> None:
        self._write_group()
        if self._writer:
            self._writer.close()


class ArrowFile(OpenFile):
    """An Arrow IPC file."""

    _writer: pa.RecordBatchFileWriter | None = None

    def write_table(self, table: pa.Table) -> None:
        """See OpenFile."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._file, table.schema, options=pa.ipc.IpcWriteOptions(compression=self._compression))
        self._writer.write_table(table)
        self.rows += table.num_rows

    def _close(self) -> None:
        if self._writer:
            self._writer.close()


def open_file(config: BatchConfig, name: str, stream: str) -> OpenFile:
    """A new file for the rows of a stream."""
    kinds: Mapping[str, type[OpenFile]] = {"parquet": ParquetFile, "arrow": ArrowFile}
    return kinds.get(config.encoding.format, OpenFile)(config, name, stream)


class Rows:
    """Puts Arrow batches into files, with the values that RECORD lines have: NaN and what is infinite is null. Moments and times are text on demand."""

    def __init__(self, raw_json: Collection[str], properties: Mapping[str, Any], *, moments_as_text: bool = False) -> None:
        self._raw_json, self._properties, self._moments_as_text = raw_json, properties, moments_as_text
        self._texts: MomentTexts | None = None
        self._encoder: LineEncoder | None = None
        self._last: pa.RecordBatch | None = None

    def write(self, batch: pa.RecordBatch, file: OpenFile) -> None:
        """Add a batch. Raises SuiteError for values that the format cannot hold."""
        self._last = batch.slice(batch.num_rows - 1)
        if type(file) is OpenFile:
            for block in self._lines(batch):
                file.write(block, 0)
            file.rows += batch.num_rows
            return
        texts = self._moments(batch) if self._moments_as_text and isinstance(file, ParquetFile) else {}
        pairs = zip(batch.schema.names, batch.columns, strict=True)
        columns = [texts[name] if name in texts else self._column(name, column) for name, column in pairs]
        fields = [
            pa.field(name, column.type, metadata=self._metadata(name, column)) for name, column in zip(batch.schema.names, columns, strict=True)
        ]
        file.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)))

    def _moments(self, batch: pa.RecordBatch) -> Mapping[str, pa.ChunkedArray]:
        self._texts = self._texts or MomentTexts(batch.schema)
        return self._texts.of(batch)

    def last_record(self) -> dict[str, Any]:
        """The last row, as its line would have it."""
        record: dict[str, Any] = json.loads(b"".join(self._lines(self._last)), parse_float=Decimal)
        return record

    def _lines(self, batch: pa.RecordBatch) -> Any:
        self._encoder = self._encoder or LineEncoder(batch.schema, Envelope(), raw_json=self._raw_json)
        return self._encoder.lines(batch)

    def _column(self, name: str, column: pa.Array) -> pa.Array:
        kind = column.type
        if name in self._raw_json and (exact := _decimal_of(self._properties[name])):
            return column.cast(exact)
        if types.is_floating(kind):
            return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        if types.is_date32(kind) or types.is_timestamp(kind):
            digits, most = (column.view(pa.int32()), INFINITE_DAY) if types.is_date32(kind) else (column.view(pa.int64()), INFINITE_MOMENT)
            return pc.if_else(pc.is_in(digits, value_set=pa.array([most, -most], digits.type)), pa.scalar(None, kind), column)
        if types.is_decimal128(kind):
            try:
                column.validate(full=True)  # a 128-bit integer of DuckDB may have a digit more than the type says
            except pa.ArrowInvalid as error:
                raise SuiteError(f"column `{name}` holds a number of more than {kind.precision} digits", hint="use format jsonl") from error
        return column

    def _metadata(self, name: str, column: pa.Array) -> Mapping[str, str] | None:
        is_text = types.is_string(column.type) or types.is_large_string(column.type)
        return JSON_FIELD if name in self._raw_json and is_text else None


def _decimal_of(schema: Mapping[str, Any]) -> pa.DataType | None:
    word = str(schema.get("x-sql-datatype"))
    if not word.startswith("decimal("):
        return None
    precision, scale = word.removeprefix("decimal(").removesuffix(")").split(",")
    return pa.decimal128(int(precision), int(scale))
