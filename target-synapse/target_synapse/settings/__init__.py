"""The settings: each complete in itself, in the module of its subject, and checked against each other in `settings_misfits`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from singer_commons.columnar.settings import BATCH_FILES, BLOCK_SETTINGS
from singer_commons.misfits import Misfit, address_misfits, found_text
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_sdk import typing as th

from target_synapse.own_sql import own_sql_misfits
from target_synapse.settings.connection import CONNECTION
from target_synapse.settings.entra import ENTRA
from target_synapse.settings.loading import LOADING
from target_synapse.settings.misfits_of_tables import table_misfits
from target_synapse.settings.of_streams import of_streams
from target_synapse.settings.own_sql import OWN_SQL
from target_synapse.settings.rows import ROWS
from target_synapse.settings.storage import STORAGE
from target_synapse.settings.tables import TABLES
from target_synapse.settings.ways import COPY, INSERT, WAYS, way_misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SAFE_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    *CONNECTION,
    *WAYS,
    *STORAGE,
    *ENTRA,
    *TABLES,
    *LOADING,
    *OWN_SQL,
    of_streams(*TABLES, *LOADING, *OWN_SQL, *ROWS),
    *ROWS,
    *BLOCK_SETTINGS,
    BATCH_FILES,
    *RUN_LOG_SETTINGS,
).to_dict()


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together."""
    yield from way_misfits(settings)
    if (settings.get("load_via") or COPY) != INSERT:
        yield from _storage_misfits(settings)
    if settings.get("upsert_with") == "merge" and settings.get("table_distribution") in {"round_robin", "replicate"}:
        found = f"found `{settings['table_distribution']}`"
        yield Misfit(("upsert_with", "table_distribution"), f"MERGE needs a table that is distributed by HASH: expected `auto`, {found}")
    if settings.get("copy_max_errors") and (settings.get("load_via") or COPY) != COPY:
        yield Misfit(("copy_max_errors", "load_via"), f"rows are refused by COPY INTO alone: expected `copy`, found `{settings['load_via']}`")
    yield from table_misfits(settings)
    yield from own_sql_misfits(settings)


def _storage_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    for name in ("storage_url", "storage_container"):
        if not settings.get(name):
            yield Misfit((name,), "expected, unless `load_via` is `insert`; found nothing")
    secrets = ("storage_account_key", "storage_sas_token")
    given = [name for name in secrets if settings.get(name)]
    if len(given) != 1:
        yield Misfit(secrets, f"expected exactly one of the two, found {'both' if given else 'neither'}")
    yield from address_misfits(settings, "storage_url", "copy_storage_url", example="https://account.blob.core.windows.net, without `?`")
    if not SAFE_PATH.fullmatch(settings.get("storage_prefix") or ""):
        yield Misfit(
            ("storage_prefix",), f"expected letters, digits and . _ - in parts divided by /, {found_text(settings.get('storage_prefix') or '')}"
        )
