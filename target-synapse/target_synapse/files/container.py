"""The container that a run stages its files in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.files.why import NotCopiedError

if TYPE_CHECKING:
    from target_synapse.staging.store import StagingStore
    from target_synapse.target import RunParts


def container_of(run: RunParts) -> StagingStore:
    """The store, as one in Azure. Raises NotCopiedError for a run that stages nothing there."""
    from target_synapse.staging.store import StagingStore  # noqa: PLC0415 - the Azure libraries: not for `--version`

    if not isinstance(run.store, StagingStore):
        raise NotCopiedError("there is no staging container")
    return run.store
