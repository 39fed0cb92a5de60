"""What a pool remembers beyond what DuckDB does: its objects as declared, by name; and a session's own temporary tables."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sandbox.synapse.objects import CredentialDef, FormatDef, ProcedureDef, SourceDef, TableDef, ViewDef, duck_name
from sandbox.synapse.refusals.errors import no_object, no_schema, object_exists
from sandbox.synapse.refusals.table_errors import name_too_long
from sandbox.synapse.rights.principals import Principals

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

MAX_NAME_CHARS: Final = 128  # learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits
MAX_COLUMNS: Final = 1024  # same page
STORE: Final = "pool_store"  # DuckDB's schema for the pool's own tables; no name of a client reaches it

Name = tuple[str, ...]
Key = tuple[str, str]
Object = TableDef | ViewDef | ProcedureDef


@dataclass(slots=True)
class Content:
    """All that is kept, in one piece."""

    schemas: dict[str, str] = field(default_factory=dict)
    objects: dict[Key, Object] = field(default_factory=dict)
    credentials: dict[str, CredentialDef] = field(default_factory=dict)
    sources: dict[str, SourceDef] = field(default_factory=dict)
    formats: dict[str, FormatDef] = field(default_factory=dict)
    master_key: bool = False
    compatibility: str = "AUTO"  # DW_COMPATIBILITY_LEVEL
    principals: Principals = field(default_factory=Principals)
    next_id: int = 1000


class Catalog:
    """The objects of one database. Changes hold `lock`, and go to the store, if what is in it outlives the process, in the statement's own transaction."""

    def __init__(self, database: str, connection: duckdb.DuckDBPyConnection, *, lasts: bool) -> None:
        self.database = database
        self.lock = threading.RLock()
        self.content = Content()
        self._lasts = lasts
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {STORE}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {STORE}.catalog (number INTEGER, content BLOB)")
        stored = connection.execute(f"SELECT content FROM {STORE}.catalog").fetchone()
        if stored:
            # Written by `save` below into a file that only this stand-in opens.
            self.content = pickle.loads(stored[0])  # noqa: S301 - our own file
        else:
            self.add_schema(connection, "dbo")

    @property
    def schemas(self) -> dict[str, str]:
        """Lower-case name to the name as created."""
        return self.content.schemas

    def save(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the whole catalogue; the caller's transaction decides with the tables whether it stays."""
        if not self._lasts:
            return
        connection.execute(f"DELETE FROM {STORE}.catalog")
        connection.execute(f"INSERT INTO {STORE}.catalog VALUES (1, ?)", [self.snapshot()])

    def snapshot(self) -> bytes:
        """The catalogue as it is, for `restore` after a statement that failed half-way."""
        return pickle.dumps(self.content)

    def restore(self, snapshot: bytes) -> None:
        """Take back what a failed statement changed."""
        self.content = pickle.loads(snapshot)  # noqa: S301  # our own bytes

    def add_schema(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Create a schema in DuckDB and here."""
        connection.execute(f"CREATE SCHEMA {duck_name(name)}")
        self.schemas[name.lower()] = name
        self.save(connection)

    def __iter__(self) -> Iterator[TableDef]:
        """Every table, by age."""
        return (found for found in self.objects() if isinstance(found, TableDef))

    def objects(self) -> Iterator[Object]:
        """Every table, view and procedure, by age."""
        known = list(self.content.objects.values())  # at once: other sessions may change it meanwhile
        return iter(sorted(known, key=lambda one: one.object_id))

    def split(self, name: Name) -> Key:
        """Schema and object of a name of one to three parts. Raises 208 for another database, 103 for a name too long."""
        for part in name:
            if len(part) > MAX_NAME_CHARS:
                raise name_too_long(part)
        databases = {self.database.lower(), *(["tempdb"] if name[-1].startswith("#") else [])}
        if len(name) > 3 or (len(name) == 3 and name[0].lower() not in databases):  # noqa: PLR2004  # database.schema.table
            raise no_object(".".join(name))
        schema = name[-2] if len(name) > 1 and name[-2] else "dbo"
        return schema, name[-1]

    def object(self, name: Name) -> Object | None:
        """What has that name, or None."""
        schema, own = self.split(name)
        return self.content.objects.get((schema.lower(), own.lower()))

    def find(self, name: Name) -> TableDef | None:
        """The table of that name, or None."""
        found = self.object(name)
        return found if isinstance(found, TableDef) else None

    def view(self, name: Name) -> ViewDef | None:
        """The view of that name, or None."""
        found = self.object(name)
        return found if isinstance(found, ViewDef) else None

    def procedure(self, name: Name) -> ProcedureDef | None:
        """The procedure of that name, or None."""
        found = self.object(name)
        return found if isinstance(found, ProcedureDef) else None

    def table(self, name: Name) -> TableDef:
        """The table of that name. Raises 208."""
        if (found := self.find(name)) is None:
            raise no_object(".".join(name))
        return found

    def schema(self, name: str) -> str:
        """The schema's name as created. Raises 2760."""
        if name.lower() not in self.schemas:
            raise no_schema(name)
        return self.schemas[name.lower()]

    def new_id(self) -> int:
        """A number that no object has."""
        self.content.next_id += 16
        return self.content.next_id

    def add(self, made: Object) -> None:
        """Enter an object and give it its id. Raises 2760, and 2714 for a name that is taken."""
        made.schema = self.schema(made.schema)
        place = (made.schema.lower(), made.name.lower())
        if place in self.content.objects:
            raise object_exists(made.name)
        made.object_id = self.new_id()
        self.content.objects[place] = made

    def remove(self, gone: Object) -> None:
        """Forget an object."""
        del self.content.objects[gone.schema.lower(), gone.name.lower()]

    def move(self, moved: Object, schema: str, name: str) -> None:
        """Give an object another schema or name. Raises 2714."""
        if (schema.lower(), name.lower()) in self.content.objects:
            raise object_exists(name)
        self.remove(moved)
        moved.schema, moved.name = schema, name
        self.content.objects[schema.lower(), name.lower()] = moved


class SessionCatalog:
    """What one session sees: the pool's objects, and temporary tables that only it has."""

    def __init__(self, shared: Catalog) -> None:
        self.shared = shared
        self.temporary: dict[str, TableDef] = {}

    @property
    def database(self) -> str:
        """The pool's name."""
        return self.shared.database

    def find(self, name: Name) -> TableDef | None:
        """The table of that name, or None."""
        if name[-1].startswith("#"):
            self.shared.split(name)
            return self.temporary.get(name[-1].lower())
        return self.shared.find(name)

    def table(self, name: Name) -> TableDef:
        """The table of that name. Raises 208."""
        if (found := self.find(name)) is None:
            raise no_object(".".join(name))
        return found

    def add(self, table: TableDef) -> None:
        """Enter a table of either kind. Raises 2714."""
        for number, column in enumerate(table.columns, 1):
            column.id = number
        if not table.temporary:
            self.shared.add(table)
            return
        if table.name.lower() in self.temporary:
            raise object_exists(table.name)
        table.object_id = self.shared.new_id()
        self.temporary[table.name.lower()] = table

    def remove(self, table: TableDef) -> None:
        """Forget a table of either kind."""
        if table.temporary:
            del self.temporary[table.name.lower()]
        else:
            self.shared.remove(table)

    def snapshot(self) -> tuple[bytes, bytes]:
        """Both parts as they are, for `restore`."""
        return self.shared.snapshot(), pickle.dumps(self.temporary)

    def restore(self, snapshot: tuple[bytes, bytes]) -> None:
        """Take back what a failed statement changed."""
        self.shared.restore(snapshot[0])
        self.temporary = pickle.loads(snapshot[1])  # noqa: S301  # our own bytes
