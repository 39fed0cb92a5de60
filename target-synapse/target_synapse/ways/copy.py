"""`copy`: the pool reads the staged files itself, by COPY INTO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse import copy_into
from target_synapse.ways import PlainWay

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_synapse.connection import Pool
    from target_synapse.naming import TableName
    from target_synapse.staging.store import StagingStore
    from target_synapse.ways import Staged


class CopyWay(PlainWay):
    """Files of the store, by COPY INTO."""

    right = "COPY"

    def __init__(self, pool: Pool, store: StagingStore) -> None:
        self._pool, self._store = pool, store

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        files = [self._store.address(path) for path in staged.files]
        copy = copy_into.copy_into(staging, staged.columns, files, self._store.credential, label=label("copy"))
        self._pool.execute(copy, doing=f"cannot copy the staged files into {staging}")
