"""The settings: each complete in itself, in the module of its subject, and checked against each other in `settings_misfits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.columnar.settings import BATCH_FILES, BLOCK_SETTINGS
from singer_commons.misfits import Misfit
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_sdk import typing as th

from target_synapse.settings.connection import CONNECTION, connection_misfits
from target_synapse.settings.entra import ENTRA, transport_misfits
from target_synapse.settings.loading import LOADING
from target_synapse.settings.misfits_of_tables import table_misfits
from target_synapse.settings.of_streams import of_streams
from target_synapse.settings.own_sql import OWN_SQL
from target_synapse.settings.rows import ROWS
from target_synapse.settings.storage import STORAGE, storage_misfits
from target_synapse.settings.tables import TABLES
from target_synapse.settings.ways import COPY, INSERT, WAYS, way_misfits
from target_synapse.user_sql.own_sql import own_sql_misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    yield from connection_misfits(settings)
    yield from transport_misfits(settings)
    yield from way_misfits(settings)
    if (settings.get("load_via") or COPY) != INSERT:
        yield from storage_misfits(settings)
    if settings.get("stage_format") == "parquet" and (settings.get("load_via") or COPY) != COPY:
        yield Misfit(("stage_format", "load_via"), "Parquet goes into the pool by `copy` alone")
    if settings.get("upsert_with") == "merge" and settings.get("table_distribution") in {"round_robin", "replicate"}:
        found = f"found `{settings['table_distribution']}`"
        yield Misfit(("upsert_with", "table_distribution"), f"MERGE needs a table that is distributed by HASH: expected `auto`, {found}")
    if settings.get("copy_max_errors") and (settings.get("load_via") or COPY) != COPY:
        yield Misfit(("copy_max_errors", "load_via"), f"rows are refused by COPY INTO alone: expected `copy`, found `{settings['load_via']}`")
    if settings.get("copy_max_errors") and settings.get("stage_format") == "parquet":
        yield Misfit(("copy_max_errors", "stage_format"), "COPY INTO writes files of refused rows for CSV alone: expected `csv`, found `parquet`")
    yield from table_misfits(settings)
    yield from own_sql_misfits(settings)
