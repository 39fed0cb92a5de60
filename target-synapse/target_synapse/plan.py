"""`--plan`: a load against a pool that only reads and a store that takes nothing. What a load would run is kept as text, of each stream's first batch."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from singer_commons.errors import SuiteError

from target_synapse.checking.checks import reach
from target_synapse.loading.load import Loader
from target_synapse.pool.connection import Pool
from target_synapse.sink import SynapseSink
from target_synapse.sql import ddl
from target_synapse.sql.ledger import ledger_table
from target_synapse.staging.store import StagingStore
from target_synapse.tables.ensure import catalogue_row
from target_synapse.tables.naming import DEFAULT_SCHEMA
from target_synapse.tables.rebuilds import Rebuilds
from target_synapse.ways.planned import PlannedFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_commons.accounts import Account
    from singer_commons.planning import RejectsSeen

    from target_synapse.files.way import FileWay
    from target_synapse.loading.load import Batch, Loaded
    from target_synapse.sql.copy_into import Credential
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName
    from target_synapse.target import RunParts

RUN, END = "", "\0"  # in place of a stream: what is run for all, before and behind the streams
MAX_STATEMENTS = 100  # of a stream that are kept: a plan's memory must not follow its rows


class PlanPool(Pool):
    """Answers from the real pool's catalogue, where that can be read, and keeps what a load would execute."""

    def __init__(self, config: Mapping[str, Any], run_id: str) -> None:
        super().__init__(config)
        self._real = Pool(config, run_id)
        self._ledger = ledger_table(config.get("default_target_schema") or DEFAULT_SCHEMA)
        self.statements: dict[str, list[str]] = {}
        self.batches: Counter[str] = Counter()
        self.stream, self.staged_rows = RUN, 0
        self._keeps_all = False
        self._planned: dict[str, list[Sequence[Any]]] = {}
        self.not_read = self._why_not_read()

    def _why_not_read(self) -> str:
        try:
            reach(self.host, self.port)
            self._real.number("SELECT 1", doing="cannot ask the pool anything")
        except SuiteError as error:
            return str(error)
        return ""

    def keep(self, statement: str) -> None:
        """Keep a statement of the current stream, if it is of its first batch."""
        kept = self.statements.setdefault(self.stream, [])
        if (self._keeps_all or self.batches[self.stream] <= 1) and len(kept) < MAX_STATEMENTS:
            kept.append(statement)

    @contextmanager
    def all_kept(self) -> Iterator[None]:
        """Keep statements that stand behind the first batch, too."""
        self._keeps_all = True
        try:
            yield
        finally:
            self._keeps_all = False

    def execute(self, sql: str, *parameters: str | float, doing: str) -> int:
        """Keep the statement; how many rows it would touch is not known."""
        del parameters, doing
        self.keep(sql)
        return -1

    def run(self, sql: str, *, doing: str) -> None:
        """Keep the user's own SQL, and say what it is."""
        self.keep(f"-- {_one_line(doing)}:")
        self.keep(sql)

    def rows(self, sql: str, *, doing: str) -> list[Sequence[Any]]:
        """The rows as the real pool has them, or as the plan has changed them; none where it cannot be read, or has no ledger yet."""
        if sql in self._planned:
            return self._planned[sql]
        if self.not_read:
            return []
        if str(self._ledger) in sql and not self._has_ledger():
            return []
        return self._real.rows(sql, doing=doing)

    def _has_ledger(self) -> bool:
        return bool(self._real.rows(ddl.select_columns(self._ledger), doing="cannot look for the ledger"))

    def number(self, sql: str, *, doing: str) -> int:
        """The rows that the staging table would hold."""
        del sql, doing
        return self.staged_rows

    @contextmanager
    def transaction(self, *, doing: str) -> Iterator[None]:
        """Mark where it begins and ends."""
        del doing
        self.keep("-- in one transaction:")
        yield
        self.keep("-- commit")

    def close(self) -> None:
        """Let go of the connection."""
        self._real.close()

    def note(self, plan: LoadPlan) -> None:
        """From now on the table is as the plan leaves it."""
        sql = ddl.select_columns(plan.table)
        held = {row[0]: row for row in self.rows(sql, doing=f"cannot read the columns of {plan.table}")}
        held |= {column.name: catalogue_row(column) for column in plan.columns.values()}
        self._planned[sql] = list(held.values())
        self._planned[ddl.select_hash_columns(plan.table)] = [(name,) for name in plan.hashed_by]

    def pretend(self, copy: TableName, table: TableName) -> None:
        """From now on there is a table like another."""
        self._planned[ddl.select_columns(copy)] = self.rows(ddl.select_columns(table), doing=f"cannot read the columns of {table}")


