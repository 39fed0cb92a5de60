"""How staged rows change their table: a module for each way, which makes the statements of the one transaction of a load.

    append         all rows are added
    delete_insert  rows are replaced by key: the default for streams with keys
    merge          the same with one MERGE
    history        rows are kept in versions, each with its time (SCD type 2)

`overwrite` is none of these: the rows of a run go into a new table by one of them, and that table takes the old one's place (`overwrite`).
`load` runs the statements, with the ledger's behind them. What a mode has to make ready before the transaction, it does in `prepare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.loading.load import Batch
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName


@dataclass(frozen=True, slots=True)
class Job:
    """A batch that is staged: `label` makes the label of a statement from the step that it is."""

    batch: Batch
    staging: TableName
    label: Callable[[str], str]
    whole: TableName  # the staging table of the batch, where `staging` is a slice of it


class Mode(Protocol):
    """A way to move staged rows into their table."""

    is_idempotent: bool  # whether rows that come again leave the table as it is; if not, the ledger is asked whether they were loaded
    tombstone: Column | None  # the column that says, where it is not NULL, that its row is to be deleted
    left_out: str  # what is said of rows that came and are not in the table; empty where the pool's count does not tell

    def make_ready(self, pool: Pool, plan: LoadPlan, ensure: Callable[..., None]) -> None:
        """Look at the table before any row comes, and `ensure` that it has the columns of the mode. Raises ConfigurationError."""

    def prepare(self, pool: Pool, job: Job) -> None:
        """Run what has to stand before the transaction; may be repeated."""

    def moves(self, job: Job) -> Sequence[str]:
        """The statements of the transaction, in their order; how many rows the last one touches is how many came into the table."""

    def scratch(self, staging: TableName) -> Sequence[TableName]:
        """The tables beside the staging table that `prepare` makes."""

    def columns_of_gone(self, *, hard: bool) -> Sequence[Column]:
        """The columns that `end_of_versions` fills."""

    def said_of_gone(self, *, hard: bool) -> str:
        """What is said of the rows that it touches."""

    def end_of_versions(self, table: TableName, version: int, *, hard: bool, part: str = "", label: str) -> str:
        """The statement that takes rows of all versions but one out of what is there now; of a `part` of the table, if it is named."""
