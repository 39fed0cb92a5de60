"""Which tables there are, and how they are made."""

from __future__ import annotations

from singer_sdk import typing as th

TABLES = (
    th.Property(
        "default_target_schema",
        th.StringType(),
        title="Schema",
        description="Schema of the tables. Default: the one in the stream's name (`schema-table`), else `dbo`.",
    ),
    th.Property(
        "table_distribution",
        th.StringType(allowed_values=["auto", "round_robin", "replicate"]),
        default="auto",
        title="Distribution",
        description="Distribution of new tables. `auto`: HASH of the first key, ROUND_ROBIN for streams without keys.",
    ),
    th.Property(
        "table_index",
        th.StringType(allowed_values=["auto", "columnstore", "heap"]),
        default="auto",
        title="Index",
        description="Index of new tables. `auto`: columnstore, or a heap where a column needs more than 4,000 characters (objects, arrays, long text).",
    ),
)
