"""`python -m bench`: run the bench; `--quick` in two minutes and with few rows."""

from __future__ import annotations

import argparse
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

FULL_LIMIT_S, QUICK_LIMIT_S = 1320, 900  # no round begins that would end after this; profiles and plot follow, a minute at most
INTERRUPTED, TERMINATED = 130, 143  # as shells have it
CASES = (*startup.CASES, *extract.CASES, *load.CASES, *deliver.CASES, *extract.LARGE_CASES, *load.LARGE_CASES)


def main() -> int:
    """Run, write the results, and say what is wrong; the exit code."""
    asked = _asked()
    cases = [case for case in CASES if (not asked.only or case.name in asked.only) and (case.in_quick or not asked.quick)]
    begun_s = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that the servers are ended too
    try:
        with scene(asked.home) as surroundings:
            rounds = Rounds(surroundings, asked.quick, asked.limit_s or (QUICK_LIMIT_S if asked.quick else FULL_LIMIT_S), asked.scale, begun_s)
            rounds.run(cases)
            results = _results(rounds, cases, machine(surroundings.server.version))
            results["profiles"] = profiles(surroundings, cases, results)
            plotter = None if asked.quick else surroundings.environments.script("matplotlib")
    except (BenchError, SandboxError) as error:
        sys.exit(f"bench: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
    except KeyboardInterrupt:  # half a run is no result
        return INTERRUPTED
    print(markdown(results))
    write(results, asked.results or (asked.home / "quick" if asked.quick else RESULTS), plotter)
    return _verdict(results)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the commands beside their peers.")
    parser.add_argument("--quick", action="store_true", help="few rows, one round: does it all still run, and are the rows right")
    parser.add_argument("--limit-s", type=float, help=f"seconds after which no further round begins ({FULL_LIMIT_S}; quick {QUICK_LIMIT_S})")
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES], help="this case alone; may be given several times")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows, to try the bench itself: 0.01")
    parser.add_argument("--home", type=Path, default=ROOT / ".bench", help="where rows and environments are kept (.bench)")
    parser.add_argument("--results", type=Path, help="folder for the results (bench/results; of a quick run .bench/quick)")
    return parser.parse_args()


def _results(rounds: Rounds, cases: Sequence[Case], found: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "kind": "quick" if rounds.quick else "full",
        "seconds": round(rounds.spent_s),
        "machine": found,
        "peers": {peer.name: peer.requirement for peer in PEERS.values()},
        "titles": {case.name: case.title for case in cases},
        "measures": {case.name: case.measure for case in cases},
        "ours": sorted({one.name for case in cases for one in case.contenders if one.is_ours}),
        "limits": sorted({one.name for case in cases for one in case.contenders if one.is_limit}),
        "failures": rounds.failures,
        "left_out": rounds.left_out,
        "runs": rounds.runs,
    }


def _verdict(results: dict[str, Any]) -> int:
    """1 if a contender failed or moved wrong rows, or a quick run is plainly too slow; a goal that a full run misses is told in its report."""
    wrong = [f"{one['case']}: {one['contender']}: {one['reason']}" for one in results["failures"]]
    wrong += [f"{case}: not run, the time was over" for case in results["left_out"]]
    wrong += [f"{one.goal}: {one.measured}" for one in missed(results)] if results["kind"] == "quick" else []
    for line in wrong:
        say(f"bench: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
