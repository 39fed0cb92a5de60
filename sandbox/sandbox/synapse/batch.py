"""Cuts a batch into statements, with or without semicolons, and reads each: the whole batch is read before any of it runs."""

from __future__ import annotations

from typing import Final

from sandbox.synapse import commands as c
from sandbox.synapse.declared import read_type
from sandbox.synapse.errors import unknown_here
from sandbox.synapse.read_copy import read_copy
from sandbox.synapse.read_ddl import read_alter, read_create, read_drop, read_rename
from sandbox.synapse.read_dml import cut_options, read_delete, read_insert, read_merge, read_query, read_update, refuse_foreign
from sandbox.synapse.tokens import Reader, tokens

_STARTS: Final = {
    "ALTER", "BEGIN", "COMMIT", "CREATE", "DECLARE", "DELETE", "DROP", "EXEC", "EXECUTE", "GRANT", "IF", "INSERT", "MERGE", "ROLLBACK",
    "SELECT", "SET", "UPDATE", "USE", "END", "ELSE", "PRINT",
}  # fmt: skip
_STARTS_WITH: Final = {"COPY": "INTO", "RENAME": "OBJECT", "TRUNCATE": "TABLE"}
_EXPRESSIONS: Final = {"SELECT", "WITH", "INSERT", "DELETE", "UPDATE", "MERGE"}
_SET_OPERATORS: Final = {"UNION", "ALL", "EXCEPT", "INTERSECT", "AS", "INTO", "FOR"}


def read_batch(sql: str) -> list[c.Statement]:
    """Read every statement of a batch. Raises 103010 and whatever else its text alone is refused for."""
    reader = Reader(sql, tokens(sql))
    found: list[c.Statement] = []
    while not reader.done:
        if not reader.accept(";"):
            found.append(_statement(reader))
    return found


def _statement(reader: Reader) -> c.Statement:
    if reader.sees("IF"):
        return _if(reader)
    first = reader.index
    kind = _advance(reader)
    words = reader.words[first : reader.index]
    terminated = reader.accept(";")
    text = reader.sql[words[0].start : words[-1].end]
    return c.Statement(_command(kind, Reader(reader.sql, words), terminated=terminated), text)


def _block(reader: Reader) -> list[c.Statement]:
    if not (reader.sees("BEGIN") and reader.peek(1).upper not in {"TRAN", "TRANSACTION"}):
        return [_statement(reader)]
    reader.expect("BEGIN")
    if reader.sees("TRY") or reader.sees("CATCH"):
        raise unknown_here("BEGIN TRY")
    found: list[c.Statement] = []
    while not reader.accept("END"):
        if reader.done:
            raise reader.refusal()
        if not reader.accept(";"):
            found.append(_statement(reader))
    return found


def _if(reader: Reader) -> c.Statement:
    start = reader.take().start
    depth, first = 0, reader.index
    while not (depth == 0 and _starts(reader)):
        depth += reader.nesting()
        reader.take()
    condition = Reader(reader.sql, reader.words[first : reader.index]).text()
    then = _block(reader)
    reader.accept(";")
    otherwise = _block(reader) if reader.accept("ELSE") else []
    text = reader.sql[start : reader.words[reader.index - 1].end]
    return c.Statement(c.If(condition, then, otherwise), text)


def _starts(reader: Reader) -> bool:
    word = reader.peek().upper
    return word in _STARTS or (word in _STARTS_WITH and _STARTS_WITH[word] == reader.peek(1).upper)


def _advance(reader: Reader) -> str:
    """Move behind one statement, and say which kind it is."""
    kind = reader.take().upper
    depth, queried, assigned = 0, kind == "SELECT", False
    while not reader.done:
        word = reader.peek()
        if depth == 0 and word.text == ";":
            break
        if depth == 0 and _starts(reader) and not _belongs(reader, kind, queried=queried, assigned=assigned):
            break
        if depth == 0 and kind == "WITH" and word.upper in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
            kind = word.upper if word.upper == "SELECT" else "WITH " + word.upper
        queried = queried or (depth == 0 and word.upper in {"SELECT", "VALUES", "EXEC"})
        assigned = assigned or (depth == 0 and word.upper == "SET")
        depth += reader.nesting()
        reader.index += 1
    return kind


