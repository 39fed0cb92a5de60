"""Runs the cases: in rounds, within each round one contender after another, so that a machine that slows down slows all of them.

The first round of every case comes first, in the order of the cases, and of those that take seconds all rounds; further rounds follow while the time allows, every second one in reverse order. Nothing is
measured cold: each contender runs once beforehand. Each run's rows are checked: a fast run with wrong rows is a failure.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.cases import LEAST
from bench.digest import compare
from bench.errors import BenchError, MissingPeerError, OverdueError
from bench.peers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.cases import Case, Contender, Job
    from bench.digest import Digest
    from bench.measure import Measured
    from bench.scene import Scene

LIMIT_S = 300  # of one command: a contender that needs longer is told as a failure
ADDRESS = re.compile(r"\w+://[^\s'\"`)]+")
PROVED_ROWS = 100_000  # of a peer's output that is compared whole, at most: writing and reading a million would take a minute


@dataclass
class Rounds:
    """The runs so far, and what went wrong. `limit_s` ends even a command that is running."""

    scene: Scene
    quick: bool
    limit_s: float
    scale: float = 1.0
    begun_s: float = field(default_factory=time.monotonic)
    runs: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # what the limit of time, or an interruption, left out
    _wanted: dict[tuple[str, int], Digest] = field(default_factory=dict)
    _rehearsed: set[tuple[str, str]] = field(default_factory=set)
    _prepared_s: float = 0.0  # of the present round: tables, lines, rehearsals, which a further round does not need

    @property
    def spent_s(self) -> float:
        """Since the start of the bench."""
        return time.monotonic() - self.begun_s

    def run(self, cases: Sequence[Case], keep: Callable[[], None] = lambda: None) -> None:
        """All cases once, then again in turn while there is time; `keep` is called after each round of a case."""
        self.left_out = [case.name for case in cases]
        lasted: dict[str, float] = {}
        for case, number in _in_order(cases):
            if self._is_wanted(case, number, lasted):
                begun_s, self._prepared_s = self.spent_s, 0.0
                self._round(case, number)
                lasted[case.name] = self.spent_s - begun_s - self._prepared_s
                keep()

    def _is_wanted(self, case: Case, number: int, lasted: dict[str, float]) -> bool:
        if number == 0:
            return self.spent_s <= self.limit_s
        return number < (1 if self.quick else case.most_rounds) and self.spent_s + lasted.get(case.name, self.limit_s) <= self.limit_s

    def _round(self, case: Case, number: int) -> None:
        labels = {contender.name: f"{case.name}: {contender.name}" for contender in case.contenders}
        if number == 0:
            at = self.left_out.index(case.name)
            self.left_out[at : at + 1] = labels.values()
        for contender in case.contenders[:: -1 if number % 2 else 1]:
            if self.spent_s <= self.limit_s and self._one(case, contender, number) and number == 0:
                self.left_out.remove(labels[contender.name])

    def _one(self, case: Case, contender: Contender, number: int) -> bool:
        """Whether it was run, or has failed by itself; False if the limit of all ended it."""
        if any((one["case"], one["contender"]) == (case.name, contender.name) for one in self.failures):
            return True
        rows = contender.size.of(quick=self.quick, scale=self.scale)
        try:
            job = self._prepared(case, contender, rows)
            measured = self._ran(job)
            self._check(case, contender, job, rows, measured)
            self.runs.append(
                {"case": case.name, "contender": contender.name, "table": case.table.name, "rows": rows, "round": number, **figures(job, measured)}
            )
        except Exception as error:  # noqa: BLE001 - whatever breaks one contender must not take the others' figures along; it is told
            if isinstance(error, OverdueError) and self.spent_s >= self.limit_s:
                say(f"  {case.name}: {contender.name}: ended, the time is over")
                return False
            self._failed(case, contender, error)
        else:
            say(f"  {self.spent_s:4.0f} s: {case.name}, round {number + 1}: {contender.name}: {rows:,} rows in {measured.wall_s:.2f} s")
        return True

    def _failed(self, case: Case, contender: Contender, error: Exception) -> None:
        say(f"  {case.name}: {contender.name}: FAILED: {error!r}")
        is_missing = isinstance(error, MissingPeerError)
        self.failures.append({"case": case.name, "contender": contender.name, "reason": reason(error), "is_missing": is_missing})

    def _ran(self, job: Job) -> Measured:
        if job.before:
            job.before()
        limit_s = max(1.0, min(LIMIT_S, self.limit_s - self.spent_s))
        return self.scene.runner.run(job.stages, limit_s=limit_s, stdin=job.stdin, stdout=job.stdout, drained=bool(job.drained))

    def _prepared(self, case: Case, contender: Contender, rows: int) -> Job:
        begun_s = self.spent_s
        try:
            self._rehearse(case, contender, rows)
            return contender.make(self.scene, case.table, rows)
        finally:
            self._prepared_s += self.spent_s - begun_s

    def _rehearse(self, case: Case, contender: Contender, rows: int) -> None:
        """Run once, unmeasured: modules are compiled, programs are in memory, and what goes to a drain is compared with its source."""
        if (contender.name, case.table.name) in self._rehearsed:
            return
        self._rehearsed.add((contender.name, case.table.name))
        some = rows if contender.is_ours else min(rows, PROVED_ROWS)
        job = contender.make(self.scene, case.table, some)
        if job.proof:
            path = self.scene.folder / "proof"
            limit_s = max(1.0, min(LIMIT_S, self.limit_s - self.spent_s))
            self.scene.runner.run(job.stages, limit_s=limit_s, stdin=job.stdin, stdout=path)
            compare(self._source(case, job, some), job.proof(path), contender.name)
            path.unlink()
        elif not self.quick:
            few = contender.make(self.scene, case.table, LEAST)
            self._check(case, contender, few, LEAST, self._ran(few))

    def _check(self, case: Case, contender: Contender, job: Job, rows: int, measured: Measured) -> None:
        if job.found:
            compare(self._source(case, job, rows), job.found(), contender.name)
        counted = measured.drained.get(job.drained, 0) or 0
        too_few = counted <= 0 if job.drained == "bytes" else not rows <= counted <= rows + (job.drained == "lines")  # CSV has a header
        if job.drained and too_few:
            raise BenchError(f"{contender.name} wrote {counted:.0f} {job.drained} instead of {rows}")

    def _source(self, case: Case, job: Job, rows: int) -> Digest:
        if job.wanted:
            return job.wanted()
        key = (case.table.name, rows)
        if key not in self._wanted:
            self._wanted[key] = self.scene.source(case.table, rows)
        return self._wanted[key]


def _in_order(cases: Sequence[Case]) -> Iterator[tuple[Case, int]]:
    for case in cases:
        yield from ((case, number) for number in range(case.most_rounds if case.at_once else 1))
    for number in range(1, max(case.most_rounds for case in cases)):
        yield from ((case, number) for case in cases if not case.at_once)


def figures(job: Job, measured: Measured) -> dict[str, Any]:
    """What a run took, as it stands in the results."""
    return {
        "wall_s": round(measured.wall_s, 4),
        **{name: round(value, 4) for name, value in (job.more(measured) if job.more else {}).items()},
        "processes": [
            {"name": one.name, "user_s": round(one.user_s, 3), "system_s": round(one.system_s, 3), "peak_bytes": one.peak_bytes}
            for one in measured.took
        ],
        "servers_s": dict(measured.servers_s),
    }


def reason(error: Exception) -> str:
    """What an error says, without what is this machine's alone: its folders, and where it has packages from."""
    return ADDRESS.sub("(address)", str(error) or repr(error)).replace(str(ROOT), ".")


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)
