"""Arrow batches to RECORD lines by DuckDB's to_json, with the values made exact first.

to_json alone prints timestamps with a blank, NaN as `NaN`, binary as escaped text, decimal(5,0) as `100.0` and decimal(16,16) without its leading
zero (duckdb 2.0.0): the expressions here repair that. NaN and infinite numbers, dates and timestamps become null, since JSON has none.
A timestamp without a zone is written with `+00:00`, as the SDK writes it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pyarrow import types

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NAIVE_ZONE = "+00:00"
MAX_DECIMAL_DIGITS = 38  # of a 128-bit decimal, in Arrow as in DuckDB


def literal(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class LineEncoder:
    """Makes the RECORD lines of one stream.

    `raw_json` names the columns whose text is JSON already and goes through as it stands. Raises TypeError for a type that DuckDB cannot print exactly.
    """

    def __init__(self, stream: str, schema: pa.Schema, *, raw_json: Collection[str] = (), version: int | None = None) -> None:
        self._head = '{"type":"RECORD","stream":' + json.dumps(stream) + ',"record":{'
        self._version = "" if version is None else f',"version":{version}'
        # Columns go by number inside DuckDB: there, names that differ only in case would be one.
        self._columns = [f"c{number}" for number in range(len(schema))]
        parts = [_member(field, column, raw=field.name in raw_json) for field, column in zip(schema, self._columns, strict=True)]
        self._members = ", ',', ".join(parts) or "''"
        self._connection = duckdb.connect(config={"threads": 2})
        self._connection.execute("SET timezone='UTC'")  # not in `config`: duckdb 2.0 then wants to load icu from the network
        self._connection.execute("SET arrow_large_buffer_size=true")  # 64-bit offsets: a block may pass 2 GiB

    def lines(self, batch: pa.RecordBatch) -> Iterator[memoryview]:
        """The lines of the batch in its order, in one block or more; each block holds whole lines."""
        if not batch.num_rows:
            return
        now = datetime.now(UTC).isoformat()
        tail = f'}}{self._version},"time_extracted":"{now}"}}\n'
        self._connection.register("batch", pa.Table.from_batches([batch.rename_columns(self._columns)]))
        # One concat() is twice as fast as a chain of ||: 0.5 against 0.22 million rows a CPU second (13 columns, duckdb 2.0.0).
        made = self._connection.sql(f"SELECT concat({literal(self._head)}, {self._members}, {literal(tail)}) FROM batch").to_arrow_table()  # noqa: S608 - names and literals are quoted
        for chunk in made.column(0).chunks:
            yield payload(chunk)


def payload(column: pa.Array) -> memoryview:
    """The bytes of a string column end to end, without the padding of its buffer."""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("q" if types.is_large_string(column.type) else "i")
    return memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]


def _member(field: pa.Field, column: str, *, raw: bool) -> str:
    if raw:
        # Line breaks in JSON text stand between its tokens only (inside strings they are escaped), and would end the line.
        value = f"replace(replace(CAST({column} AS VARCHAR), chr(10), ' '), chr(13), ' ')"
    else:
        value = f"CAST(to_json({exact(field.type, column)}) AS VARCHAR)"
    return f"{literal(json.dumps(field.name) + ':')}, coalesce({value}, 'null')"  # concat leaves NULL out


def exact(kind: pa.DataType, sql: str, depth: int = 0) -> str:
    """SQL whose to_json is right for a value of the type that the expression `sql` gives. Raises TypeError if there is none."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_nested(kind):
        return _nested(kind, sql, depth)
    if types.is_timestamp(kind):
        return _timestamp(kind, sql)
    if types.is_decimal(kind):
        return _decimal(kind, sql)
    if types.is_float16(kind) or types.is_duration(kind) or types.is_interval(kind):
        raise TypeError(f"no exact JSON for Arrow {kind}: cast it to text first")
    if types.is_floating(kind) or types.is_date(kind):
        return f"CASE WHEN isfinite({sql}) THEN {sql} END"
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return f"base64({sql})"
    return sql


def _nested(kind: pa.DataType, sql: str, depth: int) -> str:
    if types.is_struct(kind):
        inner = ", ".join(f"{quoted(part.name)} := {exact(part.type, f'{sql}.{quoted(part.name)}', depth)}" for part in kind)
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({inner}) END"
    item = f"x{depth}"
    if types.is_map(kind):
        value = exact(kind.item_type, f"{item}.value", depth + 1)
        entries = f"list_transform(map_entries({sql}), lambda {item}: struct_pack(k := {item}.key, v := {value}))"
        return f"CASE WHEN {sql} IS NOT NULL THEN map_from_entries({entries}) END"
    return f"list_transform({sql}, lambda {item}: {exact(kind.value_type, item, depth + 1)})"


def _timestamp(kind: pa.DataType, sql: str) -> str:
    if kind.tz:
        return f"CASE WHEN isfinite({sql}) THEN strftime({sql} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') END"
    # Text behind %n comes out as garbage in duckdb 2.0.0, so the zone is appended.
    fraction = "%n" if kind.unit == "ns" else "%f"
    return f"CASE WHEN isfinite({sql}) THEN strftime({sql}, '%Y-%m-%dT%H:%M:%S.{fraction}') || '{NAIVE_ZONE}' END"


def _decimal(kind: pa.DataType, sql: str) -> str:
    if types.is_decimal256(kind) or kind.scale == kind.precision == MAX_DECIMAL_DIGITS:
        raise TypeError(f"no exact JSON for Arrow {kind}: cast it to text first")
    if kind.scale == 0:
        return f"CAST({sql} AS HUGEINT)"
    return f"CAST({sql} AS DECIMAL({kind.precision + 1}, {kind.scale}))" if kind.scale == kind.precision else sql
