"""Starting: from the command to the first record as a case of the bench, and to the end of `--version` and its like: `python -m bench.startup [RUNS]`.

Both stand beside `import singer_sdk`, which none on singer-sdk can do without. The second tells the least CPU time of several runs, taken in turns: a busy
machine slows all of them, but seldom all runs of one. Modules are compiled beforehand, as pip does when it installs. The goal is below 1.2.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cases import Case, Contender, Job, Size
from bench.data import EVENTS
from bench.extract import ours
from bench.measure import Stage, plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.data import Table
    from bench.measure import Measured
    from bench.scene import Scene

ROWS = Size(1_000, 1_000)
BARE = (sys.executable, "-c", "import singer_sdk")
COMMANDS = ("tap-autopilot", "tap-fullstory", "tap-warehouse", "target-synapse", "target-mparticle")
OPTIONS = (("--version",), ("--help",), ("--about",), ("--config", "missing.json"))  # the last goes as far as the settings
DEFAULT_RUNS = 7
GOAL = 1.2


def bare_import(scene: Scene, table: Table, rows: int) -> Job:
    """The import alone."""
    del scene, table, rows
    return Job([Stage("python", BARE)], more=lambda measured: {"first_s": measured.wall_s})


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

CASES = (Case("start", "From the command to the first record", EVENTS, (DUCKDB, IMPORT, POSTGRES), IMPORT.name, most_rounds=9, at_once=True),)


def cpu_s(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of CPU time that a command takes, whatever its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, capture_output=True, env=environment, cwd=tempfile.gettempdir())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(commands: Sequence[Sequence[str]], runs: int, taken_s: Callable[[Sequence[str], Mapping[str, str]], float] = cpu_s) -> list[float]:
    """The CPU time of each command, as times that of the bare import."""
    each = [BARE, *commands]
    with tempfile.TemporaryDirectory() as folder:  # of compiled modules
        environment = {**plain_environment(), "PYTHONPYCACHEPREFIX": folder}
        for command in each:
            taken_s(command, environment)
        rounds = [[taken_s(command, environment) for command in each] for _ in range(runs)]
    bare_s, *least_s = (min(column) for column in zip(*rounds, strict=True))
    return [seconds / bare_s for seconds in least_s]


def asked(name: str, *options: str) -> tuple[str, ...]:
    """A command beside this Python, with options."""
    return (os.fspath(Path(sys.executable).parent / name), *options)


def main() -> int:
    """Print a line for each command and option; the exit code is 1 if one is over the goal."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_RUNS
    words = [(name, *options) for name in COMMANDS for options in OPTIONS]
    found = ratios([asked(*each) for each in words], runs)
    print(f"CPU time, least of {runs} runs; `{BARE[-1]}` = 1.00")
    for each, times in zip(words, found, strict=True):
        print(f"{each[0]:<17} {' '.join(each[1:]):<22} {times:.2f}")
    return 1 if max(found) >= GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
