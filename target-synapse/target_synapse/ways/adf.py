"""`adf`: a pipeline of Azure Data Factory, or of a Synapse workspace, copies the staged files; here it is started and waited for.

The pipeline is the administrator's (docs/adf-pipeline.json is one to begin with); what it is given is in `parameters`. Only the count of staged rows decides
whether it did its work.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError

from target_synapse.pool.odbc import PAUSED, TRANSIENT
from target_synapse.pool.patience import TransientSqlError
from target_synapse.settings.ways import DEFAULT_ADF_POLL_S, DEFAULT_ADF_TIMEOUT_MINUTES
from target_synapse.tables.naming import ROW_COLUMN
from target_synapse.ways import PlainWay
from target_synapse.ways.pipelines import ENDED, MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_commons.accounts import Service

    from target_synapse.tables.naming import TableName
    from target_synapse.ways import Staged
    from target_synapse.ways.pipelines import Pipelines, RunState

QUIET_S = 60  # a longer wait is told, each time it has doubled
# The pool's number in an activity's message (https://learn.microsoft.com/azure/data-factory/connector-troubleshoot-azure-sql-database, SqlFailedToConnect).
SQL_ERROR = re.compile(r"\bSqlErrorNumber=(\d+)")
logger = logging.getLogger("target-synapse")


class AdfWay(PlainWay):
    """Files of a container, by a pipeline."""

    right = "ADF"

    def __init__(
        self,
        config: Mapping[str, Any],
        pipelines: Pipelines,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._container, self._pipeline, self._pipelines = config["storage_container"], config["adf_pipeline"], pipelines
        self._poll_s = float(config.get("adf_poll_s") or DEFAULT_ADF_POLL_S)
        self._limit_s = 60 * float(config.get("adf_timeout_minutes") or DEFAULT_ADF_TIMEOUT_MINUTES)
        self._sleep, self._clock = sleep, clock
        self._failed: TableName | None = None  # the last table that a pipeline failed to fill for no known reason

    @property
    def service(self) -> Service:
        """See Way."""
        return self._pipelines

    def check(self) -> None:
        """See Way."""
        self._pipelines.check(self._pipeline)

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """See Way."""
        given = parameters(self._container, staging, staged, label=label("adf"), mark=uuid.uuid4().hex)
        started = self._pipelines.start(self._pipeline, given, pause_s=self._poll_s)
        state = self._ended(started.run_id)
        if not started.is_alone:
            self._end_others(started.run_id, given[MARK])
        if state.status != "Succeeded":
            said = f": {state.message}" if state.message else ""
            told = f"the pipeline {self._pipeline} ended as {state.status}{said} (run {started.run_id})"
            hint = "look at the run in the monitor of Data Factory or Synapse"
            raise (TransientSqlError if self._may_pass(state, staging) else DestinationError)(told, hint=hint)

    def _may_pass(self, state: RunState, staging: TableName) -> bool:
        """Whether the pipeline may do better on a fresh table: where it names a failure of the pool that passes, or none at all, and that for the first time."""
        numbers = SQL_ERROR.findall(state.message)
        if state.status != "Failed" or numbers:
            return any(int(number) in (*TRANSIENT, *PAUSED) for number in numbers)
        is_first, self._failed = self._failed != staging, staging
        return is_first

    def _end_others(self, run_id: str, mark: str) -> None:
        """End runs of starts that had no answer, whose rows would be in the table twice. Raises TransientSqlError if there is one: the table is filled anew."""
        others = [one for one in self._pipelines.found(self._pipeline, mark) if one != run_id]
        for one in others:
            if self._pipelines.state(one).status not in ENDED:
                self._pipelines.cancel(one)
            self._ended(one)
        if others:
            raise TransientSqlError(f"the pipeline {self._pipeline} ran more than once, as a start had no answer")

    def _ended(self, run_id: str) -> RunState:
        began_s, told_s = self._clock(), float(QUIET_S)
        while (state := self._pipelines.state(run_id)).status not in ENDED:
            waited_s = self._clock() - began_s
            if waited_s > self._limit_s:
                self._pipelines.cancel(run_id)
                raise DestinationError(
                    f"the pipeline {self._pipeline} was {state.status} after {waited_s / 60:.0f} minutes, and was cancelled (run {run_id})",
                    hint="raise `adf_timeout_minutes`, or look at what the pipeline waits for",
                )
            if waited_s >= told_s:
                logger.info("The pipeline %s is %s for %.0f s now (run %s)", self._pipeline, state.status, waited_s, run_id)
                told_s *= 2
            self._sleep(self._poll_s)
        return state


def parameters(container: str, staging: TableName, staged: Staged, *, label: str, mark: str) -> dict[str, Any]:
    """What the pipeline is given: where the files are, which table they go to, and which field to which column."""
    names = [*(one.name for one in staged.columns), ROW_COLUMN]
    mappings = [{"source": {"type": "String", "ordinal": place}, "sink": {"name": name}} for place, name in enumerate(names, start=1)]
    return {
        "container": container,
        "folder": staged.files[0].rpartition("/")[0],
        "tableSchema": staging.schema,
        "tableName": staging.table,
        "mapping": {"type": "TabularTranslator", "mappings": mappings},
        "label": label,
        MARK: mark,
    }
