"""What the wire asks of a SQL engine, and what an engine hands back: the only thing the two share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TypeName = Literal[
    "bit", "tinyint", "smallint", "int", "bigint", "real", "float", "decimal", "money", "nvarchar", "varchar", "varbinary",
    "date", "time", "datetime", "datetime2", "datetimeoffset", "uniqueidentifier",
]  # fmt: skip


class SqlError(Exception):
    """A refusal by the engine, as SQL Server words it.

    `number` is the documented error number; `severity` 11 to 16 leaves the connection open, 20 and above closes it.
    """

    def __init__(self, number: int, message: str, *, severity: int = 16, state: int = 1, line: int = 1) -> None:
        super().__init__(message)
        self.number, self.message, self.severity, self.state, self.line = number, message, severity, state, line


class CancelledError(Exception):
    """The statement was stopped by the client's attention signal."""


class Disconnect(Exception):  # noqa: N818  # an order to the wire, no error
    """Raised by an engine to have the connection dropped at once, without an answer: a fault that was asked for."""


class Parameters(dict[str, object]):
    """Values by name (`@P1`), and in `declared` the type the client wrote for each (`nvarchar(4000)`), where it wrote one."""

    def __init__(self, values: Mapping[str, object], declared: Mapping[str, str]) -> None:
        super().__init__(values)
        self.declared = dict(declared)


@dataclass(frozen=True, slots=True)
class SqlType:
    """A column's type.

    `length` counts characters (nvarchar, varchar) or bytes (varbinary), None meaning max; `precision` and `scale` are decimal's,
    `scale` alone is time's, datetime2's and datetimeoffset's fractional digits (0 to 7).
    """

    name: TypeName
    length: int | None = None
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result."""

    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """A result set; `rows` may be lazy, and is read once.

    Values are Python's: bool, int, float, Decimal, str, bytes, date, time, datetime (aware for datetimeoffset), UUID, or None.
    """

    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]


@dataclass(frozen=True, slots=True)
class RowCount:
    """A statement that returned no result set; `rows` is None where SQL Server reports no count (DDL, SET)."""

    rows: int | None


@dataclass(frozen=True, slots=True)
class Login:
    """What a client said of itself in LOGIN7; with an access token of Entra ID in place of a name and a password."""

    user: str
    password: str
    database: str
    application: str
    host: str
    token: str = field(default="", repr=False)


class Session(Protocol):
    """One connection's engine. Only `cancel` is called from another thread, while `execute` runs."""

    def execute(self, sql: str, parameters: Mapping[str, object]) -> Iterable[Rows | RowCount]:
        """Run a batch; names in `parameters` (a Parameters) keep their `@`. Raises SqlError or CancelledError, also while rows are read."""

    def begin(self) -> None:
        """Start a transaction (also sent by drivers with autocommit off)."""

    def commit(self) -> None:
        """Commit the transaction."""

    def rollback(self) -> None:
        """Roll the transaction back; without one, do nothing."""

    def cancel(self) -> None:
        """Stop the statement that runs, if one does."""

    def close(self) -> None:
        """The connection is gone: roll back and let go."""


@runtime_checkable
class DescribesParameters(Protocol):
    """What a session may offer on top: the types of a statement's parameters, for drivers that ask before they send values."""

    def describe_parameters(self, sql: str) -> Mapping[str, SqlType]:
        """`INSERT INTO t (id) VALUES (@P1)` -> `@P1` is t.id's type, in order. Raises SqlError where it cannot tell."""


class Engine(Protocol):
    """A pool: gives a session to who may log in."""

    def login(self, login: Login) -> Session:
        """Raise SqlError 18456 for a wrong name or password, 4060 for a database that is not there."""
