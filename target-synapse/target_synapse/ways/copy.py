"""COPY INTO: the pool reads the staged files itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse import copy_into

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_synapse.connection import Pool
    from target_synapse.load import Batch
    from target_synapse.naming import TableName
    from target_synapse.staging import StagingStore


@dataclass(frozen=True, slots=True)
class CopyWay:
    """Files of the store, by COPY INTO."""

    pool: Pool
    store: StagingStore

    def fill(self, staging: TableName, batch: Batch, label: Callable[[str], str]) -> None:
        """See Way."""
        files = [self.store.address(path) for path in batch.files]
        copy = copy_into.copy_into(staging, batch.columns, files, self.store.credential, label=label("copy"))
        self.pool.execute(copy, doing=f"cannot copy the staged files into {staging}")
