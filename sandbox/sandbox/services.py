"""The services of the sandbox: how each is made, and what a running one is.

A service is a function of Options in a module of its own, so that a process imports only what it serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# In the order of starting: Synapse reads from Blob Storage.
SERVICES: Mapping[str, str] = {
    "autopilot": "sandbox.autopilot.service",
    "fullstory": "sandbox.fullstory.service",
    "mparticle": "sandbox.mparticle.service",
    "blob": "sandbox.blob.service",
    "synapse": "sandbox.synapse.service",
}


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
        """Serve until `close` is called from another thread."""

    def close(self) -> None:
        """Stop, and let go of all that was taken."""


def start(name: str, options: Options) -> Service:
    """Start a service in this process. Raises KeyError for a name that is none, OSError for a port in use."""
    service: Service = import_module(SERVICES[name]).start(options)
    return service
