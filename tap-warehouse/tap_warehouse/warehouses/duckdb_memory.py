"""Keeps DuckDB's memory from following the size of a table.

Blocks of the file stay in DuckDB's cache until `memory_limit` is full: the tap's peak was 243 MB at a million rows and 322 MB at five, and all of the
difference were such blocks. A query that only reads needs none of them twice, so now and then they are let go.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

CACHED_BYTES = 16 * 2**20  # of blocks that nobody reads, before they are let go
LOOK_BYTES = 16 * 2**20  # of rows between two looks: blocks hold them compressed, so they are less, as a rule
TOO_LITTLE = "1KB"
HOLDING = "SELECT a.range + b.range FROM range(1000000000) AS a, range(2) AS b"  # b's rows, in a block of 256 KiB, for as long as there are more of a
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
    """Let go of all blocks that are not being read; the limit stays as it is.

    DuckDB has no statement for it. But before it takes a lower `memory_limit` it lets go of what it can, and refuses a limit that is still too low. One that
    it took would be in force until it is put back, and end a query that needs memory in that moment; so a little is held meanwhile.
    """
    with _held(connection), suppress(duckdb.OutOfMemoryException):
        connection.execute(f"SET memory_limit='{TOO_LITTLE}'")
        set_limit(connection, memory_mb)


@contextmanager
def _held(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Hold some of DuckDB's memory: by a query that is not read to its end."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(HOLDING).fetchone()
        yield
