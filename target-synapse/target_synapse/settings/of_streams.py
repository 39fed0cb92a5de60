"""`stream_options`: settings that hold for some streams alone."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_STREAM = (
    "after_load_sql", "batch_files", "before_load_sql", "default_target_schema", "distribution_columns", "hard_delete", "index_columns", "key_collation", "load_method",
    "nested_data", "primary_key", "rebuild_indexes", "string_length", "table_distribution", "table_index", "table_partition", "table_statistics", "timestamp_type",
    "transform_sql", "type_conflict", "upsert_with",
)  # fmt: skip


def of_streams(*properties: th.Property[Any]) -> th.Property[Any]:
    """The setting, made from those that may differ from stream to stream. They have no defaults here: what is not named stays as it is for all."""
    options = [th.Property(one.name, one.wrapped, title=one.title, description=one.description) for one in properties if one.name in PER_STREAM]
    return th.Property(
        "stream_options",
        th.ObjectType(additional_properties=th.ObjectType(*options, additional_properties=False)),
        title="Settings of single streams",
        description="Settings for some streams alone: an object of patterns (`crm-*`; `*`, `?`, `[...]`) of streams' names, each with an object of "
        f"{', '.join(f'`{one.name}`' for one in options)}. Of several patterns that match, a later one wins.",
    )


def stream_config(config: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """The settings as they hold for the stream."""
    merged = dict(config)
    for pattern, options in (config.get("stream_options") or {}).items():
        if fnmatchcase(stream, pattern):
            merged |= options
    return merged
