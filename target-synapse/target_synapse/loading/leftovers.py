"""What runs that were killed left behind: staging tables and staged files, removed by a later run once they are old enough.

Nothing tells a killed run from one that is at work elsewhere but age. A staging table lives as long as the load of one batch, and its name says when it was
made. The files of a run are left alone while the newest of them is young.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from singer_commons.errors import SuiteError

from target_synapse.loading.error_files import FOLDER
from target_synapse.loading.load import STAGING_PREFIX
from target_synapse.sql import ddl, external
from target_synapse.tables.naming import DIGEST_CHARS, TableName
from target_synapse.tables.swaps import NEW_PREFIX
from target_synapse.ways.polybase import PREFIX, TABLE_PREFIX, own_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_synapse.pool.connection import Pool
    from target_synapse.tables.swaps import Swaps
    from target_synapse.ways import Store

STAGING_NAME = re.compile(rf"(?:{STAGING_PREFIX}|{NEW_PREFIX})_[0-9a-f]{{{DIGEST_CHARS}}}_(\d{{14}})_[0-9a-f]{{{DIGEST_CHARS}}}")
OBJECT_NAME = re.compile(rf"{PREFIX}_(\d{{14}})_[0-9a-f]{{{DIGEST_CHARS}}}")
# Run, stream, batch, and a part, or what COPY INTO wrote of rows that it refused.
STAGED_FILE = re.compile(rf"([0-9a-f]{{32}})/[^/]+/[^/]+/(?:\d{{5,}}\.(?:csv\.gz|parquet)|{FOLDER}-[0-9a-f]{{32}}/.+)")
logger = logging.getLogger("target-synapse")


def _now() -> datetime:
    return datetime.now(UTC)


class Leftovers:
    """Removes what is older than `after_hours`. A failure to do so is told, and no more: the load does not depend on it."""

    def __init__(
        self, pool: Pool, store: Store, prefix: str, swaps: Swaps | None = None, *, after_hours: int, now: Callable[[], datetime] = _now
    ) -> None:
        self._pool, self._store, self._prefix, self._swaps, self._hours = pool, store, prefix, swaps, after_hours
        self._before = now() - timedelta(hours=after_hours)
        self._swept: set[str] = set()

    def sweep_files(self) -> None:
        """Remove the staged files of dead runs."""
        try:
            paths = old_files(self._store.listed(f"{self._prefix}/"), self._prefix, self._before)
        except SuiteError as error:
            logger.warning("Files that earlier runs may have left were not looked for: %s", error)
            return
        if paths:
            self._store.remove(paths)
            logger.info("Removed %d staged files that runs which were cut off had left", len(paths))

    def sweep_tables(self, schema: str) -> None:
        """Drop the staging tables of dead runs in a schema; at the first call for it."""
        if schema in self._swept:
            return
        self._swept.add(schema)
        try:
            kept = self._end_swaps(schema)
            for prefix in (STAGING_PREFIX, NEW_PREFIX):
                rows = self._pool.rows(ddl.select_tables(schema, prefix), doing=f"cannot look for staging tables in {schema}")
                for name in old_tables((str(row[0]) for row in rows), self._before):
                    if name not in kept and not self._is_living(TableName(schema, name)):
                        self._pool.execute(ddl.drop_table(TableName(schema, name)), doing=f"cannot drop {name}")
                        logger.info("Dropped the staging table %s, which a run that was cut off had left", name)
        except SuiteError as error:
            logger.warning("Staging tables that earlier runs may have left in %s stay: %s", schema, error)

    def _end_swaps(self, schema: str) -> set[str]:
        """End the swaps of dead runs in a schema; the new tables of those that stay, which may be another run's at work."""
        if self._swaps is None:
            return set()
        for load_id, table, shadow in self._swaps.unfinished(hours=self._hours):
            if table.schema == schema:
                self._swaps.finish(load_id, table, shadow)
                logger.info("Put %s in the place of %s, as a run that was cut off had begun to", shadow, table)
        return {shadow.table for _, _, shadow in self._swaps.unfinished()}

    def _is_living(self, table: TableName) -> bool:
        return self._swaps is not None and table.table.startswith(NEW_PREFIX) and self._swaps.is_living(table, self._hours)

    def sweep_external(self) -> None:
        """Drop what dead runs made for PolyBase: their external tables, in whatever schema, then the objects that these need."""
        try:
            for schema, name in self._names(external.select_tables(TABLE_PREFIX)):
                if old_tables([name.replace(TABLE_PREFIX, STAGING_PREFIX, 1)], self._before):
                    self._pool.execute(external.drop_table(TableName(schema, name)), doing=f"cannot drop {name}")
                    logger.info("Dropped the external table %s, which a run that was cut off had left", name)
            views = (external.FORMATS, external.SOURCES, external.CREDENTIALS)
            names = {row[0]: None for view in views for row in self._names(external.select_names(view, PREFIX))}
            for name in old_objects(names, self._before):
                for _, sql in own_objects(name):
                    self._pool.execute(sql, doing=f"cannot drop {name}")
                logger.info("Dropped PolyBase's objects %s, which a run that was cut off had left", name)
        except SuiteError as error:
            logger.warning("What earlier runs may have left of PolyBase's objects stays: %s", error)

    def _names(self, sql: str) -> list[list[str]]:
        return [[str(part) for part in row] for row in self._pool.rows(sql, doing="cannot look for PolyBase's objects")]


def old_objects(names: Iterable[str], before: datetime) -> list[str]:
    """Those that are a run's own objects of PolyBase, made before a moment."""
    return [name for name in names if (match := OBJECT_NAME.fullmatch(name)) and match[1] < f"{before:%Y%m%d%H%M%S}"]


def old_tables(names: Iterable[str], before: datetime) -> list[str]:
    """Those that are staging tables made before a moment."""
    return [name for name in names if (match := STAGING_NAME.fullmatch(name)) and match[1] < f"{before:%Y%m%d%H%M%S}"]


def old_files(files: Iterable[tuple[str, datetime]], prefix: str, before: datetime) -> list[str]:
    """Staged files of runs that have written none since a moment."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    newest: dict[str, datetime] = {}
    for path, written in files:
        if match := STAGED_FILE.fullmatch(path.removeprefix(f"{prefix}/")):
            paths[match[1]].append(path)
            newest[match[1]] = max(written, newest.get(match[1], written))
    return [path for run, found in paths.items() if newest[run] < before for path in found]
