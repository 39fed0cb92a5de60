"""What a staged file is made of: gz CSV, or Parquet made from the very same lines, so that both hold the same rows.

Parquet's types must be the staging table's (https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/design-elt-data-loading), and the pool reads no
moments finer than milliseconds but INT96's. So what Parquet cannot carry exactly, or the page leaves open, is staged as text, which the INSERT converts: moments,
times and UUIDs; a tinyint, of which Parquet's has 7 bits there, as smallint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from isal import isal_zlib

from target_synapse.rows.types import SCALED, SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.sql.ddl import Column

Format = Literal["csv", "parquet"]
CHUNK_BYTES = 256 * 2**10  # that the compressor is given at once
LEVEL = 1  # ISA-L's: a little smaller than zlib's level 1, in less than a fourth of its time (0.53 against 2.4 CPU s for 213 MB)
GZIP_FORMAT = 31  # zlib's window of 15 bits, plus 16 for gzip's frame
# COPY INTO reads compressed files whole, in parallel, and wants each to be 4 MB or more
# (https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, "file splitting").
PART_BYTES = 4 * 2**20
MOST_DOUBLINGS = 4  # 64 MB, so that memory stays bounded
FILES_OF_A_NODE = 60  # of compressed CSV that a compute node reads at once (same page)
TEXT_OF_MOMENTS = SqlType("nvarchar", 40)  # longer than any moment's text
SUFFIXES: dict[Format, str] = {"csv": "csv.gz", "parquet": "parquet"}


class Packer(Protocol):
    """Makes one file: `add` takes whole lines and gives what is ready, `finish` the rest."""

    def add(self, lines: memoryview) -> bytes:
        """Take whole lines."""

    def finish(self) -> bytes:
        """End the file."""


class GzipPacker:
    """CSV, compressed as it comes."""

    def __init__(self) -> None:
        self._compress = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP_FORMAT)

    def add(self, lines: memoryview) -> bytes:
        """See Packer."""
        return b"".join(self._compress.compress(lines[start : start + CHUNK_BYTES]) for start in range(0, len(lines), CHUNK_BYTES))

    def finish(self) -> bytes:
        """See Packer."""
        return self._compress.flush()


@dataclass(frozen=True, slots=True)
class Layout:
    """What files a stream's batch is cut into: `files` is how many the pool reads at once."""

    format: Format = "csv"
    columns: Sequence[Column] = ()
    files: int = FILES_OF_A_NODE
    first_bytes: int | None = None  # of a file before it leaves; PART_BYTES, unless a test wants small ones

    @property
    def suffix(self) -> str:
        """The end of a file's name."""
        return SUFFIXES[self.format]

    def packer(self) -> Packer:
        """What makes the next file."""
        if self.format == "csv":
            return GzipPacker()
        from target_synapse.staging.parquet import ParquetPacker  # noqa: PLC0415 - Arrow: not for `--version`

        return ParquetPacker(self.columns)

    def part_bytes(self, parts: int) -> int:
        """How large the file behind so many others may get: twice as large each time that the pool has its hands full."""
        return (self.first_bytes or PART_BYTES) << min(parts // self.files, MOST_DOUBLINGS)


def staged(columns: Sequence[Column], form: Format) -> list[Column]:
    """The columns with the types that their staging table must have for files of this format."""
    return [replace(one, staged=_parquet_type(one.type)) for one in columns] if form == "parquet" else list(columns)


def _parquet_type(kind: SqlType) -> SqlType | None:
    if kind.name == "tinyint":
        return SqlType("smallint")
    return TEXT_OF_MOMENTS if kind.name in SCALED or kind.name == "uniqueidentifier" else None
