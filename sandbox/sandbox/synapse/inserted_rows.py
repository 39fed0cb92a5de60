"""The short way for `SELECT 1, N'a' UNION ALL SELECT 2, N'b' ...`: thousands of literal rows need no grammar."""

from __future__ import annotations

from typing import Final

from sandbox.synapse.conversion import sql_text
from sandbox.synapse.declared import DeclaredType
from sandbox.synapse.errors import parse_error
from sandbox.synapse.tokens import Token, tokens

_LITERAL_ROWS: Final = 20  # below this the general way is as quick


def values_of(query: str) -> tuple[str, list[DeclaredType]] | None:
    """DuckDB's VALUES for a query of literal rows, and None for every other. Raises 205 for rows of unequal length."""
    if query.upper().count("UNION ALL") < _LITERAL_ROWS:
        return None
    rows = _rows(tokens(query))
    if rows is None:
        return None
    if len({len(row) for row in rows}) > 1:
        raise parse_error(query, 0, "UNION")
    text = ", ".join(f"({', '.join(row)})" for row in rows)
    # Everything is text or a bare number here; the column's conversion says what it becomes.
    return f"SELECT * FROM (VALUES {text})", [DeclaredType("nvarchar", None)] * len(rows[0])


def _rows(words: list[Token]) -> list[list[str]] | None:
    rows: list[list[str]] = []
    place = 0
    while place < len(words):
        if words[place].upper != "SELECT":
            return None
        row: list[str] = []
        place += 1
        while True:
            value, place = _value(words, place)
            if value is None:
                return None
            row.append(value)
            if place < len(words) and words[place].text == ",":
                place += 1
                continue
            break
        rows.append(row)
        if place < len(words):
            if [word.upper for word in words[place : place + 2]] != ["UNION", "ALL"]:
                return None
            place += 2
    return rows


def _value(words: list[Token], place: int) -> tuple[str | None, int]:
    """One literal, with an alias that is dropped; None for anything else."""
    sign = ""
    if place < len(words) and words[place].text in {"-", "+"}:
        sign, place = words[place].text, place + 1
    if place >= len(words):
        return None, place
    word, place = words[place], place + 1
    value: str | None = None
    if word.kind == "string":
        value = sql_text(word.value)
    elif word.kind == "number" and not word.text.lower().startswith("0x"):
        value = sql_text(sign.strip("+") + word.text)
    elif word.upper == "NULL":
        value = "CAST(NULL AS VARCHAR)"
    if place + 1 < len(words) and words[place].upper == "AS" and words[place + 1].kind in {"word", "quoted"}:
        place += 2
    return value, place
