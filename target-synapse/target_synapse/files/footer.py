"""What a Parquet file says of itself in its footer, in the words of COPY INTO.

Which SQL type takes which Parquet type: https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/design-elt-data-loading ("Define the tables"). Left
out of that table here, as if COPY INTO did not take them: unsigned integers (a tinyint above 127 is not loaded), INT96 and UUID (whose reading is not documented: time zones
in the one, the order of bytes in the other), bytes and nested values. Microseconds and nanoseconds a pool does not read (same page).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_synapse.files.why import NotCopiedError
from target_synapse.rows.types import BIGINT, BIT, DATE, DATETIME, FLOAT, MAX_DECIMAL_DIGITS, TEXT_MAX, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow.parquet as pq

SMALLINT, INT, REAL = SqlType("smallint"), SqlType("int"), SqlType("real")
PHYSICAL = {"BOOLEAN": BIT, "DOUBLE": FLOAT, "FLOAT": REAL, "INT32": INT, "INT64": BIGINT}
SIGNED = {8: SMALLINT, 16: SMALLINT, 32: INT, 64: BIGINT}
RAW = ("INT32", "INT64")  # physical types whose least and greatest value a footer holds as a number
# https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, "COMPRESSION": of Parquet these two, or none.
COMPRESSIONS = {"SNAPPY": "Snappy", "GZIP": "Gzip", "UNCOMPRESSED": ""}
# https://parquet.apache.org/docs/file-format/data-pages/encodings/: those of format 1, which every reader has. Others are newer than the pool's documents.
ENCODINGS = frozenset(("PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"))


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file. `kind` is the type that COPY INTO loads it as, None for one that it does not; `values` how many are not null, None if that is not told."""

    name: str
    number: int  # from 1
    kind: SqlType | None
    told: str
    values: int | None
    least: int | None = None  # as the file holds it: of a date the days since 1970, of a moment the milliseconds
    greatest: int | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """A file of flat columns, one compression, and encodings that every reader knows."""

    rows: int
    size_bytes: int  # of its columns, unpacked
    compression: str  # as COPY INTO calls it; empty for none
    fields: Sequence[Field]


def footer_of(metadata: pq.FileMetaData) -> Footer:
    """What the footer says. Raises NotCopiedError for a file that COPY INTO cannot read as a whole."""
    chunks = [metadata.row_group(group).column(place) for group in range(metadata.num_row_groups) for place in range(metadata.num_columns)]
    found = {chunk.compression for chunk in chunks} or {"UNCOMPRESSED"}
    if len(found) > 1 or not found <= COMPRESSIONS.keys():
        raise NotCopiedError(f"COPY INTO reads Parquet packed by snappy or gzip, and this is {', '.join(sorted(found))}")
    if newer := {encoding for chunk in chunks for encoding in chunk.encodings} - ENCODINGS:
        raise NotCopiedError(f"its encodings are newer than the pool's documents: {', '.join(sorted(newer))}")
    fields = list(_fields(metadata))
    if len({one.name for one in fields}) < len(fields):
        raise NotCopiedError("two of its columns have one name")
    return Footer(metadata.num_rows, sum(chunk.total_uncompressed_size for chunk in chunks), COMPRESSIONS[found.pop()], fields)


def _fields(metadata: pq.FileMetaData) -> Iterator[Field]:
    for place in range(metadata.num_columns):
        column = metadata.schema.column(place)
        if column.max_repetition_level or column.max_definition_level > 1 or "." in column.path:
            raise NotCopiedError(f"its column `{column.path.partition('.')[0]}` is nested")  # fields are counted: those behind it might be miscounted
        told = column.physical_type if column.logical_type.type == "NONE" else str(column.logical_type)
        chunks = [metadata.row_group(group).column(place) for group in range(metadata.num_row_groups)]
        yield Field(column.name, place + 1, _kind(column), told, *_statistics(chunks, column.physical_type))


def _kind(column: Any) -> SqlType | None:
    kind = column.logical_type.type
    if kind == "NONE":
        return PHYSICAL.get(column.physical_type)
    said = json.loads(column.logical_type.to_json())
    if kind == "INT":
        return SIGNED.get(said["bitWidth"]) if said["isSigned"] else None
    if kind == "DECIMAL":
        precision, scale = said["precision"], said["scale"]
        return SqlType("decimal", precision=precision, scale=scale) if 0 <= scale <= precision <= MAX_DECIMAL_DIGITS else None
    if kind == "TIMESTAMP":
        return DATETIME if said["timeUnit"] == "milliseconds" else None
    return {"STRING": TEXT_MAX, "DATE": DATE}.get(kind)


def _statistics(chunks: Sequence[Any], physical: str) -> tuple[int | None, int | None, int | None]:
    """How many values are not null, the least and the greatest; None for what a part of the file does not tell."""
    found = [chunk.statistics for chunk in chunks]
    if not all(one is not None and one.has_null_count for one in found):
        return None, None, None
    values = sum(chunk.num_values - one.null_count for chunk, one in zip(chunks, found, strict=True))
    filled = [one for chunk, one in zip(chunks, found, strict=True) if chunk.num_values > one.null_count]
    if physical not in RAW or not filled or not all(one.has_min_max for one in filled):
        return values, None, None
    return values, min(one.min_raw for one in filled), max(one.max_raw for one in filled)
