"""A PostgreSQL server for a bench or a test: Debian's programs, a cluster in a folder, a free loopback port; gone with the block."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "made-up-password"  # noqa: S105 - of a server on loopback that ends with the run
DATABASE = USER = "postgres"
PROGRAM_FOLDERS = "usr/lib/postgresql/*/bin"
COMMAND_LIMIT_S = 120
# No table survives the run, so nothing is synced; the rest is PostgreSQL's own default.
OPTIONS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c full_page_writes=off -c max_wal_size=8GB -c lc_messages=C -c timezone=UTC"


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    pid: int
    version: str
    psql: str

    @property
    def settings(self) -> dict[str, Any]:
        """As tap-warehouse and others take them."""
        return {"host": "127.0.0.1", "port": self.port, "database": DATABASE, "user": USER, "password": PASSWORD}

    @property
    def url(self) -> str:
        """As libpq takes it, without a driver's name."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{DATABASE}"

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement."""
        return psycopg.connect(self.url, autocommit=True)


@contextmanager
def running() -> Iterator[Server]:
    """A new, empty server. Raises BenchError if PostgreSQL is not installed or does not start."""
    programs = _programs()
    user, port = _plain_user(), _free_port()
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    secret, data = folder / "secret", folder / "data"
    secret.write_text(PASSWORD, encoding="utf-8")
    if user:
        shutil.chown(folder, user)
        shutil.chown(secret, user)

    def run(program: str, *words: str | Path) -> str:
        command = [str(programs / program), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, user=user, cwd=folder, timeout=COMMAND_LIMIT_S, check=False)
        if done.returncode:
            raise BenchError(f"{program} failed: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
        return done.stdout.strip()

    try:
        run("initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", f"{OPTIONS} -c port={port}", "start")
        try:
            pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            yield Server(port, pid, run("postgres", "--version"), str(programs / "psql"))
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_installed() -> bool:
    """Whether PostgreSQL's programs are on this machine."""
    return _found() is not None


def _found() -> Path | None:
    installed = sorted(Path("/").glob(f"{PROGRAM_FOLDERS}/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return installed[-1].parent if installed else Path(named).parent if named else None


def _programs() -> Path:
    if (found := _found()) is None:
        raise BenchError("PostgreSQL is not here", hint="on Debian: apt-get install postgresql")
    return found


def _plain_user() -> str | None:
    """PostgreSQL does not run as root: the user to run it as, None if we are no root."""
    if os.geteuid():
        return None
    return "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
