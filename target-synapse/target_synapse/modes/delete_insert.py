"""Rows are replaced by key: those whose key is staged go, then the newest staged row of each key comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.modes.append import Append
from target_synapse.sql import dml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.modes import Job
    from target_synapse.sql.ddl import Column


class DeleteInsert(Append):
    """See the module. `tombstone` is the column that says, where it is not NULL, that its row is to be deleted; None if no rows say so."""

    is_idempotent = True

    def __init__(self, tombstone: Column | None = None) -> None:
        self.tombstone = tombstone
        self.left_out = "replaced or deleted" if tombstone else "replaced in batch"

    def moves(self, job: Job) -> Sequence[str]:
        """DELETE, INSERT."""
        batch, table, keys = job.batch, job.batch.plan.table, job.batch.plan.key_columns
        insert = dml.insert_newest(table, job.staging, batch.columns, keys, version=batch.version, unless=self.tombstone, label=job.label("insert"))
        return [dml.delete_matching(table, job.staging, keys, label=job.label("delete")), insert]
