"""Runs a pipe of commands through `launch.py`, and keeps what each process took, servers included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError, OverdueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LAUNCH = Path(__file__).with_name("launch.py")
GRACE_S = 120  # for the launcher to end after its limit of time, on a machine that is busy with other things
SHOWN_CHARS = 400  # of what a failed command said last
# What this process's environment must not hand on: settings of Python (a user's writes compiled modules), of plugins, of peers and of their clients.
FOREIGN = ("PYTHON", "VIRTUAL_ENV", "TAP_", "TARGET_", "SINGER_SDK_", "PG", "DLT_", "SLING_", "ARROW_", "MALLOC_")


@dataclass(frozen=True)
class Stage:
    """One command of a pipe."""

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Took:
    """What a process took, its children included."""

    name: str
    user_s: float
    system_s: float
    peak_bytes: int

    @property
    def cpu_s(self) -> float:
        """Both kinds of CPU time."""
        return self.user_s + self.system_s


@dataclass(frozen=True)
class Measured:
    """A finished run of a pipe. `servers_s` is CPU time of the services it talked to; `begun_s` and `first_s` are of the monotonic clock."""

    wall_s: float
    took: tuple[Took, ...]
    begun_s: float = 0.0
    servers_s: Mapping[str, float] = field(default_factory=dict)
    drained: Mapping[str, float | None] = field(default_factory=dict)


class Runner:
    """Runs pipes in a folder, where their logs stay. `servers` are the services' process ids, by name."""

    def __init__(self, folder: Path, servers: Mapping[str, int] | None = None) -> None:
        self.folder, self.servers = folder, servers or {}

    def run(
        self, stages: Sequence[Stage], *, limit_s: float, stdin: Path | None = None, stdout: Path | None = None, drained: bool = False
    ) -> Measured:
        """Run a pipe to its end. Raises BenchError if a command fails or the time is over; it names the command and its last words."""
        report = self.folder / "drained.json"
        logs = [self.folder / f"{number}-{stage.name}.log" for number, stage in enumerate(stages)]
        job = {
            "stages": [
                {"name": stage.name, "argv": [str(word) for word in stage.argv], "env": dict(stage.env), "cwd": str(self.folder), "log": str(log)}
                for stage, log in zip(stages, logs, strict=True)
            ],
            "stdin": str(stdin) if stdin else None,
            "stdout": str(stdout) if stdout else None,
            "drain": str(report) if drained else None,
            "limit_s": limit_s,
        }
        before = {name: cpu_s_of_tree(pid) for name, pid in self.servers.items()}
        told = _launched(job, limit_s)
        spent = {name: round(cpu_s_of_tree(pid) - before[name], 3) for name, pid in self.servers.items()}
        _complain(told, logs, limit_s)
        took = tuple(Took(one["name"], one["user_s"], one["system_s"], one["peak_bytes"]) for one in told["stages"])
        counts = json.loads(report.read_text(encoding="utf-8")) if drained else {}
        return Measured(told["wall_s"], took, told["begun_s"], {name: one for name, one in spent.items() if one}, counts)


def _launched(job: dict[str, Any], limit_s: float) -> dict[str, Any]:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCH)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=plain_environment()
    ) as launcher:
        try:
            said, _ = launcher.communicate(json.dumps(job), timeout=limit_s + GRACE_S)
        except BaseException:
            launcher.terminate()  # it ends what it started
            raise
    if launcher.returncode:
        raise BenchError("a command of the pipe could not be started")
    answer: dict[str, Any] = json.loads(said)
    return answer


def _complain(told: Mapping[str, Any], logs: Sequence[Path], limit_s: float) -> None:
    if told["overdue"]:
        raise OverdueError(f"{told['stages'][0]['name']} did not end within {limit_s:.0f} s")
    for stage, log in reversed(list(zip(told["stages"], logs, strict=True))):  # the last one that failed: those before it lost their reader
        if stage["exit_code"]:
            last = log.read_text(encoding="utf-8", errors="replace").strip()[-SHOWN_CHARS:]
            raise BenchError(f"{stage['name']} ended with {stage['exit_code']}: {last}")


def plain_environment() -> dict[str, str]:
    """This process's environment, without anything in it that changes what a measured command does."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}


def cpu_s_of_tree(pid: int, proc: Path = Path("/proc")) -> float:
    """CPU seconds of a process, of its children, and of those of them that have ended; 0 where there is no /proc."""
    if not proc.is_dir():
        return 0.0
    table = dict(_stat_lines(proc))
    ticks, todo = 0, [pid]
    while todo:
        at = todo.pop()
        if at in table:
            ticks += sum(map(int, table[at][11:15]))  # utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted from `state`
            todo += [child for child, fields in table.items() if int(fields[1]) == at]
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat_lines(proc: Path) -> Iterable[tuple[int, list[str]]]:
    for path in proc.glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        yield int(path.parent.name), text.rpartition(")")[2].split()
