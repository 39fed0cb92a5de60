"""How rows come into their table."""

from __future__ import annotations

from singer_sdk import typing as th

LOADING = (
    th.Property(
        "load_method",
        th.StringType(allowed_values=["auto", "append-only", "upsert", "overwrite", "history"]),
        default="auto",
        title="Load method",
        description="How rows change the table: `append-only` adds all, `upsert` replaces rows by key, `overwrite` all of them "
        "by those of the run, `history` keeps each version of a row with its time. `auto`: upsert for streams with keys, append-only for the others.",
    ),
    th.Property(
        "upsert_with",
        th.StringType(allowed_values=["delete_insert", "merge"]),
        default="delete_insert",
        title="Upsert with",
        description="How `upsert` replaces rows: DELETE and INSERT in one transaction, or one MERGE, which needs a table that is distributed by a key.",
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
        description="Delete such rows, and those that the tap gives a `_sdc_deleted_at`. Without it they stay, with the moment in `_sdc_deleted_at`.",
    ),
    th.Property(
        "batch_files",
        th.StringType(allowed_values=["read", "copy"]),
        default="read",
        title="Files of BATCH messages",
        description="`read`: their rows go the way of all rows. `copy`: Parquet files that lie in `storage_container` go straight to COPY INTO, where that "
        "surely gives the same table; the others are read. An address without an account (`az://container/path`) is of the account of `storage_url`.",
    ),
    th.Property(
        "max_transaction_rows",
        th.IntegerType(minimum=1),
        title="Rows of a transaction",
        description="Rows that one transaction may change; a row that is replaced counts twice. More go in several transactions. "
        "Default: a fourth of what the pool's service level takes, 60 million of 250 bytes at DW100c, fewer of wider ones.",
    ),
)
