"""A pipe between two installed commands, run by a shell as a user types it, with its state carried from run to run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS = Path(sys.executable).parent


class DemoError(Exception):
    """A pipe failed, or what arrived is not what was there; the message names it."""


@dataclass
class Moved:
    """What one run of a pipe moved: the records by stream as the target read them, and how long it took."""

    records: dict[str, list[dict[str, Any]]]
    seconds: float

    def rows(self, stream: str) -> int:
        """How many records of the stream passed."""
        return len(self.records.get(stream, ()))

    @property
    def counts(self) -> str:
        """The streams with their row counts, for people."""
        return (
            ", ".join(f"{rows:,} {stream}" for stream, rows in sorted(Counter({name: len(rows) for name, rows in self.records.items()}).items()))
            or "nothing"
        )


@dataclass
class Pipe:
    """`tap | target`; settings come from the environment, as `sandbox env` prints them."""

    tap: str
    target: str
    folder: Path
    environment: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the tap, where the environment is no place for them
    streams: Sequence[str] = ()  # those to select; all if none are named

    @property
    def title(self) -> str:
        """How the pipe is called."""
        return f"{self.tap} | {self.target}"

    def run(self) -> Moved:
        """Run the pipe once. Raises DemoError with the last lines of its log if either side failed."""
        before = time.monotonic()
        self.prepare()
        self._shell(self.command)
        self._keep_state()
        return Moved(self._records(), time.monotonic() - before)

    def prepare(self) -> None:
        """Write the tap's settings file and, the first time, the catalog that selects its streams."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.settings:
            (self.folder / "tap.json").write_text(json.dumps(self.settings), encoding="utf-8")
        catalog = self.folder / "catalog.json"
        if self.streams and not catalog.exists():
            self._shell(f"{shlex.join(self._tap)} --discover > catalog.json")
            found = json.loads(catalog.read_text(encoding="utf-8"))
            for stream in found["streams"]:
                next(one for one in stream["metadata"] if not one["breadcrumb"])["metadata"]["selected"] = stream["stream"] in self.streams
            catalog.write_text(json.dumps(found), encoding="utf-8")

    def _shell(self, line: str) -> None:
        environment = {**os.environ, **self.environment, "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            log = "\n".join(f"    {said}" for said in done.stderr.strip().splitlines()[-8:])
            raise DemoError(f"{self.title} exited with {done.returncode}:\n{log}")

    @property
    def _tap(self) -> list[str]:
        return [self.tap, "--config", "ENV", *(["--config", "tap.json"] if self.settings else [])]

    @property
    def command(self) -> str:
        """The shell's line. `tee` keeps what passed, so that the demo can count it."""
        state = ["--state", "state.json"] if (self.folder / "state.json").exists() else []
        catalog = ["--catalog", "catalog.json"] if self.streams else []
        tap = [*self._tap, *catalog, *state]
        return f"{shlex.join(tap)} | tee passed.jsonl | {self.target} --config ENV > states.jsonl"

    def _keep_state(self) -> None:
        states = (self.folder / "states.jsonl").read_text(encoding="utf-8").splitlines()
        if not states:
            raise DemoError(f"{self.title} gave no state out")
        (self.folder / "state.json").write_text(states[-1] + "\n", encoding="utf-8")

    def _records(self) -> dict[str, list[dict[str, Any]]]:
        records: dict[str, list[dict[str, Any]]] = {}
        with (self.folder / "passed.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                message = json.loads(line)
                if message["type"] == "RECORD":
                    records.setdefault(message["stream"], []).append(message["record"])
        return records
