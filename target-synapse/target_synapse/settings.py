"""The settings: each complete in itself here, and checked against each other in `settings_misfits`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from singer_commons.columnar.settings import BLOCK_SETTINGS
from singer_commons.misfits import Misfit, address_misfits, found_text
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_BATCH_ROWS = 100_000
DEFAULT_PORT = 1433  # https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture
MAX_PORT = 65_535
DEFAULT_SWEEP_AFTER_HOURS = 24  # far longer than the load of a batch takes, and soon enough for storage to cost little
DEFAULT_REJECTS_PATH = "target-synapse.rejects.jsonl"
SAFE_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")

_CONNECTION = (
    th.Property(
        "host", th.StringType(), required=True, title="Host", description="The pool's SQL endpoint, such as `workspace.sql.azuresynapse.net`."
    ),
    th.Property(
        "port", th.IntegerType(minimum=1, maximum=MAX_PORT), default=DEFAULT_PORT, title="Port", description="TCP port of the endpoint, 1 to 65535."
    ),
    th.Property("database", th.StringType(), required=True, title="Database", description="Name of the dedicated SQL pool."),
    th.Property("user", th.StringType(), required=True, title="User", description="SQL login of the loader."),
    th.Property("password", th.StringType(), required=True, secret=True, title="Password", description="Its password."),
    th.Property(
        "encrypt",
        th.StringType(allowed_values=["yes", "no", "strict"]),
        default="yes",
        title="Encrypt",
        description="Encryption of the connection: `yes`, `strict` (TDS 8) or `no` (nothing but a local test takes that).",
    ),
    th.Property(
        "trust_server_certificate",
        th.BooleanType(),
        default=False,
        title="Trust any certificate",
        description="Accept a server certificate that no known authority signed. Not for real pools.",
    ),
    th.Property(
        "odbc_driver",
        th.StringType(),
        title="ODBC driver",
        description="Name or file of the driver. Default: `ODBC Driver 18 for SQL Server`, else the one inside the Python package `mssql-python-odbc`.",
    ),
)
_STORAGE = (
    th.Property(
        "storage_url",
        th.StringType(),
        required=True,
        title="Storage URL",
        description="Blob endpoint of the staging account, such as `https://account.blob.core.windows.net`; private endpoints and other clouds too.",
    ),
    th.Property("storage_container", th.StringType(), required=True, title="Container", description="Container for the staged files. It must exist."),
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
_TABLES = (
    th.Property(
        "default_target_schema",
        th.StringType(),
        title="Schema",
        description="Schema of the tables. Default: the one in the stream's name (`schema-table`), else `dbo`.",
    ),
    th.Property(
        "stream_schemas",
        th.ObjectType(additional_properties=th.StringType()),
        title="Schemas of streams",
        description="Schema for single streams: an object of stream name and schema.",
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
    th.Property(
        "load_method",
        th.StringType(allowed_values=["auto", "append", "upsert"]),
        default="auto",
        title="Load method",
        description="`upsert` replaces rows by key, `append` adds all rows. `auto`: upsert for streams with keys, append for the others.",
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
_ROWS = (
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        default=DEFAULT_BATCH_ROWS,
        title="Batch size",
        description="Rows, over all streams, that are loaded together. A batch ends at the tap's next STATE after that many rows, at twice as many at the latest.",
    ),
    th.Property(
        "add_record_metadata",
        th.BooleanType(),
        default=False,
        title="Metadata",
        description="Add the `_sdc_...` columns: when a row was read and loaded.",
    ),
    th.Property(
        "string_length",
        th.StringType(allowed_values=["reject", "truncate", "fail"]),
        default="reject",
        title="Over-long text",
        description="Text longer than its column: `reject` the row, `truncate` the text (counted at the end), or `fail`.",
    ),
    th.Property(
        "rejects_path",
        th.StringType(),
        default=DEFAULT_REJECTS_PATH,
        title="Rejects file",
        description="File to which rejected rows are appended, one JSON line each with the reason.",
    ),
    th.Property(
        "max_rejected_rows",
        th.IntegerType(minimum=0),
        default=0,
        title="Rejected rows allowed",
        description="Rejected rows beyond which the command ends with exit code 3, after all other rows are loaded.",
    ),
)
CONFIG_SCHEMA: dict[str, Any] = th.PropertiesList(*_CONNECTION, *_STORAGE, *_TABLES, *_ROWS, *BLOCK_SETTINGS, *RUN_LOG_SETTINGS).to_dict()


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together."""
    secrets = ("storage_account_key", "storage_sas_token")
    given = [name for name in secrets if settings.get(name)]
    if len(given) != 1:
        yield Misfit(secrets, f"expected exactly one of the two, found {'both' if given else 'neither'}")
    yield from address_misfits(settings, "storage_url", "copy_storage_url", example="https://account.blob.core.windows.net, without `?`")
    if not SAFE_PATH.fullmatch(settings.get("storage_prefix") or ""):
        yield Misfit(
            ("storage_prefix",), f"expected letters, digits and . _ - in parts divided by /, {found_text(settings.get('storage_prefix') or '')}"
        )
