"""The ways as `--plan` shows them: nothing goes out, and no row's values are in the text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_synapse.files.way import FileWay, count_doubled, select_arrived
from target_synapse.settings.ways import ADF
from target_synapse.sql import ddl, insert_rows
from target_synapse.ways import PlainWay, adf
from target_synapse.ways.choice import chosen, needs_storage
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.local_store import LocalStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_synapse.pool.connection import Pool
    from target_synapse.staging.store import StagingStore
    from target_synapse.tables.naming import TableName
    from target_synapse.ways import Staged, Store, Way


class PlannedInsert(InsertWay):
    """Shows the statement of one row."""

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        sql = insert_rows.of_one_row(staging, ddl.staged_columns(staged.columns), label=label("rows"))
        self._pool.execute(f"-- with UNION ALL for more rows, up to {insert_rows.MAX_PARAMETERS} parameters:", doing="")
        self._pool.execute(sql, doing="")


class PlannedFile(FileWay):
    """Shows what is asked of the file's rows once they are staged: all of them may go on."""

    def doubts(self, staging: TableName) -> str:
        """See FileWay."""
        self._pool.execute(select_arrived(staging, self._carried), doing="")
        if self._keys:
            self._pool.execute(count_doubled(staging, self._keys), doing="")
        return ""


class PlannedAdf(PlainWay):
    """Shows what the pipeline is given."""

    right = "ADF"

    def __init__(self, pool: Pool, config: Mapping[str, Any]) -> None:
        self._pool, self._config = pool, config

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        given = adf.parameters(self._config["storage_container"], staging, staged, label=label("adf"), mark="of each start its own")
        self._pool.execute(f"-- the pipeline {self._config['adf_pipeline']} at {self._config['adf_url']} with {json.dumps(given)}", doing="")


def planned(config: Mapping[str, Any], pool: Pool, remote: StagingStore | None, run_id: str) -> tuple[Way, Store]:
    """The way that the settings name, as a plan goes through it."""
    if not needs_storage(config):
        local = LocalStore()
        return PlannedInsert(pool, local), local
    if remote is not None and config.get("load_via") == ADF:
        return PlannedAdf(pool, config), remote
    return chosen(config, pool, remote, run_id)
