"""Rows are kept in versions, each with the time in which it was the source's (SCD type 2): `_sdc_valid_from`, `_sdc_valid_to` (NULL: it still is).

Before the transaction two tables are made of a batch. The first, the chain, holds for each key its current version and behind it the staged rows in
their order; the second the changes: rows of the chain that differ from the one before. The transaction closes the current version of each key that
changed, and adds the changes. Values differ if they do so exactly: NULL from all else, and text by its bytes, whatever the collation ignores.

Times are the pool's, of the load, and later than any that the table has; several versions of a key in one batch are a microsecond apart.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_synapse.rows.types import DATETIME
from target_synapse.sql import ddl, dml
from target_synapse.sql.ddl import Column
from target_synapse.sql.quoting import labelled, literal, quoted
from target_synapse.tables.naming import CHANGED, RANK_COLUMN, ROW_COLUMN, STAGED, VERSION_COLUMN, beside, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.loading.load import Batch
    from target_synapse.modes import Job
    from target_synapse.pool.connection import Pool
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName

VALID_FROM, VALID_TO = Column("_sdc_valid_from", DATETIME), Column("_sdc_valid_to", DATETIME)
FROM, TO, RANK, ROW = quoted(VALID_FROM.name), quoted(VALID_TO.name), quoted(RANK_COLUMN), quoted(ROW_COLUMN)
EXACT = "Latin1_General_100_BIN2"  # by code unit (https://learn.microsoft.com/sql/relational-databases/collations/collation-and-unicode-support)
TICK = timedelta(microseconds=1)  # what pyodbc reads; datetime2(7) is finer


class History:
    """See the module, and Mode for the methods. `tombstone` is as in DeleteInsert: such a row closes the version of its key."""

    is_idempotent = False  # a value that came, went and came again would do so once more
    left_out = "without a new version"

    def __init__(self, tombstone: Column | None = None) -> None:
        self.tombstone = tombstone

    def make_ready(self, pool: Pool, plan: LoadPlan, ensure: Callable[..., None]) -> None:
        """Have the columns of times. Raises ConfigurationError if the stream has one of that name."""
        del pool
        times = {folded(one.name) for one in (VALID_FROM, VALID_TO)}
        if own := [one.name for one in plan.columns.values() if folded(one.name) in times]:
            raise ConfigurationError(
                f"{plan.table} keeps its history in {own[0]}, and the stream has such a property", hint="rename it with `stream_maps`"
            )
        ensure(VALID_FROM, VALID_TO)

    def prepare(self, pool: Pool, job: Job) -> None:
        """Make the chain and the changes."""
        table, (chain, changes) = job.batch.plan.table, self.scratch(job.staging)
        doing = f"cannot find what has changed in {table}"
        rows = pool.rows(select_times(table), doing=doing)
        for made in (chain, changes):
            pool.execute(ddl.drop_table(made), doing=f"cannot drop {made}")
        pool.execute(make_chain(job, chain, self.tombstone), doing=doing)
        pool.execute(make_changes(job, chain, changes, self.tombstone, next_time(rows)), doing=doing)

    def moves(self, job: Job) -> Sequence[str]:
        """UPDATE of the versions of a full table, UPDATE that closes, INSERT."""
        batch, (chain, changes) = job.batch, self.scratch(job.staging)
        seen = [] if batch.version is None else [note_version(batch, chain, job.label("version"))]
        return [*seen, close_changed(batch, changes, job.label("close")), insert_changes(batch, changes, self.tombstone, job.label("insert"))]

    def scratch(self, staging: TableName) -> tuple[TableName, TableName]:
        """The chain and the changes."""
        return beside(staging, "chain"), beside(staging, "changes")

    def columns_of_gone(self, *, hard: bool) -> Sequence[Column]:
        """None but its own."""
        del hard
        return ()

    def said_of_gone(self, *, hard: bool) -> str:
        """Closed."""
        del hard
        return "closed"

    def end_of_versions(self, table: TableName, version: int, *, hard: bool, part: str = "", label: str) -> str:
        """Close the versions of rows that are gone; nothing is deleted out of a history."""
        del hard
        now = f"CASE WHEN {FROM} >= SYSUTCDATETIME() THEN DATEADD(microsecond, 1, {FROM}) ELSE SYSUTCDATETIME() END"
        return labelled(f"UPDATE {table} SET {TO} = {now}\nWHERE ({dml.of_another(version)}) AND {TO} IS NULL{dml.and_part(part)}", label)


def select_times(table: TableName) -> str:
    """The pool's time, and the latest two that the table has."""
    return f"SELECT SYSUTCDATETIME(), MAX({FROM}), MAX({TO}) FROM {table}"


