"""Which way a run takes, and the store that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_synapse.entra import Identity
from target_synapse.settings.ways import ADF, COPY, INSERT, POLYBASE, SERVICE_PRINCIPAL
from target_synapse.ways.adf import AdfWay
from target_synapse.ways.copy import CopyWay
from target_synapse.ways.insert import InsertWay
from target_synapse.ways.local_store import LocalStore
from target_synapse.ways.pipelines import Pipelines, scope_of
from target_synapse.ways.polybase import PolyBaseWay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_synapse.pool.connection import Pool
    from target_synapse.staging.store import StagingStore
    from target_synapse.ways import Store, Way


def needs_storage(config: Mapping[str, Any]) -> bool:
    """Whether the way goes through Blob Storage."""
    return (config.get("load_via") or COPY) != INSERT


def chosen(config: Mapping[str, Any], pool: Pool, remote: StagingStore | None, run_id: str) -> tuple[Way, Store]:
    """The way that the settings name, and its store: `remote`, where it needs storage."""
    if remote is None or not needs_storage(config):
        local = LocalStore()
        return InsertWay(pool, local), local
    if config.get("load_via") == POLYBASE:
        return PolyBaseWay(pool, config, remote.credential, url=remote.copy_url, run_id=run_id), remote
    if config.get("load_via") == ADF:
        identity, scope = Identity(config.get("adf_authentication") or SERVICE_PRINCIPAL, config), scope_of(config["adf_url"])
        return AdfWay(config, Pipelines(config, lambda: identity.get_token(scope).token)), remote
    return CopyWay(pool, remote, int(config.get("copy_max_errors") or 0)), remote
