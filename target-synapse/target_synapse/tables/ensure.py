"""The table of a stream: made where it is missing, grown where the schema has grown, and never changed in a way that could lose values."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError

from target_synapse.rows import types
from target_synapse.rows.type_hints import hinted, is_zoned
from target_synapse.rows.values import is_loadable
from target_synapse.sql import ddl
from target_synapse.sql.ddl import Column
from target_synapse.sql.ledger import create_ledger, ledger_table
from target_synapse.tables.growth import Growth
from target_synapse.tables.naming import column_names, folded
from target_synapse.tables.shape import NewTable, hash_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.rows.types import SqlType
    from target_synapse.tables.growth import Rebuild
    from target_synapse.tables.naming import TableName

logger = logging.getLogger("target-synapse")


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A stream's table as it is now: its columns by property, and the keys by which rows replace each other (none: rows are appended).

    `hashed_by` names the columns that its rows are distributed by.
    """

    table: TableName
    columns: Mapping[str, Column]
    keys: Sequence[str]
    hashed_by: Sequence[str] = ()

    @property
    def key_columns(self) -> list[Column]:
        """The columns of the keys."""
        return [self.columns[key] for key in self.keys]

    @property
    def staging_hashed_by(self) -> Sequence[str]:
        """The column by which staged rows are spread as the table's are, so that the load moves few between nodes.

        None where it is text: staged text is escaped, so it would be spread in another way. And none where there are several: COPY INTO loads no such table
        (https://learn.microsoft.com/sql/t-sql/statements/create-table-azure-sql-data-warehouse, "Table distribution options").
        """
        staged = {one.name for one in self.columns.values() if not one.type.is_text}
        return self.hashed_by if len(self.hashed_by) == 1 and staged.issuperset(self.hashed_by) else ()

    @property
    def chain_hashed_by(self) -> Sequence[str]:
        """The columns by which rows are spread that stand between the staging table and this one."""
        return hash_columns(self.key_columns)


def wanted_type(schema: object, config: Mapping[str, Any] | None = None) -> SqlType:
    """The type that a property asks for: that of the tap's hint, where it is sure and can be loaded, else what the JSON Schema says."""
    if not isinstance(schema, dict):
        return types.of_property({})
    keeps_offsets = (config or {}).get("timestamp_type") == "datetimeoffset"
    hint = schema.get("x-sql-datatype")
    if isinstance(hint, str) and (named := hinted(hint)) and _is_sure(named, schema):
        return types.MOMENT if keeps_offsets and is_zoned(hint) else named
    found = types.of_property(schema)
    return types.MOMENT if keeps_offsets and found == types.DATETIME else found


def _is_sure(named: SqlType, schema: Mapping[str, Any]) -> bool:
    """Whether the values are what the type's name says: bytes may come in any spelling, and money as text with a sign of its currency."""
    if named.is_binary:
        return types.is_base64(types.alternatives(schema))
    return is_loadable(named) and (not named.is_money or types.json_types(schema) in ({"number"}, {"integer"}, {"integer", "number"}))


def ensure_ledger(pool: Pool, schema: str) -> None:
    """Make the schema and the ledger if they are not there."""
    pool.execute(ddl.create_schema(schema), doing=f"cannot make the schema {schema}")
    pool.execute(create_ledger(ledger_table(schema)), doing="cannot make the ledger of loads")


def ensure_table(
    pool: Pool,
    table: TableName,
    properties: Mapping[str, Any],
    keys: Sequence[str],
    config: Mapping[str, Any],
    *,
    stream: str,
    own: Sequence[Column] = (),
    rebuild: Rebuild | None = None,
) -> LoadPlan:
    """Bring the table to where it can take rows of this schema; may be repeated. Raises ConfigurationError or DestinationError.

    `own` are columns before those of the properties, known by their names. `rebuild` makes a table anew, where `type_conflict` asks for that.
    """
    given = {one.name: one for one in own}
    wanted = {one.name: one.type for one in own} | {name: wanted_type(schema, config) for name, schema in properties.items()}
    if len(wanted) > ddl.MAX_COLUMNS:
        raise DestinationError(
            f"stream `{stream}` has {len(wanted)} properties, a table at most {ddl.MAX_COLUMNS} columns", hint="deselect some in the catalog"
        )
    held = existing_columns(pool, table)
    names = column_names(wanted, held)
    columns = {name: Column(names[name], kind, given[name].collation if name in given else None) for name, kind in wanted.items()}
    if not held:
        return _made(pool, table, NewTable(stream, columns, keys, config))
    short = {folded(columns[key].name) for key in keys}
    now = Growth(pool, table, held, config, short, rebuild).grown(list(columns.values()))
    hashed_by = [str(row[0]) for row in pool.rows(ddl.select_hash_columns(table), doing=f"cannot read how {table} is distributed")]
    return LoadPlan(table, dict(zip(wanted, now, strict=True)), list(keys), hashed_by)


def _made(pool: Pool, table: TableName, new: NewTable) -> LoadPlan:
    shape = new.shape()
    columns = new.fitted(shape)
    pool.execute(ddl.create_schema(table.schema), doing=f"cannot make the schema {table.schema}")
    statements = [ddl.create_table(table, list(columns.values()), shape)]
    if shape.primary_key:
        statements.append(ddl.add_primary_key(table, shape.primary_key))
    pool.execute(ddl.if_missing(table, *statements), doing=f"cannot make the table {table}")
    logger.info("Made the table %s", table)
    return LoadPlan(table, columns, list(new.keys), shape.hashed_by)


def ensure_columns(pool: Pool, table: TableName, columns: Sequence[Column], config: Mapping[str, Any]) -> None:
    """Bring columns beside those of the stream to where they can take their values; may be repeated."""
    Growth(pool, table, existing_columns(pool, table), config).grown(columns)


def existing_columns(pool: Pool, table: TableName) -> dict[str, Column]:
    """The columns of the table by name; none if there is no such table."""
    rows = pool.rows(ddl.select_columns(table), doing=f"cannot read the columns of {table}")
    return {
        str(name): Column(str(name), types.of_column(str(kind), length, precision, scale), collation, nullable != "NO")
        for name, kind, length, precision, scale, nullable, collation in rows
    }


def catalogue_row(column: Column) -> tuple[Any, ...]:
    """A column as `existing_columns` reads it."""
    return column.name, *types.described(column.type), "YES" if column.nullable else "NO", column.collation