class PlanStore(StagingStore):
    """Takes files and forgets them; its secret is masked."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.credential = self.credential.masked

    def put(self, path: str, content: bytes) -> None:
        """Nothing is sent."""

    def remove(self, paths: Sequence[str]) -> None:
        """Nothing is there."""

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Nothing is there."""
        del prefix
        yield from ()

    def error_credential(self) -> Credential:
        """None is made."""
        return self.credential.masked

    def move(self, paths: Sequence[str], prefix: str, to: str) -> None:
        """Nothing is there."""


class PlanLoader(Loader):
    """A loader whose batches all arrive."""

    def __init__(self, pool: PlanPool, *parts: Any, **limits: Any) -> None:
        super().__init__(pool, *parts, **limits)
        self._plan_pool = pool

    def load(self, batch: Batch) -> Loaded:
        """Go through a load of the batch."""
        self._plan_pool.staged_rows = batch.entry.rows
        return super().load(batch)

    def close_targets(self, targets: Sequence[str]) -> None:
        """Keep what ends a run apart from what begins it."""
        self._plan_pool.stream = END
        super().close_targets(targets)

    def _landed(self, load_id: str) -> bool:
        del load_id
        return False

    def _arrived(self, staging: TableName, rows: int) -> int:
        del staging
        return rows

    def _places(self, staging: TableName) -> tuple[int, int]:
        del staging
        return 1, self._plan_pool.staged_rows


class PlanRebuilds(Rebuilds):
    """Rebuilds in which a new table is only pretended."""

    def made(self, shadow: TableName, table: TableName) -> None:
        """See Rebuilds."""
        if isinstance(self._pool, PlanPool):
            self._pool.pretend(shadow, table)


class PlanSink(SynapseSink):
    """A stream's sink that tells the pool whose statements come."""

    def setup(self) -> None:
        """Plan the table."""
        with self._named() as pool:
            super().setup()
            pool.note(self._plan)
            for child in self._family.children:
                pool.note(child.plan)

    def _loaded_table(self, named: TableName, keys: Sequence[str] | None = None) -> TableName:
        loaded = super()._loaded_table(named, keys)
        if loaded != named:
            self._plan_pool().pretend(loaded, named)
        return loaded

    def _rebuilds(self, run: RunParts) -> Rebuilds:
        return PlanRebuilds(run.pool, run.swaps, run.loader, run.run_id)

    def process_batch(self, context: dict[str, Any]) -> None:
        """Plan the load of a batch."""
        with self._named() as pool:
            pool.batches[self.stream_name] += "file" in context or any(writer.rows for writer in context.get("writers", ()))
            super().process_batch(context)

    def _new_way(self, *parts: Any) -> FileWay:
        return PlannedFile(*parts)

    def activate_version(self, new_version: int) -> None:
        """Plan what removes the rows of other versions."""
        with self._named() as pool, pool.all_kept():
            pool.keep(f"-- ACTIVATE_VERSION, behind {pool.batches[self.stream_name]} batches:")
            super().activate_version(new_version)

    def swap(self) -> None:
        """Plan what puts the new table in the place of the old one."""
        with self._named() as pool, pool.all_kept():
            super().swap()

    @contextmanager
    def _named(self) -> Iterator[PlanPool]:
        pool = self._plan_pool()
        outer, pool.stream = pool.stream, self.stream_name
        try:
            yield pool
        finally:
            pool.stream = outer

    def _plan_pool(self) -> PlanPool:
        pool = self.target.run.pool
        if not isinstance(pool, PlanPool):
            raise TypeError
        return pool


def plan_text(pool: PlanPool, account: Account, rejects: RejectsSeen, where: str) -> Iterator[str]:
    """The plan as SQL with comments, in pieces."""
    yield f"-- what a load into {where} would run; nothing was changed\n"
    if pool.not_read:
        yield _comment(f"the pool was not read ({pool.not_read}): empty schemas are assumed")
    yield from _statements(pool, RUN)
    for stream in {**pool.statements, **account.streams}:
        if stream in (RUN, END):
            continue
        rows = account.stream(stream)
        yield f"\n-- stream {_one_line(stream)}: {rows.rows_read} rows read, {rows.rows_loaded} valid, {rows.rejected.total()} invalid\n"
        yield from (_comment(f"invalid: {line}") for line in rejects.told(stream))
        yield from _statements(pool, stream)
        if (more := pool.batches[stream] - 1) > 0:
            yield _comment(f"and the same for {more} more {'batch' if more == 1 else 'batches'}")
    yield "\n"
    yield from _statements(pool, END)


def _statements(pool: PlanPool, stream: str) -> Iterator[str]:
    for statement in pool.statements.get(stream, ()):
        yield statement + ("\n" if statement.startswith("--") and "\n" not in statement else ";\n")


def _comment(text: str) -> str:
    return f"-- {_one_line(text)}\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
