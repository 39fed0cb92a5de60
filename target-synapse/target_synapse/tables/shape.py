"""How a new table is kept: its distribution, index, partitions and keys, as the settings ask for them and its columns allow.

The settings name properties of the stream; a property that it does not have is found here, when its SCHEMA comes.
https://learn.microsoft.com/sql/t-sql/statements/create-table-azure-sql-data-warehouse
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from singer_commons.errors import ConfigurationError

from target_synapse.rows import types
from target_synapse.rows.values import field_encoder
from target_synapse.sql.ddl import Column, Index, Partition, TableShape
from target_synapse.sql.quoting import literal, plain_literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNLIMITED = {types.TEXT_4000: types.TEXT_MAX, types.BYTES_8000: types.BYTES_MAX}
NOT_HASHED = ("float", "real", "bit")  # too few values, or none that are surely equal
NUMBERS = (*types.INTEGERS, "decimal", "float", "real", "bit", "money", "smallmoney")


@dataclass(frozen=True, slots=True)
class NewTable:
    """What is known of a table before it is made: the columns by property, as the schema asks for them, and the settings that hold for it."""

    stream: str
    columns: Mapping[str, Column]
    keys: Sequence[str]
    config: Mapping[str, Any]

    def shape(self) -> TableShape:
        """The shape of the table. Raises ConfigurationError if the columns cannot have it."""
        index = self._index()
        return TableShape(
            index,
            self._index_columns(index),
            self._hash_columns(),
            self.config.get("table_distribution") == "replicate",
            self._partition(),
            [self.columns[key].name for key in self.keys] if self.config.get("primary_key") == "not_enforced" else (),
        )

    def fitted(self, shape: TableShape) -> dict[str, Column]:
        """The columns as a table of this shape can have them."""
        short = {*shape.index_columns, *shape.hashed_by, *(self.columns[key].name for key in self.keys)}
        if shape.partition:
            short.add(shape.partition.column)
        return {name: self._keyed(fitting(one, shape.index, short=one.name in short), name, shape) for name, one in self.columns.items()}

    def _keyed(self, column: Column, name: str, shape: TableShape) -> Column:
        if name not in self.keys:
            return column
        collation = (column.collation or self.config.get("key_collation") or None) if column.type.is_text else None
        return replace(column, collation=collation, nullable=column.name not in shape.primary_key)

    def _index(self) -> Index:
        named: Index | Literal["auto"] = self.config.get("table_index") or "auto"
        if named != "auto":
            return named
        needs_heap = any(one.type.is_max for one in self.columns.values()) or (
            self.config.get("string_length") == "heap"
            and any(one.type == types.TEXT_4000 for name, one in self.columns.items() if name not in self.keys)
        )
        return "heap" if needs_heap else "columnstore"

    def _index_columns(self, index: Index) -> list[str]:
        columns = self._named("index_columns", self.config.get("index_columns") or (self.keys if index == "clustered" else ()))
        if index == "clustered" and not columns:
            raise ConfigurationError(f"a clustered index of stream `{self.stream}` needs columns, and it has no key", hint="set `index_columns`")
        for one in columns:
            if index == "columnstore" and one.type.is_text:
                raise ConfigurationError(
                    f"`index_columns` of stream `{self.stream}`: {one.name} is text, which orders no columnstore", hint="name numbers, dates or times"
                )
        return [one.name for one in columns]

    def _hash_columns(self) -> list[str]:
        distribution = self.config.get("table_distribution") or "auto"
        named = self._named("distribution_columns", self.config.get("distribution_columns") or ())
        if named or distribution in ("round_robin", "replicate"):
            return [one.name for one in named]
        found = hash_columns([self.columns[key] for key in self.keys])
        if distribution == "hash" and not found:
            raise ConfigurationError(f"stream `{self.stream}` has no key that its rows can be distributed by", hint="set `distribution_columns`")
        return found

    def _partition(self) -> Partition | None:
        wanted = self.config.get("table_partition")
        if not wanted:
            return None
        (column,) = self._named("table_partition", [wanted["column"]])
        return Partition(column.name, [self._boundary(column, value) for value in wanted["values"]], wanted.get("range") == "right")

    def _boundary(self, column: Column, value: object) -> str:
        kind = column.type
        try:
            if kind.is_text:
                return literal(str(value))
            text = field_encoder(kind)(value)
        except ValueError as error:
            raise ConfigurationError(f"`table_partition` of stream `{self.stream}`: {error}, which {column.name} holds as {kind}") from error
        return text if kind.name in NUMBERS else plain_literal(text)

    def _named(self, setting: str, names: Sequence[str]) -> list[Column]:
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise ConfigurationError(
                f"`{setting}` names {', '.join(missing)}, which stream `{self.stream}` does not have", hint=f"it has {', '.join(self.columns)}"
            )
        return [self.columns[name] for name in names]


def fitting(column: Column, index: Index, *, short: bool = False) -> Column:
    """The column as a table with this index can have it.

    A columnstore holds no (max) column, so text has 4,000 characters there, and bytes 8,000. Elsewhere text and bytes without `maxLength` have no limit, unless
    they must stay `short`, to be a key or to order, distribute or part rows.
    """
    kind = column.type
    if index == "columnstore" or short:
        return replace(column, type=replace(kind, length=types.LENGTH_LIMITS[kind.name])) if kind.is_max else column
    return replace(column, type=UNLIMITED.get(kind, kind))


def hash_columns(keys: Sequence[Column]) -> list[str]:
    """What rows are distributed by where no setting says: the first key, if it may be one."""
    return [one.name for one in keys[:1] if not one.type.is_max and one.type.name not in NOT_HASHED]