def next_time(rows: Sequence[Sequence[Any]]) -> datetime:
    """The time of a batch: now, or later if the table has such."""
    found = [one for one in (rows[0] if rows else ()) if isinstance(one, datetime)]
    return max(found) + TICK if found else datetime.now(UTC).replace(tzinfo=None)  # nothing is read for a plan


def make_chain(job: Job, chain: TableName, tombstone: Column | None) -> str:
    """The chain: all columns as the table has them, `_sdc_row` (0: the current version) and the place in the key's chain."""
    batch, table = job.batch, job.batch.plan.table
    keys = batch.plan.key_columns
    staged = ", ".join([*(f"{dml.typed(one)} AS {quoted(one.name)}" for one in batch.columns), f"{STAGED}.{ROW} AS {ROW}"])
    current = ", ".join([*(_held(one, tombstone) for one in batch.columns), "CAST(0 AS bigint)"])
    same = " AND ".join(f"t.{quoted(one.name)} = {dml.restored(one, STAGED)}" for one in keys)
    by_key = ", ".join(f"q.{quoted(one.name)}" for one in keys)
    return labelled(
        f"CREATE TABLE {chain} WITH ({_spread(batch)}, HEAP) AS\n"
        f"SELECT q.*, ROW_NUMBER() OVER (PARTITION BY {by_key} ORDER BY q.{ROW}) AS {RANK}\n"
        f"FROM (SELECT {staged} FROM {job.staging} AS {STAGED}\n"
        f"UNION ALL SELECT {current} FROM {table} AS t WHERE t.{TO} IS NULL AND EXISTS (SELECT 1 FROM {job.staging} AS {STAGED} WHERE {same})) AS q",
        job.label("chain"),
    )


def _held(column: Column, tombstone: Column | None) -> str:
    return f"CAST(NULL AS {column.type})" if tombstone and column.name == tombstone.name else f"t.{quoted(column.name)}"


def make_changes(job: Job, chain: TableName, changes: TableName, tombstone: Column | None, at: datetime) -> str:
    """The changes: rows of the chain that differ from the one before, with their times and their place among the changes of their key."""
    batch = job.batch
    keys = batch.plan.key_columns
    before = " AND ".join([*(f"p.{quoted(one.name)} = n.{quoted(one.name)}" for one in keys), f"p.{RANK} = n.{RANK} - 1"])
    by_key = ", ".join(f"n.{quoted(one.name)}" for one in keys)
    names = [quoted(one.name) for one in batch.columns]
    kept = ", ".join(
        [*(f"n.{name} AS {name}" for name in names), f"CAST(ROW_NUMBER() OVER (PARTITION BY {by_key} ORDER BY n.{RANK}) AS int) AS {RANK}"]
    )
    last = f"COUNT(*) OVER (PARTITION BY {', '.join(f'q.{quoted(one.name)}' for one in keys)})"
    start = f"CAST({literal(f'{at:%Y-%m-%dT%H:%M:%S.%f}')} AS datetime2(7))"
    times = (
        f"DATEADD(microsecond, q.{RANK} - 1, {start}) AS {FROM}, CASE WHEN q.{RANK} < {last} THEN DATEADD(microsecond, q.{RANK}, {start}) END AS {TO}"
    )
    return labelled(
        f"CREATE TABLE {changes} WITH ({_spread(batch)}, HEAP) AS\n"
        f"SELECT {', '.join(f'q.{name}' for name in names)}, q.{RANK}, {times}\n"
        f"FROM (SELECT {kept}\nFROM {chain} AS n LEFT JOIN {chain} AS p ON {before}\n"
        f"WHERE n.{ROW} > 0 AND ({is_change(batch, tombstone)})) AS q",
        job.label("changes"),
    )


