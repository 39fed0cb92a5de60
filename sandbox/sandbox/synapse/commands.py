"""What one statement asks for, after it is read and before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sandbox.synapse.catalog import ColumnDef, TableDef
    from sandbox.synapse.declared import DeclaredType

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement that is right and changes nothing here: SET, USE, statistics, REBUILD, GRANT."""

    ddl: bool = False


@dataclass(frozen=True, slots=True)
class SetOption:
    """SET NOCOUNT and SET IMPLICIT_TRANSACTIONS, which change what later statements answer."""

    option: str
    on: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """BEGIN, COMMIT or ROLLBACK as text."""

    verb: Literal["begin", "commit", "rollback"]


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE @name type = value, or SET @name = value (no type)."""

    name: str
    type: DeclaredType | None
    value: str | None


@dataclass(frozen=True, slots=True)
class If:
    """IF condition then ELSE otherwise; the condition is T-SQL text."""

    condition: str
    then: list[Statement]
    otherwise: list[Statement]


@dataclass(frozen=True, slots=True)
class Execute:
    """EXEC(N'...'): the parts of a text, literals or variables, joined."""

    parts: list[tuple[bool, str]]  # (is a variable, its name or the literal)


@dataclass(frozen=True, slots=True)
class Procedure:
    """EXEC of a system procedure, with its arguments as T-SQL literals."""

    name: str
    arguments: list[str]


@dataclass(frozen=True, slots=True)
class CreateSchema:
    """CREATE SCHEMA."""

    name: str


@dataclass(frozen=True, slots=True)
class DropSchema:
    """DROP SCHEMA."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE; `query` is CTAS's SELECT."""

    table: TableDef
    name: Name
    query: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE of one or several."""

    names: list[Name]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """TRUNCATE TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class AddColumns:
    """ALTER TABLE ... ADD."""

    name: Name
    columns: list[ColumnDef]


@dataclass(frozen=True, slots=True)
class DropColumns:
    """ALTER TABLE ... DROP COLUMN."""

    name: Name
    columns: list[str]


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """ALTER TABLE ... ALTER COLUMN."""

    name: Name
    column: ColumnDef


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME OBJECT."""

    name: Name
    to: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """ALTER SCHEMA ... TRANSFER."""

    name: Name
    schema: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """CREATE, UPDATE or DROP STATISTICS."""

    verb: Literal["create", "update", "drop"]
    table: Name
    name: str | None = None
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO; `query` is a SELECT, also for a single row of VALUES."""

    name: Name
    columns: list[str] | None
    query: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE in its three forms; `source` is the text after the FROM that joins."""

    name: Name
    source: str | None
    where: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """UPDATE; assignments are column and expression."""

    name: Name
    assignments: list[tuple[str, str]]
    source: str | None
    where: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class MergeAction:
    """One WHEN clause: what is matched, under which condition, and what is done."""

    matched: Literal["both", "target", "source"]
    condition: str | None
    verb: Literal["update", "delete", "insert"]
    columns: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Merge:
    """MERGE."""

    name: Name
    alias: str | None
    source: str
    on: str
    actions: list[MergeAction]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """SELECT."""

    text: str
    assigns: list[tuple[str, str]] = field(default_factory=list)  # SELECT @a = ...
    label: str | None = None


@dataclass(frozen=True, slots=True)
class CopyColumn:
    """One entry of COPY's column list."""

    name: str
    field: int | None
    default: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY INTO."""

    name: Name
    columns: list[CopyColumn] | None
    locations: list[str]
    options: dict[str, str]
    credentials: dict[str, dict[str, str]]
    label: str | None = None


Command = (
    Ignored | SetOption | Transaction | Declare | If | Execute | Procedure | CreateSchema | DropSchema | CreateTable | DropTable | Truncate
    | AddColumns | DropColumns | AlterColumn | Rename | Transfer | Statistics | Insert | Delete | Update | Merge | Query | Copy
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """A command with its text."""

    command: Command
    text: str
