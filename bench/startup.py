"""How long each command takes to start, beside `import singer_sdk`, which none can do without: `python bench/startup.py [RUNS]`.

Told is the least CPU time of several runs, taken in turns: a busy machine slows all of them, but seldom all runs of one. Modules are compiled once before,
as pip does when it installs. The goal is below 1.2.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = ("tap-autopilot", "tap-fullstory", "tap-warehouse", "target-synapse", "target-mparticle")
OPTIONS = (["--version"], ["--help"], ["--about"], ["--config", "missing.json"])  # the last goes as far as the settings
BASE = [sys.executable, "-c", "import singer_sdk"]
DEFAULT_RUNS = 7
GOAL = 1.2


def cpu_s(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of CPU time that a command takes, whatever its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print a line for each command and option; the exit code is 1 if one is over the goal."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_RUNS
    commands = [BASE, *([str(Path(sys.executable).parent / name), *options] for name in COMMANDS for options in OPTIONS)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        for command in commands:
            cpu_s(command, environment)
        times = [[cpu_s(command, environment) for command in commands] for _ in range(runs)]
    base, *least = (min(column) for column in zip(*times, strict=True))
    print(f"Least of {runs} runs, `{' '.join(BASE[1:])}` = 1.00 ({base:.2f} s of CPU)")
    for command, seconds in zip(commands[1:], least, strict=True):
        print(f"{Path(command[0]).name:<17} {' '.join(command[1:]):<22} {seconds / base:.2f}")
    return 1 if max(least) / base > GOAL else 0


if __name__ == "__main__":
    sys.exit(main())
