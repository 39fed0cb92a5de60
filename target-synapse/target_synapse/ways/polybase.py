"""`polybase`: an external table over the parts of a batch, read by INSERT ... SELECT.

Credential, data source and file format are made once a run, under names of its own, and dropped at its end; or they are there, and the settings name
them. Each external table lives as long as the load of its staged.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_commons.errors import DestinationError

from target_synapse.loading.load import STAGING_PREFIX
from target_synapse.rows.types import BIGINT
from target_synapse.sql import external
from target_synapse.sql.ddl import Column
from target_synapse.tables.naming import ROW_COLUMN, TableName, digest
from target_synapse.ways import PlainWay
from target_synapse.ways.unquoted import unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.sql.copy_into import Credential
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.ways import Staged

PREFIX = "_sdc_plb"  # of what a run makes for PolyBase
TABLE_PREFIX = "_sdc_ext"
# An account key goes with both; all other credentials with abfs alone
# (https://learn.microsoft.com/sql/t-sql/statements/create-external-data-source-transact-sql, "LOCATION" and "CREDENTIAL" of dedicated pools).
SCHEMES_WITH_KEY = {"http": "wasb", "https": "wasbs"}
SCHEMES = {"http": "abfs", "https": "abfss"}
ACCOUNT_KEY, MANAGED_IDENTITY = "Storage Account Key", "Managed Identity"  # as COPY INTO names them
logger = logging.getLogger("target-synapse")


class PolyBaseWay(PlainWay):
    """Files of a container, by an external table. `url` is the storage as the pool sees it, `credential` in the form of COPY INTO."""

    right = "POLYBASE"

    def __init__(self, pool: Pool, config: Mapping[str, Any], credential: Credential, *, url: str, run_id: str) -> None:
        self._pool, self._credential = pool, credential
        self._own = f"{PREFIX}_{datetime.now(UTC):%Y%m%d%H%M%S}_{digest(run_id)}"
        self._url, self._container = url, config["storage_container"]
        self._given_source, self._given_format = config.get("polybase_data_source"), config.get("polybase_file_format")
        self._made = False

    def carried(self, plan: LoadPlan) -> LoadPlan:
        """See Way."""
        columns = {name: replace(one, type=external.carried(one.type)) for name, one in plan.columns.items()}
        if (wide := external.row_bytes(list(columns.values()))) > external.MAX_ROW_BYTES:
            raise DestinationError(
                f"the columns of {plan.table} are {wide} bytes wide together, and PolyBase carries {external.MAX_ROW_BYTES}",
                hint="use `load_via` `copy`, deselect columns, or give texts a `maxLength`",
            )
        return replace(plan, columns=columns)

    def written(self, lines: memoryview) -> memoryview:
        """See Way."""
        return unquoted(lines, max_units=external.MAX_CHARS)

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        self._make()
        table = TableName(staging.schema, staging.table.replace(STAGING_PREFIX, TABLE_PREFIX, 1))
        columns = [replace(one, type=external.carried(one.type)) for one in staged.columns]
        columns.append(Column(ROW_COLUMN, BIGINT))
        source, file_format = self._given_source or self._own, self._given_format or self._own
        create = external.create_table(table, columns, f"/{folder_of(staged.files)}/", source=source, file_format=file_format)
        try:
            self._pool.execute(external.drop_table(table), doing=f"cannot drop {table}")
            self._pool.execute(create, doing=f"cannot make the external table {table}")
            self._pool.execute(
                external.insert_all(staging, table, columns, label=label("polybase")), doing=f"cannot read the staged files of {table}"
            )
        except DestinationError:  # a refusal: the pool is there. After a lost connection the next try drops it, or a later run
            self._pool.drop(f"The external table {table}", external.drop_table(table))
            raise
        self._pool.drop(f"The external table {table}", external.drop_table(table))

    def tidy(self) -> None:
        """See Way."""
        if self._made:
            self._made = False
            all(self._pool.drop(what, sql) for what, sql in own_objects(self._own))  # up to the first that stays: it holds the others

    def _make(self) -> None:
        """Make what a run has for all its batches; each only if it is not there, so this bears being repeated."""
        doing = "cannot make PolyBase's objects"
        self._made = not (self._given_source and self._given_format)
        if not self._given_source:
            identity, secret, place = self._opened()
            self._pool.execute(external.create_credential(self._own, identity, secret), doing=doing)
            self._pool.execute(external.create_source(self._own, place, self._own), doing=doing)
        if not self._given_format:
            self._pool.execute(external.create_format(self._own), doing=doing)

    def _opened(self) -> tuple[str, str | None, str]:
        """Identity, secret and location for a data source."""
        named, secret = self._credential.identity, self._credential.secret
        if named == ACCOUNT_KEY:
            return "target-synapse", secret, location(self._url, self._container, SCHEMES_WITH_KEY)
        if named == MANAGED_IDENTITY:
            return "Managed Service Identity", None, location(self._url, self._container, SCHEMES)
        return named, secret, location(self._url, self._container, SCHEMES)  # a service principal: the settings allow no other


def own_objects(name: str) -> list[tuple[str, str]]:
    """What a run has made under its name, with the statements that drop it, in the order that the pool asks for."""
    return [
        (f"The file format {name}", external.drop_format(name)),
        (f"The data source {name}", external.drop_source(name)),
        (f"The credential {name}", external.drop_credential(name)),
    ]


def folder_of(files: Sequence[str]) -> str:
    """The folder that holds the parts of a batch, and no others."""
    return files[0].rpartition("/")[0]


def location(url: str, container: str, schemes: Mapping[str, str]) -> str:
    """Container and account as PolyBase names them, such as `abfss://container@account.dfs.core.windows.net`."""
    parts = urlsplit(url)
    scheme = schemes[parts.scheme]
    host = parts.netloc.replace(".dfs.", ".blob.", 1) if scheme.startswith("wasb") else parts.netloc.replace(".blob.", ".dfs.", 1)
    return f"{scheme}://{container}@{host}{parts.path.rstrip('/')}"
