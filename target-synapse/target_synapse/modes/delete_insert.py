"""Rows are replaced by key: those whose key is staged go, then the newest staged row of each key comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse import dml

if TYPE_CHECKING:
    from target_synapse.load import Batch
    from target_synapse.modes import Label
    from target_synapse.naming import TableName


class DeleteInsert:
    """See the module."""

    def moves(self, batch: Batch, staging: TableName, label: Label) -> list[str]:
        """See Mode."""
        table, keys = batch.plan.table, batch.plan.key_columns
        return [
            dml.delete_matching(table, staging, keys, label=label("delete")),
            dml.insert_newest(table, staging, batch.columns, keys, version=batch.version, label=label("insert")),
        ]
