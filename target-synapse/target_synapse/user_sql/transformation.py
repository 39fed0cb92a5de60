"""`transform_sql`: what a user's statements make of the staged rows, between COPY INTO and the transaction.

Staged text is escaped (`values.ESCAPE`). The statements see it as it will be in the table: escapes are taken off before them and put on behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.sql import dml
from target_synapse.user_sql.own_sql import names_of_batch, names_of_stream, run_own

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.loading.load import Batch
    from target_synapse.pool.connection import Pool
    from target_synapse.tables.naming import TableName

FILTERED_BY_SQL = "FILTERED_BY_SQL"  # the code of rows that the statements delete
SETTING = "transform_sql"


@dataclass(frozen=True, slots=True)
class Transformation:
    """A stream's statements. Each try runs them anew, on a fresh staging table."""

    statements: Sequence[str]
    run_id: str
    stream: str

    def run(self, pool: Pool, staging: TableName, batch: Batch, label: Callable[[str], str]) -> int:
        """Transform what is staged; returns how many rows there are then. Raises DestinationError, or TransientSqlError."""
        texts = [one for one in batch.columns if one.type.is_text or one.type.is_binary]
        of_stream = names_of_stream(self.run_id, "transform", self.stream, batch.plan.table)
        names = names_of_batch(of_stream, staging, batch.entry.load_id)
        if texts:
            pool.execute(dml.take_escapes_off(staging, texts, label=label("unescape")), doing=f"cannot take the escapes off in {staging}")
        run_own(pool, SETTING, self.statements, names, whose=self.stream)
        if texts:
            pool.execute(dml.put_escapes_on(staging, texts, label=label("escape")), doing=f"cannot put the escapes on in {staging}")
        return pool.number(dml.count_rows(staging), doing=f"cannot count the rows of {staging}")
