"""What a statement that changes rows may change, and how a value is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.refusals import errors, load_errors
from sandbox.synapse.values.conversion import converted

if TYPE_CHECKING:
    from sandbox.synapse.objects import ColumnDef, TableDef
    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.session import PoolSession
    from sandbox.synapse.values.declared import DeclaredType


def changed_table(session: PoolSession, name: c.Name) -> TableDef:
    """The table whose rows a statement changes. Raises 46519 for an external one, 208, and 104473 for a view."""
    if not name[-1].startswith("#") and session.pool.catalog.view(name) is not None:
        raise errors.unsupported("A change of rows through a view")  # sql-data-warehouse-develop-views, "Limitations"
    table = session.catalog.table(name)
    if table.external is not None:
        raise load_errors.external_dml()
    return table


def place_of(session: PoolSession, table: TableDef, column: ColumnDef) -> str:
    """Table and column as 2628 names them."""
    return f"table '{session.pool.database}.{table.full_name}', column '{column.name}'"


def stored(session: PoolSession, table: TableDef, column: ColumnDef, expression: str, source: DeclaredType | None) -> str:
    """The expression as this column keeps it. Raises 257 for text into binary, which T-SQL does not convert by itself."""
    if column.type.is_binary and source is not None and source.is_text:
        raise errors.no_implicit(source.name, column.type.name)
    return converted(expression, column.type, source, place=place_of(session, table, column))
