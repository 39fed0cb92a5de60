"""Moments and times of day as text, for readers of Parquet that take no microseconds: as RECORD lines have them, but times of microseconds with all six digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pyarrow import types

from singer_commons.columnar.columns import reading
from singer_commons.columnar.json_sql import moment_text, quoted
from singer_commons.signals import held_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

END_OF_DAY = "24:00:00"  # a time of databases: a moment later would be of another day


class MomentTexts:
    """Makes texts of the columns of one schema that hold moments or times."""

    def __init__(self, schema: pa.Schema) -> None:
        self._kinds = {field.name: field.type for field in schema if types.is_timestamp(field.type) or types.is_time(field.type)}
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("SET timezone='UTC'")  # not in `config`: see LineEncoder

    def of(self, batch: pa.RecordBatch) -> Mapping[str, pa.ChunkedArray]:
        """The texts, by column; none of a schema without such columns."""
        if not self._kinds:
            return {}
        # Columns go by number inside DuckDB: there, names that differ only in case would be one.
        names = [f"c{number}" for number in range(len(self._kinds))]
        handed = [reading(kind).of(batch.column(name)) for name, kind in self._kinds.items()]
        self._connection.register("batch", pa.table(handed, names=names))
        made = ", ".join(f"{_text(kind, quoted(name))} AS {name}" for name, kind in zip(names, self._kinds.values(), strict=True))
        with held_signals():  # see LineEncoder
            found = self._connection.sql(f"SELECT {made} FROM batch").to_arrow_table()  # noqa: S608 - names are made here
        return dict(zip(self._kinds, (column.cast(pa.string()) for column in found.columns), strict=True))


def _text(kind: pa.DataType, sql: str) -> str:
    if types.is_timestamp(kind):
        return f"CASE WHEN isfinite({sql}) THEN {moment_text(kind, sql)} END"
    if kind == pa.time64("ns"):
        return f"CAST({sql} AS VARCHAR)"  # with just the digits that it has; a time of microseconds would be rounded, and one just before midnight be 00:00:00
    # strftime takes no times alone.
    return f"CASE WHEN {sql} = TIME '{END_OF_DAY}' THEN '{END_OF_DAY}' ELSE strftime(DATE '2000-01-01' + CAST({sql} AS TIME), '%H:%M:%S.%f') END"
