"""Where files are staged, and what opens it."""

from __future__ import annotations

from singer_sdk import typing as th

DEFAULT_SWEEP_AFTER_HOURS = 24  # far longer than the load of a batch takes, and soon enough for storage to cost little

STORAGE = (
    th.Property(
        "storage_url",
        th.StringType(),
        title="Storage URL",
        description="Blob endpoint of the staging account, such as `https://account.blob.core.windows.net`; private endpoints and other clouds too. "
        "Needed unless `load_via` is `insert`.",
    ),
    th.Property(
        "storage_container",
        th.StringType(),
        title="Container",
        description="Container for the staged files. It must exist. Needed unless `load_via` is `insert`.",
    ),
    th.Property("storage_prefix", th.StringType(), default="target-synapse", title="Prefix", description="Folder in the container."),
    th.Property(
        "storage_account_key", th.StringType(), secret=True, title="Account key", description="Key of the account. This or `storage_sas_token`."
    ),
    th.Property(
        "storage_sas_token",
        th.StringType(),
        secret=True,
        title="SAS token",
        description="Shared access signature of the container that allows to read, list, create, write and delete. This or `storage_account_key`.",
    ),
    th.Property(
        "sweep_after_hours",
        th.IntegerType(minimum=1),
        default=DEFAULT_SWEEP_AFTER_HOURS,
        title="Age of leftovers",
        description="Hours after which staging tables and staged files that a killed run left are removed by another one.",
    ),
    th.Property(
        "copy_storage_url",
        th.StringType(),
        title="Storage URL for the pool",
        description="The same storage as the pool sees it, where that is another address than `storage_url`.",
    ),
)
