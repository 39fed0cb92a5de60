"""Reads INSERT, DELETE, UPDATE, MERGE and SELECT down to the parts that are T-SQL's own; expressions stay text."""

from __future__ import annotations

from typing import Final

from sandbox.synapse.objects import TableDef
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.reading.ddl import read_update_statistics
from sandbox.synapse.reading.tokens import Reader, Token
from sandbox.synapse.refusals.errors import merge_semicolon, no_column, parse_error, unknown_here, unsupported

# What other dialects have and T-SQL has not; sqlglot would take it. The word counts only before such a word: `limit` is a fair name.
_FOREIGN: Final = {"LIMIT": "number", "ILIKE": "string", "QUALIFY": "word", "RETURNING": "word"}


def refuse_foreign(reader: Reader) -> None:
    """Refuse other dialects' syntax, as T-SQL's parser would. Raises 103010, and 207 for TRUE and FALSE, which would be columns."""
    for place, word in enumerate(reader.words):
        following = reader.words[place + 1].kind if place + 1 < len(reader.words) else ""
        if word.text in {"||", "::", "`"} or (word.upper in _FOREIGN and _FOREIGN[word.upper] == following):
            raise parse_error(reader.sql, word.start, word.text)
        if word.upper in {"TRUE", "FALSE"} and reader.words[place - 1].upper != "AS":
            raise no_column(word.text)


def cut_options(reader: Reader) -> tuple[Reader, str | None]:
    """Take `OPTION (LABEL = N'..')` off the end of a statement; other hints change no answer."""
    depth = 0
    for place, word in enumerate(reader.words):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if depth == 0 and word.upper == "OPTION" and place + 1 < len(reader.words) and reader.words[place + 1].text == "(":
            tail = Reader(reader.sql, reader.words[place + 1 :])
            hints = tail.parenthesised()
            tail.end()
            return Reader(reader.sql, reader.words[:place]), _label(hints)
    return reader, None


def _label(hints: Reader) -> str | None:
    while not hints.done:
        if hints.accept("LABEL"):
            hints.expect("=")
            return hints.string()
        hints.take()
    return None


def read_insert(reader: Reader, label: str | None) -> c.Insert:
    """INSERT [INTO] t [(cols)] {VALUES (one row) | SELECT}."""
    reader.accept("INTO")
    name = reader.name()
    columns = reader.identifiers() if reader.sees("(") and reader.peek(1).upper != "SELECT" else None
    if reader.accept("DEFAULT", "VALUES"):
        raise unsupported("INSERT DEFAULT VALUES")
    if reader.accept("VALUES"):
        row = reader.parenthesised().text()
        reader.end()  # a second row fails here: a pool takes one (reported by users of dlt, dlt-hub/dlt issue 900)
        return c.Insert(name, columns, f"SELECT {row}", label)
    if not (reader.sees("SELECT") or reader.sees("WITH") or reader.sees("(")):
        raise reader.refusal()
    return c.Insert(name, columns, reader.text(), label)


def read_delete(reader: Reader, label: str | None) -> c.Delete:
    """DELETE [FROM] t [FROM sources] [WHERE condition] [sql/t-sql/statements/delete-transact-sql, Synapse syntax]."""
    reader.accept("FROM")
    name = reader.name()
    source = reader.until("WHERE").text() if reader.accept("FROM") else None
    where = _where(reader)
    return c.Delete(name, source, where, label)


def read_update(reader: Reader, label: str | None) -> c.Command:
    """UPDATE t SET ... [FROM sources] [WHERE condition], or UPDATE STATISTICS."""
    if reader.accept("STATISTICS"):
        return read_update_statistics(reader)
    name = reader.name()
    reader.expect("SET")
    assignments = _assignments(reader.until("FROM", "WHERE"))
    source = reader.until("WHERE").text() if reader.accept("FROM") else None
    return c.Update(name, assignments, source, _where(reader), label)


def _where(reader: Reader) -> str | None:
    where = None
    if reader.accept("WHERE"):
        where = reader.until(";").text()
        if not where:
            raise reader.refusal()
    reader.end()
    return where


