"""All staged rows are added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse import dml

if TYPE_CHECKING:
    from target_synapse.load import Batch
    from target_synapse.modes import Label
    from target_synapse.naming import TableName


class Append:
    """See the module."""

    def moves(self, batch: Batch, staging: TableName, label: Label) -> list[str]:
        """See Mode."""
        return [dml.insert_all(batch.plan.table, staging, batch.columns, version=batch.version, label=label("insert"))]
