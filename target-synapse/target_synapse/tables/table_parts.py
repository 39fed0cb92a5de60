"""Reads what a table has beside its columns and its own index, as a table made in its place is to have it: partitions, defaults, keys, indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_synapse.modes import shadow_parts
from target_synapse.modes.shadow_sql import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.rows.types import SqlType
    from target_synapse.tables.naming import TableName


class UncopiedError(Exception):
    """Something of the table cannot be made anew; the text says what."""


class TableParts:
    """Asks a pool's catalogue."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def partition(self, table: TableName, definitions: Sequence[Sequence[Any]], changed: Mapping[str, SqlType]) -> str:
        """The clause of the partitions; empty without any. Raises UncopiedError where the catalogue does not tell them, or their column is to be text."""
        doing = f"cannot read the partitions of {table}"
        rows = self._pool.rows(shadow_parts.select_partitioning(table), doing=doing)
        partitions, named, right, fanout = rows[0] if rows else (1, None, None, None)
        if named is None and (partitions or 1) == 1:
            return ""
        column = str(named)
        before = next((row for row in definitions if row[0] == named), None)
        if before is None or fanout != partitions:
            raise UncopiedError(f"partitions, {partitions}, of which the catalogue does not tell the boundaries")
        if (kind := changed.get(column)) and kind.is_text:
            raise UncopiedError(f"partitions by {column}, whose order as text is another one")
        found = self._pool.rows(shadow_parts.select_boundaries(table, type_of(before)), doing=doing)
        if len(found) + 1 != partitions:
            raise UncopiedError(f"partitions, {partitions}, of which the catalogue does not tell the boundaries")
        return shadow_parts.partition_clause(column, type_of(before), right=bool(right), boundaries=[str(one) for (one,) in found])

    def defaults(self, table: TableName, changed: Mapping[str, SqlType]) -> dict[str, str]:
        """The literals of the defaults by column. Raises UncopiedError for one that is none."""
        made = {}
        for column, name, definition in self._pool.rows(shadow_parts.select_defaults(table), doing=f"cannot read the defaults of {table}"):
            value = shadow_parts.literal_in(str(definition))
            if value is None:
                raise UncopiedError(f"the default {name}, whose value is no literal")
            kind = changed.get(column)
            made[str(column)] = shadow_parts.as_literal_of_text(value) if kind and kind.is_text else value
        return made

    def identity(self, table: TableName, changed: Mapping[str, SqlType]) -> dict[str, str]:
        """The clause of the IDENTITY column, if there is one, by its name. Raises UncopiedError if it is to have another type."""
        doing = f"cannot read the IDENTITY column of {table}"
        for name, seed, increment in self._pool.rows(shadow_parts.select_identity(table), doing=doing):
            if name in changed:
                raise UncopiedError(f"the IDENTITY column {name}, whose values are the pool's")
            last = self._pool.rows(shadow_parts.select_last(table, str(name), int(increment)), doing=doing)[0][0]
            return {str(name): shadow_parts.goes_on(int(seed), int(increment), last)}
        return {}

    def own_key(self, table: TableName) -> list[str]:
        """The columns of the key that a setting has declared."""
        return shadow_parts.own_key(self._pool.rows(shadow_parts.select_keys(table), doing=f"cannot read the keys of {table}"))

    def keys_and_indexes(self, table: TableName, shadow: TableName, *, own: bool) -> Iterator[str]:
        """The statements that give another table those it does not have yet; the key that a setting has declared, if it is to have its `own`."""
        doing = f"cannot read the keys and indexes of {table}"
        keys, indexes = shadow_parts.select_keys, shadow_parts.select_indexes
        there = {str(row[0]) for sql in (keys(shadow), indexes(shadow)) for row in self._pool.rows(sql, doing=doing)}
        held = [row for row in self._pool.rows(keys(table), doing=doing) if own or not shadow_parts.own_key([row])]
        yield from shadow_parts.add_keys(shadow, held, there)
        yield from shadow_parts.create_indexes(shadow, self._pool.rows(indexes(table), doing=doing), there)
