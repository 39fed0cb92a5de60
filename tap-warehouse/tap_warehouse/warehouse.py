"""What the tap asks of a warehouse, whichever it is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from singer_commons.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from singer_commons.accounts import Calls
    from singer_commons.columnar.json_sql import Envelope

    from tap_warehouse.query import Query
    from tap_warehouse.types import Column

WAREHOUSES = ("duckdb", "postgres")
NEEDED: Mapping[str, tuple[str, ...]] = {"duckdb": ("path",), "postgres": ("database", "user")}  # settings of each without which it cannot be asked


class Warehouse(Protocol):
    """A read-only connection to a warehouse; `calls` counts the statements. Methods raise QueryError, UnreachableError or CredentialsError."""

    calls: Calls
    tells_case: bool  # whether two columns of a query may have names that differ by case alone

    def columns(self, sql: str) -> list[Column]:
        """The columns that a query gives, found without reading a row."""

    def is_read_only(self) -> bool:
        """Whether the warehouse itself refuses to write through this connection."""

    def writable_tables(self) -> int:
        """How many tables the role could write to through another connection, which is not read-only."""

    def clock(self) -> datetime:
        """The warehouse's own time, in UTC."""

    def count(self, query: Query) -> int:
        """The one number that a query gives."""

    def placeholder(self, number: int, value: Any) -> str:
        """The text that stands for the value of this number, from 1 on; it may depend on the value's type."""

    def batches(self, query: Query, columns: Sequence[Column]) -> Generator[pa.RecordBatch, None, None]:
        """The rows of a query over these columns, in its order, in bounded memory. Closing the generator ends the query."""

    def lines(self, query: Query, columns: Sequence[Column], envelope: Envelope) -> Generator[pa.RecordBatch, None, None]:
        """The same rows as batches of one column of text, a line of JSON a row."""

    def close(self) -> None:
        """Let go of the connection."""


def connect(name: str, settings: Mapping[str, Any]) -> Warehouse:
    """Open the named warehouse. Raises ConfigurationError if its client is not installed, or as the warehouse's methods do."""
    try:
        module = import_module(f"tap_warehouse.warehouses.{name}")
        warehouse: Warehouse = module.connect(settings)  # which may import more
    except ImportError as error:
        missing = f"the client for `warehouse` {name} is not installed: {error}"
        raise ConfigurationError(missing, hint=f"install the extra: pip install 'sluice-tap-warehouse[{name}]'") from error
    return warehouse
