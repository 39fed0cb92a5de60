"""Child tables that a stream has no array for any more: its SCHEMA lost one, or its `nested_data` is `json` again.

What is in them must not stay as the elements of a record that has come again without them. So their rows go with those of the stream's table that are
replaced or removed, and an `overwrite` puts empty tables into their place. They are known by marks in the ledger, not by their names: `orders__items` may
be a stream of its own, whose rows are none of the stream `orders`.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from target_synapse.children.tables import RECORD_ID, ChildTable, source_name
from target_synapse.children.tree import Branch
from target_synapse.rows import types
from target_synapse.sql import ledger
from target_synapse.tables.ensure import LoadPlan, existing_columns
from target_synapse.tables.naming import RECORD_COLUMN, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_synapse.loading.load import Loader
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

MARK = "CHILD OF "  # and digits of the stream's table: the content of an entry of no rows, whose target is the child table
DIGITS = 40  # of a SHA-256, in hexadecimal
EMPTIED = "those of records that come again, or are deleted, go, and others stay"
KEPT = "they stay"
UNKNOWN = "they stay whatever becomes of their records, since it does not know these by their keys of now; `load_method` `overwrite` empties it"
logger = logging.getLogger("target-synapse")


class Marks:
    """Whose child table a table is: the newest mark counts. The ledger is asked once in a run."""

    def __init__(self, pool: Pool, ledger_table: TableName, loader: Loader) -> None:
        self._pool, self._ledger, self._loader = pool, ledger_table, loader
        self._marked: dict[str, tuple[TableName, str]] | None = None
        self._told: set[TableName] = set()

    def note(self, table: TableName, children: Iterable[TableName]) -> None:
        """Have it known that these are child tables of the table, and that it is none itself."""
        marked, mark = self._read(), mark_of(table)
        missing = {one: mark for one in children if marked.get(one.same_as, (one, ""))[1] != mark}
        if marked.get(table.same_as, (table, mark))[1] != mark:  # another stream had it as its child table
            missing[table] = mark
        if missing:
            self._loader.note_all(missing)
            marked.update({one.same_as: (one, mark) for one in missing})

    def former(self, table: TableName, children: Iterable[TableName]) -> list[TableName]:
        """Child tables that the table had, and that are none of these; they need not be there any more."""
        now, mark = {one.same_as for one in (table, *children)}, mark_of(table)
        return [one for same_as, (one, owner) in self._read().items() if owner == mark and same_as not in now]

    def tell(self, table: TableName, stream: str, what: str) -> None:
        """Say, once in a run, what becomes of a table's rows."""
        if table not in self._told:
            self._told.add(table)
            logger.warning(
                "%s holds elements of an array that `%s` does not load into it any more: %s. Drop it if nobody needs it.", table, stream, what
            )

    def _read(self) -> dict[str, tuple[TableName, str]]:
        if self._marked is None:
            sql = ledger.select_marks(self._ledger, MARK)
            rows = self._pool.repeated(lambda: self._pool.rows(sql, doing="cannot read the ledger"))
            self._marked = {named.same_as: (named, str(content)) for target, content in rows if (named := ledger.named(str(target)))}
        return self._marked


def mark_of(table: TableName) -> str:
    """What marks the child tables of a table."""
    return MARK + hashlib.sha256(table.same_as.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def former_children(
    pool: Pool, marks: Marks, tables: Iterable[TableName], plan: LoadPlan, *, stream: str, swapped: Callable[[TableName], TableName] | None
) -> list[ChildTable]:
    """Those of the tables that are there, and out of which rows can be taken. `swapped` makes the table that takes the place of one, for an overwrite."""
    found = []
    for table in tables:
        if not (held := pool.repeated(lambda table=table: existing_columns(pool, table))):  # type: ignore[misc]  # mypy knows no lambda's defaults
            continue
        child = former_child(pool, table, held, plan)
        if swapped:
            marks.tell(table, stream, "it will be empty")
            new = swapped(table)
        elif child:
            marks.tell(table, stream, EMPTIED if plan.keys else KEPT)
            new = table
        else:
            marks.tell(table, stream, UNKNOWN)
        if child:
            found.append(replace(child, plan=replace(child.plan, table=new)))
    return found


def former_child(pool: Pool, table: TableName, held: Mapping[str, Column], plan: LoadPlan) -> ChildTable | None:
    """The table, whose columns are `held`, to take rows out of it with those that `plan` is of; None if the keys of these do not tell which."""
    identity = plan.key_columns or ([RECORD_ID] if _has_records(pool, plan) else [])
    by_folded = {folded(name): column for name, column in held.items()}
    sources = [by_folded.get(folded(source_name(one))) for one in identity]
    same = [own for own, theirs in zip(sources, identity, strict=True) if own and _comparable(own, theirs)]
    if not identity or len(same) < len(identity):
        return None
    return ChildTable(Branch((), table, {}, is_object=False, branches=()), LoadPlan(table, {}, ()), identity, same, (), {})


def _has_records(pool: Pool, plan: LoadPlan) -> bool:
    return any(folded(name) == folded(RECORD_COLUMN) for name in existing_columns(pool, plan.table))


def _comparable(one: Column, other: Column) -> bool:
    """Whether `=` compares what the columns hold, as it does in the stream's table: texts of two collations are an error, other types may be."""
    if one.type.is_text and other.type.is_text:
        return one.collation == other.collation
    return types.wide_enough(one.type, other.type) or types.wide_enough(other.type, one.type)
