"""The rows of a child table in a batch of its stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.tables.naming import TableName, beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.children.tables import ChildTable
    from target_synapse.sql.ddl import Column


@dataclass(frozen=True, slots=True)
class ChildRows:
    """Rows in files of the store, in the order of `columns`; none, where the batch has no element for the table."""

    child: ChildTable
    columns: Sequence[Column]
    files: Sequence[str] = ()
    rows: int = 0

    def staging(self, staging: TableName) -> TableName:
        """The staging table beside that of the batch."""
        return beside(staging, f"child {self.child.plan.table}")
