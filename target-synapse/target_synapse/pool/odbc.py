"""What ODBC needs and says: the driver, the connection string, and what an error means for the next step."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError, CredentialsError, DestinationError, SuiteError

from target_synapse.loading.transaction_size import TOO_LARGE_HINT, TransactionTooLargeError
from target_synapse.pool.patience import THROTTLED_WAIT_S, PoolAwayError, TransientSqlError
from target_synapse.settings.connection import BY_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

DRIVER_NAME = "ODBC Driver 18 for SQL Server"
LOGIN_FAILED = 18456
CANNOT_OPEN_DATABASE = 4060
PAUSED = (42108, 40892)
# Not up: the pool's own "warming up", and "not currently available", which a pool that is being resumed or scaled says.
NOT_UP = (42109, 40613)
# A transaction that outgrew its log (https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-transaction-log-errors-issues); that a
# dedicated pool says these, too, is unconfirmed.
TOO_LARGE = (9002, 40552)
THROTTLED = (10928, 10929, 10936, 40501, 49918, 49919, 49920)  # too many requests, or too much asked of the service
# Passing failures: the lists of SqlClient, EF Core and mssql-jdbc; 42109 is the pool's own "warming up"
# (https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues).
TRANSIENT = frozenset(
    (
        20,
        64,
        121,
        233,
        1204,
        1205,
        1222,
        4221,
        10053,
        10054,
        10060,
        10928,
        10929,
        10936,
        40143,
        40197,
        40501,
        40540,
        40613,
        42109,
        49918,
        49919,
        49920,
    )
)
CONNECTION_STATES = ("08001", "08003", "08007", "08S01", "HYT00", "HYT01", "01000")  # the link failed, or time ran out
NUMBER = re.compile(r"\((\d+)\) \(SQL\w+\)")
NO_REASON = "The driver did not supply an error"  # pyodbc's words when a commit is cut off: the driver keeps no record then
PREFIX = re.compile(r"^(?:\[[^\]]*\]\s*)+")


@dataclass(frozen=True, slots=True)
class OdbcFailure:
    """An error of pyodbc, taken apart: `number` is the server's, 0 if the server said nothing."""

    state: str
    number: int
    text: str

    @property
    def is_transient(self) -> bool:
        """Whether the same thing may well work on a new connection."""
        if self.number in TRANSIENT or (not self.number and NO_REASON in self.text):
            return True
        return self.state in CONNECTION_STATES and self.number not in (LOGIN_FAILED, CANNOT_OPEN_DATABASE, *PAUSED)


def load_pyodbc() -> ModuleType:
    """Import pyodbc, late: `--help` works without it. Raises ConfigurationError if the ODBC manager is missing."""
    try:
        pyodbc: Any = importlib.import_module("pyodbc")
    except ImportError as error:
        missing = "libodbc.so.2" if "libodbc" in str(error) else "pyodbc"
        hint = "run `apt-get install -y --no-install-recommends libodbc2` (Debian, Ubuntu) or `brew install unixodbc` (macOS)"
        raise ConfigurationError(f"the ODBC manager cannot be loaded: {missing} is missing", hint=hint) from error
    pyodbc.pooling = False  # a connection that is closed after a failure must be gone
    return pyodbc  # type: ignore[no-any-return]  # a module: import_module's type has no `pooling`


def find_driver(pyodbc: ModuleType, wanted: str | None) -> str:
    """The name or file of the driver. Raises ConfigurationError if there is none."""
    if wanted:
        return wanted
    if DRIVER_NAME in pyodbc.drivers():
        return DRIVER_NAME
    try:
        package = importlib.import_module("mssql_python_odbc")
    except ImportError:
        pass
    else:
        files = sorted(Path(str(package.__file__)).parent.glob("libs/linux/debian_ubuntu/*/lib/libmsodbcsql-18*.so*"))
        if files:
            return str(files[-1])
    raise ConfigurationError(
        f"there is no `{DRIVER_NAME}`",
        hint="install Microsoft's msodbcsql18 (https://learn.microsoft.com/sql/connect/odbc/download-odbc-driver-for-sql-server) or set `odbc_driver`",
    )


