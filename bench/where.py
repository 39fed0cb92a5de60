"""Where the time of a missed goal goes: one more run under Python's profiler, which slows it, so only the shares are told."""

from __future__ import annotations

import pstats
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.goals import missed
from bench.measure import Stage
from bench.run import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.cases import Case, Contender
    from bench.scene import Scene

SHOWN = 6  # functions, or packages
PROFILED_ROWS = 200_000  # at most: the profiler makes Python functions several times slower
ALL_LIMIT_S = 100  # then what runs is ended, and nothing further begins
IMPORT_TIME = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\w+)", re.MULTILINE)  # own microseconds, and the package


def profiles(scene: Scene, cases: Sequence[Case], results: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each of ours that misses a goal of speed: what takes the most of its time, each with its share, and what it is a share of."""
    wanted = dict.fromkeys((one.case, one.contender) for one in missed(results) if not one.is_of_memory) if results["kind"] != "quick" else {}
    found: dict[str, dict[str, Any]] = {}
    end_s = time.monotonic() + ALL_LIMIT_S
    for of_case, name in wanted:
        if name in found or time.monotonic() > end_s:
            continue
        case, contender = next((case, one) for case in cases for one in case.contenders if (case.name, one.name) == (of_case, name))
        try:
            found[name] = (imports if of_case == "start" else profile)(scene, case, contender, end_s)
        except Exception as error:  # noqa: BLE001 - the figures are there already, and must not be lost for want of an explanation
            say(f"  no profile of {name}: {error}")
    return found


def profile(scene: Scene, case: Case, contender: Contender, end_s: float) -> dict[str, Any]:
    """The functions of the last of our commands in a pipe."""
    path = scene.folder / "profile"
    _again(scene, case, contender, end_s, "-m", "cProfile", "-o", str(path))
    return {"of": "Main thread of the last command, under the profiler", "shares": shares(pstats.Stats(str(path)))}


def imports(scene: Scene, case: Case, contender: Contender, end_s: float) -> dict[str, Any]:
    """The packages whose modules take the longest to import."""
    log = _again(scene, case, contender, end_s, "-X", "importtime")
    return {"of": "Imports, by package", "shares": import_shares(log.read_text(encoding="utf-8", errors="replace"))}


def _again(scene: Scene, case: Case, contender: Contender, end_s: float, *options: str) -> Path:
    """Run the last command of a pipe once more, with options of Python; where its log is."""
    job = contender.make(scene, case.table, min(contender.size.full, PROFILED_ROWS))
    if job.before:
        job.before()
    *others, last = job.stages
    script = [str(word) for word in last.argv]
    arguments = script[1:] if script[0] == sys.executable else script
    changed = Stage(last.name, (sys.executable, *options, *arguments), last.env)
    limit_s = max(1.0, end_s - time.monotonic())
    scene.runner.run([*others, changed], limit_s=limit_s, stdin=job.stdin, stdout=job.stdout, drained=bool(job.drained))
    return scene.runner.folder / f"{len(others)}-{last.name}.log"


def import_shares(log: str) -> list[list[Any]]:
    """The packages in what `python -X importtime` says, with their shares."""
    own: dict[str, int] = {}
    for microseconds, package in IMPORT_TIME.findall(log):
        own[package] = own.get(package, 0) + int(microseconds)
    total = sum(own.values()) or 1
    return [[package, round(spent / total, 3)] for package, spent in sorted(own.items(), key=lambda one: -one[1])[:SHOWN]]


def shares(stats: pstats.Stats) -> list[list[Any]]:
    """The functions with the greatest own time, each with its share of all."""
    own = {place: figures[2] for place, figures in stats.stats.items()}  # type: ignore[attr-defined]  # typeshed leaves `stats` out
    total = sum(own.values()) or 1.0
    greatest = sorted(own.items(), key=lambda one: -one[1])[:SHOWN]
    return [[_named(place), round(time / total, 3)] for place, time in greatest]


def _named(place: tuple[str, int, str]) -> str:
    path, _, function = place
    return function if path == "~" else f"{Path(path).parent.name}/{Path(path).name}: {function}"