def _assignments(reader: Reader) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        column = reader.name()[-1]
        reader.expect("=")
        found.append((column, reader.until(",").text()))
        if not reader.accept(","):
            break
    return found


def read_merge(reader: Reader, label: str | None, *, terminated: bool) -> c.Merge:
    """MERGE [INTO] t [AS a] USING source ON condition WHEN ... ; [sql/t-sql/statements/merge-transact-sql]."""
    if not terminated:
        raise merge_semicolon()
    if reader.sees("TOP"):
        raise unsupported("TOP in MERGE")
    reader.accept("INTO")
    name = reader.name()
    reader.accept("AS")
    alias = None if reader.sees("USING") else reader.identifier()
    reader.expect("USING")
    source = reader.until("ON").text()
    if source.upper().replace(" ", "").startswith("(VALUES"):
        raise unsupported("MERGE from VALUES")
    reader.expect("ON")
    on = reader.until("WHEN").text()
    actions: list[c.MergeAction] = []
    while reader.accept("WHEN"):
        actions.append(_action(reader))
    if not actions:
        raise reader.refusal()
    if reader.sees("OUTPUT"):
        raise unsupported("OUTPUT in MERGE")
    reader.end()
    return c.Merge(name, alias, source, on, actions, label)


def _action(reader: Reader) -> c.MergeAction:
    matched: str = "both"
    if reader.accept("NOT"):
        reader.expect("MATCHED")
        matched = "target"
        if reader.accept("BY"):
            matched = "source" if reader.take().upper == "SOURCE" else "target"
    else:
        reader.expect("MATCHED")
    condition = reader.until("THEN").text() if reader.accept("AND") else None
    reader.expect("THEN")
    if reader.accept("DELETE"):
        return c.MergeAction(matched, condition, "delete")  # type: ignore[arg-type]  # one of the three above
    if reader.accept("UPDATE", "SET"):
        pairs = _assignments(reader.until("WHEN", "OUTPUT", ";"))
        return c.MergeAction(matched, condition, "update", [pair[0] for pair in pairs], [pair[1] for pair in pairs])  # type: ignore[arg-type]  # as above
    reader.expect("INSERT")
    columns = reader.identifiers() if reader.sees("(") else []
    reader.expect("VALUES")
    inner = reader.parenthesised()
    values = [inner.until(",").text()]
    while inner.accept(","):
        values.append(inner.until(",").text())
    return c.MergeAction(matched, condition, "insert", columns, values)  # type: ignore[arg-type]  # as above


def read_query(reader: Reader, label: str | None) -> c.Query | d.CreateTable:
    """SELECT, SELECT @a = expression, or SELECT ... INTO t."""
    words: list[Token] = list(reader.words)
    if (made := _select_into(reader, label)) is not None:
        return made
    if len(words) > 2 and words[1].kind == "variable" and words[2].text == "=":  # noqa: PLR2004  # SELECT @a =
        reader.expect("SELECT")
        target = reader.take().text
        reader.expect("=")
        value = reader.until(",", "FROM").text()
        if reader.sees(","):
            raise unknown_here("SELECT into several variables")
        return c.Query(f"SELECT {value} {reader.text()}", [(target.lower(), value)], label)
    text = reader.text().rstrip().removesuffix(";")
    return c.Query(text, [], label)


def _select_into(reader: Reader, label: str | None) -> d.CreateTable | None:
    """SELECT ... INTO t FROM ...: ROUND_ROBIN with a columnstore index, which it cannot change [sql-data-warehouse-develop-ctas]."""
    depth = 0
    for place, word in enumerate(reader.words):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if depth == 0 and word.upper == "FROM":
            return None
        if depth == 0 and word.upper == "INTO":
            into = Reader(reader.sql, reader.words[place + 1 :])
            name = into.name()
            query = f"{Reader(reader.sql, reader.words[:place]).text()} {into.text()}".rstrip().removesuffix(";")
            return d.CreateTable(TableDef((name[-2] if len(name) > 1 else "") or "dbo", name[-1], []), name, query, label)
    return None
