"""COPY INTO of one file, and the look at what arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError

from target_synapse.files.why import NotCopiedError
from target_synapse.sql import copy_into, dml
from target_synapse.sql.quoting import quoted
from target_synapse.tables.naming import STAGED
from target_synapse.ways import PlainWay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_synapse.files.fit import Carried
    from target_synapse.files.footer import Footer
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.staging.store import StagingStore
    from target_synapse.tables.naming import TableName
    from target_synapse.ways import Staged


class FileWay(PlainWay):
    """Fills a staging table, of the file's own types, from the one file. Raises NotCopiedError where the file is to be read."""

    right = "COPY"

    def __init__(self, pool: Pool, store: StagingStore, footer: Footer, carried: Sequence[Carried], keys: Sequence[Column]) -> None:
        self._pool, self._store, self._footer, self._carried = pool, store, footer, carried
        staged = {one.column.name: one.column for one in carried}
        self._keys = [staged[key.name] for key in keys]

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        (path,) = staged.files
        fields = [(one.column.name, one.field.number) for one in self._carried]
        address, credential = self._store.address(path), self._store.credential
        sql = copy_into.copy_parquet(staging, fields, address, credential, compression=self._footer.compression, label=label("copy"))
        try:
            self._pool.execute(sql, doing=f"cannot copy the file into {staging}")
        except DestinationError as error:  # the pool's own answer; what passes by itself is another kind, and is tried again
            raise NotCopiedError(f"the pool refused it: {error}") from error
        if reason := self.doubts(staging):
            raise NotCopiedError(reason)

    def doubts(self, staging: TableName) -> str:
        """Why what has arrived may not go on, if it may not."""
        doing = f"cannot look at {staging}"
        rows, *found = map(int, self._pool.rows(select_arrived(staging, self._carried), doing=doing)[0])
        if rows != self._footer.rows:
            return ""  # told by who counts the rows of every staging table: that is no file to be read, but a load that went wrong
        values, unsound = found[::2], found[1::2]
        for one, many, wrong in zip(self._carried, values, unsound, strict=True):
            if many != one.field.values:
                return f"{one.field.values} values of `{one.field.name}` are in it, and {many} arrived"
            if wrong:
                return f"{wrong} values of `{one.field.name}` do not go into {one.column.type} as they are"
        if self._keys and rows and self._pool.number(count_doubled(staging, self._keys), doing=doing):
            return "several of its rows have one key, and a file has no order for COPY INTO"
        return ""


def select_arrived(staging: TableName, carried: Sequence[Carried]) -> str:
    """How many rows there are, and of each column how many values, and how many that are not sound."""
    counted = ", ".join(f"COUNT_BIG({STAGED}.{quoted(one.column.name)}), {_unsound(one)}" for one in carried)
    return f"SELECT COUNT_BIG(*), {counted}\nFROM {staging} AS {STAGED}"


def _unsound(one: Carried) -> str:
    if not one.sound:
        return "0"
    return f"COALESCE(SUM(CAST(CASE WHEN {STAGED}.{quoted(one.column.name)} IS NULL OR ({one.sound}) THEN 0 ELSE 1 END AS bigint)), 0)"


def count_doubled(staging: TableName, keys: Sequence[Column]) -> str:
    """How many keys several rows have, as the table tells keys apart."""
    by_key = ", ".join(dml.typed(key) for key in keys)
    return f"SELECT COUNT_BIG(*) FROM (SELECT 1 AS doubled FROM {staging} AS {STAGED} GROUP BY {by_key} HAVING COUNT_BIG(*) > 1) AS d"  # noqa: S608 - quoted names
