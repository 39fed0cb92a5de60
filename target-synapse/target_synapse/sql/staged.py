"""How a value stands in the staging table, where COPY INTO's reading of its type is not documented, and how it becomes what the table holds.

- Text is nvarchar(max), so that COPY INTO never fails on a length, with an escape where it is empty (`values`).
- Bytes are text of hexadecimal digits, which CONVERT reads in style 2, and money is a decimal
  (https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_synapse.rows.types import MONEY_AS_DECIMAL, TEXT_MAX
from target_synapse.rows.values import ESCAPE_CODE

if TYPE_CHECKING:
    from target_synapse.rows.types import SqlType

LONGEST = 2_147_483_646  # characters: more than any text has, and one less than an int's last value, since SUBSTRING adds its start to it


def staged_type(kind: SqlType) -> SqlType:
    """The type of the staging table's column."""
    if kind.is_text or kind.is_binary:
        return TEXT_MAX
    return MONEY_AS_DECIMAL if kind.is_money else kind


def restored(name: str, kind: SqlType) -> str:
    """The staged value of a column, whose quoted name it is; of text, as long as it is.

    The escape is known by its code, not by comparison: to many collations a private-use character weighs nothing and equals ''.
    """
    if not (kind.is_text or kind.is_binary):
        return f"CAST({name} AS {kind})" if kind.is_money else name
    text = f"CASE WHEN UNICODE({name}) = {ESCAPE_CODE} THEN SUBSTRING({name}, 2, {LONGEST}) ELSE {name} END"
    return f"CONVERT({kind}, {text}, 2)" if kind.is_binary else text
