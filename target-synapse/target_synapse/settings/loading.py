"""How rows come into their table."""

from __future__ import annotations

from singer_sdk import typing as th

LOADING = (
    th.Property(
        "load_method",
        th.StringType(allowed_values=["auto", "append-only", "upsert"]),
        default="auto",
        title="Load method",
        description="`upsert` replaces rows by key, `append-only` adds all rows. `auto`: upsert for streams with keys, append-only for the others.",
    ),
    th.Property(
        "process_activate_version_messages",
        th.BooleanType(),
        default=True,
        title="Versions of full tables",
        description="At ACTIVATE_VERSION, remove the rows that a full table no longer has. Rows then keep their version in `_sdc_table_version`.",
    ),
    th.Property(
        "hard_delete",
        th.BooleanType(),
        default=False,
        title="Delete for good",
        description="Delete such rows. Without it they stay, with the moment in `_sdc_deleted_at`.",
    ),
)
