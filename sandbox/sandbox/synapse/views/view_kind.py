"""What a system view is: its columns as declared, and what makes its rows when a query names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sandbox.synapse.objects import ProcedureDef, TableDef, ViewDef, duck_name
from sandbox.synapse.values.declared import DeclaredType

if TYPE_CHECKING:
    from sandbox.synapse.catalog import Catalog, Object
    from sandbox.synapse.session import PoolSession

SMALLINT, TINYINT, MOMENT, FLOAT = DeclaredType("smallint"), DeclaredType("tinyint"), DeclaredType("datetime"), DeclaredType("float")
_ARROW: Final = {
    "int": pa.int32(), "bigint": pa.int64(), "smallint": pa.int16(), "tinyint": pa.uint8(), "bit": pa.bool_(), "datetime": pa.timestamp("us"),
    "float": pa.float64(),
}  # fmt: skip

Row = tuple[object, ...]
Maker = Callable[["PoolSession"], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class View:
    """One view: its columns as declared, and what makes its rows."""

    columns: Mapping[str, DeclaredType]
    rows: Maker

    def select(self, name: str) -> str:
        """DuckDB's text that reads the registered rows, with text compared as the pool's collation does."""
        parts = [f"{duck_name(column)}{' COLLATE NOCASE' if kind.is_text else ''} AS {duck_name(column)}" for column, kind in self.columns.items()]
        return f"SELECT {', '.join(parts)} FROM {name}"

    def arrow(self, session: PoolSession) -> pa.Table:
        """The rows as they are now."""
        rows = list(self.rows(session))
        arrays = [pa.array([row[place] for row in rows], _ARROW.get(kind.name, pa.string())) for place, kind in enumerate(self.columns.values())]
        return pa.Table.from_arrays(arrays, names=list(self.columns))


def text(length: int) -> DeclaredType:
    """The nvarchar of a column."""
    return DeclaredType("nvarchar", length)


def schema_id(catalog: Catalog, name: str) -> int:
    """Dbo is 1, as always; the rest count from 5."""
    keys = [key for key in catalog.schemas if key != "dbo"]
    return 1 if name.lower() == "dbo" else 5 + keys.index(name.lower())


def kind_of(found: Object) -> str:
    """sys.objects.type, without its blank."""
    return {TableDef: "U", ViewDef: "V", ProcedureDef: "P"}[type(found)]
