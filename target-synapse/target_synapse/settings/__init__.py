"""The settings: each complete in itself, in the module of its subject, and checked against each other in `settings_misfits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.columnar.settings import BLOCK_SETTINGS
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_sdk import typing as th

from target_synapse.settings.connection import CONNECTION
from target_synapse.settings.entra import ENTRA
from target_synapse.settings.loading import LOADING
from target_synapse.settings.of_streams import of_streams
from target_synapse.settings.rows import ROWS
from target_synapse.settings.storage import STORAGE, storage_misfits
from target_synapse.settings.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_commons.misfits import Misfit

CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(
    *CONNECTION, *STORAGE, *ENTRA, *TABLES, *LOADING, of_streams(*TABLES, *LOADING, *ROWS), *ROWS, *BLOCK_SETTINGS, *RUN_LOG_SETTINGS
).to_dict()


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together."""
    yield from storage_misfits(settings)
