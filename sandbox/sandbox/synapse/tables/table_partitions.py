"""Runs SPLIT, MERGE and SWITCH of partitions [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-partition]."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.synapse.objects import TableDef, duck_name
from sandbox.synapse.refusals import table_errors
from sandbox.synapse.tables.made import check_partition, literal_of

if TYPE_CHECKING:
    from sandbox.synapse.reading import ddl_commands as d
    from sandbox.synapse.session import PoolSession


def split(session: PoolSession, command: d.SplitRange) -> None:
    """ALTER TABLE ... SPLIT RANGE or MERGE RANGE. Raises 7729, 7708, 7715, and 35346 for a columnstore partition that holds rows."""
    table = session.catalog.table(command.name)
    if table.partition is None:
        raise table_errors.not_partitioned(table.name)
    if command.merge:
        wanted = _value(session, table, command.value)
        kept = [text for text in table.partition.boundaries if _value(session, table, text) != wanted]
        if len(kept) == len(table.partition.boundaries):
            raise table_errors.no_boundary(command.value)
        table.partition.boundaries = kept
        return
    new = replace(table.partition, boundaries=[*table.partition.boundaries, command.value])
    check_partition(session, table, new)
    if table.index == "CLUSTERED COLUMNSTORE":
        before, after = set(table.partition.boundaries), new.boundaries
        place = next(number for number, text in enumerate(after, 1) if text not in before)
        if session.first(f"SELECT 1 FROM {table.duck} WHERE {in_partition(session, table, place)} LIMIT 1"):
            raise table_errors.split_not_empty(table.name)
    table.partition = new


def _value(session: PoolSession, table: TableDef, text: str) -> object:
    column = table.column(table.partition.column if table.partition else "")
    found = session.first(f"SELECT {literal_of(session, text, column)}")
    return found[0] if found else None


def in_partition(session: PoolSession, table: TableDef, number: int | None) -> str:
    """DuckDB's condition for the rows of one partition; NULL is in the first. Raises 7729 for one that is not there."""
    if number is None and table.partition is None:
        return "TRUE"
    if table.partition is None or number is None or not 1 <= number <= table.partitions:
        raise table_errors.not_partitioned(table.name)
    column = table.column(table.partition.column)
    name = duck_name(column.name)
    values = [literal_of(session, text, column) for text in table.partition.boundaries]
    low, high = (">=", "<") if table.partition.right else (">", "<=")
    parts = []
    if number > 1:
        parts.append(f"{name} {low} {values[number - 2]}")
    if number <= len(values):
        parts.append(f"{name} {high} {values[number - 1]}")
    condition = " AND ".join(parts) or "TRUE"
    return f"(({condition}) OR {name} IS NULL)" if number == 1 else f"({condition})"


def switch(session: PoolSession, command: d.SwitchPartition) -> None:
    """ALTER TABLE ... SWITCH: the tables must be alike, and the target empty unless TRUNCATE_TARGET empties it."""
    source, target = session.catalog.table(command.name), session.catalog.table(command.to)
    alike = [
        ("the columns differ", [(c.name.lower(), c.type, c.nullable) for c in source.columns], [(c.name.lower(), c.type, c.nullable) for c in target.columns]),
        ("the distributions differ", (source.distribution, [n.lower() for n in source.hash_columns]), (target.distribution, [n.lower() for n in target.hash_columns])),
        ("the indexes differ", source.index, target.index),
    ]  # fmt: skip
    for why, one, other in alike:
        if one != other:
            raise table_errors.switch_refused(why)
    if source.partition and target.partition and command.number is not None:
        bounds = [_bounds(session, table, number or 1) for table, number in ((source, command.number), (target, command.to_number))]
        if bounds[0] != bounds[1]:
            raise table_errors.switch_refused("the boundaries of the partitions differ")
    moved, replaced = in_partition(session, source, command.number), in_partition(session, target, command.to_number)
    if session.first(f"SELECT 1 FROM {target.duck} WHERE {replaced} LIMIT 1"):
        if not command.truncate:
            raise table_errors.switch_refused(f"the target partition of '{target.name}' must be empty")
        session.duck(f"DELETE FROM {target.duck} WHERE {replaced}")
    session.duck(f"INSERT INTO {target.duck} SELECT * FROM {source.duck} WHERE {moved}")
    session.duck(f"DELETE FROM {source.duck} WHERE {moved}")


def _bounds(session: PoolSession, table: TableDef, number: int) -> tuple[object, object, bool]:
    partition = table.partition
    if partition is None or not 1 <= number <= table.partitions:
        raise table_errors.not_partitioned(table.name)
    low = _value(session, table, partition.boundaries[number - 2]) if number > 1 else None
    high = _value(session, table, partition.boundaries[number - 1]) if number <= len(partition.boundaries) else None
    return low, high, partition.right
