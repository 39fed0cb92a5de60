"""COPY INTO."""
from __future__ import annotations
from typing import TYPE_CHECKING
from sandbox.synapse import commands as c
if TYPE_CHECKING:
    from sandbox.synapse.session import PoolSession
def run(session: PoolSession, command: c.Copy) -> int:
    raise NotImplementedError
