"""Reads the small statements: transactions, variables, options, THROW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.reading import commands as c
from sandbox.synapse.values.declared import read_type

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader

_RAISERROR: Final = 50_000  # sql-data-warehouse-develop-transactions, "Using THROW and RAISERROR": fixed
_RESERVED: Final = range(100_000, 150_001)  # same place: THROW takes no number of these


def read_transaction(kind: str, reader: Reader) -> c.Command:
    """BEGIN TRAN, COMMIT, ROLLBACK; named ones fail [sql-data-warehouse-develop-transactions, "Limitations"]."""
    if kind == "BEGIN" and not (reader.sees("TRAN") or reader.sees("TRANSACTION")):
        raise reader.refusal()
    _ = reader.accept("TRAN") or reader.accept("TRANSACTION") or reader.accept("WORK")
    reader.end()
    return c.Transaction(kind.lower())  # type: ignore[arg-type]  # one of the three


def read_declare(reader: Reader) -> c.Command:
    """DECLARE @a type [= value], ..."""
    found: list[c.Declare] = []
    while True:
        name = reader.take().text.lower()
        reader.accept("AS")
        kind = read_type(reader, column=name)
        value = reader.until(",", ";").text() if reader.accept("=") else None
        found.append(c.Declare(name, kind, value))
        if not reader.accept(","):
            break
    reader.end()
    return c.Declarations(found)


def read_set(reader: Reader) -> c.Command:
    """SET @a = value, SET @a += value, SET IDENTITY_INSERT, and the options."""
    if reader.peek().kind == "variable":
        name = reader.take().text.lower()
        sign = reader.take().text
        if sign not in {"=", "+=", "-=", "*=", "/=", "%="}:
            reader.index -= 1
            raise reader.refusal()
        value = reader.text().removesuffix(";")
        return c.Declare(name, None, value if sign == "=" else f"{name} {sign[0]} ({value})")
    if reader.accept("IDENTITY_INSERT"):
        table = reader.name()
        on = reader.take().upper == "ON"
        reader.end()
        return c.SetIdentityInsert(table, on)
    option = reader.peek().upper
    on = any(word.upper == "ON" for word in reader.words)
    if option == "DATEFORMAT":
        return c.SetOption(option, on, reader.peek(1).value.upper())
    if option == "LOCK_TIMEOUT":
        return c.SetOption(option, on, "".join(word.text for word in reader.words[reader.index + 1 :]))
    return c.SetOption(option, on) if option in {"NOCOUNT", "IMPLICIT_TRANSACTIONS"} else c.Ignored()


def read_throw(kind: str, reader: Reader) -> c.Command:
    """THROW number, message, state; RAISERROR(message, severity, state)."""
    if kind == "RAISERROR":
        inner = reader.parenthesised()
        message = inner.until(",").text()
        inner.expect(",")
        return c.Throw(_RAISERROR, message, inner.integer())
    number = reader.integer()
    if number < _RAISERROR or number in _RESERVED:
        raise reader.refusal()
    reader.expect(",")
    return c.Throw(number, reader.until(",").text(), 16)
