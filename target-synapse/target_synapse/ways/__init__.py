"""How a batch's rows come into its staging table: a module for each way, and what a load asks of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.error_files import Refused
    from target_synapse.load import Batch
    from target_synapse.naming import TableName


class Way(Protocol):
    """A way into the pool."""

    def fill(self, staging: TableName, batch: Batch, label: Callable[[str], str]) -> Sequence[Refused]:
        """Bring all rows of the batch into the staging table, which is there and empty; `label` makes the label of a step.

        Returns those that the pool refused, within what the settings allow. Is called again, with a fresh table, after a passing failure. Raises DestinationError, or TransientSqlError.
        """
