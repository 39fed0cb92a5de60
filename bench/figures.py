"""Figures out of the results of a run: spreads over the rounds, and ratios of runs of the same round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MILLION = 1_000_000
BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class Spread:
    """The least, the median and the greatest of some values."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """The spread of values; None of none."""
        known = sorted(values)
        return cls(known[0], statistics.median(known), known[-1]) if known else None


def runs(results: Mapping[str, Any], case: str, contender: str) -> list[dict[str, Any]]:
    """The runs of a contender in a case, in the order of their rounds."""
    return [one for one in results["runs"] if one["case"] == case and one["contender"] == contender]


def contenders(results: Mapping[str, Any], case: str) -> list[str]:
    """Those that were run in a case, in the order of the case."""
    return list(dict.fromkeys(one["contender"] for one in results["runs"] if one["case"] == case))


def seconds(run: Mapping[str, Any]) -> float:
    """What a run is judged by: the time to its first record, or to its staged files, where that is measured; else all of it."""
    return float(run.get("first_s") or run.get("staged_s") or run["wall_s"])


def rows_per_s(run: Mapping[str, Any]) -> float:
    """Rows a second of a run."""
    return int(run["rows"]) / seconds(run)


def cpu_s(run: Mapping[str, Any]) -> float:
    """CPU seconds of a run's own processes."""
    return float(sum(one["user_s"] + one["system_s"] for one in run["processes"]))


def cpu_s_per_million(run: Mapping[str, Any]) -> float:
    """CPU seconds of a run's own processes for a million rows."""
    return cpu_s(run) / int(run["rows"]) * MILLION


def servers_s_per_million(run: Mapping[str, Any]) -> float:
    """CPU seconds of the services that a run talked to, for a million rows."""
    return float(sum(run["servers_s"].values())) / int(run["rows"]) * MILLION


def peak_mb(run: Mapping[str, Any], process: str | None = None) -> float:
    """The largest resident size of one of a run's processes, or of the one that is named, in MB."""
    return max(int(one["peak_bytes"]) for one in run["processes"] if process in (None, one["name"])) / BYTES_PER_MB


def ratio(results: Mapping[str, Any], case: str, ours: str, other: str) -> Spread | None:
    """How many times the rows a second of `other` ours moves: the spread over the rounds that both have."""
    mine, others = ({run["round"]: run for run in runs(results, case, name)} for name in (ours, other))
    return Spread.of(rows_per_s(mine[number]) / rows_per_s(others[number]) for number in mine.keys() & others.keys())


def growth(results: Mapping[str, Any], small: str, large: str, contender: str) -> tuple[float, float] | None:
    """How peak memory (of the process that grows most) and time per row grow from a case to its larger one: medians over medians."""
    few, many = runs(results, small, contender), runs(results, large, contender)
    if not few or not many:
        return None
    names = {one["name"] for one in many[0]["processes"]}
    memory = max(statistics.median(peak_mb(run, name) for run in many) / statistics.median(peak_mb(run, name) for run in few) for name in names)
    return memory, statistics.median(map(rows_per_s, few)) / statistics.median(map(rows_per_s, many))
