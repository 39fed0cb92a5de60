"""`overwrite`: what a run knows of the tables in which rows gather until they take the place of those that readers see.

While rows of a stream are in such a table no STATE goes out: they are not where a reader finds them, and would be gone with this run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_synapse.loading.load import scratch_name
from target_synapse.tables.naming import TableName, digest
from target_synapse.tables.swaps import NEW_PREFIX, OWNER_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_synapse.sink import SynapseSink


@dataclass(eq=False)
class Shadow:
    """One stream's: `table` is what readers see, `name` where the rows gather."""

    stream: str
    table: TableName
    name: TableName
    sinks: list[SynapseSink] = field(default_factory=list)  # that the stream has had in this run
    beside: dict[TableName, TableName] = field(default_factory=dict)  # the same of child tables
    made: list[TableName] = field(default_factory=list)  # new tables, of which there may be one in the pool now
    has_rows: bool = False
    empty_version: int | None = None  # activated before any row came: the table is empty if none comes
    rows_said: int = -1  # that had come when a STATE came
    is_decided: bool = False  # from now on it is the table
    is_done: bool = False

    @property
    def tables(self) -> dict[TableName, TableName]:
        """Every table that readers see, and where its rows gather."""
        return {self.table: self.name, **self.beside}

    def new(self, table: TableName) -> TableName:
        """Where the rows of a table gather. That of a child table has a name by which it is known as this run's, like the stream's."""
        if table == self.table:
            return self.name
        whose = self.name.table[-OWNER_CHARS:]
        return self.beside.setdefault(table, TableName(table.schema, f"{NEW_PREFIX}_{digest(str(table))}{whose}"))

    @property
    def is_open(self) -> bool:
        """Whether it holds something that readers do not see yet."""
        return not self.is_done and (self.has_rows or self.empty_version is not None)

    @property
    def rows_seen(self) -> int:
        """Rows of the stream that have come."""
        return sum(sink.rows_seen for sink in self.sinks)

    def state_came(self, state: dict[str, Any]) -> None:
        """Note that the tap says something of all rows until now, unless it says that it is not through with them."""
        if not says_unfinished(state, self.stream):
            self.rows_said = self.rows_seen

    def why_not_whole(self) -> str:
        """Why the rows may not be all there are; empty if they are."""
        return "" if self.empty_version is not None or self.rows_said == self.rows_seen else "no STATE or ACTIVATE_VERSION came behind its last row"


class Shadows:
    """Those of a run, by stream."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._of: dict[str, Shadow] = {}

    def __iter__(self) -> Iterator[Shadow]:
        """Every one."""
        return iter(self._of.values())

    def of(self, sink: SynapseSink, table: TableName) -> Shadow:
        """The stream's."""
        if (found := self._of.get(sink.stream_name)) is None:
            found = self._of[sink.stream_name] = Shadow(sink.stream_name, table, scratch_name(NEW_PREFIX, table, self._run_id))
        found.sinks.append(sink)
        return found

    @property
    def hold_state(self) -> bool:
        """Whether one holds what readers do not see yet."""
        return any(one.is_open for one in self)


def says_unfinished(state: dict[str, Any], stream: str) -> bool:
    """Whether a STATE says that the tap is in the middle of the stream.

    `currently_syncing` is the Singer convention of database taps, `progress_markers` the SDK's
    (https://sdk.meltano.com/en/latest/implementation/state.html).
    """
    bookmarks = state.get("bookmarks")
    bookmark = bookmarks.get(stream) if isinstance(bookmarks, dict) else None
    return state.get("currently_syncing") == stream or (isinstance(bookmark, dict) and bool(bookmark.get("progress_markers")))
