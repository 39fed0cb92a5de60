"""How the pool is reached."""

from __future__ import annotations

from singer_sdk import typing as th

DEFAULT_PORT = 1433  # https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture
MAX_PORT = 65_535
MAX_POOL_WAIT_S = 86_400  # a day: the schedule that resumes a pool comes round in it

CONNECTION = (
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
    th.Property(
        "wait_for_pool_s",
        th.IntegerType(minimum=0, maximum=MAX_POOL_WAIT_S),
        default=0,
        title="Wait for the pool",
        description="Seconds to wait for a pool that is paused or warming up, 0 to 86400. 0: a paused pool ends the run, one that is warming up gets half a minute.",
    ),
)
