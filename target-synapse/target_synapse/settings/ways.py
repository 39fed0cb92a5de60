"""How staged rows come into the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit, found_text
from singer_sdk import typing as th

from target_synapse.naming import held_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COPY, INSERT, POLYBASE, ADF = "copy", "insert", "polybase", "adf"

WAYS = (
    th.Property(
        "load_via",
        th.StringType(allowed_values=[COPY, POLYBASE, INSERT]),
        default=COPY,
        title="Way into the pool",
        description="How rows come into the pool: `copy` (staged files, COPY INTO), `polybase` (staged files, an external table) or `insert` (no storage "
        "at all; for small loads).",
    ),
    th.Property(
        "polybase_data_source",
        th.StringType(),
        title="PolyBase's data source",
        description="Name of an external data source that is there, for the container. Default: one for each run, with a credential of its own.",
    ),
    th.Property(
        "polybase_file_format",
        th.StringType(),
        title="PolyBase's file format",
        description="Name of an external file format that is there, made as README.md says. Default: one for each run.",
    ),
)


def way_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit the way."""
    way = settings.get("load_via") or COPY
    if way == POLYBASE and settings.get("storage_sas_token") and not settings.get("polybase_data_source"):
        text = "PolyBase takes no shared access signature: expected `storage_account_key`, or the name of a data source that is there"
        yield Misfit(("storage_sas_token", "polybase_data_source"), text)
    for name in ("polybase_data_source", "polybase_file_format"):
        if (value := settings.get(name)) and way != POLYBASE:
            yield Misfit((name, "load_via"), f"expected `load_via` to be `polybase`, {found_text(way)}")
        elif value and (held_name(value) != value):
            yield Misfit((name,), f"expected a name that T-SQL can hold, {found_text(value)}")