def connection_string(config: Mapping[str, Any], driver: str, *, application: str = "target-synapse") -> str:
    """The connection string; every value is put in braces, so none can end its own entry. The application is the session's `app_name` in the pool."""
    trust = "yes" if config.get("trust_server_certificate") else "no"
    parts = {
        "DRIVER": driver,
        "SERVER": f"{config['host']},{config.get('port') or 1433}",
        "DATABASE": config["database"],
        **_credentials(config),
        "Encrypt": config.get("encrypt") or "yes",
        "TrustServerCertificate": trust,
        **({"ServerCertificate": config["server_certificate_path"]} if config.get("server_certificate_path") else {}),
        "LongAsMax": "yes",  # long parameters go as nvarchar(max), not as ntext, which a pool does not know
        "APP": application,
        "ConnectRetryCount": "0",  # a connection restored behind our back would hide a lost transaction
    }
    return ";".join(f"{name}={{{str(value).replace('}', '}}')}}}" for name, value in parts.items())


def _credentials(config: Mapping[str, Any]) -> dict[str, Any]:
    """Who logs in, where that stands in the connection string: not for a token, beside which the driver takes no name."""
    kind = config.get("authentication") or "sql"
    if kind not in BY_PASSWORD:
        return {}
    by_driver = {"Authentication": "ActiveDirectoryPassword"} if kind == "entra_password" else {}
    return {"UID": config["user"], "PWD": config["password"], **by_driver}


def failure(error: Exception) -> OdbcFailure:
    """Take an error of pyodbc apart."""
    state, message = (str(part) for part in (*error.args, "", "")[:2])
    numbers = NUMBER.findall(message)
    first = NUMBER.split(message)[0]
    return OdbcFailure(state, int(numbers[0]) if numbers else 0, " ".join(PREFIX.sub("", first).split()))


def suite_error(found: OdbcFailure, doing: str, *, was_open: bool = False) -> SuiteError:
    """The error that a user meets for a failure that waiting does not mend, or that waiting did not mend.

    A database that could be opened before, and now cannot, is being moved: SqlClient's and EF Core's lists have 4060, too.
    """
    said = f"{doing}: {found.text}" + (f" ({found.number})" if found.number else "")
    if found.number == LOGIN_FAILED or found.state == "28000":
        return CredentialsError(said, hint="check `user` and `password`, or the identity of Entra ID, and that it has a user in this database")
    if found.number == CANNOT_OPEN_DATABASE and was_open:
        return PoolAwayError(said, hint="run again in a few minutes; `wait_for_pool_s` lets a run wait longer")
    if found.number == CANNOT_OPEN_DATABASE:
        return CredentialsError(said, hint="check `database`: it is the name of the dedicated SQL pool")
    if found.number in PAUSED:
        return PoolAwayError(said, hint="resume the pool, then run again; `wait_for_pool_s` lets a run wait for that", is_paused=True)
    if found.number in NOT_UP:
        return PoolAwayError(said, hint="run again in a few minutes; `wait_for_pool_s` lets a run wait longer")
    return _passing_error(found, said) if found.is_transient else _refusal(found, said)


def _passing_error(found: OdbcFailure, said: str) -> SuiteError:
    hint = "check `host`, `port`, the firewall of the server, and `encrypt`; then run again"
    return TransientSqlError(said, hint=hint, wait_s=THROTTLED_WAIT_S if found.number in THROTTLED else 0.0)


def _refusal(found: OdbcFailure, said: str) -> SuiteError:
    if found.number in TOO_LARGE:
        return TransactionTooLargeError(said, hint=TOO_LARGE_HINT)
    return DestinationError(said, hint=HINTS.get(found.number))


HINTS = {
    35343: "a columnstore table holds no (max) column: set `table_index` to `heap`, or give the property a `maxLength` of at most 4000",
    1101: "tempdb of the pool is full: run again when less is running, with a smaller `batch_size_rows`, or scale the pool up",
    1105: "the pool is out of room: remove what nobody needs, or raise its maximum size (ALTER DATABASE ... MODIFY (MAXSIZE = ...))",
    40544: "the pool has come to its maximum size: remove what nobody needs, or raise it (ALTER DATABASE ... MODIFY (MAXSIZE = ...))",
    # Permissions, by SQL Server's tables (.../errors-events/database-engine-events-and-errors-0-to-999 and -4000-to-4999, read 2026-11-22): unconfirmed for a pool.
    **dict.fromkeys(
        (229, 262, 1088, 2760, 4701, 4834, 4902, 15151, 15247), "`--check` says which right lacks; README.md lists all under the first load"
    ),
    105215: "the pool cannot read the staged files: check `copy_storage_url`, the storage secret, and the storage's firewall",
    15581: "PolyBase keeps the storage's secret under a master key: run CREATE MASTER KEY once in the database, or set `polybase_data_source`",
    13807: "the pool cannot read the staged files: check `copy_storage_url`, the storage secret, and the storage's firewall",
}
