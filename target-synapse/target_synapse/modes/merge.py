"""Rows are replaced by key with one MERGE (https://learn.microsoft.com/sql/t-sql/statements/merge-transact-sql, the section on Azure Synapse).

Of the staged rows with one key only the newest is merged: two for one row of the table are an error (8672). Keys are never set: in builds before
10.0.17829.0 an update of the distribution column leaves rows where they are not found again, so that column must be a key, and older builds are
refused all the same. A row that is replaced keeps what it has in columns that are not the stream's, but for the mark of a row that was gone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from singer_commons.errors import ConfigurationError

from target_synapse.modes.delete_insert import DeleteInsert
from target_synapse.sql import dml
from target_synapse.sql.quoting import labelled, literal, quoted
from target_synapse.tables.ensure import existing_columns
from target_synapse.tables.naming import DELETED_COLUMN, RANK_COLUMN, STAGED, VERSION_COLUMN, folded
from target_synapse.tables.versions import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.modes import Job
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName

SOUND_BUILD = (10, 0, 17829, 0)  # the first that updates a distribution column rightly (same page)
BUILD = re.compile(r"\b(\d+)\.(\d+)\.(\d+)\.(\d+)\b")
HINT = "set `upsert_with` to `delete_insert`"


class Merge(DeleteInsert):
    """See the module. `is_marked` says that the table has `_sdc_deleted_at`, whether the stream has it or not."""

    left_out = ""  # MERGE counts an update as two rows

    def __init__(self, tombstone: Column | None = None, *, is_marked: bool = False) -> None:
        super().__init__(tombstone)
        self.left_out, self.is_marked = "", is_marked

    def make_ready(self, pool: Pool, plan: LoadPlan, ensure: Callable[..., None]) -> None:
        """Refuse what MERGE cannot do."""
        pool.repeated(lambda: check(pool, plan))
        if DELETED_COLUMN in pool.repeated(lambda: existing_columns(pool, plan.table)):
            ensure(DELETED_AT)

    def moves(self, job: Job) -> Sequence[str]:
        """MERGE."""
        return [merge(job, tombstone=self.tombstone, is_marked=self.is_marked)]


def merge(job: Job, *, tombstone: Column | None, is_marked: bool) -> str:
    """The statement."""
    batch, keys = job.batch, job.batch.plan.key_columns
    values = ", ".join(f"{dml.typed(one)} AS {quoted(one.name)}" for one in batch.columns)
    source = f"SELECT {values}\nFROM ({dml.ranked(job.staging, keys)}) AS {STAGED}\nWHERE {STAGED}.{quoted(RANK_COLUMN)} = 1"
    given = [(quoted(one.name), f"{STAGED}.{quoted(one.name)}") for one in batch.columns]
    given += [] if batch.version is None else [(quoted(VERSION_COLUMN), f"CAST({batch.version} AS bigint)")]
    key_names = {quoted(one.name) for one in keys}
    sets = [f"{name} = {value}" for name, value in given if name not in key_names]
    if is_marked and quoted(DELETED_COLUMN) not in dict(given):
        sets.append(f"{quoted(DELETED_COLUMN)} = NULL")
    names, inserted = ", ".join(name for name, _ in given), ", ".join(value for _, value in given)
    gone = f"{STAGED}.{quoted(tombstone.name)} IS NOT NULL" if tombstone else ""
    clauses = [
        f"WHEN MATCHED AND {gone} THEN DELETE" if gone else "",
        f"WHEN MATCHED THEN UPDATE SET {', '.join(sets)}" if sets else "",
        f"WHEN NOT MATCHED BY TARGET{f' AND NOT ({gone})' if gone else ''} THEN INSERT ({names}) VALUES ({inserted})",
    ]
    same = " AND ".join(f"t.{quoted(one.name)} = {STAGED}.{quoted(one.name)}" for one in keys)
    text = f"MERGE INTO {batch.plan.table} AS t\nUSING ({source}) AS {STAGED}\nON {same}\n" + "\n".join(filter(None, clauses))
    return labelled(text, job.label("merge")) + ";"  # without it: error 10713


def select_distribution(table: TableName) -> str:
    """How the table is distributed, and by which column: a row for each; none if there is no such table."""
    return (
        "SELECT p.distribution_policy_desc, c.name\n"
        "FROM sys.pdw_table_distribution_properties AS p\n"
        "LEFT JOIN sys.pdw_column_distribution_properties AS d ON d.object_id = p.object_id AND d.distribution_ordinal > 0\n"
        "LEFT JOIN sys.columns AS c ON c.object_id = d.object_id AND c.column_id = d.column_id\n"
        f"WHERE p.object_id = OBJECT_ID({literal(str(table))}, N'U')"
    )


def select_identities(table: TableName) -> str:
    """The IDENTITY columns of the table."""
    return f"SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID({literal(str(table))}, N'U')"


def check(pool: Pool, plan: LoadPlan) -> None:
    """Refuse what MERGE cannot do, or not rightly. Raises ConfigurationError."""
    table = plan.table
    found = pool.rows(select_distribution(table), doing=f"cannot read how {table} is distributed")
    if not found:
        return  # of a plan: the table is not made yet
    if found[0][0] != "HASH":
        raise ConfigurationError(f"{table} is distributed {found[0][0]}, and MERGE needs HASH", hint=HINT)
    keys = {folded(one.name) for one in plan.key_columns}
    if others := [str(name) for _, name in found if folded(str(name)) not in keys]:
        raise ConfigurationError(f"{table} is distributed by {', '.join(others)}, which is no key, and MERGE must not update it", hint=HINT)
    if identities := pool.rows(select_identities(table), doing=f"cannot look for IDENTITY columns in {table}"):
        raise ConfigurationError(f"{table} has the IDENTITY column {identities[0][0]}, and MERGE cannot insert beside one", hint=HINT)
    version = str(pool.rows("SELECT @@VERSION", doing="cannot read the version of the pool")[0][0])
    build = BUILD.search(version)
    if build is None or tuple(map(int, build.groups())) < SOUND_BUILD:
        raise ConfigurationError(
            f"MERGE can misplace rows in builds before {'.'.join(map(str, SOUND_BUILD))}, and the pool is {version!r}", hint=HINT
        )
