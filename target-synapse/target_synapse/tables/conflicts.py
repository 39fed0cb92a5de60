"""What becomes of a column whose stream now sends another type, where no ALTER COLUMN keeps all values: `type_conflict` says it.

- `fail`: the run ends, and the table stays as it is.
- `split`: the values go into a column of their own, `<column>__<type>`, beside the old one, which stays with its values and is NULL in the new rows.
- `rebuild`: the table is made anew with a type that holds both, text if there is no other, and takes the old one's place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

from target_synapse.rows import types
from target_synapse.rows.types import SqlType
from target_synapse.sql.quoting import quoted
from target_synapse.tables.naming import digest, folded, held_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

SCALAR_CHARS = 64  # more than any number, moment or uuid has as text: a decimal has 38 digits, a sign and a point
SHORT_TEXT = SqlType("nvarchar", SCALAR_CHARS)
# Of CONVERT: 3 is every digit of a float, 2 four places of money, 23 and 126 are ISO 8601
# (https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql; that pools know style 3 is unconfirmed).
STYLES = {"float": 3, "real": 3, "date": 23, "datetime2": 126, "datetime": 126, "smalldatetime": 126, "money": 2, "smallmoney": 2}
MOMENTS = {"date": 0, "datetime2": 1, "datetimeoffset": 2}  # each holds what those before it do


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A column and the type that it gets when its table is made anew."""

    held: Column
    type: SqlType

    @property
    def column(self) -> Column:
        """The column as it will be."""
        return replace(self.held, type=self.type)

    @property
    def value(self) -> str:
        """Its values as the new type holds them. Text is what a load would write for them now: as JSON has it, moments in ISO 8601."""
        name, kind = quoted(self.held.name), self.held.type
        if not self.type.is_text or kind.is_text:
            return f"CAST({name} AS {self.type})"
        if kind.name == "bit":
            return f"CASE {name} WHEN 1 THEN N'true' WHEN 0 THEN N'false' END"
        if kind.name == "uniqueidentifier":
            return f"LOWER(CAST({name} AS nvarchar(36)))"
        return as_text(name, kind.name)


def as_text(expression: str, kind: str) -> str:
    """A number or moment of the type as text that loses nothing of it."""
    style = STYLES.get(kind)
    return f"CONVERT(nvarchar({SCALAR_CHARS}), {expression}{'' if style is None else f', {style}'})"


def fails(table: TableName, held: Column, wanted: SqlType, why: str = "") -> DestinationError:
    """The error of a conflict that is not solved."""
    return DestinationError(
        f"column {held.name} of {table} is {held.type}, and the stream now sends {wanted}{why}",
        hint="no change of type in place keeps the values: set `type_conflict`, rename the column or the table, or give the property the `x-sql-datatype` "
        f"{held.type}",
    )


def split_name(held: Column, wanted: SqlType, taken: Collection[str]) -> str:
    """The name of the column for values of another type; `taken` are the folded names of the stream's other columns."""
    name = held_name(f"{held.name}__{wanted.name}")
    return held_name(f"{name}_{digest(name)}") if folded(name) in taken else name


def common_type(held: SqlType, wanted: SqlType) -> SqlType | None:
    """A type that holds the values of both; None for bytes, which are no text."""
    if held.is_binary or wanted.is_binary:
        return None
    if held.name in MOMENTS and wanted.name in MOMENTS:
        widest = max(held, wanted, key=lambda kind: MOMENTS[kind.name])
        return replace(widest, scale=max(held.scale, wanted.scale)) if widest.name != "date" else widest
    texts = [kind for kind in (held, wanted) if kind.is_text]
    if any(kind.length is None for kind in texts):
        return types.TEXT_MAX
    return SqlType("nvarchar", max([SCALAR_CHARS, *(kind.length or 0 for kind in texts)]))
