"""What a statement that changes objects asks for: `Ddl` is the mark that keeps it out of a transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sandbox.synapse.objects import ColumnDef, CredentialDef, FormatDef, Key, Parameter, SourceDef, TableDef

Name = tuple[str, ...]


class Ddl:
    """A statement that no transaction takes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CreateSchema(Ddl):
    """CREATE SCHEMA ... [AUTHORIZATION owner]."""

    name: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class DropSchema(Ddl):
    """DROP SCHEMA."""

    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateTable(Ddl):
    """CREATE TABLE and CREATE EXTERNAL TABLE; `query` is CTAS's SELECT."""

    table: TableDef
    name: Name
    query: str | None = None
    label: str | None = None
    column_names: list[str] = field(default_factory=list)  # CTAS's own, where it gives them


@dataclass(frozen=True, slots=True)
class DropTable(Ddl):
    """DROP TABLE of one or several, and DROP EXTERNAL TABLE."""

    names: list[Name]
    if_exists: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class Truncate(Ddl):
    """TRUNCATE TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class AddColumns(Ddl):
    """ALTER TABLE ... ADD."""

    name: Name
    columns: list[ColumnDef]


@dataclass(frozen=True, slots=True)
class DropColumns(Ddl):
    """ALTER TABLE ... DROP COLUMN."""

    name: Name
    columns: list[str]


@dataclass(frozen=True, slots=True)
class AlterColumn(Ddl):
    """ALTER TABLE ... ALTER COLUMN."""

    name: Name
    column: ColumnDef


@dataclass(frozen=True, slots=True)
class AddKey(Ddl):
    """ALTER TABLE ... ADD CONSTRAINT ... NOT ENFORCED."""

    name: Name
    key: Key


@dataclass(frozen=True, slots=True)
class AddDefault(Ddl):
    """ALTER TABLE ... ADD [CONSTRAINT c] DEFAULT literal FOR column."""

    name: Name
    constraint: str | None
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class DropConstraint(Ddl):
    """ALTER TABLE ... DROP CONSTRAINT."""

    name: Name
    constraint: str


@dataclass(frozen=True, slots=True)
class SplitRange(Ddl):
    """ALTER TABLE ... SPLIT RANGE (value), or MERGE RANGE."""

    name: Name
    value: str
    merge: bool = False


@dataclass(frozen=True, slots=True)
class SwitchPartition(Ddl):
    """ALTER TABLE ... SWITCH [PARTITION n] TO t [PARTITION m] [WITH (TRUNCATE_TARGET = ON)]."""

    name: Name
    number: int | None
    to: Name
    to_number: int | None
    truncate: bool


@dataclass(frozen=True, slots=True)
class Rename(Ddl):
    """RENAME OBJECT, or RENAME DATABASE, which no user of the pool itself may run."""

    name: Name
    to: str


@dataclass(frozen=True, slots=True)
class Permission(Ddl):
    """GRANT, DENY or REVOKE on a table, a schema (its name) or the database (no name)."""

    state: Literal["GRANT", "GRANT_WITH_GRANT_OPTION", "DENY", "REVOKE"]
    rights: list[str]
    name: Name
    columns: list[str]
    grantees: list[str]
    on: Literal["OBJECT", "SCHEMA", "DATABASE"] = "OBJECT"


@dataclass(frozen=True, slots=True)
class CreateLogin(Ddl):
    """CREATE LOGIN ... WITH PASSWORD = '...', of the server."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class DropLogin(Ddl):
    """DROP LOGIN."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateUser(Ddl):
    """CREATE USER, of the database: of a login, or of none (WITHOUT LOGIN, FROM EXTERNAL PROVIDER)."""

    name: str
    login: str | None


@dataclass(frozen=True, slots=True)
class DropUser(Ddl):
    """DROP USER."""

    name: str


@dataclass(frozen=True, slots=True)
class Transfer(Ddl):
    """ALTER SCHEMA ... TRANSFER."""

    name: Name
    schema: str


@dataclass(frozen=True, slots=True)
class Statistics(Ddl):
    """CREATE, UPDATE or DROP STATISTICS."""

    verb: Literal["create", "update", "drop"]
    table: Name
    name: str | None = None
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CreateIndex(Ddl):
    """CREATE INDEX: `kind` is the table's new form, or a nonclustered index beside it."""

    kind: Literal["NONCLUSTERED", "CLUSTERED", "CLUSTERED COLUMNSTORE"]
    index: str
    table: Name
    columns: list[str]
    drop_existing: bool = False


@dataclass(frozen=True, slots=True)
class DropIndex(Ddl):
    """DROP INDEX i ON t."""

    index: str
    table: Name


@dataclass(frozen=True, slots=True)
class Rebuild(Ddl):
    """ALTER INDEX {i | ALL} ON t REBUILD or REORGANIZE [PARTITION = n], and ALTER TABLE ... REBUILD (no index)."""

    table: Name
    index: str | None
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class CreateView(Ddl):
    """CREATE VIEW or ALTER VIEW."""

    name: Name
    columns: list[str]
    query: str
    alter: bool
    text: str


@dataclass(frozen=True, slots=True)
class CreateProcedure(Ddl):
    """CREATE PROCEDURE or ALTER PROCEDURE."""

    name: Name
    parameters: list[Parameter]
    body: str
    alter: bool
    text: str


@dataclass(frozen=True, slots=True)
class DropModule(Ddl):
    """DROP VIEW or DROP PROCEDURE."""

    kind: Literal["view", "procedure"]
    names: list[Name]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateMasterKey(Ddl):
    """CREATE MASTER KEY, or DROP MASTER KEY."""

    drop: bool = False


@dataclass(frozen=True, slots=True)
class CreateCredential(Ddl):
    """CREATE or ALTER DATABASE SCOPED CREDENTIAL."""

    credential: CredentialDef
    alter: bool


@dataclass(frozen=True, slots=True)
class CreateSource(Ddl):
    """CREATE EXTERNAL DATA SOURCE."""

    source: SourceDef


@dataclass(frozen=True, slots=True)
class CreateFormat(Ddl):
    """CREATE EXTERNAL FILE FORMAT."""

    format: FormatDef


@dataclass(frozen=True, slots=True)
class DropExternal(Ddl):
    """DROP of a credential, a data source or a file format."""

    kind: Literal["credential", "source", "format"]
    name: str


@dataclass(frozen=True, slots=True)
class SetCompatibility(Ddl):
    """ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = ..."""

    level: str


@dataclass(frozen=True, slots=True)
class Other(Ddl):
    """A statement of workload management, of roles and the like: right, and nothing that is seen here."""
