"""The meaning: what a Synapse dedicated SQL pool accepts, refuses and answers, with DuckDB behind it."""

from sandbox.synapse.faults import Fault, Faults
from sandbox.synapse.pool import Pool

__all__ = ["Fault", "Faults", "Pool"]