def is_change(batch: Batch, tombstone: Column | None) -> str:
    """Whether the row `n` says something else than `p`, the one before; every column of which is NULL where there is none."""
    keys = {one.name for one in batch.plan.key_columns}
    missing = f"p.{RANK} IS NULL"
    differs = [differ(one) for one in batch.columns if one.name not in keys and not is_metadata(one.name)]
    if tombstone is None:
        return " OR ".join([missing, *differs])
    gone, was_gone = f"n.{quoted(tombstone.name)} IS NOT NULL", f"p.{quoted(tombstone.name)} IS NOT NULL"
    return f"({gone} AND NOT ({missing} OR {was_gone})) OR (NOT ({gone}) AND ({' OR '.join([missing, was_gone, *differs])}))"


def is_metadata(name: str) -> bool:
    """Whether a column says when a row came, and nothing of it: such a column makes no version."""
    return name.startswith("_sdc_")


def differ(column: Column) -> str:
    """Whether the values of a column in `n` and `p` differ, exactly."""
    new, old = f"n.{quoted(column.name)}", f"p.{quoted(column.name)}"
    collated = f" COLLATE {EXACT}" if column.type.is_text else ""
    other = f"{new}{collated} <> {old}{collated}"
    if column.type.is_text or column.type.is_binary:  # a comparison passes over blanks and zeros at the end, whatever the collation
        other += f" OR DATALENGTH({new}) <> DATALENGTH({old})"
    return f"{other} OR ({new} IS NULL AND {old} IS NOT NULL) OR ({new} IS NOT NULL AND {old} IS NULL)"


def note_version(batch: Batch, chain: TableName, label: str) -> str:
    """Note in the current versions of the rows that came that they are part of a full table."""
    table, column = batch.plan.table, quoted(VERSION_COLUMN)
    return labelled(
        f"UPDATE {table} SET {column} = {batch.version}\nFROM {chain} AS {CHANGED}\nWHERE {_same(batch, CHANGED)} AND {table}.{TO} IS NULL", label
    )


def close_changed(batch: Batch, changes: TableName, label: str) -> str:
    """Close the current version of each key that has changed."""
    table = batch.plan.table
    return labelled(
        f"UPDATE {table} SET {TO} = {CHANGED}.{FROM}\nFROM {changes} AS {CHANGED}\nWHERE {_same(batch, CHANGED)} AND {CHANGED}.{RANK} = 1 AND {table}.{TO} IS NULL",
        label,
    )


def insert_changes(batch: Batch, changes: TableName, tombstone: Column | None, label: str) -> str:
    """Add the new versions."""
    columns = [*batch.columns, VALID_FROM, VALID_TO]
    values = ", ".join(
        [*(f"{CHANGED}.{quoted(one.name)}" for one in columns), *([] if batch.version is None else [f"CAST({batch.version} AS bigint)"])]
    )
    but = f"\nWHERE {CHANGED}.{quoted(tombstone.name)} IS NULL" if tombstone else ""
    return labelled(
        f"INSERT INTO {batch.plan.table} ({dml.names_of(columns, batch.version)})\nSELECT {values}\nFROM {changes} AS {CHANGED}{but}", label
    )


def _same(batch: Batch, other: str) -> str:
    return " AND ".join(f"{other}.{quoted(one.name)} = {batch.plan.table}.{quoted(one.name)}" for one in batch.plan.key_columns)


def _spread(batch: Batch) -> str:
    return f"DISTRIBUTION = {ddl.distribution(batch.plan.chain_hashed_by)}"
