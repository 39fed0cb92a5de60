"""`copy`: the pool reads the staged files itself, by COPY INTO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

from target_synapse.loading.error_files import ErrorFolder
from target_synapse.sql import copy_into
from target_synapse.staging.expiry import NEW_SIGNATURE_HINT, now_utc, told
from target_synapse.ways import PlainWay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.loading.error_files import Refused
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.copy_into import ErrorFiles
    from target_synapse.staging.store import StagingStore
    from target_synapse.tables.naming import TableName
    from target_synapse.ways import Staged


class CopyWay(PlainWay):
    """Files of the store, by COPY INTO."""

    right = "COPY"

    def __init__(self, pool: Pool, store: StagingStore, max_errors: int = 0) -> None:
        self._pool, self._store, self._max_errors = pool, store, max_errors  # rows of a batch that COPY INTO may refuse
        self._refused: Sequence[Refused] = ()

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        if not self._max_errors:
            self._copy(staging, staged, None, label)
            return
        folder = ErrorFolder(self._store, staged)
        try:
            self._copy(staging, staged, folder.option(self._max_errors), label)
            self._refused = folder.harvest()
        finally:
            folder.clear()

    def refused(self) -> Sequence[Refused]:
        """See Way."""
        return self._refused

    def _copy(self, staging: TableName, staged: Staged, errors: ErrorFiles | None, label: Callable[[str], str]) -> None:
        files = [self._store.address(path) for path in staged.files]
        copy = copy_into.copy_into(staging, staged.columns, files, self._store.credential, errors=errors, label=label("copy"))
        try:
            self._pool.execute(copy, doing=f"cannot copy the staged files into {staging}")
        except DestinationError as error:
            expiry = self._store.credential.expiry
            if expiry is None or expiry > now_utc():
                raise
            # Told beside the pool's own words, and not in their place: what a pool says of an expired signature is not documented.
            raise DestinationError(f"{error}; the signature that COPY was given expired at {told(expiry)}", hint=NEW_SIGNATURE_HINT) from error
