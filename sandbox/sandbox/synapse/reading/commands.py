"""What one statement asks for, after it is read and before it runs; what changes objects is in `ddl_commands`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sandbox.synapse.reading.ddl_commands import Ddl

if TYPE_CHECKING:
    from sandbox.synapse.values.declared import DeclaredType

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement that is right and changes nothing here: SET, USE, PRINT."""


@dataclass(frozen=True, slots=True)
class SetOption:
    """SET NOCOUNT, IMPLICIT_TRANSACTIONS and DATEFORMAT, which change what later statements answer."""

    option: str
    on: bool
    value: str = ""  # of DATEFORMAT


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
class Declarations:
    """DECLARE of one or several."""

    variables: list[Declare]


@dataclass(frozen=True, slots=True)
class Block:
    """BEGIN ... END."""

    statements: list[Statement]


@dataclass(frozen=True, slots=True)
class While:
    """WHILE condition body."""

    condition: str
    body: list[Statement]


@dataclass(frozen=True, slots=True)
class If:
    """IF condition then ELSE otherwise; the condition is T-SQL text."""

    condition: str
    then: list[Statement]
    otherwise: list[Statement]


@dataclass(frozen=True, slots=True)
class Execute:
    """EXEC(N'...') and sp_executesql: the parts of a text, literals or variables, joined."""

    parts: list[tuple[bool, str]]  # (is a variable, its name or the literal)


@dataclass(frozen=True, slots=True)
class Procedure:
    """EXEC of a procedure; each argument is a name ('' for a place) and T-SQL text."""

    name: Name
    arguments: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Throw:
    """THROW and RAISERROR: number, T-SQL text of the message, severity."""

    number: int
    message: str
    severity: int


@dataclass(frozen=True, slots=True)
class SetIdentityInsert:
    """SET IDENTITY_INSERT t ON or OFF."""

    name: Name
    on: bool


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO; `query` is a SELECT, also for a single row of VALUES.

    `rows`: literals and parameters alone, in its place; `casts`: the types that the first of them is cast to.
    """

    name: Name
    columns: list[str] | None
    query: str
    label: str | None = None
    rows: list[list[str | None]] | None = None
    casts: list[str | None] | None = None


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
    Ignored | SetOption | SetIdentityInsert | Transaction | Declare | Declarations | Block | While | If | Execute | Procedure | Throw | Insert | Delete | Update | Merge | Query | Copy
    | Ddl
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """A command with its text."""

    command: Command
    text: str
