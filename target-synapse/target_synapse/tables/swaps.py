"""A new table takes the place of an old one: made like it, filled, and then renamed; what a killed run leaves in between is brought to its end.

    CREATE TABLE -> rows come in -> keys, indexes, statistics, rights -> row in the ledger -> old table renamed -> new one renamed -> old one dropped -> row closed

The row in the ledger is the decision: before it the new table is a leftover, from it on it is the table. Whoever finds such a row open, a run that
loads the table or one that sweeps up, goes on from what is there: `finish`. So does a run whose connection was lost on the way.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_synapse.modes import shadow_sql
from target_synapse.modes.merge import select_distribution
from target_synapse.sql import ddl, ledger
from target_synapse.tables.ensure import existing_columns
from target_synapse.tables.naming import DIGEST_CHARS, TableName, folded
from target_synapse.tables.table_parts import TableParts, UncopiedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.rows.types import SqlType

NEW_PREFIX, OLD_PREFIX = "_sdc_new", "_sdc_old"
DECIDED = "OVERWRITE"  # and the new table: the content of the ledger's row
OWNER_CHARS = len(f"_{'0' * 14}_{'0' * DIGEST_CHARS}")  # at the end of a new table's name: when it was made, and by whom
HINTS = ("load it with another `load_method`", "make it anew by hand, or set `type_conflict` to `split`")
logger = logging.getLogger("target-synapse")


class Swaps:
    """Makes and ends swaps of one run."""

    def __init__(self, pool: Pool, ledger_table: TableName, run_id: str) -> None:
        self._pool, self._ledger, self._run_id = pool, ledger_table, run_id
        self._read = TableParts(pool)
        self._keyed_anew: set[TableName] = set()  # new tables that do not get the declared key of the old one

    def make_shadow(
        self, table: TableName, shadow: TableName, changed: Mapping[str, SqlType] | None = None, *, key: Sequence[str] | None = None
    ) -> None:
        """Make an empty table like the one that is there, with other types of some columns; nothing, if there is none.

        `key` are the columns to be declared as its key, None those that were. Rows of a new table may be told apart by others than the old table's: its
        declared key would then be false, which makes queries wrong, and its columns may be NULL. Raises ConfigurationError for what cannot be made alike.
        """
        doing, changed = f"cannot read how {table} is made", changed or {}
        index = self._pool.rows(shadow_sql.select_index(table), doing=doing)
        if not index:
            return
        definitions = self._pool.rows(shadow_sql.select_definitions(table), doing=doing)
        try:
            partition, defaults = self._read.partition(table, definitions, changed), self._read.defaults(table, changed)
            behind = {name: f"DEFAULT {value}" for name, value in defaults.items()} | self._read.identity(table, changed)
        except UncopiedError as error:
            raise ConfigurationError(f"{table} has {error}, which a new table in its place would not have", hint=HINTS[bool(changed)]) from None
        distribution = self._pool.rows(select_distribution(table), doing=doing)
        self._pool.execute(ddl.drop_table(shadow), doing=f"cannot drop {shadow}")
        if any(kind.is_max for kind in changed.values()) and index[0][0] == shadow_sql.COLUMNSTORE:
            index = []  # a heap: a columnstore holds no (max) column
        definitions = [shadow_sql.retyped(row, changed[row[0]]) if row[0] in changed else row for row in definitions]
        own = self._read.own_key(table) if key is not None else []
        if key is None or [*map(folded, own)] == [*map(folded, key)]:
            own, key = [], []
        elif own:
            definitions, key = rekeyed(definitions, own, key)
            self._keyed_anew.add(shadow)
        create = shadow_sql.create_like(shadow, definitions, distribution, index, partition=partition, behind=behind)
        self._pool.execute(create, doing=f"cannot make a table like {table}")
        if own and key:
            self._pool.execute(ddl.add_primary_key(shadow, key), doing=f"cannot declare the key of {table} anew")

    def dress(self, table: TableName, shadow: TableName) -> None:
        """Give the new table keys, indexes, statistics and rights of the old one; may be repeated."""
        for sql in self._read.keys_and_indexes(table, shadow, own=shadow not in self._keyed_anew):
            self._pool.execute(sql, doing=f"cannot make the keys and indexes of {table} anew")
        doing = f"cannot read the rights on {table}"
        there = {str(name) for name, _ in self._pool.rows(shadow_sql.select_statistics(shadow), doing=doing)}
        statistics = [one for one in self._pool.rows(shadow_sql.select_statistics(table), doing=doing) if str(one[0]) not in there]
        for sql in shadow_sql.create_statistics(shadow, statistics):
            self._pool.execute(sql, doing=f"cannot make the statistics of {table} anew")
        for sql in shadow_sql.grants(shadow, self._pool.rows(shadow_sql.select_rights(table), doing=doing)):
            self._pool.execute(sql, doing=f"cannot give the rights on {table} anew, which want CONTROL on it or its schema")

    def unfinished(self, *, target: str | None = None, hours: int = 0) -> list[tuple[str, TableName, TableName]]:
        """Load id, table and new table of the swaps that were decided and not ended: of a table, or older than so many hours."""
        sql = ledger.select_open(self._ledger, DECIDED, target=target, hours=hours)
        found = self._pool.rows(sql, doing="cannot read the ledger")
        return [
            (str(load_id), named, TableName(named.schema, str(content).split()[1]))
            for load_id, name, content in found
            if (named := ledger.named(str(name)))
        ]

    def is_living(self, shadow: TableName, hours: int) -> bool:
        """Whether a run still brings rows into a new table, or into the one whose child table it is, however long ago that was made."""
        whose = f"{shadow.table[-OWNER_CHARS:]}]"
        return bool(self._pool.number(ledger.count_recent(self._ledger, whose, hours), doing="cannot read the ledger"))

    def finish(self, load_id: str, table: TableName, shadow: TableName) -> None:
        """Bring a decided swap to its end, from wherever it is."""
        old = TableName(table.schema, shadow.table.replace(NEW_PREFIX, OLD_PREFIX, 1))
        if existing_columns(self._pool, shadow):
            if existing_columns(self._pool, table):
                self._pool.execute(shadow_sql.rename(table, old), doing=f"cannot move {table} aside")
            self._pool.execute(shadow_sql.rename(shadow, table), doing=f"cannot put {shadow} in the place of {table}")
        self._pool.execute(ddl.drop_table(old), doing=f"cannot drop {old}")
        sql = ledger.close_load(self._ledger, load_id, label=self._label("close", table))
        self._pool.execute(sql, doing="cannot close the entry of the ledger")

    def repair(self, table: TableName) -> None:
        """End what an earlier run decided and did not end for the table."""
        for load_id, _, shadow in self.unfinished(target=str(table)):
            self.finish(load_id, table, shadow)
            logger.info("Put %s in the place of %s, as a run that was cut off had begun to", shadow, table)

    def _label(self, step: str, table: TableName) -> str:
        return f"target-synapse run={self._run_id} step={step} table={table.table}"[:255]


def rekeyed(definitions: Sequence[Sequence[Any]], old: Sequence[str], new: Sequence[str]) -> tuple[list[Sequence[Any]], list[str]]:
    """The columns as `select_definitions` reads them, with another key, and its columns; none where the table does not have all of them."""
    names = {folded(str(row[0])): str(row[0]) for row in definitions}
    key = [names[folded(name)] for name in new if folded(name) in names]
    key = key if len(key) == len(new) else []
    freed = {folded(name) for name in old}
    return [(*row[:-1], row[0] not in key and (row[-1] or folded(str(row[0])) in freed)) for row in definitions], key
