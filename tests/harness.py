"""Runs the installed commands as a shell would, and reads what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMMANDS = Path(sys.executable).parent
TIMEOUT_S = 100


@dataclass(frozen=True)
class Run:
    """A finished run of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All of stdout, line by line, as JSON."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def reason(self) -> str:
        """The last line of stderr."""
        lines = self.stderr.strip().splitlines()
        return lines[-1] if lines else ""

    def records(self, stream: str) -> list[dict[str, Any]]:
        """The records of a stream, in the order they came."""
        return [one["record"] for one in self.messages if one.get("type") == "RECORD" and one["stream"] == stream]

    @property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The last SCHEMA message of each stream."""
        return {one["stream"]: one for one in self.messages if one.get("type") == "SCHEMA"}

    @property
    def states(self) -> list[dict[str, Any]]:
        """The states: a tap's STATE values, or a target's state lines."""
        return [one["value"] if one.get("type") == "STATE" else one for one in self.messages if one.get("type") in ("STATE", None)]


def command_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a command: this one's, without any plugin's settings in it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "TARGET_", "SINGER_SDK_"))}
    return {**plain, **(extra or {})}


def run_command(
    name: str,
    *options: str,
    settings: Mapping[str, Any] | None = None,
    folder: Path,
    lines: Iterable[Mapping[str, Any]] | str = "",
    environment: Mapping[str, str] | None = None,
    state: Mapping[str, Any] | None = None,
    catalog: Mapping[str, Any] | None = None,
) -> Run:
    """Run an installed command; settings, state and catalog go into files in `folder`, `lines` to its standard input."""
    arguments = [str(COMMANDS / name)]
    for option, value in (("config", settings), ("state", state), ("catalog", catalog)):
        if value is not None:
            path = folder / f"{name}.{option}.json"
            path.write_text(json.dumps(value), encoding="utf-8")
            arguments += [f"--{option}", str(path)]
    text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [*arguments, *options],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=command_environment(environment),
        timeout=TIMEOUT_S,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)
