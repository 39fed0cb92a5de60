"""Keeps DuckDB's memory from following the size of a table.

Blocks of the file stay in DuckDB's cache until `memory_limit` is full: the tap's peak was 243 MB at a million rows and 322 MB at five, and all of the
difference were such blocks. A query that only reads needs none of them twice, so now and then they are let go.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

CACHED_BYTES = 16 * 2**20  # of blocks that nobody reads, before they are let go
LOOK_BYTES = 16 * 2**20  # of rows between two looks: blocks hold them compressed, so they are less, as a rule
ONLY_READS = frozenset(("SEQ_SCAN", "PROJECTION", "FILTER", "STREAMING_LIMIT", "UNION"))


def only_reads(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Whether a query gives rows as it reads them: it neither sorts nor joins nor groups. Raises duckdb.Error for one that cannot be run."""
    (plan,) = connection.execute(f"EXPLAIN (FORMAT JSON) {text}").fetchall()
    return all(step["name"] in ONLY_READS for step in _steps(json.loads(plan[1])))


def _steps(plan: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for step in plan:
        yield step
        yield from _steps(step["children"])


def uncached(batches: Iterable[pa.RecordBatch], beside: duckdb.DuckDBPyConnection, memory_mb: int) -> Iterator[pa.RecordBatch]:
    """The same batches, of a query that only reads; in between the blocks that it has read are let go.

    `beside` is another connection to the file, `memory_mb` the limit that is in force.
    """
    since_bytes = 0
    for batch in batches:
        yield batch
        since_bytes += batch.nbytes
        if since_bytes >= LOOK_BYTES:
            since_bytes = 0
            if cached_bytes(beside) > CACHED_BYTES:
                let_go(beside, memory_mb)


def set_limit(connection: duckdb.DuckDBPyConnection, memory_mb: int) -> None:
    """Say what DuckDB may take, over all connections to the file."""
    connection.execute(f"SET memory_limit='{memory_mb}MB'")


def cached_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Size of the file's blocks in memory, those that are being read among them."""
    return int(connection.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'BASE_TABLE'").fetchall()[0][0])


def let_go(connection: duckdb.DuckDBPyConnection, memory_mb: int) -> None:
    """Let go of half the blocks, if they are not being read; the limit stays as it is.

    DuckDB has no statement for it. But before it takes a lower `memory_limit` it lets go of what it can to keep within it, and refuses a limit that is
    still too low. One that it takes is in force until it is put back at once: what a query needs in that moment has the room of the other half.
    """
    (used_bytes,) = connection.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone() or (0,)
    with suppress(duckdb.OutOfMemoryException):
        connection.execute(f"SET memory_limit='{int(used_bytes) - cached_bytes(connection) // 2}B'")
        set_limit(connection, memory_mb)
