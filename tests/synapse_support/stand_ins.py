"""What the tests of target-synapse run against: Azurite and the stand-in of a pool, each a process, and a way to look into them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure.storage.blob import BlobServiceClient
from sandbox.blob.service import ACCOUNT_KEY, CONTAINER, BlobService
from target_synapse.pool import odbc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Azurite:
    """Microsoft's Blob Storage emulator."""

    url: str
    trusted: str | bool = True  # the file of the authority that signed its certificate, if it speaks TLS

    def client(self) -> BlobServiceClient:
        return BlobServiceClient(self.url, credential=ACCOUNT_KEY, connection_verify=self.trusted)

    def files(self, prefix: str) -> list[str]:
        """All files that are staged under the prefix now."""
        with self.client() as client:
            return sorted(client.get_container_client(CONTAINER).list_blob_names(name_starts_with=f"{prefix}/"))


@contextmanager
def running_azurite() -> Iterator[Azurite]:
    service = BlobService()
    try:
        yield Azurite(service.url)
    finally:
        service.close()


class PoolProcess:
    """The stand-in of a pool."""

    def __init__(self, options: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, str(HERE / "pool_process.py"), json.dumps(options or {})]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.port = int(self._process.stdout.readline())
        self._connection: Any = None
        self._users = (options or {}).get("users", {"loader": "Secret1!"})  # owners

    def settings(self, port: int | None = None) -> dict[str, Any]:
        user, password = next(iter(self._users.items()))
        return {"host": "127.0.0.1", "port": port or self.port, "database": "pool", "user": user, "password": password, "encrypt": "no"}

    def order(self, **what: object) -> Any:
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def fault(self, kind: str, pattern: str = "", **more: object) -> None:
        self.order(fault={"kind": kind, "pattern": pattern, **more})

    def weather(self, **wish: object) -> None:
        self.order(weather=wish)

    def statements(self, containing: str) -> list[str]:
        return [one for one in self.order(requests=True) if containing in one]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(sql).fetchall()]

    @property
    def connection(self) -> Any:
        if self._connection is None:
            self._connection = self.connect()
        return self._connection

    def connect(self, **changes: object) -> Any:
        pyodbc = odbc.load_pyodbc()
        text = odbc.connection_string({**self.settings(), **changes}, odbc.find_driver(pyodbc, None))
        return pyodbc.connect(text, autocommit=True)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def storage_settings(azurite: Azurite) -> Mapping[str, Any]:
    return {"storage_url": azurite.url, "storage_container": CONTAINER, "storage_account_key": ACCOUNT_KEY}
