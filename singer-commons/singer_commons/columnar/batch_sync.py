"""BATCH messages: a stream's rows in files, each announced when it is whole and in its place, and each STATE behind the files it covers."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.singerlib.json import serialize_json

from singer_commons.errors import ConfigurationError
from singer_commons.writer import WholeLineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig

    from singer_commons.columnar.batch_writing import OpenFile
    from singer_commons.columnar.stream import ColumnarStream

# Formats by the SDK's names (0.54.9; `arrow` is 0.55's), with the compressions that each takes; None is the default.
FORMATS: Mapping[str, tuple[str | None, ...]] = {
    "jsonl": (None, "none", "gzip"),
    "parquet": (None, "none", "snappy", "gzip", "zstd"),
    "arrow": (None, "none", "lz4", "zstd"),
}
_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)  # what would be quoted in a URL: the SDK's readers do not undo that (0.54.9)
_COMPRESSIONS = sorted({one for known in FORMATS.values() for one in known if one})

BATCH_SETTINGS = (
    # The SDK's own setting, with the formats and compressions written here and the size that it reads but does not tell of.
    th.Property(
        "batch_config",
        th.ObjectType(
            th.Property(
                "encoding",
                th.ObjectType(
                    th.Property("format", th.StringType(allowed_values=list(FORMATS)), title="Format", description="Format of the files."),
                    th.Property(
                        "compression",
                        th.StringType(allowed_values=_COMPRESSIONS),
                        title="Compression",
                        description="JSON lines: `gzip`; Parquet: `snappy` (if not set), `gzip`, `zstd`; Arrow: `lz4`, `zstd`. `none` for none.",
                    ),
                ),
                title="Encoding",
                description="How the files are written.",
            ),
            th.Property(
                "storage",
                th.ObjectType(
                    th.Property("root", th.StringType, title="Root", description="Folder of the files, or a URL that fsspec knows."),
                    th.Property("prefix", th.StringType, title="Prefix", description="Put before the files' names."),
                    th.Property("params", th.ObjectType(additional_properties=True), title="Parameters", description="Options for fsspec."),
                ),
                title="Storage",
                description="Where the files are written.",
            ),
            th.Property("batch_size", th.IntegerType(minimum=1), title="Rows in a file", description="At most this many; 10,000 if not set."),
        ),
        title="BATCH files",
        description="Write rows into files that BATCH messages name, not into RECORD messages.",
    ),
    th.Property(
        "batch_moments",
        th.StringType(allowed_values=["typed", "text"]),
        default="typed",
        title="Moments in BATCH files",
        description="Moments and times of day in Parquet files: `typed`, in microseconds as a rule, or as `text`, moments as RECORD lines have them. "
        "Text is for what reads no microseconds, such as a Synapse pool that copies the files (target-synapse's `batch_files`).",
    ),
)


def file_format(encoding: BaseBatchFileEncoding, stream: str, wants_records: str | None) -> str:
    """The format of the files. Raises ConfigurationError for one that cannot be written, or not for this stream."""
    name, compression = encoding.format, encoding.compression
    if compression not in FORMATS[name]:
        known = ", ".join(one for one in FORMATS[name] if one)
        raise ConfigurationError(f"`batch_config` asks for {name} files with compression {compression}: there are {known}")
    if wants_records and name != "jsonl":
        problem = f"`batch_config` of format {name} does not do for stream `{stream}`: {wants_records}"
        raise ConfigurationError(problem, hint="use format jsonl, or leave the other out")
    return name


@dataclass(frozen=True)
class Part:
    """Files that are whole, of the rows up to `last_record`."""

    stream: ColumnarStream
    encoding: BaseBatchFileEncoding
    files: list[OpenFile]
    last_record: dict[str, Any]

    def announce(self) -> None:
        """Write a BATCH message for each file, count its rows, and move the stream's bookmark. For use with signals held."""
        tap = self.stream._tap  # noqa: SLF001 - a stream and its files are one thing
        for file in self.files:
            tap.write_message(SDKBatchMessage(stream=file.stream, encoding=self.encoding, manifest=[file.url]))
            if isinstance(tap.message_writer, WholeLineWriter):
                tap.message_writer.account.wrote(file.stream, file.rows, file.size_bytes)
        self.stream._increment_stream_state(self.last_record, context=None)  # noqa: SLF001 - as above
        self.stream.state_manager.is_flushed = False


class BatchFiles:
    """Writes the files of one run of a stream: `<prefix><tap>--<stream>-<run>-<number>.<format>` in the storage's root."""

    def __init__(self, stream: ColumnarStream, config: BatchConfig) -> None:
        self._stream, self._config, self._number = stream, config, 0
        self._run = uuid.uuid4().hex

    def from_columns(self, context: Mapping[str, Any] | None) -> Iterator[Part]:
        """Files of at most `batch_size` rows, straight from the Arrow batches."""
        from singer_commons.columnar.batch_writing import Rows  # noqa: PLC0415 - DuckDB and Arrow: not for `--version`
        from singer_commons.columnar.stream import cut  # noqa: PLC0415 - each needs the other

        as_text = self._stream.config.get("batch_moments") == "text"
        rows = Rows(self._stream.raw_json_columns, self._stream.effective_schema["properties"], moments_as_text=as_text)
        file: OpenFile | None = None
        try:
            with closing(self._stream.batches(context)) as batches:
                for batch in cut(batches, self._config.batch_size):
                    file = file or self._open(self._stream.name)
                    rows.write(batch, file)
                    if file.rows == self._config.batch_size:
                        yield self._finished([file], rows.last_record())
                        file = None
            if file is not None:
                yield self._finished([file], rows.last_record())
                file = None
        finally:
            if file is not None:
                file.discard()

    def from_records(self, context: Mapping[str, Any] | None) -> Iterator[Part]:
        """JSON lines of records as stream maps leave them: a file for each stream that comes out, for each `batch_size` rows that go in."""
        open_files: dict[str, OpenFile] = {}
        number, record = 0, {}
        try:
            for number, raw in enumerate(self._stream.get_records(context), 1):
                record = raw
                for name, mapped in self._mapped(record):
                    if name not in open_files:
                        open_files[name] = self._open(name)
                    open_files[name].write(serialize_json(mapped).encode() + b"\n", 1)
                if number % self._config.batch_size == 0:
                    yield self._finished(list(open_files.values()), record)
                    open_files.clear()
            if number % self._config.batch_size:
                yield self._finished(list(open_files.values()), record)
                open_files.clear()
        finally:
            for file in open_files.values():
                file.discard()

    def _mapped(self, record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        stream = self._stream
        pop_deselected_record_properties(record, stream.schema, stream.mask)
        good = conform_record_data_types(stream.name, record, stream.effective_schema, stream.TYPE_CONFORMANCE_LEVEL, stream.logger)
        for one in stream.stream_maps:
            if (mapped := one.transform(good)) is not None:
                yield one.stream_alias, mapped

    def _open(self, stream: str) -> OpenFile:
        from singer_commons.columnar.batch_writing import open_file  # noqa: PLC0415 - as above

        self._number += 1
        name = f"{self._stream.tap_name}--{_UNSAFE.sub('_', stream)}-{self._run}-{self._number}"
        return open_file(self._config, name, stream)

    def _finished(self, files: list[OpenFile], last_record: dict[str, Any]) -> Part:
        for file in files:
            file.finish()
        return Part(self._stream, self._config.encoding, files, last_record)
