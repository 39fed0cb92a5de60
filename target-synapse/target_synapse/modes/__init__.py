"""How staged rows change their table: a module for each way, which makes the statements of the one transaction of a load.

`append` adds all rows; `delete_insert` replaces rows by key. `load` runs the statements, with the ledger's behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.load import Batch
    from target_synapse.naming import TableName

    Label = Callable[[str], str]  # from the step of a load to the label of its statement


class Mode(Protocol):
    """A way to move staged rows into their table."""

    def moves(self, batch: Batch, staging: TableName, label: Label) -> Sequence[str]:
        """The statements, in their order; how many rows the last one touches is how many came into the table."""
