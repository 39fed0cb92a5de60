"""Names and text inside T-SQL: nothing reaches a statement but through here."""

from __future__ import annotations

MAX_NAME_CHARS = 128  # regular and delimited identifiers (https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers)
BEYOND_UTF16_UNIT = 0xFFFF  # characters above it take two units, and T-SQL counts units


def utf16_units(text: str) -> int:
    """The length of the text as nvarchar counts it."""
    return len(text) if text.isascii() else len(text) + sum(ord(char) > BEYOND_UTF16_UNIT for char in text)


def quoted(name: str) -> str:
    """Quote one identifier: `a]b` becomes `[a]]b]`. Raises ValueError if T-SQL cannot hold it."""
    if not name or utf16_units(name) > MAX_NAME_CHARS or "\0" in name or not _is_unicode(name):
        raise ValueError(f"not a T-SQL identifier: {name!r}")
    return f"[{name.replace(']', ']]')}]"


def literal(text: str) -> str:
    """Quote text as a Unicode literal: `it's` becomes `N'it''s'`."""
    return "N" + plain_literal(text)


def plain_literal(text: str) -> str:
    """Quote text as the options of COPY INTO want it, without the N."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"


def labelled(statement: str, label: str) -> str:
    """The statement with a label, by which an administrator finds it in sys.dm_pdw_exec_requests."""
    return f"{statement}\nOPTION (LABEL = {literal(label)})"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
