"""Run the quick tests on each further Python that this machine has: `make test-pythons`. Those that it has not are named, and are no failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setup import PACKAGES, ROOT, UV

VERSIONS = ("3.12", "3.13")  # 3.11 is what `make test` runs on


def interpreter(version: str) -> str | None:
    """The interpreter of a version, as uv, which knows PATH and pyenv, finds it."""
    found = subprocess.run([UV, "python", "find", "--no-project", version], capture_output=True, text=True, check=False)
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob(f"versions/{version}.*/bin/python"))
    return found.stdout.strip() if not found.returncode else str(pyenv[-1]) if pyenv else None


def tested(version: str, python: str, arguments: list[str]) -> bool:
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
    for version in VERSIONS:
        python = interpreter(version)
        print(f"Python {version}: {python or 'not on this machine'}", flush=True)
        if python and not tested(version, python, sys.argv[1:]):
            failed.append(version)
    if failed:
        print(f"failed on Python {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
