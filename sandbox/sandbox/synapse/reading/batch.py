"""Cuts a batch into statements, with or without semicolons, and reads each: the whole batch is read before any of it runs."""

from __future__ import annotations

from typing import Final

from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading.copy import read_copy
from sandbox.synapse.reading.ddl import read_alter, read_create, read_drop, read_rename, read_truncate
from sandbox.synapse.reading.dml import cut_options, read_delete, read_insert, read_merge, read_query, read_update, refuse_foreign
from sandbox.synapse.reading.modules import read_execute
from sandbox.synapse.reading.small import read_declare, read_set, read_throw, read_transaction
from sandbox.synapse.reading.tokens import Reader, tokens
from sandbox.synapse.refusals.errors import first_in_batch, unknown_here, unsupported
from sandbox.synapse.rights.permissions import read_permission
from sandbox.synapse.rows.inserted_rows import literal_inserts

_STARTS: Final = {
    "ALTER", "BEGIN", "COMMIT", "CREATE", "DECLARE", "DELETE", "DROP", "EXEC", "EXECUTE", "GRANT", "IF", "INSERT", "MERGE", "ROLLBACK",
    "SELECT", "SET", "UPDATE", "USE", "END", "ELSE", "PRINT", "WHILE", "THROW", "RAISERROR", "DENY", "REVOKE",
}  # fmt: skip
_STARTS_WITH: Final = {"COPY": "INTO", "RENAME": "OBJECT", "TRUNCATE": "TABLE"}
_EXPRESSIONS: Final = {"SELECT", "WITH", "INSERT", "DELETE", "UPDATE", "MERGE"}
_SET_OPERATORS: Final = {"UNION", "ALL", "EXCEPT", "INTERSECT", "AS", "INTO", "FOR"}


_ALONE: Final = {"SCHEMA": "CREATE SCHEMA", "VIEW": "CREATE VIEW", "PROCEDURE": "CREATE/ALTER PROCEDURE", "PROC": "CREATE/ALTER PROCEDURE"}


def read_batch(sql: str) -> list[c.Statement]:
    """Read every statement of a batch. Raises 103010, 111 and whatever else its text alone is refused for."""
    if (inserts := literal_inserts(sql)) is not None:
        return inserts
    reader = Reader(sql, tokens(sql))
    found: list[c.Statement] = []
    while reader.accept(";"):
        pass
    if reader.peek().upper in {"CREATE", "ALTER"} and reader.peek(1).upper in {"VIEW", "PROCEDURE", "PROC"}:
        return [_whole(reader)]
    while not reader.done:
        if not reader.accept(";"):
            _refuse_not_alone(reader, first=not found)
            found.append(_statement(reader))
    return found


def _whole(reader: Reader) -> c.Statement:
    """A view or a procedure is all that is left of its batch."""
    words = Reader(reader.sql, reader.words[reader.index :])
    text = words.text()
    verb = words.take().upper
    return c.Statement((read_create(words, None) if verb == "CREATE" else read_alter(words)), text)


def _refuse_not_alone(reader: Reader, *, first: bool) -> None:
    what = reader.peek(1).upper
    if reader.peek().upper in {"CREATE", "ALTER"} and what in _ALONE and not (first or (what == "SCHEMA" and reader.sees("ALTER"))):
        raise first_in_batch(_ALONE[what])


def _statement(reader: Reader) -> c.Statement:
    if reader.sees("IF"):
        return _if(reader)
    if reader.sees("WHILE"):
        return _while(reader)
    if _sees_block(reader):
        start = reader.peek().start
        statements = _block(reader)
        return c.Statement(c.Block(statements), reader.sql[start : reader.words[reader.index - 1].end])
    first = reader.index
    kind = _advance(reader)
    words = reader.words[first : reader.index]
    terminated = reader.accept(";")
    text = reader.sql[words[0].start : words[-1].end]
    return c.Statement(_command(kind, Reader(reader.sql, words), terminated=terminated), text)


def _sees_block(reader: Reader) -> bool:
    return reader.sees("BEGIN") and reader.peek(1).upper not in {"TRAN", "TRANSACTION"}


def _block(reader: Reader) -> list[c.Statement]:
    if not _sees_block(reader):
        _refuse_not_alone(reader, first=False)
        return [_statement(reader)]
    reader.expect("BEGIN")
    if reader.sees("TRY") or reader.sees("CATCH"):
        raise unknown_here("BEGIN TRY")
    found: list[c.Statement] = []
    while not reader.accept("END"):
        if reader.done:
            raise reader.refusal()
        if not reader.accept(";"):
            _refuse_not_alone(reader, first=False)
            found.append(_statement(reader))
    return found


def _condition(reader: Reader) -> str:
    depth, first = 0, reader.index
    while not (depth == 0 and (_starts(reader) or _sees_block(reader))):
        depth += reader.nesting()
        reader.take()
    return Reader(reader.sql, reader.words[first : reader.index]).text()


def _while(reader: Reader) -> c.Statement:
    start = reader.take().start
    condition = _condition(reader)
    body = _block(reader)
    return c.Statement(c.While(condition, body), reader.sql[start : reader.words[reader.index - 1].end])


def _if(reader: Reader) -> c.Statement:
    start = reader.take().start
    condition = _condition(reader)
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
    if kind in {"MERGE", "GRANT", "DENY", "REVOKE"} or (word == "MERGE" and reader.peek(1).upper == "RANGE"):
        return True  # MERGE ends at its semicolon only, and SELECT and others are rights to GRANT
    if word == "SELECT":
        return before in _SET_OPERATORS or (kind == "INSERT" and not queried) or kind == "WITH"
    if word == "SET":
        return (kind == "UPDATE" and not assigned) or (kind == "ALTER" and before == "CONFIGURATION")
    if word in {"DROP", "ALTER"}:
        return kind == "ALTER" and reader.peek(1).upper in {"COLUMN", "CONSTRAINT"}
    if kind == "WITH":
        return word in {"INSERT", "UPDATE", "DELETE"}
    return word == "IF" and before in {"TABLE", "SCHEMA", "VIEW", "PROCEDURE", "PROC"}


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


def _small_command(kind: str, reader: Reader) -> c.Command:  # noqa: PLR0911  # a table of verbs
    match kind:
        case "TRUNCATE":
            return read_truncate(reader)
        case "BEGIN" | "COMMIT" | "ROLLBACK":
            return read_transaction(kind, reader)
        case "EXEC" | "EXECUTE":
            return read_execute(reader)
        case "DECLARE":
            return read_declare(reader)
        case "SET":
            return read_set(reader)
        case "THROW" | "RAISERROR":
            return read_throw(kind, reader)
        case "GRANT" | "DENY" | "REVOKE":
            return read_permission(kind, reader)
        case "USE" | "PRINT":
            return c.Ignored()
    if not kind.startswith("WITH "):
        reader.index = 0
        raise reader.refusal()
    # sql/t-sql/queries/with-common-table-expression-transact-sql, "Features and limitations ... in Azure Synapse Analytics": a SELECT alone may follow
    raise unsupported(f"A common table expression before {kind[5:]}")
