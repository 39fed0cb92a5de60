"""What a pool remembers of each of its objects, as declared: tables with their columns, views, procedures, and PolyBase's four kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sandbox.synapse.refusals.errors import no_column

if TYPE_CHECKING:
    from sandbox.synapse.values.declared import DeclaredType

Index = Literal["CLUSTERED COLUMNSTORE", "HEAP", "CLUSTERED"]
Distribution = Literal["HASH", "ROUND_ROBIN", "REPLICATE"]


def duck_name(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(slots=True)
class ColumnDef:
    """One column as declared."""

    name: str
    type: DeclaredType
    nullable: bool = True
    default: str | None = None  # T-SQL text of a literal
    id: int = 0
    identity: tuple[int, int] | None = None  # seed and increment
    default_name: str | None = None  # the constraint's, where one is given


@dataclass(slots=True)
class Partition:
    """PARTITION (column RANGE side FOR VALUES (boundaries)); the boundaries are T-SQL literals in rising order."""

    column: str
    right: bool
    boundaries: list[str]


@dataclass(slots=True)
class Key:
    """PRIMARY KEY NONCLUSTERED NOT ENFORCED or UNIQUE NOT ENFORCED: remembered, never checked."""

    name: str
    primary: bool
    columns: list[str]


@dataclass(slots=True)
class ExternalPlace:
    """Where an external table's rows are, and how many may be rejected."""

    location: str
    source: str
    format: str
    reject_type: Literal["VALUE", "PERCENTAGE"] = "VALUE"
    reject_value: float = 0.0
    reject_sample_rows: int | None = None
    rejected_row_location: str | None = None


@dataclass(slots=True)
class TableDef:
    """One table as declared. A temporary one lives in its session's own part of DuckDB; an external one has no rows there."""

    schema: str
    name: str
    columns: list[ColumnDef]
    distribution: Distribution = "ROUND_ROBIN"
    hash_columns: list[str] = field(default_factory=list)
    index: Index = "CLUSTERED COLUMNSTORE"
    index_columns: list[str] = field(default_factory=list)  # of the order, or of the clustered index
    partition: Partition | None = None
    statistics: dict[str, list[str]] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=dict)  # nonclustered ones
    keys: list[Key] = field(default_factory=list)
    rights: list[tuple[str, str, str, str | None]] = field(default_factory=list)  # state, permission, grantee, column
    external: ExternalPlace | None = None
    object_id: int = 0
    created_utc: datetime = field(default_factory=_now)

    @property
    def temporary(self) -> bool:
        """Whether it is a session's own."""
        return self.name.startswith("#")

    @property
    def full_name(self) -> str:
        """`schema.table`, as messages show it."""
        return f"{self.schema}.{self.name}"

    @property
    def duck(self) -> str:
        """The quoted name for DuckDB."""
        return f"temp.main.{duck_name(self.name)}" if self.temporary else f"{duck_name(self.schema)}.{duck_name(self.name)}"

    @property
    def identity(self) -> ColumnDef | None:
        """The column with the IDENTITY property."""
        return next((column for column in self.columns if column.identity), None)

    @property
    def constraints(self) -> list[str]:
        """The names of its keys, and of the defaults that were given one."""
        return [key.name for key in self.keys] + [column.default_name for column in self.columns if column.default_name]

    @property
    def partitions(self) -> int:
        """How many parts its rows fall into."""
        return len(self.partition.boundaries) + 1 if self.partition else 1

    def find(self, name: str) -> ColumnDef | None:
        """The column of that name in any case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def column(self, name: str) -> ColumnDef:
        """The column of that name in any case. Raises 207."""
        if (found := self.find(name)) is None:
            raise no_column(name)
        return found

    def rename_column(self, old: str, new: str) -> None:
        """Give a column another name wherever it is named."""
        lists = [self.hash_columns, self.index_columns, *self.statistics.values(), *self.indexes.values(), *(key.columns for key in self.keys)]
        for names in lists:
            names[:] = [new if name.lower() == old.lower() else name for name in names]
        if self.partition and self.partition.column.lower() == old.lower():
            self.partition.column = new
        self.column(old).name = new


@dataclass(slots=True)
class ViewDef:
    """A view: its query as text, and the columns as they were when it was made."""

    schema: str
    name: str
    query: str
    columns: dict[str, DeclaredType]
    object_id: int = 0
    created_utc: datetime = field(default_factory=_now)
    definition: str = ""


@dataclass(slots=True)
class Parameter:
    """One parameter of a procedure."""

    name: str
    type: DeclaredType


@dataclass(slots=True)
class ProcedureDef:
    """A stored procedure: its parameters and its body as text, which is read anew at every call."""

    schema: str
    name: str
    parameters: list[Parameter]
    body: str
    object_id: int = 0
    created_utc: datetime = field(default_factory=_now)
    definition: str = ""


@dataclass(slots=True)
class CredentialDef:
    """A database scoped credential."""

    name: str
    identity: str
    secret: str | None


@dataclass(slots=True)
class SourceDef:
    """An external data source."""

    name: str
    location: str
    credential: str | None


@dataclass(slots=True)
class FormatDef:
    """An external file format; `options` are those of delimited text, upper-case."""

    name: str
    kind: Literal["DELIMITEDTEXT", "PARQUET"]
    options: dict[str, str] = field(default_factory=dict)
    compression: str | None = None
