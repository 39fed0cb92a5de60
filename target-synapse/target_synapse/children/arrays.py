"""The arrays of Arrow tables, whose columns hold each as its JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from singer_commons.columnar.blocks import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

EMPTY = "[]"


def elements(table: pa.Table, names: Sequence[str]) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """The arrays of each row that has elements in one of these columns, and the rows whose arrays cannot be read."""
    found: dict[int, dict[str, Any]] = {}
    unread: set[int] = set()
    for name in names:
        column = table.column(name)
        rows = pc.indices_nonzero(pc.not_equal(column, EMPTY))  # null is not counted
        for row, text in zip(rows.to_pylist(), column.take(rows).to_pylist(), strict=True):
            try:
                found.setdefault(row, {})[name] = record_of(text.encode())
            except (ValueError, RecursionError):
                unread.add(row)
    return found, unread
