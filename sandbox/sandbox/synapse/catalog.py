"""What a pool remembers of its schemas and tables beyond what DuckDB does: declared types, distribution, index."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.errors import name_too_long, no_column, no_object, no_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from sandbox.synapse.declared import DeclaredType

MAX_NAME_CHARS: Final = 128  # learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits
MAX_COLUMNS: Final = 1024  # same page
STORE: Final = "pool_store"  # DuckDB's schema for the pool's own tables; no name of a client reaches it

Index = Literal["CLUSTERED COLUMNSTORE", "HEAP", "CLUSTERED"]
Distribution = Literal["HASH", "ROUND_ROBIN", "REPLICATE"]


def duck_name(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class ColumnDef:
    """One column as declared."""

    name: str
    type: DeclaredType
    nullable: bool = True
    default: str | None = None  # T-SQL text of a literal
    id: int = 0


@dataclass(slots=True)
class TableDef:
    """One table as declared."""

    schema: str
    name: str
    columns: list[ColumnDef]
    distribution: Distribution = "ROUND_ROBIN"
    hash_columns: list[str] = field(default_factory=list)
    index: Index = "CLUSTERED COLUMNSTORE"
    index_columns: list[str] = field(default_factory=list)
    partition: str | None = None
    statistics: dict[str, list[str]] = field(default_factory=dict)
    object_id: int = 0
    created_utc: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))

    @property
    def full_name(self) -> str:
        """`schema.table`, as messages show it."""
        return f"{self.schema}.{self.name}"

    @property
    def duck(self) -> str:
        """The quoted name for DuckDB."""
        return f"{duck_name(self.schema)}.{duck_name(self.name)}"

    def find(self, name: str) -> ColumnDef | None:
        """The column of that name in any case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def column(self, name: str) -> ColumnDef:
        """The column of that name in any case. Raises 207."""
        if (found := self.find(name)) is None:
            raise no_column(name)
        return found


class Catalog:
    """Schemas and tables of one database. Changes hold `lock`, and go to the store in the statement's own transaction."""

    def __init__(self, database: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.database = database
        self.lock = threading.RLock()
        self.schemas: dict[str, str] = {}
        self._tables: dict[tuple[str, str], TableDef] = {}
        self._next_id = 1000
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {STORE}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {STORE}.catalog (number INTEGER, content BLOB)")
        stored = connection.execute(f"SELECT content FROM {STORE}.catalog").fetchone()
        if stored:
            # Written by _save below into a file that only this stand-in opens.
            self.schemas, self._tables, self._next_id = pickle.loads(stored[0])  # noqa: S301 - our own file
        else:
            self.add_schema(connection, "dbo")

    def save(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the whole catalogue; the caller's transaction decides with the tables whether it stays."""
        content = pickle.dumps((self.schemas, self._tables, self._next_id))
        connection.execute(f"DELETE FROM {STORE}.catalog")
        connection.execute(f"INSERT INTO {STORE}.catalog VALUES (1, ?)", [content])

    def add_schema(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Create a schema in DuckDB and here."""
        connection.execute(f"CREATE SCHEMA {duck_name(name)}")
        self.schemas[name.lower()] = name
        self.save(connection)

    def snapshot(self) -> bytes:
        """The catalogue as it is, for `restore` after a statement that failed half-way."""
        return pickle.dumps((self.schemas, self._tables, self._next_id))

    def restore(self, snapshot: bytes) -> None:
        """Take back what a failed statement changed."""
        self.schemas, self._tables, self._next_id = pickle.loads(snapshot)  # noqa: S301  # our own bytes

    def __iter__(self) -> Iterator[TableDef]:
        """Every table, by age."""
        tables = list(self._tables.values())  # at once: other sessions may change it meanwhile
        return iter(sorted(tables, key=lambda table: table.object_id))

    def split(self, name: tuple[str, ...]) -> tuple[str, str]:
        """Schema and table of a name of one to three parts. Raises 208 for another database, 103 for a name too long."""
        for part in name:
            if len(part) > MAX_NAME_CHARS:
                raise name_too_long(part)
        if len(name) > 3 or (len(name) == 3 and name[0].lower() != self.database.lower()):  # noqa: PLR2004  # database.schema.table
            raise no_object(".".join(name))
        schema = name[-2] if len(name) > 1 and name[-2] else "dbo"
        return schema, name[-1]

    def find(self, name: tuple[str, ...]) -> TableDef | None:
        """The table of that name, or None."""
        schema, table = self.split(name)
        return self._tables.get((schema.lower(), table.lower()))

    def table(self, name: tuple[str, ...]) -> TableDef:
        """The table of that name. Raises 208."""
        if (found := self.find(name)) is None:
            raise no_object(".".join(name))
        return found

    def schema(self, name: str) -> str:
        """The schema's name as created. Raises 2760."""
        if name.lower() not in self.schemas:
            raise no_schema(name)
        return self.schemas[name.lower()]

    def add(self, table: TableDef) -> None:
        """Enter a table and give it its id."""
        table.schema = self.schema(table.schema)
        self._next_id += 16
        table.object_id = self._next_id
        for number, column in enumerate(table.columns, 1):
            column.id = number
        self._tables[table.schema.lower(), table.name.lower()] = table

    def remove(self, table: TableDef) -> None:
        """Forget a table."""
        del self._tables[table.schema.lower(), table.name.lower()]

    def move(self, table: TableDef, schema: str, name: str) -> None:
        """Give a table another schema or name."""
        self.remove(table)
        table.schema, table.name = schema, name
        self._tables[schema.lower(), name.lower()] = table
