"""The README's section on speed, out of the newest results: ratios with their peers, and where the rest is."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any

from bench import extract, figures, load, startup
from bench.goals import LARGER
from bench.peers import ROOT
from bench.report import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

RESULTS = ROOT / "bench" / "results"
TEN = 10  # from here on no decimals
NOT_YET = "Not measured yet: `make bench` measures, and writes the figures that stand here.\n"
SHOWN: Sequence[tuple[str, str, str, Sequence[str]]] = (  # what it is called, case, ours, beside whom
    ("PostgreSQL to lines: `tap-warehouse`", "extract", extract.POSTGRES.name,
     (extract.MELTANOLABS.name, extract.PIPELINEWISE.name, extract.DLT_ROWS.name, extract.DLT_ARROW.name, extract.SLING.name, extract.ROW_TO_JSON.name)),
    ("DuckDB to lines: `tap-warehouse`", "extract", extract.DUCKDB.name, (extract.MELTANOLABS.name, extract.PIPELINEWISE.name)),
    ("an API's rows to lines: all taps here", "api", extract.SUITE_DICTS.name, (extract.SDK_DICTS.name,)),
    ("lines to staged files: `target-synapse`", "load", load.STAGED.name,
     (load.SDK_PARQUET.name, load.JSONL.name, load.POSTGRES.name, load.DLT_FILES.name)),
    ("PostgreSQL to the pool: `tap-warehouse \\| target-synapse`", "pipe", load.POSTGRES_PIPE.name, [one.name for one in load.PEER_PIPES]),
)  # fmt: skip


def newest(folder: Path = RESULTS) -> dict[str, Any] | None:
    """The newest results of a full run; None if there are none."""
    paths = sorted(folder.glob("*.json"))
    found: dict[str, Any] | None = json.loads(paths[-1].read_text(encoding="utf-8")) if paths else None
    return found


def speed_section(results: Mapping[str, Any] | None) -> str:
    """The section's text."""
    if results is None:
        return f"\n{NOT_YET}\n"
    found, date = results["machine"], results["date"]
    measured = f"Measured on {date} in one run, on {found['cores']} cores of {found['processor']}: whole processes, medians, each run's rows checked."
    lines = [
        f"{measured} [All figures](bench/results/{date}.md), [how they are made](docs/bench.md).",
        "",
        "| | rows/s | times the rows/s of |",
        "|---|--:|---|",
        *_rows(results),
    ]
    if rest := [*_memory(results), *_start(results)]:
        lines += ["", " ".join(rest)]
    return "\n" + "\n".join(lines) + "\n\n"


def _rows(results: Mapping[str, Any]) -> Iterator[str]:
    for title, case, ours, others in SHOWN:
        if mine := figures.Spread.of(map(figures.rows_per_s, figures.runs(results, case, ours))):
            beside = [(found.median, name) for name in others if (found := figures.ratio(results, case, ours, name))]
            told = ", ".join(f"{cell(name)} **{times:{'.0f' if times >= TEN else '.1f'}}**" for times, name in beside)
            yield f"| {title} | {mine.median:,.0f} | {told} |"


def _memory(results: Mapping[str, Any]) -> Iterator[str]:
    peaks: dict[tuple[str, float], float] = {}
    for _, large, contender in LARGER:
        for run in figures.runs(results, large, contender):
            for process in run["processes"]:
                key = (process["name"], run["rows"] / figures.MILLION)
                peaks[key] = max(peaks.get(key, 0.0), figures.peak_mb(run, process["name"]))
    if peaks:
        yield "Peak memory: " + ", ".join(f"`{name}` {peak:.0f} MB over {rows:g} million rows" for (name, rows), peak in peaks.items()) + "."


def _start(results: Mapping[str, Any]) -> Iterator[str]:
    first, bare = (figures.runs(results, "start", name) for name in (startup.DUCKDB.name, startup.IMPORT.name))
    if first and bare:
        seconds = [statistics.median(map(figures.seconds, some)) for some in (first, bare)]
        yield f"From the command to the first record: {seconds[0]:.2f} s, where `import singer_sdk` alone takes {seconds[1]:.2f} s."
