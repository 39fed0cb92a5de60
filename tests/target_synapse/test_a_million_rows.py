"""A million rows with every type, through the command, by every way and in every format of files: what the pool holds is what was sent, to the last bit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from harness import COMMANDS, command_environment
from synapse_support.every_type import columns
from synapse_support.many_rows import KEY, STREAM, Rows, differences
from synapse_support.ways import WAYS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

WANTED = os.environ.get("ROUND_TRIP_ROWS")  # of `make test-million`, for all cases; `make test-slow` takes so many of each:
LOADS = {
    "copy": (1_000_000, {}, {}),
    "copy of parquet": (100_000, {"stage_format": "parquet"}, {}),
    "polybase": (100_000, WAYS["polybase"], {"most_chars": 4_000}),  # an external table holds no longer ones
    "adf": (100_000, WAYS["adf"], {}),
    "insert": (50_000, WAYS["insert"], {}),
}
UPSERTED, UPSERTED_OF_A_MILLION = 20_000, 200_000


@dataclass(frozen=True)
class Piped:
    exit_code: int
    last_state: object
    reason: str
    told: str  # seconds, processor time and memory of the command


def memory_mib(process):
    """The most that a process has had, where the system tells; what `wait` says of it counts its parent's, too."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")) if status.exists() else None
    return int(found[1]) // 1024 if found else 0


@pytest.fixture
def piped(settings, tmp_path):
    """Writes rows to the command's standard input as they are made."""

    def run(rows, **changes):
        config = tmp_path / "config.json"
        config.write_text(json.dumps({name: value for name, value in {**settings, **changes}.items() if value is not None}), encoding="utf-8")
        out, log = tmp_path / "states", tmp_path / "log"
        began, peak_mib = time.monotonic(), 0
        with out.open("wb") as states, log.open("wb") as said:
            command = [COMMANDS / "target-synapse", "--config", config]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=states, stderr=said, cwd=tmp_path, env=command_environment())
        try:
            for piece in rows.lines():
                process.stdin.write(piece)
                peak_mib = memory_mib(process.pid)
            process.stdin.close()
        except BrokenPipeError:  # the exit code tells
            with suppress(BrokenPipeError):
                process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        spent = f"{time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} CPU s, {peak_mib} MiB"
        states = out.read_text(encoding="utf-8").splitlines()
        reason = (log.read_text(encoding="utf-8").strip().splitlines() or [""])[-1]
        return Piped(process.returncode, json.loads(states[-1]) if states else None, reason, spent)

    return run


@pytest.fixture
def held(pool, schema, tmp_path):
    """The rows of the table as the pool keeps them."""

    def read(rows, start, end):
        path = tmp_path / "rows.arrow"
        names = [KEY, *(one.name for one in rows.columns)]
        pool.order(export={"schema": schema, "table": STREAM, "columns": names, "key": KEY, "start": start, "end": end, "path": str(path)})
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file).read_all()

    yield read
    pool.connection.execute(f"IF OBJECT_ID(N'[{schema}].[{STREAM}]', N'U') IS NOT NULL DROP TABLE [{schema}].[{STREAM}]")


@pytest.fixture
def tell(capsys):
    """Shows a line now, where somebody waits for it."""

    def line(text):
        if WANTED:
            with capsys.disabled():
                sys.stdout.write(f"\n{text}\n")
                sys.stdout.flush()

    return line


def spelled(name, chars, precision, scale, fraction):
    if chars is not None:
        return f"{name}({'max' if chars == -1 else chars})"
    if name == "decimal":
        return f"decimal({precision},{scale})"
    return f"{name}({fraction})" if name in ("time", "datetime2", "datetimeoffset") else name


@pytest.fixture
def table_types(pool, schema):
    """What INFORMATION_SCHEMA says of the columns."""
    asked = "COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION"
    where = f"TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'{STREAM}'"
    return lambda: {name: spelled(*rest) for name, *rest in pool.rows(f"SELECT {asked} FROM INFORMATION_SCHEMA.COLUMNS WHERE {where}")}


def all_differences(held, *parts):
    """Of rows that stand in one table, a chunk at a time; those of three chunks are enough."""
    found = []
    for rows in parts:
        for start, end, odd in rows.chunks():
            found += differences(rows, held(rows, start, end), start, end, odd=odd)
            if len(found) > 30:
                return found
    return found


@pytest.mark.parametrize("load", LOADS)
def test_rows_of_every_type_arrive_as_they_were_sent(load, piped, held, table, table_types, tell):
    count, changes, limits = LOADS[load]
    rows = Rows(columns(**limits), 0, int(WANTED or count))
    run = piped(rows, **changes)
    tell(f"{load}: {rows.end} rows in {run.told}")
    assert (run.exit_code, run.last_state) == (0, {"end": rows.end}), run.reason
    assert table(STREAM, f"COUNT_BIG(*), COUNT_BIG(DISTINCT [{KEY}]), MIN([{KEY}]), MAX([{KEY}])") == [(rows.end, rows.end, 0, rows.end - 1)]
    assert table_types() == {KEY: "bigint", **{one.name: one.sql for one in rows.columns}}
    assert all_differences(held, rows) == []


@pytest.mark.parametrize("upsert_with", ["delete_insert", "merge"])
def test_changed_rows_take_the_place_of_those_that_were_there(upsert_with, piped, held, table, tell):
    count = UPSERTED if WANTED is None else UPSERTED_OF_A_MILLION
    first = Rows(columns(), 0, count, is_odd_at_end=False)
    changed = Rows(columns(), count // 2, count, turn=5_000_000)
    for rows in (first, changed):
        run = piped(rows, upsert_with=upsert_with)
        tell(f"{upsert_with}: {rows.end - rows.start} rows in {run.told}")
        assert (run.exit_code, run.last_state) == (0, {"end": count}), run.reason
    assert table(STREAM, f"COUNT_BIG(*), COUNT_BIG(DISTINCT [{KEY}])") == [(count, count)]
    kept = Rows(columns(), 0, count // 2, is_odd_at_end=False)
    assert all_differences(held, kept, changed) == []
