"""The short way for `SELECT 1, N'a' UNION ALL SELECT 2, @p ...`: thousands of rows of literals and parameters need no grammar.

Everything is text on this way, and the column's conversion says what it becomes, as it does for a literal. A value may stand in a CAST
to its column's own type, if the first row's does: that ranks at least as high as text, so UNION ALL makes of all rows what the column makes of them anyway
[sql/t-sql/data-types/data-type-precedence-transact-sql, sql/t-sql/language-elements/set-operators-union-transact-sql].
"""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading.dml import cut_options
from sandbox.synapse.reading.tokens import Reader, tokens
from sandbox.synapse.refusals.errors import parse_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_LITERAL_ROWS: Final = 20  # below this the general way is as quick
_NAME: Final = r'(?:\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"|[\w@$#]+)'
_HEAD: Final = re.compile(rf"\s*INSERT\s+(?:INTO\s+)?({_NAME}(?:\s*\.\s*{_NAME}?)*\s*(?:\((?:\s*{_NAME}\s*,?)+\))?)\s*(?=SELECT\b)", re.IGNORECASE)
_SELECT: Final = re.compile(r"\s*SELECT\b", re.IGNORECASE)
_ITEM: Final = re.compile(
    r"""\s*(?P<cast>CAST\s*\(\s*)?
        (?:[Nn]?'(?P<text>(?:[^']|'')*)'|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?P<variable>@\w+)|NULL\b)
        (?(cast)\s+AS\s+(?P<kind>\w+\s*(?:\([^)]*\))?)\s*\))
        (?:\s+AS\s+(?:\[[^\]]*\]|\w+))?\s*(?P<stop>,|UNION\s+ALL\s+SELECT\b|;?\s*\Z|(?=;|OPTION\b))""",
    re.IGNORECASE | re.VERBOSE,
)
_TAIL: Final = re.compile(r"\s*(OPTION\s*\((?:'(?:[^']|'')*'|[^()'])*\))?(?:[;\s]+|\Z)", re.IGNORECASE)


class Variable(str):
    """A parameter's name, where a value stands."""

    __slots__ = ()


Rows = list[list[str | None]]


def literal_inserts(sql: str) -> list[c.Statement] | None:
    """The statements of a batch that is nothing but INSERTs of such rows, many of them; None for every other batch.

    A loader that keeps to so many rows a statement sends several statements at once.
    """
    if sql.upper().count("UNION ALL") < _LITERAL_ROWS:
        return None
    statements: list[c.Statement] = []
    place = 0
    while (head := _HEAD.match(sql, place)) and (found := rows_of(sql, head.end())):
        rows, casts, end = found
        if (tail := _TAIL.match(sql, end)) is None:
            return None
        _, label = cut_options(Reader(tail.group(1) or "", tokens(tail.group(1) or "")))
        into = Reader(head.group(1), tokens(head.group(1)))
        name = into.name()
        columns = None if into.done else into.identifiers()
        statements.append(c.Statement(c.Insert(name, columns, "", label, rows, casts), sql[place : tail.end()].rstrip("; \r\n\t")))
        place = tail.end()
        if place == len(sql):
            return statements
    return None


def rows_of(query: str, place: int = 0) -> tuple[Rows, list[str | None], int] | None:
    """Rows of a text that holds nothing else from that place on, the types that the first row is cast to, and where they end.

    Raises 103010 for rows of unequal length.
    """
    if place == 0 and query.upper().count("UNION ALL") < _LITERAL_ROWS:
        return None
    start = _SELECT.match(query, place)
    if start is None:
        return None
    rows: Rows = []
    row: list[str | None] = []
    casts: list[str | None] = []
    spelled: dict[str | None, str | None] = {None: None}
    scanner = _ITEM.scanner(query, start.end())  # type: ignore[attr-defined]  # in re since ever, and not in its stub
    while (found := scanner.match()) is not None:
        _, text, number, variable, kind, stop = found.groups()
        cast = spelled.get(kind) or spelled.setdefault(kind, kind and "".join(kind.split()).lower())
        if not rows:
            casts.append(cast)
        elif cast and casts[len(row) : len(row) + 1] != [cast]:
            return None
        row.append(number if text is None and variable is None else _value(text, variable))
        if stop == ",":
            continue
        rows.append(row)
        if len(row) != len(rows[0]):
            raise parse_error(query, found.start(), "UNION")
        row = []
        if not stop[:1].isalpha():
            return rows, casts, found.end()
    return None


def _value(text: str | None, variable: str) -> str:
    if text is not None:
        return text.replace("''", "'")
    return Variable(variable.lower())


def columns_of(rows: Rows, variables: Mapping[str, object]) -> pa.Table | None:
    """The rows as text columns c0, c1, ...; None where a parameter's value is no text, as bytes are not. Raises KeyError for an unknown one."""
    columns = [[_text(variables[value]) if isinstance(value, Variable) else value for value in column] for column in zip(*rows, strict=True)]
    if any(value is _NO_TEXT for column in columns for value in column):
        return None
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], names=[f"c{place}" for place in range(len(columns))])


_NO_TEXT: Final = "\0 no text"


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, (int, float, uuid.UUID, date, time)) else _NO_TEXT
