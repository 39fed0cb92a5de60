"""A real PostgreSQL server of Debian's package."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PASSWORD = "made-up-password"
SERVER_FOLDERS = "usr/lib/postgresql/*/bin"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that runs."""

    port: int

    @property
    def settings(self):
        return {"host": "127.0.0.1", "port": self.port, "database": "postgres", "user": "postgres", "password": PASSWORD}

    def connect(self):
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname="postgres", user="postgres", password=PASSWORD, autocommit=True)


def server_programs():
    found = sorted(Path("/").glob(f"{SERVER_FOLDERS}/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def plain_user():
    """PostgreSQL does not run as root: the user to run it as, None if we are no root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres_server():
    """A server on a free port, for as long as the block runs; the test is skipped where PostgreSQL is not installed."""
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    user, port = plain_user(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    if user:
        shutil.chown(folder, user)
        shutil.chown(secret, user)

    def run(*command):
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=60)

    data = folder / "data"
    options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c port={port} -c fsync=off -c lc_messages=C"
    run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield Server(port)
    finally:
        run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
