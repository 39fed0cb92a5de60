"""`python -m bench`: run the bench; `--quick` in two minutes and with few rows."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.errors import SandboxError

from bench import deliver, extract, load, startup
from bench.errors import BenchError
from bench.goals import missed
from bench.machine import machine
from bench.peers import PEERS, ROOT
from bench.publish import write
from bench.readme import RESULTS
from bench.report import markdown
from bench.run import Rounds, say
from bench.scene import scene
from bench.where import profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.cases import Case
    from bench.scene import Scene

FULL_LIMIT_S, QUICK_LIMIT_S = 1500, 900  # no run begins after this, and none goes on; profiles and plot follow, two minutes at most
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNALLED = 128  # and the signal's number: an exit code as shells have it
# The cases with the goals come first, then what they cost at five million rows: a limit of time leaves out the others.
CASES = (
    *startup.CASES,
    *extract.CASES,
    *load.CASES,
    *extract.LARGE_CASES,
    *load.LARGE_CASES,
    *deliver.CASES,
    *extract.OTHER_CASES,
    *deliver.LARGE_CASES,
)


def main() -> int:
    """Run, write the results, and say what is wrong; the exit code."""
    asked, begun_s, load_before = _asked(), time.monotonic(), os.getloadavg()[0]
    cases = [case for case in CASES if (not asked.only or case.name in asked.only) and (case.in_quick or not asked.quick)]
    for number in ENDING:
        signal.signal(number, _end)
    try:
        with scene(asked.home) as surroundings:
            rounds = Rounds(surroundings, asked.quick, asked.limit_s or (QUICK_LIMIT_S if asked.quick else FULL_LIMIT_S), asked.scale, begun_s)
            results = _measured(rounds, cases, {**machine(surroundings.server.version), "load_before": round(load_before, 2)}, asked.home / "so-far")
            write(results, _folder(asked), None if asked.quick else _plotter(surroundings))
    except (BenchError, SandboxError) as error:
        sys.exit(f"bench: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
    print(markdown(results))
    return _verdict(results)


def _measured(rounds: Rounds, cases: Sequence[Case], found: dict[str, Any], so_far: Path) -> dict[str, Any]:
    """The results of all cases. What is there so far is in a folder, in case that the run is interrupted: half a run is no result to quote."""
    shutil.rmtree(so_far, ignore_errors=True)
    try:
        rounds.run(cases, lambda: write(_results(rounds, cases, found), so_far))
    except SystemExit:
        write(_results(rounds, cases, found), so_far)
        say(f"bench: interrupted; what was measured before is in {so_far}")
        raise
    results = _results(rounds, cases, found)
    results["profiles"] = profiles(rounds.scene, cases, results)
    return results


def _end(number: int, _frame: object) -> None:
    """End, and the servers before; only once, so that nothing disturbs that."""
    for further in ENDING:
        signal.signal(further, signal.SIG_IGN)
    sys.exit(SIGNALLED + number)


def _plotter(surroundings: Scene) -> Path | None:
    try:
        return surroundings.environments.script("matplotlib")
    except BenchError as error:
        say(f"bench: no plot: {error}")
        return None


def _folder(asked: argparse.Namespace) -> Path:
    """Where the results go: beside the quoted ones only those of a whole run."""
    apart: Path = asked.home / ("quick" if asked.quick else "tried")
    named: Path | None = asked.results
    return named or (apart if asked.quick or asked.only or asked.scale != 1 else RESULTS)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the commands beside their peers.")
    parser.add_argument("--quick", action="store_true", help="few rows, one round: does it all still run, and are the rows right")
    parser.add_argument("--limit-s", type=float, help=f"seconds after which nothing further is measured ({FULL_LIMIT_S}; quick {QUICK_LIMIT_S})")
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES], help="this case alone; may be given several times")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows, to try the bench itself: 0.01")
    parser.add_argument("--home", type=Path, default=ROOT / ".bench", help="where rows and environments are kept (.bench)")
    parser.add_argument("--results", type=Path, help="folder for the results (bench/results; .bench/quick of a quick run, .bench/tried of a part)")
    return parser.parse_args()


def _results(rounds: Rounds, cases: Sequence[Case], found: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "kind": "quick" if rounds.quick else "full",
        "seconds": round(rounds.spent_s),
        "machine": found,
        "peers": {peer.name: peer.requirement for peer in PEERS.values()},
        "titles": {case.name: case.title for case in cases},
        "notes": {case.name: case.note for case in cases if case.note},
        "measures": {case.name: case.measure for case in cases},
        "ours": sorted({one.name for case in cases for one in case.contenders if one.is_ours}),
        "limits": sorted({one.name for case in cases for one in case.contenders if one.is_limit}),
        "failures": rounds.failures,
        "left_out": rounds.left_out,
        "runs": rounds.runs,
    }


def _verdict(results: dict[str, Any]) -> int:
    """1 if one of ours failed or moved wrong rows. What a full run finds wrong with a peer, or a goal that it misses, is told in its report.

    A quick run, which is there so that the bench never rots, also fails if a peer that is installed does, if a case was left out, or if ours is plainly too slow.
    """
    is_quick = results["kind"] == "quick"
    fatal = [one for one in results["failures"] if one["contender"] in results["ours"] or (is_quick and not one["is_missing"])]
    wrong = [f"{one['case']}: {one['contender']}: {one['reason']}" for one in fatal]
    if is_quick:
        wrong += [f"{one}: not run, the time was over" for one in results["left_out"]]
        wrong += [f"{one.goal}: {one.measured}" for one in missed(results)]
    for line in wrong:
        say(f"bench: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
