"""The services of the sandbox: how each is made, and what a running one is.

A service is a function of Options in a module of its own, so that a process imports only what it serves.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SERVICES: Mapping[str, str] = {
    "autopilot": "sandbox.autopilot.service",
    "fullstory": "sandbox.fullstory.service",
    "mparticle": "sandbox.mparticle.service",
    "warehouse": "sandbox.warehouse.service",
    "blob": "sandbox.blob.service",
    "synapse": "sandbox.synapse.service",
    "adf": "sandbox.adf.service",
}
OPTIONAL = frozenset({"adf"})  # started for those who ask for it


@dataclass(frozen=True, slots=True)
class Options:
    """What a service is started with: the sandbox's folder, its port (0: any free one) and the seed of its data."""

    folder: Path
    port: int = 0
    seed: int = 1


class Service(Protocol):
    """A service that listens; each module of SERVICES has a function `start(options: Options) -> Service`."""

    @property
    def port(self) -> int:
        """The port that is listened on."""

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables for plugins (TAP_AUTOPILOT_API_KEY=...) and for controls (SANDBOX_AUTOPILOT_URL=...)."""

    def serve_forever(self) -> None:
        """Serve until `close` is called from another thread; to return before that is a failure."""

    def close(self) -> None:
        """Stop, and let go of all that was taken."""


def start(module: str, options: Options) -> Service:
    """Start the service of a module in this process. Raises SandboxError for a module that is not there or a port in use."""
    try:
        made = import_module(module)
    except ModuleNotFoundError as missing:
        raise SandboxError(
            f"cannot import {missing.name}, which {module} needs", hint="`make setup` installs all that the sandbox needs"
        ) from missing
    try:
        service: Service = made.start(options)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise port_in_use(options.port) from error
    return service


def port_in_use(port: int) -> SandboxError:
    """The error for a port that something else listens on."""
    return SandboxError(f"port {port} is in use by another program", hint="choose another with --port NAME=N; without --port any free one is taken")