def _belongs(reader: Reader, kind: str, *, queried: bool, assigned: bool) -> bool:
    """Whether a keyword that could start a statement is part of the one that runs."""
    word, before = reader.peek().upper, reader.peek(-1).upper
    if kind == "MERGE":
        return True  # ends at its semicolon only
    if word == "SELECT":
        return before in _SET_OPERATORS or (kind == "INSERT" and not queried) or kind == "WITH"
    if word == "SET":
        return kind == "UPDATE" and not assigned
    if word in {"DROP", "ALTER"}:
        return kind == "ALTER" and reader.peek(1).upper in {"COLUMN", "CONSTRAINT"}
    if kind == "WITH":
        return word in {"INSERT", "UPDATE", "DELETE"}
    return kind in {"GRANT", "DENY", "REVOKE"} or (word == "IF" and before in {"TABLE", "SCHEMA", "VIEW"})


def _command(kind: str, words: Reader, *, terminated: bool) -> c.Command:  # noqa: C901, PLR0911  # a table of verbs
    reader, label = cut_options(words)
    if kind in _EXPRESSIONS:
        refuse_foreign(reader)
    if kind in {"SELECT", "WITH"}:
        return read_query(reader, label)
    reader.take()
    match kind:
        case "INSERT":
            return read_insert(reader, label)
        case "DELETE":
            return read_delete(reader, label)
        case "UPDATE":
            return read_update(reader, label)
        case "MERGE":
            return read_merge(reader, label, terminated=terminated)
        case "COPY":
            return read_copy(reader, label)
        case "CREATE":
            return read_create(reader, label)
        case "ALTER":
            return read_alter(reader)
        case "DROP":
            return read_drop(reader)
        case "RENAME":
            return read_rename(reader)
        case _:
            return _small_command(kind, reader)


def _small_command(kind: str, reader: Reader) -> c.Command:
    match kind:
        case "TRUNCATE":
            reader.expect("TABLE")
            name = reader.name()
            reader.end()
            return c.Truncate(name)
        case "BEGIN" | "COMMIT" | "ROLLBACK":
            return _transaction(kind, reader)
        case "EXEC" | "EXECUTE":
            return _execute(reader)
        case "DECLARE":
            return _declare(reader)
        case "SET":
            return _set(reader)
        case "USE" | "GRANT" | "DENY" | "REVOKE" | "PRINT":
            return c.Ignored(ddl=kind not in {"USE", "PRINT"})
    if not kind.startswith("WITH "):
        reader.index = 0
        raise reader.refusal()
    raise unknown_here(f"a common table expression before {kind[5:]}")


def _transaction(kind: str, reader: Reader) -> c.Command:
    if kind == "BEGIN" and not (reader.sees("TRAN") or reader.sees("TRANSACTION")):
        raise reader.refusal()
    _ = reader.accept("TRAN") or reader.accept("TRANSACTION") or reader.accept("WORK")
    reader.end()  # named transactions fail here [sql-data-warehouse-develop-transactions, "Limitations"]
    return c.Transaction(kind.lower())  # type: ignore[arg-type]  # one of the three


def _execute(reader: Reader) -> c.Command:
    if reader.sees("("):
        inner = reader.parenthesised()
        parts = []
        while not inner.done:
            word = inner.take()
            if word.kind not in {"string", "variable"}:
                raise inner.refusal()
            parts.append((word.kind == "variable", word.value if word.kind == "string" else word.text.lower()))
            inner.accept("+")
        return c.Execute(parts)
    name = reader.name()[-1]
    arguments: list[str] = []
    while not reader.done:
        if reader.peek().kind == "variable" and reader.peek(1).text == "=":
            reader.index += 2
        arguments.append(reader.take().value)
        if not reader.accept(","):
            break
    reader.end()
    return c.Procedure(name.lower(), arguments)


def _declare(reader: Reader) -> c.Command:
    name = reader.take().text.lower()
    reader.accept("AS")
    kind = read_type(reader, column=name)
    value = reader.until(",").text() if reader.accept("=") else None
    if not reader.done:
        raise unknown_here("several variables in one DECLARE")
    return c.Declare(name, kind, value)


def _set(reader: Reader) -> c.Command:
    if reader.peek().kind == "variable":
        name = reader.take().text.lower()
        reader.expect("=")
        return c.Declare(name, None, reader.text())
    option = reader.peek().upper
    on = any(word.upper == "ON" for word in reader.words)
    return c.SetOption(option, on) if option in {"NOCOUNT", "IMPLICIT_TRANSACTIONS"} else c.Ignored()
