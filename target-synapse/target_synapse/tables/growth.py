"""A table that is there grows with its stream: new columns, wider types, and what `type_conflict` says where neither will do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError

from target_synapse.modes import shadow_sql
from target_synapse.rows import types
from target_synapse.sql import ddl
from target_synapse.sql.ddl import Column
from target_synapse.tables import conflicts
from target_synapse.tables.conflicts import Rebuilt
from target_synapse.tables.naming import TableName, folded
from target_synapse.tables.shape import fitting

if TYPE_CHECKING:
    from target_synapse.pool.connection import Pool

Rebuild = Callable[[TableName, Sequence[Rebuilt]], None]
logger = logging.getLogger("target-synapse")


@dataclass
class Growth:
    """Brings the columns of one table to where they take the values of others; `keys` are folded names."""

    pool: Pool
    table: TableName
    held: Mapping[str, Column]
    config: Mapping[str, Any]
    keys: set[str] = field(default_factory=set)
    rebuild: Rebuild | None = None

    def __post_init__(self) -> None:
        """Sort what there is."""
        self._by_folded = {folded(name): column for name, column in self.held.items()}
        is_heap = self.config.get("table_index") in ("heap", "clustered") or any(one.type.is_max for one in self.held.values())
        self._fitting = partial(fitting, index="heap" if is_heap else "columnstore")
        self._policy = self.config.get("type_conflict") or "fail"
        self._rebuilt: list[Rebuilt] = []

    def grown(self, columns: Sequence[Column]) -> list[Column]:
        """Do so, and return the column of the table for each. Raises DestinationError."""
        placed = [self._place(one, {folded(other.name) for other in columns if other is not one}) for one in columns]
        new = [one for one in placed if folded(one.name) not in self._by_folded]
        if len(self.held) + len(new) > ddl.MAX_COLUMNS:
            raise DestinationError(
                f"{self.table} would have {len(self.held) + len(new)} columns, and may have {ddl.MAX_COLUMNS}", hint="deselect some in the catalog"
            )
        for column in placed:
            before = self._by_folded.get(folded(column.name))
            if before and before.type != column.type and column.name not in {one.held.name for one in self._rebuilt}:
                self._alter(before, column)
        if self._rebuilt and self.rebuild:
            self.rebuild(self.table, self._rebuilt)
        if new:
            names = ", ".join(one.name for one in new)
            self.pool.execute(ddl.add_columns(self.table, new), doing=f"cannot add {names} to {self.table}")
            logger.info("Added %s to %s", names, self.table)
        return placed

    def _place(self, wanted: Column, others: set[str]) -> Column:
        """The column that takes the values, as it must become."""
        held = self._by_folded.get(folded(wanted.name))
        if held is None:
            return self._fitting(wanted)
        if self._wants_heap(held, wanted) and self.rebuild:
            self._rebuilt.append(Rebuilt(held, types.TEXT_MAX))
            return self._rebuilt[-1].column
        return _as_wide(held, wanted) or self._conflicting(held, wanted, others)

    def _wants_heap(self, held: Column, wanted: Column) -> bool:
        """Whether `string_length` asks for a table in which this text has no limit."""
        is_unlimited = wanted.type in (types.TEXT_4000, types.TEXT_MAX) and folded(held.name) not in self.keys
        return self.config.get("string_length") == "heap" and is_unlimited and held.type.is_text and held.type.length is not None

    def _conflicting(self, held: Column, wanted: Column, others: set[str]) -> Column:
        if self._policy == "split":
            if folded(held.name) in self.keys:
                raise conflicts.fails(self.table, held, wanted.type, ", and a key is not split")
            name = conflicts.split_name(held, wanted.type, others)
            there = self._by_folded.get(folded(name))
            if there is None:
                return self._fitting(Column(name, wanted.type))
            if made := _as_wide(there, wanted):
                return made
        elif self._policy == "rebuild" and self.rebuild and (common := conflicts.common_type(held.type, wanted.type)):
            if types.wide_enough(held.type, common):
                return held  # text that takes any value as it is
            short = folded(held.name) in self.keys
            column = self._fitting(replace(held, type=common), short=short)
            self._rebuilt.append(Rebuilt(held, column.type))
            return column
        raise conflicts.fails(self.table, held, wanted.type)

    def _alter(self, before: Column, column: Column) -> None:
        """Change a type in place, without the statistics that hold the column; where the pool will not, with the table.

        User-made statistics must go first; the column of a distribution, an index or a partitioned table is changed by no ALTER COLUMN
        (https://learn.microsoft.com/sql/t-sql/statements/alter-table-transact-sql).
        """
        doing = f"cannot make the column {column.name} of {self.table} a {column.type}"
        statistics = self.pool.rows(shadow_sql.select_statistics(self.table), doing=doing)
        holding = {str(name) for name, one in statistics if folded(str(one)) == folded(column.name)}
        for name in sorted(holding):
            self.pool.execute(ddl.drop_statistics(self.table, name), doing=doing)
        try:
            self.pool.execute(ddl.alter_column(self.table, column), doing=doing)
            logger.info("Column %s of %s is %s now", column.name, self.table, column.type)
        except DestinationError:
            if self._policy != "rebuild" or self.rebuild is None:
                raise
            self._rebuilt.append(Rebuilt(before, column.type))
        finally:
            for sql in shadow_sql.create_statistics(self.table, [row for row in statistics if row[0] in holding]):
                self.pool.execute(sql, doing=doing)


def _as_wide(held: Column, wanted: Column) -> Column | None:
    """The column as it must be to take the values of both; None if no change in place does that."""
    if types.wide_enough(held.type, wanted.type) or (held.type.is_text and wanted.type in (types.TEXT_4000, types.TEXT_MAX)):
        return held  # text without a named length has the column's: longer text is what `string_length` is for
    wider = types.widened(held.type, wanted.type)
    return replace(held, type=wider) if wider else None
