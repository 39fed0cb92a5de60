"""INSERT ... SELECT ... UNION ALL as text: rows without any storage, since a dedicated pool takes one row in VALUES.

(https://learn.microsoft.com/sql/t-sql/statements/insert-transact-sql, "VALUES" in the Synapse syntax). Whole numbers, bits and NULL are written out, and so
are dates, times, decimals and UUIDs, as text that the statement casts, since text alone holds all their digits: parameters are the scarcest of what a
statement may hold. They are for text, and for a float's 8 bytes. The first row casts everything, so that a column of NULLs has its type, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.rows.types import TEXT
from target_synapse.rows.values import RANGES
from target_synapse.sql.quoting import labelled, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

# https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits, "Queries"
MAX_PARAMETERS, MAX_LITERALS = 2_098, 20_000
MAX_ROWS = 10_000  # as dlt's Synapse destination has it: beyond that many UNION ALL a pool refuses the statement
MAX_BYTES = 8 * 2**20  # of values in a statement, so that memory follows it; a batch of SQL may have 256 MB (same page)
WHOLE = re.compile(r"-?[0-9]+")
HARMLESS = re.compile(r"[0-9a-fA-F:.+ -]+")  # nothing that ends a literal
WRITTEN_OUT = (*RANGES, "bit")
DOUBLES = ("float", "real")
AS_THEY_ARE = (*DOUBLES, *TEXT)

Value = str | float


@dataclass(frozen=True, slots=True)
class Statement:
    """An INSERT, the values of its parameters, and how many rows it brings."""

    sql: str
    parameters: Sequence[Value]
    rows: int


def statements(table: TableName, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, label: str) -> Iterator[Statement]:
    """Statements for all rows, whose fields are those of the staged lines: '' for NULL. Raises ValueError for a row of another length."""
    selects: list[str] = []
    parameters: list[Value] = []
    size_bytes = 0
    most_rows = min(MAX_ROWS, MAX_LITERALS // max(sum(_as_literal(one.type.name) for one in columns), 1))
    for row in rows:
        items, values = _items(columns, row)
        size = sum(map(len, row))
        if selects and (len(parameters) + len(values) > MAX_PARAMETERS or len(selects) == most_rows or size_bytes + size > MAX_BYTES):
            yield _statement(table, columns, selects, parameters, label)
            selects, parameters, size_bytes = [], [], 0
        if not selects:
            items = [item if item.startswith("CAST") else f"CAST({item} AS {one.type})" for item, one in zip(items, columns, strict=True)]
        selects.append("SELECT " + ", ".join(items))
        parameters += values
        size_bytes += size
    if selects:
        yield _statement(table, columns, selects, parameters, label)


def of_one_row(table: TableName, columns: Sequence[Column], *, label: str) -> str:
    """The statement of one row, with `?` for each value."""
    return _statement(table, columns, ["SELECT " + ", ".join(f"CAST(? AS {one.type})" for one in columns)], (), label).sql


def _statement(table: TableName, columns: Sequence[Column], selects: Sequence[str], parameters: Sequence[Value], label: str) -> Statement:
    names = ", ".join(quoted(one.name) for one in columns)
    rows = "\nUNION ALL ".join(selects)
    return Statement(labelled(f"INSERT INTO {table} ({names})\n{rows}", label), parameters, len(selects))


def _as_literal(kind: str) -> bool:
    return kind not in WRITTEN_OUT and kind not in AS_THEY_ARE


def _items(columns: Sequence[Column], row: Sequence[str]) -> tuple[list[str], list[Value]]:
    items: list[str] = []
    values: list[Value] = []
    for column, field in zip(columns, row, strict=True):
        kind = column.type.name
        if not field:
            items.append("NULL")
        elif kind in WRITTEN_OUT:
            if not WHOLE.fullmatch(field):
                raise ValueError(f"{field!r} is no whole number")
            items.append(field)
        elif kind in AS_THEY_ARE:
            items.append("?")
            values.append(float(field) if kind in DOUBLES else field)
        else:
            if not HARMLESS.fullmatch(field):
                raise ValueError(f"{field!r} is no {kind}")
            items.append(f"CAST('{field}' AS {column.type})")
    return items, values
