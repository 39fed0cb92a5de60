"""SQL text: a model's query checked and wrapped. Pure functions; values never become text, they are bound."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALIAS = "tap_warehouse_model"
FIRST_WORDS = ("select", "with", "from", "values", "table")
# One token of SQL, as far as quoting goes: comments, quoted text, dollar-quoted text; else a single character.
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*(?:(?!\*/|/\*).)*\*/)
      | (?P<quoted>\b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | (?<!\w)(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))
      | (?P<open>['"]|/\*|\*/|(?<!\w)\$(?:[A-Za-z_]\w*)?\$)
      | (?P<word>\w+)
      | (?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Query:
    """SQL text and the values bound to its placeholders, in their order."""

    text: str
    values: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Range:
    """What to read by an iterator: the column, quoted, and inclusive bounds, None for an open end."""

    column: str
    lower: Any = None
    upper: Any = None


def quoted(name: str) -> str:
    """A name as SQL identifier: `a"b` becomes `"a""b"`. Raises ValueError for a name that SQL cannot hold."""
    if not name or "\0" in name:
        raise ValueError(f"{name!r} cannot be the name of a column")
    return '"' + name.replace('"', '""') + '"'


def one_statement(sql: str) -> str:
    """The query without a closing `;`, as it may stand inside parentheses on lines of its own.

    Raises ValueError unless it is one statement that begins like a query, and closes all that it opens.
    """
    kept, code = [], []
    for token in _TOKEN.finditer(sql):
        kind, text = token.lastgroup, token.group()
        if kind == "open":
            raise ValueError(f"`{text}` opens a text or comment that does not end (or a nested comment)")
        if text != ";":
            kept.append(text)
        if kind != "comment" and not text.isspace():
            code.append(text)
    _check_code(code)
    return "".join(kept).strip()


def _check_code(code: list[str]) -> None:
    while code and code[-1] == ";":
        code.pop()
    if ";" in code:
        raise ValueError("it holds more than one statement: give one query, with no `;` inside")
    first = next((text.lower() for text in code if text != "("), "")
    if not first:
        raise ValueError("it is empty")
    if first not in FIRST_WORDS:
        raise ValueError(f"it begins with `{first}`: give a query that begins with {', '.join(word.upper() for word in FIRST_WORDS[:-1])} or TABLE")
    depth = 0
    for text in code:
        depth += (text == "(") - (text == ")")
        if depth < 0:
            raise ValueError("it closes a parenthesis that it did not open")
    if depth:
        raise ValueError("it opens a parenthesis that it does not close")


def wrapped(sql: str) -> str:
    """The query as a table expression; the line break lets a comment on the last line end before the parenthesis."""
    return f"(\n{sql}\n) AS {ALIAS}"


def select(
    sql: str, columns: Sequence[str], *, within: Range | None = None, limit: int | None = None, placeholder: Callable[[int, Any], str]
) -> Query:
    """The query for the rows of a model: `columns` are SQL expressions, in the order of the iterator if there is one."""
    where, values = _where(within, placeholder)
    order = f" ORDER BY {within.column}" if within else ""
    most = f" LIMIT {int(limit)}" if limit is not None else ""
    return Query(f"SELECT {', '.join(columns)} FROM {wrapped(sql)}{where}{order}{most}", values)  # noqa: S608 - a wrapped query of the user's own


def count(sql: str, *, within: Range | None = None, placeholder: Callable[[int, Any], str]) -> Query:
    """The query for how many rows a model has within the bounds."""
    where, values = _where(within, placeholder)
    return Query(f"SELECT count(*) FROM {wrapped(sql)}{where}", values)  # noqa: S608 - as above


def count_without(sql: str, column: str) -> Query:
    """The query for how many rows have no value in a column."""
    return Query(f"SELECT count(*) FROM {wrapped(sql)} WHERE {column} IS NULL")  # noqa: S608 - as above


def _where(within: Range | None, placeholder: Callable[[int, Any], str]) -> tuple[str, list[Any]]:
    if within is None:
        return "", []
    terms, values = [f"{within.column} IS NOT NULL"], []
    for sign, bound in ((">=", within.lower), ("<=", within.upper)):
        if bound is not None:
            values.append(bound)
            terms.append(f"{within.column} {sign} {placeholder(len(values), bound)}")
    return f" WHERE {' AND '.join(terms)}", values
