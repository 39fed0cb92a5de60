"""Run the quick tests on the further Pythons that this machine has: `make test-pythons`. Those that it has not are named, and are no failure.

On the newest all of them. On one between it and 3.11, what breaks there would break on a neighbour too, but for the odd library: the tests of the commands
together, of what all five share, and of the two that meet the most libraries are enough. Paths as arguments, `tests` for all, are run on each instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from setup import PACKAGES, ROOT, UV

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = ("tests",)
TESTS = {  # `make test` runs on 3.11
    "3.12": ("tests/conformance", "tests/singer_commons", "tests/tap_warehouse", "tests/target_mparticle"),
    "3.13": ALL,
}


def interpreter(version: str) -> str | None:
    """The interpreter of a version, as uv, which knows PATH and pyenv, finds it."""
    found = subprocess.run([UV, "python", "find", "--no-project", version], capture_output=True, text=True, check=False)
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob(f"versions/{version}.*/bin/python"))
    return found.stdout.strip() if not found.returncode else str(pyenv[-1]) if pyenv else None


def tested(version: str, python: str, arguments: Sequence[str]) -> bool:
    """Make the environment of a version if it is not there, and run the tests in it; whether they passed."""
    environment = ROOT / f".venv-{version}"
    if not (environment / "bin" / "python").exists():
        subprocess.run([UV, "venv", "--quiet", "--python", python, environment], check=True)
    editable = [part for package in PACKAGES for part in ("--editable", package)]
    command = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        environment / "bin" / "python",
        "--constraint",
        "constraints.txt",
        *editable,
        "--group",
        "dev",
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    pytest = [environment / "bin" / "pytest", "-q", "-m", "not slow", *arguments]
    # What failed gets a second run, alone: a shared machine may starve a test.
    tries = (["-n", "2"], ["-n", "0", "--last-failed", "--last-failed-no-failures", "none"])
    return any(subprocess.run([*pytest, *more], cwd=ROOT, check=False).returncode == 0 for more in tries)


def main() -> int:
    """Run all; the exit code."""
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    if not shutil.which(UV):
        print("run `make setup` first")
        return 2
    failed = []
    for version, paths in TESTS.items():
        python = interpreter(version)
        print(f"Python {version}: {python or 'not on this machine'}", flush=True)
        if python and not tested(version, python, sys.argv[1:] or paths):
            failed.append(version)
    if failed:
        print(f"failed on Python {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
