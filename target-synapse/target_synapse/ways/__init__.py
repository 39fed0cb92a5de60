"""How a batch's rows come into its staging table: a module for each way, and what a load asks of all of them.

Rows are written as lines of CSV whatever the way (`values`, `columns`), and packed into parts (`parts`). A way says in which form the parts hold
them, where the parts are put, and how the staging table gets them from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from singer_commons.accounts import Service

    from target_synapse.loading.error_files import Refused
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows in parts, whose fields are in the order of `columns` with the row's number behind them."""

    columns: Sequence[Column]
    files: Sequence[str]
    rows: int


class Store(Protocol):
    """Where parts are put until they are loaded."""

    def put(self, path: str, content: bytes) -> None:
        """Keep a part; may be called by several threads."""

    def remove(self, paths: Sequence[str]) -> None:
        """Let go of parts; a failure is only told."""

    def move(self, paths: Sequence[str], prefix: str, to: str) -> None:
        """Move parts from below one prefix to below another; a failure is only told."""

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """The parts of all runs whose path begins with the prefix, and when each was written."""

    def close(self) -> None:
        """Let go of all."""


class Way(Protocol):
    """A way into the pool; `right` is what `--check` calls the right that it needs."""

    @property
    def right(self) -> str:
        """The right that `fill` needs, as `trial.granting` knows it."""

    @property
    def service(self) -> Service | None:
        """What the way calls beside pool and storage, if it counts its calls."""

    def check(self) -> None:
        """Reach what the way needs beside pool and storage. Raises SuiteErrors."""

    def carried(self, plan: LoadPlan) -> LoadPlan:
        """The plan with its columns' types as far as this way carries their values. Raises DestinationError for a table it cannot serve."""

    def written(self, lines: memoryview) -> memoryview:
        """Whole lines of CSV as the parts are to hold them. Raises DestinationError for a value that this way cannot carry."""

    def fill(self, staging: TableName, staged: Staged, label: Callable[[str], str]) -> None:
        """Bring all rows into the staging table, which is there and empty; `label` makes the label of a step.

        Is called again, with a fresh table, after a passing failure. Raises DestinationError, or TransientSqlError.
        """

    def refused(self) -> Sequence[Refused]:
        """The rows of the last `fill` that the pool refused, within what the settings allow."""

    def tidy(self) -> None:
        """Remove what this run made in the pool for its way; a failure is only told."""


@dataclass(frozen=True, slots=True)
class Together:
    """Services that count their calls, as one."""

    services: Sequence[Service]

    @property
    def calls(self) -> int:
        """See Service."""
        return sum(one.calls for one in self.services)

    @property
    def waited_s(self) -> float:
        """See Service."""
        return sum(one.waited_s for one in self.services)


class PlainWay:
    """A way that carries every value, in CSV, and makes nothing for itself."""

    @property
    def service(self) -> Service | None:
        """See Way."""
        return None

    def check(self) -> None:
        """See Way."""

    def carried(self, plan: LoadPlan) -> LoadPlan:
        """See Way."""
        return plan

    def written(self, lines: memoryview) -> memoryview:
        """See Way."""
        return lines

    def refused(self) -> Sequence[Refused]:
        """See Way."""
        return ()

    def tidy(self) -> None:
        """See Way."""
