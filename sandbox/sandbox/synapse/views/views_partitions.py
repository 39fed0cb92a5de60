"""sys.partition_*: the boundaries of partitioned tables [sql/relational-databases/system-catalog-views/partition-function-catalog-views-transact-sql].

Their pages apply to Synapse. A pool makes a function and a scheme for each table by itself (CREATE TABLE names neither); their names are unconfirmed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sandbox.synapse.tables.made import literal_of
from sandbox.synapse.values.conversion import as_text
from sandbox.synapse.values.declared import BIT, INT, SYSNAME, DeclaredType
from sandbox.synapse.views.view_kind import MOMENT, Row, View, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.synapse.objects import TableDef
    from sandbox.synapse.session import PoolSession

PRIMARY_SPACE: Final = 1  # the data space of a table that is not partitioned: the filegroup PRIMARY [sys-data-spaces-transact-sql]
_FIRST: Final = 65_536  # of the ids of schemes and functions
_CREATED: Final = datetime(2024, 1, 1)  # noqa: DTZ001  # datetime has no zone


def scheme_id(table: TableDef) -> int:
    """The data space of a partitioned table: its scheme; its function has the same number."""
    return _FIRST + table.object_id


def _partitioned(session: PoolSession) -> Iterator[tuple[TableDef, str]]:
    for table in session.pool.catalog:
        if table.partition:
            yield table, f"Part_{table.object_id:x}"


def _schemes(session: PoolSession) -> Iterable[Row]:
    for table, name in _partitioned(session):
        yield f"{name}_scheme", scheme_id(table), "PS", "PARTITION_SCHEME", False, False, scheme_id(table)


def _functions(session: PoolSession) -> Iterable[Row]:
    for table, name in _partitioned(session):
        right = bool(table.partition and table.partition.right)
        yield f"{name}_function", scheme_id(table), "R", "RANGE", table.partitions, right, False, _CREATED, _CREATED


def _values(session: PoolSession) -> Iterable[Row]:
    """The values; a pool has them as sql_variant, which a client must cast: here they are text."""
    for table, _ in _partitioned(session):
        if table.partition is None:
            continue
        column = table.column(table.partition.column)
        for number, boundary in enumerate(table.partition.boundaries, 1):
            found = session.first(f"SELECT {as_text(literal_of(session, boundary, column), column.type)}")
            yield scheme_id(table), number, 1, found[0] if found else None


VIEWS: Final = {
    "sys_partition_schemes": View(
        {"name": SYSNAME, "data_space_id": INT, "type": DeclaredType("char", 2), "type_desc": text(60), "is_default": BIT, "is_system": BIT,
         "function_id": INT}, _schemes),
    "sys_partition_functions": View(
        {"name": SYSNAME, "function_id": INT, "type": DeclaredType("char", 2), "type_desc": text(60), "fanout": INT, "boundary_value_on_right": BIT,
         "is_system": BIT, "create_date": MOMENT, "modify_date": MOMENT}, _functions),
    "sys_partition_range_values": View({"function_id": INT, "boundary_id": INT, "parameter_id": INT, "value": text(4000)}, _values),
}  # fmt: skip
