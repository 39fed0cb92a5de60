"""Reads views and stored procedures, and the calls of procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.synapse.objects import Parameter
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.refusals.errors import unknown_here, unsupported
from sandbox.synapse.values.declared import read_type

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader


def read_module(reader: Reader, *, alter: bool) -> c.Command:
    """CREATE or ALTER, behind the verb: VIEW or PROCEDURE."""
    text = f"{'ALTER' if alter else 'CREATE'} {reader.text()}"
    if reader.accept("VIEW"):
        return _view(reader, alter=alter, text=text)
    reader.take()
    return _procedure(reader, alter=alter, text=text)


def _view(reader: Reader, *, alter: bool, text: str) -> d.CreateView:
    """VIEW v [(names)] AS SELECT [sql/t-sql/statements/create-view-transact-sql, Synapse syntax]."""
    name = reader.name()
    names = reader.identifiers() if reader.sees("(") else []
    if reader.accept("WITH"):
        raise unsupported(f"A view WITH {reader.peek().text}")  # no schema binding [sql-data-warehouse-develop-views, "Limitations"]
    reader.expect("AS")
    query = reader.text().rstrip().removesuffix(";")
    if not query:
        raise reader.refusal()
    return d.CreateView(name, names, query, alter, text)


def _procedure(reader: Reader, *, alter: bool, text: str) -> d.CreateProcedure:
    """PROCEDURE p [(@a type, ...)] AS statements [sql/t-sql/statements/create-procedure-transact-sql, Synapse syntax].

    Not in a pool: default, read-only and table-valued parameters, options, numbers [sql-data-warehouse-develop-stored-procedures, "Limitations"].
    """
    name = reader.name()
    if name[-1].startswith("#"):
        raise unsupported("A temporary stored procedure")
    if reader.sees(";"):
        raise unsupported("A numbered stored procedure")
    parameters: list[Parameter] = []
    if reader.sees("("):
        inner = reader.parenthesised()
        parameters = _parameters(inner)
        inner.end()
    elif reader.peek().kind == "variable":
        parameters = _parameters(reader)
    if reader.sees("WITH"):
        raise unsupported("A stored procedure with options")
    reader.expect("AS")
    body = reader.text()
    if not body:
        raise reader.refusal()
    return d.CreateProcedure(name, parameters, body, alter, text)


def _parameters(reader: Reader) -> list[Parameter]:
    found: list[Parameter] = []
    while reader.peek().kind == "variable":
        name = reader.take().text
        reader.accept("AS")
        found.append(Parameter(name.lower(), read_type(reader, column=name)))
        if reader.sees("="):
            raise unsupported("A default of a stored procedure's parameter")
        if reader.sees("READONLY"):
            raise unsupported("A read-only parameter")
        if reader.sees("OUT") or reader.sees("OUTPUT"):
            raise unknown_here("output parameters")
        if not reader.accept(","):
            break
    return found


def read_drop_module(reader: Reader) -> d.DropModule:
    """DROP {VIEW | PROCEDURE} [IF EXISTS] names, behind DROP."""
    kind = reader.take().upper
    if_exists = reader.accept("IF", "EXISTS")
    names = reader.names()
    reader.end()
    return d.DropModule("view" if kind == "VIEW" else "procedure", names, if_exists)


def read_execute(reader: Reader) -> c.Command:
    """EXEC (N'...'), EXEC sp_executesql N'...', and EXEC procedure with arguments by place or by name."""
    if reader.sees("("):
        inner = reader.parenthesised()
        reader.end()
        return _text(inner)
    if reader.peek().kind == "variable":
        raise unknown_here("the return value of a procedure")  # RETURN is not in a pool
    name = reader.name()
    if name[-1].lower() == "sp_executesql" and reader.peek(1).text in {"", ";"}:
        return _text(reader)
    arguments: list[tuple[str, str]] = []
    while not reader.done and not reader.sees(";"):
        called = ""
        if reader.peek().kind == "variable" and reader.peek(1).text == "=":
            called = reader.take().text.lower()
            reader.expect("=")
        arguments.append((called, reader.until(",", ";").text()))
        if not reader.accept(","):
            break
    reader.end()
    return c.Procedure(name, arguments)


def _text(inner: Reader) -> c.Execute:
    parts: list[tuple[bool, str]] = []
    while not inner.done and not inner.sees(";"):
        word = inner.take()
        if word.kind not in {"string", "variable"}:
            inner.index -= 1
            raise inner.refusal()
        parts.append((word.kind == "variable", word.value if word.kind == "string" else word.text.lower()))
        if not inner.accept("+"):
            break
    inner.end()
    return c.Execute(parts)
