"""The ways as `--plan` shows them: nothing goes out, and no row's values are in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_synapse import ddl, insert_rows
from target_synapse.ways.choice import chosen, needs_storage
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.local_store import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_synapse.connection import Pool
    from target_synapse.load import Batch
    from target_synapse.naming import TableName
    from target_synapse.staging import StagingStore
    from target_synapse.ways import Store, Way


class PlannedInsert(InsertWay):
    """Shows the statement of one row."""

    def fill(self, staging: TableName, batch: Batch, label: Callable[[str], str]) -> None:
        """See Way."""
        sql = insert_rows.of_one_row(staging, ddl.staged_columns(batch.columns), label=label("rows"))
        self._pool.execute(f"-- with UNION ALL for more rows, up to {insert_rows.MAX_PARAMETERS} parameters:", doing="")
        self._pool.execute(sql, doing="")


def planned(config: Mapping[str, Any], pool: Pool, remote: StagingStore | None) -> tuple[Way, Store]:
    """The way that the settings name, as a plan goes through it."""
    if not needs_storage(config):
        local = LocalStore()
        return PlannedInsert(pool, local), local
    return chosen(config, pool, remote)
