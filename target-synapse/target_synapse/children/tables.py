"""The child tables of a stream: made and grown as its own table is, with columns in front that say whose element a row is.

`_sdc_source_key_<key>` are the keys of the stream's row, or `_sdc_source_record_id` is its `_sdc_record_id` where rows are added beside each other;
`_sdc_level_0_id`, `_sdc_level_1_id` and so on are the places, from 0, in the arrays on the way. They are Stitch's names
(https://www.stitchdata.com/docs/data-structure/nested-data-structures-row-count-impact).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_synapse.children.tree import every, renamed
from target_synapse.rows.types import BIGINT, SqlType
from target_synapse.sql.ddl import Column
from target_synapse.tables.ensure import LoadPlan, ensure_table, existing_columns
from target_synapse.tables.naming import RECORD_COLUMN, SOURCE_ROW_COLUMN, folded, held_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_synapse.children.tree import Branch
    from target_synapse.pool.connection import Pool
    from target_synapse.tables.growth import Rebuild
    from target_synapse.tables.naming import TableName

# A load's id, of which a batch has one, and the place of the row in it: 32 digits, a hyphen and 20 more at most.
RECORD_ID = Column(RECORD_COLUMN, SqlType("nvarchar", 64))
SOURCE_RECORD = "_sdc_source_record_id"
SOURCE_ROW = Column(SOURCE_ROW_COLUMN, BIGINT)
OF_THE_STREAM_ALONE = (
    "distribution_columns",
    "index_columns",
    "key_collation",
    "table_partition",
)  # they name its properties; its keys have their collation


@dataclass(frozen=True, slots=True)
class ChildTable:
    """A child table as it is now: `sources` are its columns for those of `identity`, which tell the rows of the stream's table apart.

    `names` says what `plan` calls the properties of an element. Readers see the table of the branch; an overwrite loads another.
    """

    branch: Branch
    plan: LoadPlan
    identity: Sequence[Column]
    sources: Sequence[Column]
    levels: Sequence[Column]
    names: Mapping[str, str]

    @property
    def staged(self) -> LoadPlan:
        """What is staged of a row: the place of its record in the batch, its own places, and its properties."""
        own = {SOURCE_ROW_COLUMN: SOURCE_ROW} | {one.name: one for one in self.levels}
        return LoadPlan(self.plan.table, own | {name: self.plan.columns[name] for name in self.names.values()}, ())


def ensure_children(
    pool: Pool,
    branches: Iterable[Branch],
    identity: Sequence[Column],
    config: Mapping[str, Any],
    *,
    stream: str,
    loaded: Callable[[TableName, Sequence[str]], TableName],
    rebuild: Rebuild | None = None,
) -> list[ChildTable]:
    """Bring the child tables to where they can take rows; may be repeated. Raises ConfigurationError or DestinationError.

    `loaded` is the table that gets the rows of one that readers see, and that are told apart by these columns.
    """
    settings = {name: value for name, value in config.items() if name not in OF_THE_STREAM_ALONE}
    made = []
    for branch in every(branches):
        sources = [Column(source_name(one), one.type, one.collation) for one in identity]
        levels = [Column(f"_sdc_level_{level}_id", BIGINT) for level in range(branch.depth)]
        own = [*sources, *levels]
        names = renamed(branch.properties, [SOURCE_ROW_COLUMN, *(one.name for one in own)])
        properties = {names[name]: schema for name, schema in branch.properties.items()}
        keys = [one.name for one in own]
        table = loaded(branch.table, keys)
        if table == branch.table:
            _refuse_others(pool, table, sources, stream)
        plan = ensure_table(pool, table, properties, keys, settings, stream=f"{stream}.{branch}", own=own, rebuild=rebuild)
        made.append(ChildTable(branch, plan, identity, [plan.columns[one.name] for one in sources], levels, names))
    return made


def _refuse_others(pool: Pool, table: TableName, sources: Sequence[Column], stream: str) -> None:
    """Raise ConfigurationError if the table's rows are known by other columns: they would not go with their records."""
    held = {folded(name) for name in existing_columns(pool, table)}
    if held and (missing := [one.name for one in sources if folded(one.name) not in held]):
        raise ConfigurationError(
            f"{table} has no {', '.join(missing)}: its rows were loaded when `{stream}` had another key, or none",
            hint="load the stream once with `load_method` `overwrite`",
        )


def source_name(column: Column) -> str:
    """The column of a child table for a column of the stream's."""
    return SOURCE_RECORD if column is RECORD_ID else held_name(f"_sdc_source_key_{column.name}")


def identity_of(plan: LoadPlan, stream: str) -> list[Column]:
    """The columns that tell rows of the table apart: their keys, or the id that they get. Raises ConfigurationError if a property has its name."""
    if plan.keys:
        return plan.key_columns
    if own := [name for name, one in plan.columns.items() if folded(one.name) == folded(RECORD_COLUMN)]:
        raise ConfigurationError(
            f"stream `{stream}` has no key, so its rows get {RECORD_COLUMN} for their child tables, and it has a property {own[0]}",
            hint="rename it with `stream_maps`, or set `nested_data` to `json`",
        )
    return [RECORD_ID]
