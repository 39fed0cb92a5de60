"""The ledger: a row for each loaded batch, written in the transaction that loads it.

It answers two questions that nothing else can. Did the transaction land whose commit was never answered? `select_load` finds its `load_id`.
And was this batch loaded by an earlier run that was killed before its STATE went out? Then the same rows come again, in the same order, and
appending them would double them. `claim` finds them by their content: only among the batches of runs that never came to their end (`closed_at`
is NULL), and each row answers for one batch only, so a table that is rightly sent the same rows twice gets them twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_synapse.rows.types import BIGINT, DATETIME, SqlType
from target_synapse.sql.ddl import Column, TableShape, create_table, if_missing
from target_synapse.sql.quoting import labelled, literal
from target_synapse.tables.naming import TableName

if TYPE_CHECKING:
    from collections.abc import Sequence

LEDGER = "_sdc_load_ledger"
ID_CHARS = 64
QUOTED_TWICE = re.compile(r"\[((?:[^\]]|\]\])+)\]\.\[((?:[^\]]|\]\])+)\]", re.DOTALL)
COLUMNS = (
    Column("load_id", SqlType("nvarchar", ID_CHARS)),
    Column("run_id", SqlType("nvarchar", ID_CHARS)),
    Column("target", SqlType("nvarchar", 600)),  # quoted schema and table: 128 characters each, at worst all of them doubled
    Column("content", SqlType("nvarchar", ID_CHARS)),
    Column("files", BIGINT),
    Column("rows", BIGINT),
    Column("committed_at", DATETIME),
    Column("closed_at", DATETIME),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One load: which run loaded which content, from how many files with how many rows, into which table."""

    load_id: str
    run_id: str
    target: str
    content: str
    files: int
    rows: int


def ledger_table(schema: str) -> TableName:
    """The ledger of a schema."""
    return TableName(schema, LEDGER)


def create_ledger(ledger: TableName) -> str:
    """Make the ledger if it is not there."""
    return if_missing(ledger, create_table(ledger, COLUMNS, TableShape()))


def insert_entry(ledger: TableName, *entries: Entry, label: str) -> str:
    """Write an entry, or several, all of them or none; one belongs into the transaction of the load."""
    selected = "\nUNION ALL ".join(f"SELECT {_values(entry)}" for entry in entries)
    return labelled(
        f"INSERT INTO {ledger} ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])\n{selected}",
        label,
    )


def _values(entry: Entry) -> str:
    texts = ", ".join(literal(text) for text in (entry.load_id, entry.run_id, entry.target, entry.content))
    return f"{texts}, {entry.files}, {entry.rows}, SYSUTCDATETIME()"


def select_load(ledger: TableName, load_id: str) -> str:
    """How many entries the load has: 1 or 0."""
    return f"SELECT COUNT_BIG(*) FROM {ledger} WHERE [load_id] = {literal(load_id)}"


def select_unfinished(ledger: TableName, target: str, run_id: str) -> str:
    """Load id and content of the batches that earlier runs loaded into the table without coming to their end."""
    return f"SELECT [load_id], [content] FROM {ledger}\nWHERE [target] = {literal(target)} AND [closed_at] IS NULL AND [run_id] <> {literal(run_id)}"


def claim(ledger: TableName, load_id: str, run_id: str, *, label: str) -> str:
    """Take an earlier run's entry over: its batch came again, and is this run's now."""
    return labelled(f"UPDATE {ledger} SET [run_id] = {literal(run_id)} WHERE [load_id] = {literal(load_id)}", label)


def select_open(ledger: TableName, content: str, *, target: str | None = None, hours: int = 0) -> str:
    """Load id, target and content of entries whose content begins so and that are not closed: of a target, or older than so many hours."""
    of = f" AND [target] = {literal(target)}" if target is not None else ""
    old = f" AND [committed_at] < DATEADD(hour, -{hours}, SYSUTCDATETIME())" if hours else ""
    return f"SELECT [load_id], [target], [content] FROM {ledger}\nWHERE [closed_at] IS NULL AND LEFT([content], {len(content)}) = {literal(content)}{of}{old}"


def select_marks(ledger: TableName, content: str) -> str:
    """Target and content of entries whose content begins so, in their order."""
    return f"SELECT [target], [content] FROM {ledger}\nWHERE LEFT([content], {len(content)}) = {literal(content)}\nORDER BY [committed_at]"


def count_recent(ledger: TableName, end: str, hours: int) -> str:
    """How many entries targets whose name ends so have got in the last hours."""
    since = f"[committed_at] >= DATEADD(hour, -{hours}, SYSUTCDATETIME())"
    return f"SELECT COUNT_BIG(*) FROM {ledger} WHERE RIGHT([target], {len(end)}) = {literal(end)} AND {since}"


def close_load(ledger: TableName, load_id: str, *, label: str) -> str:
    """Note that what an entry began has come to its end."""
    return labelled(f"UPDATE {ledger} SET [closed_at] = SYSUTCDATETIME() WHERE [load_id] = {literal(load_id)}", label)


def named(target: str) -> TableName | None:
    """The table of an entry's `target`."""
    if not (parts := QUOTED_TWICE.fullmatch(target)):
        return None
    schema, table = (part.replace("]]", "]") for part in parts.groups())
    return TableName(schema, table)


def close(ledger: TableName, targets: Sequence[str], *, label: str) -> str:
    """Note that a run came to its end: what it loaded into these tables, and what earlier ones did, will not come again by accident."""
    names = ", ".join(literal(target) for target in targets)
    return labelled(f"UPDATE {ledger} SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN ({names})", label)
