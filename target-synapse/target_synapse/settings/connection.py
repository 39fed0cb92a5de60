"""How the pool is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit
from singer_sdk import typing as th

from target_synapse.settings.entra import principal_misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_PORT = 1433  # https://learn.microsoft.com/azure/azure-sql/database/connectivity-architecture
MAX_PORT = 65_535

OF_ENTRA = ("service_principal", "managed_identity", "default")
BY_PASSWORD = ("sql", "entra_password")
CONNECTION = (
    th.Property(
        "host", th.StringType(), required=True, title="Host", description="The pool's SQL endpoint, such as `workspace.sql.azuresynapse.net`."
    ),
    th.Property(
        "port", th.IntegerType(minimum=1, maximum=MAX_PORT), default=DEFAULT_PORT, title="Port", description="TCP port of the endpoint, 1 to 65535."
    ),
    th.Property("database", th.StringType(), required=True, title="Database", description="Name of the dedicated SQL pool."),
    th.Property(
        "authentication",
        th.StringType(allowed_values=["sql", "entra_password", *OF_ENTRA, "access_token"]),
        default="sql",
        title="Authentication",
        description="`sql`: `user` and `password`. Identities of Entra ID: `service_principal`, `managed_identity`, `default` (the chain of azure-identity), "
        "`access_token`, and `entra_password` (by the ODBC driver, without multi-factor authentication).",
    ),
    th.Property("user", th.StringType(), title="User", description="Login of the loader, for `sql` and `entra_password`."),
    th.Property("password", th.StringType(), secret=True, title="Password", description="Its password."),
    th.Property(
        "access_token",
        th.StringType(),
        secret=True,
        title="Access token",
        description="A token for `https://database.windows.net`, for `authentication: access_token`. It ends within the hour or so, and the run with it.",
    ),
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
        "server_certificate_path",
        th.StringType(),
        title="Server's certificate",
        description="File of the certificate that the server must show, for `encrypt: strict` to a server that no known authority vouches for.",
    ),
    th.Property(
        "odbc_driver",
        th.StringType(),
        title="ODBC driver",
        description="Name or file of the driver. Default: `ODBC Driver 18 for SQL Server`, else the one inside the Python package `mssql-python-odbc`.",
    ),
)


def connection_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together in how the pool is logged in to."""
    kind = settings.get("authentication") or "sql"
    wanted = ("user", "password") if kind in BY_PASSWORD else ("access_token",) if kind == "access_token" else ()
    for name in wanted:
        if not settings.get(name):
            yield Misfit((name,), f"expected it for `authentication` {kind}, found none")
    if kind == "service_principal":
        yield from principal_misfits(settings, "authentication")
    if settings.get("encrypt") == "no" and kind != "sql":
        yield Misfit(("encrypt", "authentication"), f"{kind} goes over an encrypted connection only")
    if settings.get("copy_credential") == "entra_user" and kind == "sql":
        yield Misfit(("copy_credential", "authentication"), "the logged-in user is one of SQL, and has no roles on a storage")
