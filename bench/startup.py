"""How long each command takes to start, beside `import singer_sdk`, which none can do without: `python bench/startup.py [RUNS]`.

Both are timed in turn, in pairs, and the median of the pairs' ratios is told: a busy machine slows both. The goal is below 1.2.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("tap-autopilot", "tap-fullstory", "tap-warehouse", "target-synapse", "target-mparticle")
OPTIONS = ("--version", "--about")
BASE = [sys.executable, "-c", "import singer_sdk"]
DEFAULT_RUNS = 7


def seconds(command: list[str]) -> float:
    """Seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def ratio(command: list[str], runs: int) -> float:
    """The median, over pairs of runs, of a command's time over that of the bare import."""
    return statistics.median(seconds(command) / seconds(BASE) for _ in range(runs))


def main() -> None:
    """Print a line for each command and option."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_RUNS
    print(f"Median of {runs} pairs, `{' '.join(BASE[1:])}` = 1.00 ({seconds(BASE):.2f} s)")
    for name in COMMANDS:
        for option in OPTIONS:
            told = ratio([str(Path(sys.executable).parent / name), option], runs)
            print(f"{name:<17} {option:<10} {told:.2f}")


if __name__ == "__main__":
    main()
