"""`insert`: rows go through the connection itself, for small loads and for set-ups without storage."""

from __future__ import annotations

import gzip
import io
import logging
from typing import TYPE_CHECKING

from target_synapse.rows.records import fields_of
from target_synapse.sql import ddl
from target_synapse.sql.insert_rows import statements
from target_synapse.ways import PlainWay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.tables.naming import TableName
    from target_synapse.ways import Staged
    from target_synapse.ways.local_store import LocalStore

MANY_ROWS = 100_000  # of a run: hundreds of statements or more, where COPY INTO is one for each batch
logger = logging.getLogger("target-synapse")


class InsertWay(PlainWay):
    """Rows of parts on this machine, by INSERT."""

    right = "INSERT"

    def __init__(self, pool: Pool, store: LocalStore) -> None:
        self._pool, self._store = pool, store
        self._rows = 0

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        columns = ddl.staged_columns(staged.columns)
        for statement in statements(staging, columns, self._fields(staged.files), label=label("rows")):
            self._pool.execute(statement.sql, *statement.parameters, doing=f"cannot insert rows into {staging}")
        self._tell_once(staged.rows)

    def _fields(self, files: Sequence[str]) -> Iterator[list[str]]:
        for path in files:
            with gzip.open(self._store.reader(path)) as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="") as lines:
                yield from fields_of(lines)

    def _tell_once(self, rows: int) -> None:
        before, self._rows = self._rows, self._rows + rows
        if before < MANY_ROWS <= self._rows:
            logger.warning("%d rows went through INSERT by now: `load_via: copy` would be many times faster", self._rows)
