"""All staged rows are added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.sql import dml
from target_synapse.tables.versions import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.modes import Job
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName


class Append:
    """See the module, and Mode for the methods."""

    is_idempotent = False
    tombstone: Column | None = None
    left_out = "replaced in batch"  # none ever

    def make_ready(self, pool: Pool, plan: LoadPlan, ensure: Callable[..., None]) -> None:
        """Nothing."""

    def prepare(self, pool: Pool, job: Job) -> None:
        """Nothing."""

    def moves(self, job: Job) -> Sequence[str]:
        """INSERT."""
        batch = job.batch
        load_id = batch.entry.load_id if batch.children else None
        return [dml.insert_all(batch.plan.table, job.staging, batch.columns, version=batch.version, load_id=load_id, label=job.label("insert"))]

    def scratch(self, staging: TableName) -> Sequence[TableName]:
        """None."""
        del staging
        return ()

    def columns_of_gone(self, *, hard: bool) -> Sequence[Column]:
        """The mark's, for rows that stay."""
        return () if hard else (DELETED_AT,)

    def said_of_gone(self, *, hard: bool) -> str:
        """Deleted, or marked."""
        return "deleted" if hard else "marked as deleted"

    def end_of_versions(self, table: TableName, version: int, *, hard: bool, part: str = "", label: str) -> str:
        """DELETE, or the mark in `_sdc_deleted_at`."""
        return (dml.delete_other_versions if hard else dml.mark_other_versions)(table, version, part=part, label=label)
