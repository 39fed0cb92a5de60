"""The hooks: SQL of the user's own before and after a run, and before and after each of its streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_synapse.user_sql.own_sql import names_of_run, names_of_stream, run_own, statements_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_synapse.pool.connection import Pool
    from target_synapse.tables.naming import TableName


class Hooks:
    """Runs each hook in its turn; after a passing failure its statement list runs again from its first one."""

    def __init__(self, pool: Pool, run_id: str) -> None:
        self._pool, self._run_id = pool, run_id
        self._begun: dict[str, tuple[TableName, Mapping[str, Any]]] = {}

    def before_run(self, config: Mapping[str, Any]) -> None:
        """Before the first line is read. Raises DestinationError."""
        self._run("before_run_sql", config, names_of_run(self._run_id, "before-run"))

    def before_load(self, stream: str, table: TableName, config: Mapping[str, Any]) -> None:
        """Before the first rows of a stream; once a run, however often its schema changes. Raises DestinationError."""
        if stream not in self._begun:
            self._begun[stream] = (table, config)
            self._run("before_load_sql", config, names_of_stream(self._run_id, "before-load", stream, table), whose=stream)

    def after_loads(self) -> None:
        """When all rows are loaded: for each stream, in the order in which they came. Raises DestinationError."""
        for stream, (table, config) in self._begun.items():
            self._run("after_load_sql", config, names_of_stream(self._run_id, "after-load", stream, table), whose=stream)

    def after_run(self, config: Mapping[str, Any]) -> None:
        """At the end of all. Raises DestinationError."""
        self._run("after_run_sql", config, names_of_run(self._run_id, "after-run"))

    def _run(self, setting: str, config: Mapping[str, Any], names: Mapping[str, str], *, whose: str = "") -> None:
        if statements := statements_of(config, setting):
            self._pool.repeated(lambda: run_own(self._pool, setting, statements, names, whose=whose))
