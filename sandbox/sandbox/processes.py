"""Starts services, each in a process of its own, and stops them; a folder holds their notes (NAME.json) and logs (logs/NAME.log).

A service is born bound to its starter: it ends when the starter's end of its standard input closes. `start` releases it from that once all
that were asked for are up, so that a starter killed half-way leaves nothing behind; `running` never does.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import services
from sandbox.errors import HINT, SandboxError
from sandbox.notes import Note, note_path
from sandbox.serve import STAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START_LIMIT_S = 60  # Azurite, the slowest, takes some 2 s; a loaded machine many times that
STOP_LIMIT_S = 10  # then SIGKILL
LOOK_EVERY_S = 0.02

_released: list[Child] = []  # so that those which end while this process goes on are waited for


@dataclass(frozen=True, slots=True)
class Child:
    """A process started here that is to serve `name`."""

    name: str
    process: subprocess.Popen[bytes]

    def release(self) -> None:
        """Let it outlive this process."""
        _released.append(self)
        if self.process.stdin:
            with suppress(BrokenPipeError):  # ended meanwhile: its note is gone, as `status` will show
                self.process.stdin.write(STAY)
                self.process.stdin.close()

    def end(self) -> None:
        """End it and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


@contextmanager
def running(
    folder: Path,
    names: Sequence[str] | None = None,
    *,
    seed: int = 1,
    ports: Mapping[str, int] | None = None,
) -> Iterator[dict[str, str]]:
    """Services (all but the optional ones, if no names are given) that run inside the block, with the settings to reach them.

    They end with the block, and with this process, however it ends. Raises SandboxError if one does not start.
    """
    with _alone_in(folder):
        _refuse_running(folder, names)
        children = _start(folder, _wanted(names), seed, ports or {})
    try:
        yield settings_of(notes(folder, [child.name for child in children]))
    finally:
        _end_all(children)


def start(folder: Path, names: Sequence[str] | None = None, *, seed: int = 1, ports: Mapping[str, int] | None = None) -> list[Note]:
    """Start those services (all but the optional ones, if no names are given) that do not run yet, and leave them running; the notes of all that were asked for.

    Raises SandboxError if one does not start, or runs with another port or seed than asked for; none of those started here then runs.
    """
    wanted, asked_ports = _wanted(names), ports or {}
    with _alone_in(folder):
        missing = [name for name in wanted if not _fits(folder, name, asked_ports.get(name, 0), seed)]
        children = _start(folder, missing, seed, asked_ports)
        for child in children:
            child.release()
    return notes(folder, wanted)


def stop(folder: Path, names: Sequence[str] | None = None) -> list[str]:
    """Stop the services that run, and return their names; those of a process that was killed are tidied up."""
    with _alone_in(folder):
        found = notes(folder, names)
        for note in found:
            _signal(note, signal.SIGTERM)
        _wait_until_gone(found)
        for note in found:
            _signal(note, signal.SIGKILL)
        _wait_until_gone(found)
        for name in _known(names):
            note_path(folder, name).unlink(missing_ok=True)
    _released[:] = [child for child in _released if child.process.poll() is None]
    return [note.name for note in found]


def notes(folder: Path, names: Sequence[str] | None = None) -> list[Note]:
    """The notes of the services that run."""
    found = (Note.read(folder, name) for name in _known(names))
    return [note for note in found if note and note.is_alive]


def settings_of(some: Sequence[Note]) -> dict[str, str]:
    """The settings of services, in one."""
    return {name: value for note in some for name, value in note.settings.items()}


def log_path(folder: Path, name: str) -> Path:
    """Where the log of a service is."""
    return folder / "logs" / f"{name}.log"


def _wanted(names: Sequence[str] | None) -> list[str]:
    return _known(names or [name for name in services.SERVICES if name not in services.OPTIONAL])


def _known(names: Sequence[str] | None) -> list[str]:
    wanted = list(dict.fromkeys(names or services.SERVICES))
    if unknown := [name for name in wanted if name not in services.SERVICES]:
        raise SandboxError(f"there is no service {', '.join(unknown)}", hint=f"the services are {', '.join(services.SERVICES)}")
    return wanted


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One starter or stopper at a time in a folder."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise SandboxError(f"another command starts or stops the sandbox in {folder}", hint="wait for it, or name another --folder") from held
        yield


def _refuse_running(folder: Path, names: Sequence[str] | None) -> None:
    if up := notes(folder, names):
        raise SandboxError(f"already up in {folder}: {', '.join(note.name for note in up)}", hint="`sandbox down` stops them")


def _fits(folder: Path, name: str, port: int, seed: int) -> bool:
    """Whether a service runs. Raises SandboxError if it does, but not as asked for."""
    for note in notes(folder, [name]):
        if port not in (0, note.port):
            raise SandboxError(f"{name} is up, on port {note.port} instead of {port}", hint="`sandbox down` first")
        if seed != note.seed:
            raise SandboxError(f"{name} is up, with seed {note.seed} instead of {seed}", hint="`sandbox down` first")
        return True
    return False


def _start(folder: Path, names: Sequence[str], seed: int, ports: Mapping[str, int]) -> list[Child]:
    children: list[Child] = []
    try:
        for name in names:
            note_path(folder, name).unlink(missing_ok=True)
            children.append(_spawn(folder, name, seed, ports.get(name, 0)))
        latest_s = time.monotonic() + START_LIMIT_S
        for child in children:
            _wait_until_up(folder, child, latest_s)
    except BaseException:
        _end_all(children)
        raise
    return children


def _spawn(folder: Path, name: str, seed: int, port: int) -> Child:
    options = ["--folder", str(folder), "--port", str(port), "--seed", str(seed), "--while-stdin"]
    command = [sys.executable, "-m", "sandbox.serve", name, "--module", services.SERVICES[name], *options]
    with log_path(folder, name).open("wb") as log:
        # A session of its own: Ctrl-C at the terminal is the starter's to handle.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - our own module
    return Child(name, process)


def _wait_until_up(folder: Path, child: Child, latest_s: float) -> None:
    while (note := Note.read(folder, child.name)) is None or note.pid != child.process.pid:
        if child.process.poll() is not None:
            raise _ended_early(folder, child.name)
        if time.monotonic() > latest_s:
            raise SandboxError(f"{child.name} did not start within {START_LIMIT_S} s", hint=f"its log is {log_path(folder, child.name)}")
        time.sleep(LOOK_EVERY_S)


def _ended_early(folder: Path, name: str) -> SandboxError:
    """What a process that ended before it served wrote last: its reason, and its hint if there is one."""
    log = log_path(folder, name)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    hint = said.pop().removeprefix(HINT) if said and said[-1].startswith(HINT) else f"its log is {log}"
    return SandboxError(f"{name} did not start: {said[-1] if said else 'it wrote nothing to its log'}", hint=hint)


def _end_all(children: Sequence[Child]) -> None:
    for child in children:
        child.process.terminate()
    for child in children:
        child.end()


def _signal(note: Note, number: signal.Signals) -> None:
    if note.is_alive:
        with suppress(ProcessLookupError):
            os.kill(note.pid, number)


def _wait_until_gone(some: Sequence[Note]) -> None:
    latest_s = time.monotonic() + STOP_LIMIT_S
    while any(note.is_alive for note in some) and time.monotonic() < latest_s:
        time.sleep(LOOK_EVERY_S)
