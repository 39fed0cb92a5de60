"""How many rows one transaction may change: what is over it goes in several, each with a ledger row of its own.

A pool limits a transaction by its service level, for each distribution. The rows below are documented for 250 bytes a row, evenly spread; of wider rows so many
fewer go, and since tables that are spread unevenly come to the limit sooner, a fourth is used. How wide rows are is taken from their lines of CSV: text has
two bytes a character in a pool, and what is no text is seldom longer than twice its digits.
https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-develop-transactions ("Transaction size")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

if TYPE_CHECKING:
    from target_synapse.pool.connection import Pool

MILLION = 1_000_000
MILLION_ROWS = {
    "DW100c": 240, "DW200c": 360, "DW300c": 540, "DW400c": 720, "DW500c": 900, "DW1000c": 1800, "DW1500c": 2700, "DW2000c": 3600, "DW2500c": 4500,
    "DW3000c": 5400, "DW5000c": 9000, "DW6000c": 10_800, "DW7500c": 13_500, "DW10000c": 18_000, "DW15000c": 27_000, "DW30000c": 54_000,
}  # fmt: skip
ROW_BYTES = 250  # of which so many go
BYTES_OF_LINE = 2  # in a pool, for each byte of a line
SMALLEST = min(MILLION_ROWS.values())
PART = 4
MAX_PARTS = 4096  # of what is removed: at the smallest level that is a thousand times what a transaction may change
TOO_LARGE_HINT = "scale the pool up for this run, or set `max_transaction_rows` lower"
LEVEL = "SELECT DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective')"


class TransactionTooLargeError(DestinationError):
    """The transaction changed more than the pool takes in one; nothing of it is there."""


class TransactionSize:
    """The limit of a pool; `rows` is the setting's. The pool is asked for its level only where that matters."""

    def __init__(self, pool: Pool, rows: int | None) -> None:
        self._pool, self._rows = pool, rows
        self._at_level: int | None = None  # rows of ROW_BYTES, once the pool was asked

    def most_of(self, rows: int, *, changes: int = 1, line_bytes: float = 0) -> int:
        """Of so many rows, how many may be moved in one transaction that makes so many changes for each; their lines are so long on the average."""
        if self._rows is not None:
            return max(1, min(rows, self._rows // changes))
        row_bytes = max(ROW_BYTES, BYTES_OF_LINE * line_bytes)
        if rows * changes * row_bytes <= SMALLEST * MILLION * ROW_BYTES // PART:
            return rows
        if self._at_level is None:
            self._at_level = self._pool.repeated(self._of_level)
        return max(1, min(rows, int(self._at_level * ROW_BYTES / row_bytes) // changes))

    def _of_level(self) -> int:
        rows = self._pool.rows(LEVEL, doing="cannot ask the pool for its service level")
        level = str(rows[0][0]) if rows else ""
        return MILLION_ROWS.get(level, SMALLEST) * MILLION // PART
