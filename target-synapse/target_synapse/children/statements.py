"""What moves the rows of child tables, as text: in the transaction of the stream's own rows, and before those.

A child row is moved with its record's staged row, found by its place: it gets the key from there, stays out where that row does (replaced by a later one
with its key, said to be gone, not in this slice, deleted by a transformation), and all rows whose record comes again go first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.sql import dml
from target_synapse.sql.quoting import labelled, quoted
from target_synapse.tables.naming import GONE, OF_RECORD, RANK_COLUMN, ROW_COLUMN, SOURCE_ROW_COLUMN, STAGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_synapse.children.batch import ChildRows
    from target_synapse.children.tables import ChildTable
    from target_synapse.modes import Job
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

ROW, SOURCE_ROW, RANK = quoted(ROW_COLUMN), quoted(SOURCE_ROW_COLUMN), quoted(RANK_COLUMN)


def moves(job: Job, label: Callable[[TableName, str], str]) -> Iterator[str]:
    """The statements for the child tables of a batch, and for those that its stream had; `label` makes that of a table's step."""
    keys, tombstone = job.batch.plan.key_columns, job.batch.mode.tombstone
    for child in job.batch.former if keys else ():
        yield delete_matching(child, job.staging, label=label(child.plan.table, "delete"))
    for one in job.batch.children:
        table = one.child.plan.table
        if keys:
            yield delete_matching(one.child, job.staging, label=label(table, "delete"))
        if one.rows:
            yield insert(one, job, keys, tombstone, label=label(table, "insert"))


def delete_matching(child: ChildTable, staging: TableName, *, label: str) -> str:
    """Delete the rows whose record's key is staged."""
    table = child.plan.table
    same = " AND ".join(f"{table}.{quoted(own.name)} = {dml.restored(key, STAGED)}" for own, key in zip(child.sources, child.identity, strict=True))
    return labelled(f"DELETE {table}\nFROM {table} INNER JOIN {staging} AS {STAGED} ON {same}", label)


def insert(rows: ChildRows, job: Job, keys: Sequence[Column], tombstone: Column | None, *, label: str) -> str:
    """Add the staged rows whose record's row is one of those that go into the table."""
    child, batch = rows.child, job.batch
    if keys:
        by_name = {one.name: one for one in batch.columns}
        identity = [dml.typed(by_name[key.name], OF_RECORD) for key in keys]
        but = f" AND {OF_RECORD}.{quoted(tombstone.name)} IS NULL" if tombstone else ""
        source, where = f"({dml.ranked(job.staging, keys)})", f"\nWHERE {OF_RECORD}.{RANK} = 1{but}"
    else:
        identity, source, where = [dml.record_id(batch.entry.load_id, OF_RECORD)], str(job.staging), ""
    columns = [one for one in rows.columns if one.name != SOURCE_ROW_COLUMN]
    names = ", ".join(quoted(one.name) for one in [*child.sources, *columns])
    values = ", ".join([*identity, *(dml.typed(one) for one in columns)])
    return labelled(
        f"INSERT INTO {child.plan.table} ({names})\nSELECT {values}\n"
        f"FROM {rows.staging(job.whole)} AS {STAGED} INNER JOIN {source} AS {OF_RECORD} ON {OF_RECORD}.{ROW} = {STAGED}.{SOURCE_ROW}{where}",
        label,
    )


def delete_other_versions(child: ChildTable, table: TableName, version: int, *, part: str = "", label: str) -> str:
    """Delete the rows whose record is of another version than this, or of none; of a `part` of the stream's table, if it is named."""
    own = child.plan.table
    columns = ", ".join(quoted(one.name) for one in child.identity)
    same = " AND ".join(
        f"{own}.{quoted(mine.name)} = {GONE}.{quoted(theirs.name)}" for mine, theirs in zip(child.sources, child.identity, strict=True)
    )
    gone = f"SELECT {columns} FROM {table} WHERE ({dml.of_another(version)}){dml.and_part(part)}"  # noqa: S608 - quoted names
    return labelled(f"DELETE {own}\nFROM {own} INNER JOIN ({gone}) AS {GONE} ON {same}", label)
