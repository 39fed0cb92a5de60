"""A staged batch in slices: where it is more than a transaction may change, ranges of its rows are loaded one after the other, each as a batch is.

Rows are in slices by their place in the batch, so the last of those with a key is still the one that stays. An entry of the ledger says which place its
slice goes up to: a run that is cut off between two slices goes on behind the last one that landed, however wide its own are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.sql.ddl import TableShape, with_shape
from target_synapse.sql.quoting import labelled, quoted
from target_synapse.tables.naming import ROW_COLUMN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_synapse.tables.naming import TableName

CONTENT_CHARS = 40  # of the content's hash: as good as SHA-1's, and leaves room for a place in the ledger's column
OPEN, LAST = ":", "="
ROW = quoted(ROW_COLUMN)


def content_of_slice(content: str, upto: int, *, is_last: bool) -> str:
    """What the ledger says of a slice: whose it is, and up to which place."""
    return f"{content[:CONTENT_CHARS]}{LAST if is_last else OPEN}{upto}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an earlier run came with a batch: the contents of its slices, the last place, and whether that is the batch's."""

    contents: tuple[str, ...] = ()
    upto: int = 0
    is_whole: bool = False


def progress(content: str, unfinished: Iterable[str]) -> Progress:
    """Of the contents in the ledger, those of slices of this batch."""
    head = content[:CONTENT_CHARS]
    found = [one for one in unfinished if one[:CONTENT_CHARS] == head and one[CONTENT_CHARS : CONTENT_CHARS + 1] in {OPEN, LAST} and one != content]
    places = [int(one[CONTENT_CHARS + 1 :]) for one in found]
    return Progress(tuple(found), max(places, default=0), any(one[CONTENT_CHARS] == LAST for one in found))


def select_places(staging: TableName) -> str:
    """The first and the last place of the staged rows."""
    return f"SELECT MIN({ROW}), MAX({ROW}) FROM {staging}"  # noqa: S608 - a quoted name


def make_slice(made: TableName, staging: TableName, hashed_by: Sequence[str], after: int, upto: int, *, is_first: bool, label: str) -> str:
    """A table of the rows behind one place and up to another; rows without a place, which only a transformation adds, are in the first."""
    placeless = f" OR {ROW} IS NULL" if is_first else ""
    return labelled(
        f"CREATE TABLE {made} {with_shape(TableShape(hashed_by=hashed_by))} AS\n"
        f"SELECT * FROM {staging} WHERE ({ROW} > {after} AND {ROW} <= {upto}){placeless}",
        label,
    )


def part_of(parts: int, number: int) -> str:
    """Whether a row is in one of several parts of its table, of which DELETE and UPDATE take one at a time: neither has a TOP in a pool."""
    return f"ABS(CAST(BINARY_CHECKSUM(*) AS bigint)) % {parts} = {number}"
