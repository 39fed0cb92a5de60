"""Parquet files from lines of CSV: parsed by Arrow with the types that the staging table has."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv, parquet

from target_synapse.sql.staged import staged_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.rows.types import SqlType
    from target_synapse.sql.ddl import Column

ROW_GROUP_BYTES = 16 * 2**20  # of columns in memory that are written together
WHOLE = {
    "bigint": pa.int64(),
    "int": pa.int32(),
    "smallint": pa.int16(),
    "float": pa.float64(),
    "real": pa.float32(),
    "bit": pa.bool_(),
    "date": pa.date32(),
}


class ParquetPacker:
    """Makes one file; see `formats.Packer`. Fields are named by their place, as COPY INTO finds them."""

    def __init__(self, columns: Sequence[Column]) -> None:
        types = [arrow_type(one.staged or staged_type(one.type)) for one in columns]
        self._schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate([*types, pa.int64()], start=1)])
        self._sink = io.BytesIO()
        self._waiting: list[pa.Table] = []
        # Version 1.0: nothing that a reader of 2020 does not know, and no Arrow schema beside Parquet's.
        self._writer = parquet.ParquetWriter(self._sink, self._schema, version="1.0", compression="snappy", store_schema=False)

    def add(self, lines: memoryview) -> bytes:
        """Take whole lines, and give what of the file is ready."""
        self._waiting.append(self._parsed(lines))
        return self._written() if sum(table.nbytes for table in self._waiting) >= ROW_GROUP_BYTES else b""

    def finish(self) -> bytes:
        """End the file."""
        ready = self._written()
        self._writer.close()
        return ready + self._taken()

    def _parsed(self, lines: memoryview) -> pa.Table:
        return csv.read_csv(
            pa.BufferReader(pa.py_buffer(lines)),
            # One block: a row may be longer than any block would be.
            csv.ReadOptions(use_threads=False, column_names=self._schema.names, block_size=len(lines) + 1),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(
                column_types=self._schema,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["1"],
                false_values=["0"],
            ),
        )

    def _written(self) -> bytes:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []
        return self._taken()

    def _taken(self) -> bytes:
        made = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        return made


def arrow_type(kind: SqlType) -> pa.DataType:
    """The type in the file for one of a staging table."""
    if kind.name == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    return WHOLE.get(kind.name, pa.string())
