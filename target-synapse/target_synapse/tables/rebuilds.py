"""A table made anew with other types of columns, and put in the place of the old one: as `swaps` does it, so what a killed run leaves is brought to its end.

The rows come by INSERT out of the old table, which readers see until the new one is whole; no other run may load the table meanwhile.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

from target_synapse.loading.load import scratch_name
from target_synapse.modes import shadow_parts
from target_synapse.sql.quoting import labelled, quoted
from target_synapse.tables.ensure import existing_columns
from target_synapse.tables.swaps import DECIDED, NEW_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.loading.load import Loader
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.conflicts import Rebuilt
    from target_synapse.tables.naming import TableName
    from target_synapse.tables.swaps import Swaps

logger = logging.getLogger("target-synapse")


class Rebuilds:
    """Makes tables anew for one run."""

    def __init__(self, pool: Pool, swaps: Swaps, loader: Loader, run_id: str) -> None:
        self._pool, self._swaps, self._loader, self._run_id = pool, swaps, loader, run_id
        self._shadows: dict[str, TableName] = {}  # by what they are for: another attempt takes the same

    def rebuild(self, table: TableName, changes: Sequence[Rebuilt]) -> None:
        """Give the columns their new types; may be repeated. Raises ConfigurationError for a table that cannot be made alike, and then nothing has changed."""
        named = ", ".join(f"{one.held.name} {one.type}" for one in changes)
        shadow = self._shadows.setdefault(f"{table} {named}", scratch_name(NEW_PREFIX, table, f"{self._run_id} {named}"))
        label = f"target-synapse run={self._run_id} step=rebuild table={table.table}"[:255]
        try:
            self._swaps.make_shadow(table, shadow, {one.held.name: one.type for one in changes})
            self.made(shadow, table)
            columns = list(existing_columns(self._pool, table).values())
            self._copy(table, shadow, copy_rows(table, shadow, columns, changes, label=label), doing=f"cannot make {table} anew with {named}")
            self._swaps.dress(table, shadow)
        except DestinationError:  # a refusal, not a lost connection: the pool is there to take the table back
            self._loader.drop(shadow)
            raise
        load_id = self._loader.note(table, f"{DECIDED} {shadow.table}")
        self._pool.repeated(lambda: self._swaps.finish(load_id, table, shadow))
        logger.info("Made %s anew: %s", table, named)

    def _copy(self, table: TableName, shadow: TableName, sql: str, *, doing: str) -> None:
        """Copy the rows, and the values of an IDENTITY column with them: the session may give it some in between."""
        has_identity = bool(self._pool.rows(shadow_parts.select_identity(table), doing=doing))
        if has_identity:
            self._pool.execute(shadow_parts.identity_insert(shadow, on=True), doing=doing)
        self._pool.execute(sql, doing=doing)
        if has_identity:
            self._pool.execute(shadow_parts.identity_insert(shadow, on=False), doing=doing)

    def made(self, shadow: TableName, table: TableName) -> None:
        """The new table is there; for a plan, which has to pretend it."""


def copy_rows(table: TableName, shadow: TableName, columns: Sequence[Column], changes: Sequence[Rebuilt], *, label: str) -> str:
    """All rows of the table into the new one."""
    values = {one.held.name: one.value for one in changes}
    names = ", ".join(quoted(one.name) for one in columns)
    taken = ", ".join(values.get(one.name, quoted(one.name)) for one in columns)
    return labelled(f"INSERT INTO {shadow} ({names})\nSELECT {taken}\nFROM {table}", label)
