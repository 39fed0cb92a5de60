"""The case of starting: from the command to the first record, beside the bare import that none on singer-sdk can do without."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from bench.cases import Case, Contender, Job, Size
from bench.data import EVENTS
from bench.extract import ours
from bench.measure import Stage

if TYPE_CHECKING:
    from bench.data import Table
    from bench.measure import Measured
    from bench.scene import Scene

ROWS = Size(1_000, 1_000)


def bare_import(scene: Scene, table: Table, rows: int) -> Job:
    """The import alone."""
    del scene, table, rows
    return Job([Stage("python", (sys.executable, "-c", "import singer_sdk"))], more=lambda measured: {"first_s": measured.wall_s})


def first_record(scene: Scene, table: Table, rows: int, *, warehouse: str) -> Job:
    """tap-warehouse, until its first record is read at the other end of the pipe."""
    job = ours(scene, table, rows, warehouse=warehouse)
    job.more = _first
    return job


def _first(measured: Measured) -> dict[str, float]:
    return {"first_s": float(measured.drained["first_s"] or 0.0) - measured.begun_s}


IMPORT = Contender("import singer_sdk", ROWS, bare_import, is_limit=True)
DUCKDB = Contender("tap-warehouse (DuckDB), first record", ROWS, partial(first_record, warehouse="duckdb"), is_ours=True)
POSTGRES = Contender("tap-warehouse (PostgreSQL), first record", ROWS, partial(first_record, warehouse="postgres"), is_ours=True)

CASES = (Case("start", "From the command to the first record", EVENTS, (DUCKDB, IMPORT, POSTGRES), IMPORT.name, least_rounds=3, most_rounds=7),)
