"""Runs the cases: in rounds, within each round one contender after another, so that a machine that slows down slows all of them.

The first round of every case is always run; further ones while the time allows. Each run's rows are checked: a fast run with wrong rows is a failure.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.digest import compare
from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.cases import Case, Contender, Job
    from bench.digest import Digest
    from bench.measure import Measured
    from bench.scene import Scene

LIMIT_S = 300  # of one command: a contender that needs longer is told as a failure


@dataclass
class Rounds:
    """The runs so far, and what went wrong."""

    scene: Scene
    quick: bool
    limit_s: float
    scale: float = 1.0
    begun_s: float = field(default_factory=time.monotonic)
    runs: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # what the limit of time left out
    _wanted: dict[tuple[str, int], Digest] = field(default_factory=dict)

    @property
    def spent_s(self) -> float:
        """Since the start of the bench."""
        return time.monotonic() - self.begun_s

    def run(self, cases: Sequence[Case]) -> None:
        """All cases once, then again in turn while there is time."""
        lasted: dict[str, float] = {}
        for number in range(max(case.most_rounds for case in cases)):
            for case in cases:
                if number >= self._most(case) or not self._has_time(case, number, lasted):
                    continue
                begun_s = time.monotonic()
                for contender in case.contenders:
                    self._one(case, contender, number)
                lasted[case.name] = time.monotonic() - begun_s

    def _most(self, case: Case) -> int:
        return 1 if self.quick else case.most_rounds

    def _has_time(self, case: Case, number: int, lasted: dict[str, float]) -> bool:
        if number == 0:
            if self.spent_s > self.limit_s:
                self.left_out.append(case.name)
            return self.spent_s <= self.limit_s
        return case.name in lasted and self.spent_s + lasted[case.name] <= self.limit_s

    def _one(self, case: Case, contender: Contender, number: int) -> None:
        if any((one["case"], one["contender"]) == (case.name, contender.name) for one in self.failures):
            return
        rows = contender.size.of(quick=self.quick, scale=self.scale)
        try:
            job = contender.make(self.scene, case.table, rows)
            if number == 0 and job.proof:
                self._prove(case, contender, job, rows)
            if job.before:
                job.before()
            measured = self.scene.runner.run(job.stages, limit_s=LIMIT_S, stdin=job.stdin, stdout=job.stdout, drained=bool(job.drained))
            self._check(case, contender, job, rows, measured)
            self.runs.append(
                {"case": case.name, "contender": contender.name, "table": case.table.name, "rows": rows, "round": number, **figures(job, measured)}
            )
        except Exception as error:  # noqa: BLE001 - whatever breaks one contender must not take the others' figures along; it is told, and fails the bench
            self.failures.append({"case": case.name, "contender": contender.name, "reason": str(error) or repr(error)})
            say(f"  {case.name}: {contender.name}: FAILED: {error}")
        else:
            say(f"  {case.name}, round {number + 1}: {contender.name}: {rows:,} rows in {measured.wall_s:.2f} s")

    def _prove(self, case: Case, contender: Contender, job: Job, rows: int) -> None:
        """A run into a file, whose rows are compared; it is not measured."""
        path = self.scene.folder / "proof"
        self.scene.runner.run(job.stages, limit_s=LIMIT_S, stdin=job.stdin, stdout=path)
        if job.proof:
            compare(self._source(case, job, rows), job.proof(path), contender.name)
        path.unlink()

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


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)
