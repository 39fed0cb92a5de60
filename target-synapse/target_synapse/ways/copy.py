"""COPY INTO: the pool reads the staged files itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

from target_synapse import copy_into
from target_synapse.error_files import ErrorFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.connection import Pool
    from target_synapse.error_files import Refused
    from target_synapse.load import Batch
    from target_synapse.naming import TableName
    from target_synapse.staging import StagingStore


@dataclass(frozen=True, slots=True)
class CopyWay:
    """Files of the store, by COPY INTO."""

    pool: Pool
    store: StagingStore
    max_errors: int = 0  # rows of a batch that COPY INTO may refuse

    def fill(self, staging: TableName, batch: Batch, label: Callable[[str], str]) -> Sequence[Refused]:
        """See Way."""
        files = [self.store.address(path) for path in batch.files]
        if not self.max_errors:
            self._copy(copy_into.copy_into(staging, batch.columns, files, self.store.credential, label=label("copy")), staging)
            return ()
        folder = ErrorFolder(self.store, batch)
        errors = folder.option(self.max_errors)
        try:
            self._copy(copy_into.copy_into(staging, batch.columns, files, self.store.credential, errors=errors, label=label("copy")), staging)
            refused = folder.harvest()
        except DestinationError:
            folder.clear()
            raise
        folder.clear()
        return refused

    def _copy(self, statement: str, staging: TableName) -> None:
        self.pool.execute(statement, doing=f"cannot copy the staged files into {staging}")
