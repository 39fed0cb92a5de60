"""The table of a stream: made where it is missing, grown where the schema has grown, and never changed in a way that could lose values."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError

from target_synapse import ddl, types
from target_synapse.ddl import Column, Index
from target_synapse.ledger import create_ledger, ledger_table
from target_synapse.naming import column_names
from target_synapse.type_hints import hinted
from target_synapse.values import is_loadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_synapse.connection import Pool
    from target_synapse.naming import TableName
    from target_synapse.types import SqlType

NOT_HASHED = ("float", "real", "bit")  # too few values, or none that are surely equal
logger = logging.getLogger("target-synapse")


@dataclass(frozen=True, slots=True)
class TableShape:
    """How a new table is distributed and indexed."""

    index: Index
    hashed_by: str | None
    replicated: bool = False


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A stream's table as it is now: its columns by property, and the keys by which rows replace each other (none: rows are appended)."""

    table: TableName
    columns: Mapping[str, Column]
    keys: Sequence[str]

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the keys."""
        return [self.columns[key] for key in self.keys]

    @property
    def staging_hashed_by(self) -> str | None:
        """The column by which staged rows are spread as the table's are, so that the load moves few between nodes.

        None for text: staged text is escaped, so it would be spread in another way.
        """
        return None if any(one.type.is_text for one in self.key_columns[:1]) else self.chain_hashed_by

    @property
    def chain_hashed_by(self) -> str | None:
        """The column by which rows are spread that stand between the staging table and this one."""
        return hash_column(self.key_columns)


def wanted_type(schema: object) -> SqlType:
    """The type that a property asks for: that of the tap's hint, where it is sure and can be loaded, else what the JSON Schema says."""
    if not isinstance(schema, dict):
        return types.of_property({})
    hint = schema.get("x-sql-datatype")
    named = hinted(hint) if isinstance(hint, str) else None
    return named if named and is_loadable(named) else types.of_property(schema)


def new_shape(columns: Sequence[Column], keys: Sequence[Column], config: Mapping[str, Any]) -> TableShape:
    """The shape of a table that is to be made."""
    named = config.get("table_index") or "auto"
    needs_heap = named == "auto" and any(one.type.is_max for one in columns)
    index: Index = "heap" if needs_heap or named == "heap" else "columnstore"
    distribution = config.get("table_distribution") or "auto"
    return TableShape(index, hash_column(keys) if distribution == "auto" else None, distribution == "replicate")


def fitting(columns: Sequence[Column], keys: Sequence[str], index: Index) -> list[Column]:
    """The columns as a table with this index can have them.

    A columnstore holds no (max) column, so text has 4,000 characters there; in a heap text without `maxLength` has no limit, but for keys.
    """
    if index == "columnstore":
        return [Column(one.name, types.TEXT_4000 if one.type == types.TEXT_MAX else one.type) for one in columns]
    return [Column(one.name, types.TEXT_MAX if one.type == types.TEXT_4000 and one.name not in keys else one.type) for one in columns]


def hash_column(keys: Sequence[Column]) -> str | None:
    """The column that rows are distributed by: the first key, if it may be one."""
    return next((one.name for one in keys[:1] if not one.type.is_max and one.type.name not in NOT_HASHED), None)


def ensure_ledger(pool: Pool, schema: str) -> None:
    """Make the schema and the ledger if they are not there."""
    pool.execute(ddl.create_schema(schema), doing=f"cannot make the schema {schema}")
    pool.execute(create_ledger(ledger_table(schema)), doing="cannot make the ledger of loads")


