"""Where the time of a missed goal goes: one more run under Python's profiler, which slows it, so only the shares are told."""

from __future__ import annotations

import pstats
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError
from bench.goals import missed
from bench.measure import Stage
from bench.run import LIMIT_S, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.cases import Case, Contender
    from bench.scene import Scene

SHOWN_FUNCTIONS = 6
PROFILED_ROWS = 200_000  # at most: the profiler makes Python functions several times slower


def profiles(scene: Scene, cases: Sequence[Case], results: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """For each of ours that misses a goal of speed: the functions with the greatest own time in its main thread, each with its share."""
    wanted = dict.fromkeys(one.contender for one in missed(results) if not one.is_of_memory) if results["kind"] != "quick" else {}
    found = {}
    for name in wanted:
        case, contender = next((case, one) for case in cases for one in case.contenders if one.name == name)
        try:
            found[name] = profile(scene, case, contender)
        except BenchError as error:
            say(f"  no profile of {name}: {error}")
    return found


def profile(scene: Scene, case: Case, contender: Contender) -> list[list[Any]]:
    """The functions of the last of our commands in a pipe."""
    job, path = contender.make(scene, case.table, min(contender.size.full, PROFILED_ROWS)), scene.folder / "profile"
    if job.before:
        job.before()
    *others, last = job.stages
    script = [str(word) for word in last.argv]
    arguments = script[1:] if script[0] == sys.executable else script
    profiled = Stage(last.name, (sys.executable, "-m", "cProfile", "-o", path, *arguments), last.env)
    scene.runner.run([*others, profiled], limit_s=LIMIT_S, stdin=job.stdin, stdout=job.stdout, drained=bool(job.drained))
    return shares(pstats.Stats(str(path)))


def shares(stats: pstats.Stats) -> list[list[Any]]:
    """The functions with the greatest own time, each with its share of all."""
    own = {place: figures[2] for place, figures in stats.stats.items()}  # type: ignore[attr-defined]  # typeshed leaves `stats` out
    total = sum(own.values()) or 1.0
    greatest = sorted(own.items(), key=lambda one: -one[1])[:SHOWN_FUNCTIONS]
    return [[_named(place), round(time / total, 3)] for place, time in greatest]


def _named(place: tuple[str, int, str]) -> str:
    path, _, function = place
    return function if path == "~" else f"{Path(path).parent.name}/{Path(path).name}: {function}"
