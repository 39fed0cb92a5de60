"""The note of a running service: FOLDER/NAME.json, written by the service's own process when it listens.

A note outlives a killed process, and the system gives a process id out again. So a note also holds when its process began, and counts only
while the process with that id began at that moment.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Note:
    """A service that was started: by which process, where it listens, and the settings to reach it with."""

    name: str
    pid: int
    began: str
    port: int
    seed: int
    settings: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path, name: str) -> Self | None:
        """The note of a service, or None if there is none that can be read."""
        try:
            value: dict[str, Any] = json.loads(note_path(folder, name).read_text(encoding="utf-8"))
            return cls(**value)
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write the note so that readers see all of it or nothing."""
        path = note_path(folder, self.name)
        unfinished = path.with_suffix(".tmp")
        unfinished.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path)

    @property
    def is_alive(self) -> bool:
        """Whether the very process that wrote the note still runs."""
        return self.began != "" and process_began(self.pid) == self.began


def note_path(folder: Path, name: str) -> Path:
    """Where the note of a service is."""
    return folder / f"{name}.json"


def process_began(pid: int) -> str:
    """When a process began, as text that no later process of the same id shares; empty if it does not run or is only waited for."""
    if not Path("/proc/self/stat").exists():
        return _began_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may hold spaces: fields are counted behind it. The 3rd is the state, the 22nd the start in ticks since
    # the machine's (proc_pid_stat(5), https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, read 2026-11-21).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _began_by_ps(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - macOS has no /proc
    state, _, began = done.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else began.strip()


def own_beginning() -> str:
    """When this process began."""
    return process_began(os.getpid())