def ensure_table(
    pool: Pool, table: TableName, properties: Mapping[str, Any], keys: Sequence[str], config: Mapping[str, Any], *, stream: str
) -> LoadPlan:
    """Bring the table to where it can take rows of this schema; may be repeated. Raises ConfigurationError or DestinationError."""
    wanted = {name: wanted_type(schema) for name, schema in properties.items()}
    if len(wanted) > ddl.MAX_COLUMNS:
        raise DestinationError(
            f"stream `{stream}` has {len(wanted)} properties, a table at most {ddl.MAX_COLUMNS} columns", hint="deselect some in the catalog"
        )
    held = existing_columns(pool, table)
    names = column_names(wanted, held)
    columns = [Column(names[name], kind) for name, kind in wanted.items()]
    key_names = [names[key] for key in keys]
    if not held:
        key_columns = [one for one in columns if one.name in key_names]
        shape = new_shape(columns, key_columns, config)
        columns = fitting(columns, key_names, shape.index)
        pool.execute(ddl.create_schema(table.schema), doing=f"cannot make the schema {table.schema}")
        made = ddl.create_table(table, columns, index=shape.index, hashed_by=shape.hashed_by, replicated=shape.replicated)
        pool.execute(ddl.if_missing(table, made), doing=f"cannot make the table {table}")
        logger.info("Made the table %s", table)
    else:
        columns = _grown(pool, table, columns, held, config)
    return LoadPlan(table, dict(zip(wanted, columns, strict=True)), list(keys))


def ensure_columns(pool: Pool, table: TableName, columns: Sequence[Column], config: Mapping[str, Any]) -> None:
    """Bring columns beside those of the stream to where they can take their values; may be repeated."""
    _grown(pool, table, columns, existing_columns(pool, table), config)


def existing_columns(pool: Pool, table: TableName) -> dict[str, SqlType]:
    """The columns of the table; none if there is no such table."""
    rows = pool.rows(ddl.select_columns(table), doing=f"cannot read the columns of {table}")
    return {str(name): types.of_column(str(kind), length, precision, scale) for name, kind, length, precision, scale in rows}


def _grown(pool: Pool, table: TableName, columns: Sequence[Column], held: Mapping[str, SqlType], config: Mapping[str, Any]) -> list[Column]:
    by_folded = {name.casefold(): Column(name, kind) for name, kind in held.items()}
    is_heap = config.get("table_index") == "heap" or any(kind.is_max for kind in held.values())
    new = fitting([one for one in columns if one.name.casefold() not in by_folded], (), "heap" if is_heap else "columnstore")
    if len(held) + len(new) > ddl.MAX_COLUMNS:
        raise DestinationError(
            f"{table} would have {len(held) + len(new)} columns, and may have {ddl.MAX_COLUMNS}", hint="deselect some in the catalog"
        )
    changes = [changed for one in columns if (there := by_folded.get(one.name.casefold())) and (changed := _changed(table, there, one))]
    for column in changes:
        pool.execute(ddl.alter_column(table, column), doing=f"cannot make the column {column.name} of {table} a {column.type}")
        logger.info("Column %s of %s is %s now", column.name, table, column.type)
    if new:
        pool.execute(ddl.add_columns(table, new), doing=f"cannot add {', '.join(one.name for one in new)} to {table}")
        logger.info("Added %s to %s", ", ".join(one.name for one in new), table)
    now = by_folded | {one.name.casefold(): one for one in [*new, *changes]}
    return [now[one.name.casefold()] for one in columns]


def _changed(table: TableName, held: Column, wanted: Column) -> Column | None:
    """The column as it must become, or None if it may stay."""
    if types.wide_enough(held.type, wanted.type) or (held.type.is_text and wanted.type in (types.TEXT_4000, types.TEXT_MAX)):
        return None  # text without a named length has the column's: longer text is what `string_length` is for
    wider = types.widened(held.type, wanted.type)
    if wider is None:
        raise DestinationError(
            f"column {held.name} of {table} is {held.type}, and the stream now sends {wanted.type}",
            hint=f"no change of type keeps the values: rename the column or the table, or give the property the `x-sql-datatype` {held.type}",
        )
    return Column(held.name, wider)
