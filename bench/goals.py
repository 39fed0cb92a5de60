"""What the bench must show, as data, and how a run's results stand to it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench import deliver, extract, load, startup
from bench.figures import MILLION, growth, peak_mb, ratio, runs, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PEAK_MB = 400
MEMORY_GROWTH, TIME_GROWTH = 1.10, 1.10
START_RATIO = 1.3
QUICK_RATIO = 3.0  # for few rows on a machine that is busy with tests: only what is plainly wrong is to be found


@dataclass(frozen=True)
class Verdict:
    """A goal, what was measured, and whether it is met; `contender` and `case` say whose time is to be explained if not."""

    goal: str
    measured: str
    is_met: bool
    case: str
    contender: str
    is_of_memory: bool = False


@dataclass(frozen=True)
class Faster:
    """Ours is to move at least so many times the other's rows a second."""

    case: str
    ours: str
    other: str
    times: float
    in_quick: bool = False

    def verdict(self, results: Mapping[str, Any]) -> Verdict | None:
        """How it stands, by the median of the rounds; None if one of the two was not measured."""
        found = ratio(results, self.case, self.ours, self.other)
        is_quick = results["kind"] == "quick"
        if found is None or (is_quick and not self.in_quick):
            return None
        times = QUICK_RATIO if is_quick else self.times
        much = f"at least {times:g} times" if times > 1 else "at least as fast as"
        goal = f"{self.ours}: {much} {self.other} ({self.case})"
        return Verdict(goal, f"{found.median:.1f} ({found.least:.1f} to {found.most:.1f})", found.median >= times, self.case, self.ours)


PAIR = tuple(one.name for one in load.PEER_PIPES)
FASTER = (
    *(
        Faster(case, ours, other, times, in_quick=ours == extract.DUCKDB.name and other == extract.MELTANOLABS.name)
        for case in ("extract", "extract flights")
        for ours in (extract.DUCKDB.name, extract.POSTGRES.name)
        for other, times in ((extract.MELTANOLABS.name, 20), (extract.PIPELINEWISE.name, 12), (extract.ROW_TO_JSON.name, 1))
    ),
    *(Faster(case, load.STAGED.name, load.SDK_PARQUET.name, 15, in_quick=True) for case in ("load", "load flights")),
    *(Faster("pipe", load.POSTGRES_PIPE.name, pair, 12) for pair in PAIR),
)
LARGER = (  # a case, its larger one, and who is in both
    ("extract", "extract large", extract.DUCKDB.name),
    ("extract", "extract large", extract.POSTGRES.name),
    ("extract flights", "extract large flights", extract.DUCKDB.name),
    ("extract flights", "extract large flights", extract.POSTGRES.name),
    ("load", "load large", load.LOADED.name),
    ("pipe", "pipe large", load.POSTGRES_PIPE.name),
    ("deliver", "deliver large", deliver.TO_RECEIVER.name),
)


def verdicts(results: Mapping[str, Any]) -> list[Verdict]:
    """Every goal that can be judged by these results."""
    found = [one for goal in FASTER if (one := goal.verdict(results))]
    if results["kind"] != "quick":
        found += [*_memory(results), *_growth(results), *_start(results)]
    return found


def missed(results: Mapping[str, Any]) -> list[Verdict]:
    """The goals that are not met."""
    return [one for one in verdicts(results) if not one.is_met]


def _memory(results: Mapping[str, Any]) -> Iterator[Verdict]:
    for _, large, contender in LARGER:
        measured = runs(results, large, contender)
        for name in [one["name"] for one in measured[0]["processes"]] if measured else []:
            peak = max(peak_mb(run, name) for run in measured)
            goal = f"{name} at {measured[0]['rows'] / MILLION:g} million rows: at most {PEAK_MB} MB ({large}, {contender})"
            yield Verdict(goal, f"{peak:.0f} MB", peak <= PEAK_MB, large, contender, is_of_memory=True)


def _growth(results: Mapping[str, Any]) -> Iterator[Verdict]:
    for small, large, contender in LARGER:
        if grown := growth(results, small, large, contender):
            memory, time = grown
            few, many = (runs(results, case, contender)[0]["rows"] / MILLION for case in (small, large))
            what = f"{contender}, from {few:g} to {many:g} million rows"
            yield Verdict(f"{what}: peak memory at most {MEMORY_GROWTH:g} times ({large})",
                          f"{memory:.2f}", memory <= MEMORY_GROWTH, large, contender, is_of_memory=True)  # fmt: skip
            yield Verdict(f"{what}: time a row at most {TIME_GROWTH:g} times ({large})", f"{time:.2f}", time <= TIME_GROWTH, large, contender)


def _start(results: Mapping[str, Any]) -> Iterator[Verdict]:
    bare = [seconds(run) for run in runs(results, "start", startup.IMPORT.name)]
    for contender in (startup.DUCKDB.name, startup.POSTGRES.name):
        measured = [seconds(run) for run in runs(results, "start", contender)]
        if bare and measured:
            times = statistics.median(one / base for one, base in zip(measured, bare, strict=False))
            goal = f"{contender}: at most {START_RATIO:g} times `import singer_sdk`"
            yield Verdict(goal, f"{times:.2f}", times <= START_RATIO, "start", contender)
