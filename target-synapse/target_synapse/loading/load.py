"""The load of a batch: its rows into a staging table, then in one transaction into the table, with a row in the ledger.

    create staging table (autocommit) -> fill it (`ways`) -> count -> the user's transformation -> what the mode prepares
        -> the mode's statements (`modes`), ledger -> COMMIT -> drop staging table

Everything before the transaction is thrown away and done again after a passing failure. The transaction is done again only when the ledger says
that it did not land.

What is more than a transaction may change is moved in slices, each as a batch by itself (`slices`).

The end of other versions of a table is such a transaction, too: the mode's statement, ledger, COMMIT.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from singer_commons.errors import DestinationError, SuiteError

from target_synapse.children import statements as children
from target_synapse.loading.slices import Progress, content_of_slice, make_slice, part_of, progress, select_places
from target_synapse.loading.transaction_size import MAX_PARTS, TOO_LARGE_HINT, TransactionSize, TransactionTooLargeError
from target_synapse.modes import Job
from target_synapse.pool.patience import TransientSqlError
from target_synapse.sql import ddl, dml, ledger
from target_synapse.sql.ledger import Entry
from target_synapse.tables.naming import TableName, beside, digest
from target_synapse.ways import Staged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_synapse.children.batch import ChildRows
    from target_synapse.children.tables import ChildTable
    from target_synapse.loading.error_files import Refused
    from target_synapse.modes import Mode
    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.user_sql.transformation import Transformation
    from target_synapse.ways import Way

STAGING_PREFIX = "_sdc_stg"
logger = logging.getLogger("target-synapse")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in files of the store, in the order of `columns`, and the entry that the ledger gets for them; `version` is for the column that is not staged."""

    plan: LoadPlan
    columns: Sequence[Column]
    files: Sequence[str]
    entry: Entry
    version: int | None = None
    transformation: Transformation | None = None
    put_aside: Callable[[Sequence[Refused]], None] | None = None  # makes rows that the pool refuses durable
    children: Sequence[ChildRows] = ()  # of every child table that the stream has
    former: Sequence[ChildTable] = ()  # child tables that it had
    mode: Mode = field(kw_only=True)
    line_bytes: int = field(default=0, kw_only=True)  # of its rows and of those of child tables, as lines of CSV
    way: Way | None = field(default=None, kw_only=True)  # its own, where it does not go the run's
    is_whole: bool = field(default=False, kw_only=True)  # not to be cut into slices: its rows have no places


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch: rows that the pool refused, that were staged (and transformed), and that came into the table (-1 if it does not say)."""

    refused: int
    staged: int
    inserted: int


class Loader:
    """Loads batches of one run."""

    def __init__(self, pool: Pool, way: Way, ledger_table: TableName, run_id: str, *, max_transaction_rows: int | None = None) -> None:
        self._pool, self._way, self._ledger, self._run_id = pool, way, ledger_table, run_id
        self._size = TransactionSize(pool, max_transaction_rows)
        self._unfinished: dict[str, dict[str, list[str]]] = {}
        self._beyond: set[str] = set()  # targets for which batches have come that no earlier run had loaded
        self._partly: dict[str, Progress] = {}  # batches of which an earlier run has loaded slices
        self._removed = -1

    def load(self, batch: Batch) -> Loaded:
        """Load the batch. Raises DestinationError, or TransientSqlError when tries are spent."""
        staging = staging_name(batch.plan.table, self._run_id, batch.entry.load_id)
        label = partial(self._label, batch.entry, batch.plan.table)
        tables = (*batch.mode.scratch(staging), *(one.staging(staging) for one in batch.children if one.rows), staging)
        try:
            refused, staged = self._pool.repeated(lambda: self._stage(staging, batch))
            if refused and batch.put_aside:
                batch.put_aside(refused)  # before the rows beside them are committed: a run that is killed in between gets all of them again
            job = Job(replace(batch, entry=replace(batch.entry, rows=staged)), staging, label, staging)
            inserted = self._moved(job, staged)
        except SuiteError as error:
            if not isinstance(error, TransientSqlError):  # a refusal, not a lost connection: the pool is there to take the tables back
                self.drop(*tables)
            raise
        self._beyond.add(batch.entry.target)
        self.drop(*tables)
        return Loaded(len(refused), staged, inserted)

    def was_loaded(self, batch: Batch) -> bool:
        """Whether an earlier run, one that never came to its end, has loaded just this batch. Its entry is this run's then.

        Batches come in their order: behind the first that is not known none is, whatever it looks like. But for a whole one: it may come again in another form.
        """
        target = batch.entry.target
        if target in self._beyond:
            return False
        unfinished = self._left(target)
        if batch.entry.content in unfinished:
            self._claim(batch, batch.entry.content)
            return True
        if batch.is_whole:
            return False
        found = progress(batch.entry.content, unfinished)
        if found.is_whole:
            self._claim(batch, *found.contents)
        else:
            self._beyond.add(target)
            self._partly[batch.entry.content] = found
        return found.is_whole

    def may_be_known_otherwise(self, batch: Batch) -> bool:
        """Whether the ledger does not know the batch, and an earlier run that was cut off may have loaded its rows all the same, as other batches."""
        found = self._left(batch.entry.target)
        return bool(found) and batch.entry.content not in found

    def _left(self, target: str) -> dict[str, list[str]]:
        """What earlier runs that were cut off have loaded into the table and what may come next; nothing behind the first batch that is new."""
        if target in self._beyond:
            return {}
        if target not in self._unfinished:
            self._unfinished[target] = self._pool.repeated(lambda: self._read_unfinished(target))
        return self._unfinished[target]

    def _claim(self, batch: Batch, *contents: str) -> None:
        """Take an entry of each content over; each answers for one batch only."""
        unfinished = self._unfinished.get(batch.entry.target, {})
        for content in contents:
            load_id = unfinished[content].pop()
            if not unfinished[content]:
                del unfinished[content]
            sql = ledger.claim(self._ledger, load_id, self._run_id, label=self._label(batch.entry, batch.plan.table, "claim"))
            self._pool.repeated(partial(self._pool.execute, sql, doing="cannot take over an entry of the ledger"))

    def activate(self, table: TableName, version: int, mode: Mode, *, hard: bool, of_children: Sequence[ChildTable] = ()) -> int:
        """Take the rows that are not of this version out of what is there; returns how many, -1 if the pool does not say. Child rows go with theirs.

        May be repeated: what a run that was killed has removed is gone, and marked is marked.
        """
        rows = self._pool.repeated(lambda: self._pool.number(dml.count_other_versions(table, version), doing=f"cannot count the rows of {table}"))
        parts = -(-rows // self._size.most_of(rows)) if rows > 0 else 1
        removed = 0
        while parts <= MAX_PARTS:
            try:
                for number in range(parts):
                    part = part_of(parts, number) if parts > 1 else ""
                    removed += self._activate_part(table, version, mode, part, hard=hard, of_children=of_children)
            except TransactionTooLargeError:
                parts *= 2  # what went before is gone, and is not counted again
            else:
                return removed
        raise TransactionTooLargeError(f"the rows of other versions of {table} are too many to go in {MAX_PARTS} transactions", hint=TOO_LARGE_HINT)

    def _activate_part(self, table: TableName, version: int, mode: Mode, part: str, *, hard: bool, of_children: Sequence[ChildTable]) -> int:
        entry = Entry(uuid.uuid4().hex, self._run_id, str(table), f"ACTIVATE_VERSION {version}", 0, 0)
        statements = [
            children.delete_other_versions(one, table, version, part=part, label=self._label(entry, one.plan.table, "activate"))
            for one in (of_children if hard else ())  # a row that is only marked keeps its own
        ]
        statements.append(mode.end_of_versions(table, version, hard=hard, part=part, label=self._label(entry, table, "activate")))
        return self._pool.repeated(lambda: self._activate_unless_landed(table, version, entry, statements))

    def note(self, table: TableName, content: str) -> str:
        """Write an entry of no rows, and return its load id."""
        return self.note_all({table: content})[table]

    def note_all(self, contents: Mapping[TableName, str]) -> dict[TableName, str]:
        """Write an entry of no rows for each table, all of them or none, and return their load ids."""
        entries = {table: Entry(uuid.uuid4().hex, self._run_id, str(table), content, 0, 0) for table, content in contents.items()}
        table, first = next(iter(entries.items()))
        sql = ledger.insert_entry(self._ledger, *entries.values(), label=self._label(first, table, "ledger"))
        self._pool.repeated(lambda: self._landed(first.load_id) or self._pool.execute(sql, doing="cannot write into the ledger"))
        return {table: entry.load_id for table, entry in entries.items()}

    def close_targets(self, targets: Sequence[str]) -> None:
        """Note that the run came to its end for these tables."""
        if targets:
            sql = ledger.close(self._ledger, targets, label=f"target-synapse run={self._run_id} step=close")
            self._pool.repeated(lambda: self._pool.execute(sql, doing="cannot close the entries of the ledger"))

    def drop(self, *tables: TableName) -> None:
        """Drop staging tables. The rows are in their table by now: a failure is only told."""
        for table in tables:
            self._pool.drop(f"The staging table {table}", ddl.drop_table(table))

    def _read_unfinished(self, target: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for load_id, content in self._pool.rows(ledger.select_unfinished(self._ledger, target, self._run_id), doing="cannot read the ledger"):
            found.setdefault(str(content), []).append(str(load_id))
        return found

    def _stage(self, staging: TableName, batch: Batch) -> tuple[Sequence[Refused], int]:
        for one in batch.children:
            if one.rows:
                self._fill(one.staging(staging), Staged(one.columns, one.files, one.rows), batch, one.child.plan.table)
        staged = self._fill(staging, Staged(batch.columns, batch.files, batch.entry.rows), batch, batch.plan.table)
        refused = (batch.way or self._way).refused()
        if batch.transformation:
            staged = batch.transformation.run(self._pool, staging, batch, partial(self._label, batch.entry, batch.plan.table))
        return refused, staged

    def _fill(self, staging: TableName, rows: Staged, batch: Batch, table: TableName) -> int:
        # A fresh table for every try: what a failed COPY leaves behind is not documented, and other ways come in pieces.
        self._pool.execute(ddl.drop_table(staging), doing=f"cannot drop {staging}")
        hashed_by = batch.plan.staging_hashed_by if table == batch.plan.table else ()
        create = ddl.create_staging(staging, rows.columns, hashed_by=hashed_by)
        self._pool.execute(create, doing=f"cannot make the staging table {staging}")
        way = batch.way or self._way
        way.fill(staging, rows, partial(self._label, batch.entry, table))
        refused = len(way.refused())
        staged = self._arrived(staging, rows.rows)
        if staged + refused != rows.rows:
            told = f" and {refused} were refused" if refused else ""
            raise DestinationError(f"{rows.rows} rows were staged for {table}, and {staged} arrived{told}", hint="nothing was loaded; run again")
        return staged

    def _arrived(self, staging: TableName, rows: int) -> int:
        """How many rows are in a staging table that was given so many."""
        del rows
        return self._pool.number(dml.count_rows(staging), doing=f"cannot count the rows of {staging}")

    def _moved(self, job: Job, staged: int) -> int:
        """Move what is staged, in one transaction or in slices; returns how many rows came into the table, -1 if that is not known."""
        batch = job.batch
        landed = self._partly.pop(batch.entry.content, Progress())
        of_all = staged + sum(one.rows for one in batch.children)  # a row brings its share of child rows with it
        changes = -(-of_all // max(staged, 1)) * (2 if batch.plan.keys else 1)
        most = self._size.most_of(staged, changes=changes, line_bytes=batch.line_bytes / max(of_all, 1))
        if batch.is_whole and most < staged:
            raise TransactionTooLargeError(f"{staged} rows are more than one transaction takes")
        if not landed.contents and most >= staged:
            try:
                return self._move_prepared(job)
            except TransactionTooLargeError as error:
                if staged <= 1 or batch.is_whole:
                    raise
                logger.info("%s; going on in slices", error)
                most = staged // 2
        moved = self._move_slices(job, landed.upto, most)
        self._claim(batch, *landed.contents)
        return -1 if landed.contents else moved

    def _move_slices(self, job: Job, done: int, width: int) -> int:
        first, highest = self._pool.repeated(lambda: self._places(job.staging))
        last, moved = max(done, first - 1), 0
        while last < highest:
            upto = min(last + width, highest)
            try:
                moved += self._move_slice(job, last, upto, is_first=last < first, is_last=upto == highest)
            except TransactionTooLargeError:
                if width == 1:
                    raise
                width //= 2
            else:
                last = upto
        return moved

    def _move_slice(self, job: Job, after: int, upto: int, *, is_first: bool, is_last: bool) -> int:
        batch, made = job.batch, beside(job.staging, f"{after} {upto}")
        entry = replace(batch.entry, load_id=f"{batch.entry.load_id}-{upto}", content=content_of_slice(batch.entry.content, upto, is_last=is_last))
        label = partial(self._label, entry, batch.plan.table)
        create = make_slice(made, job.staging, batch.plan.staging_hashed_by, after, upto, is_first=is_first, label=label("slice"))
        tables = (*batch.mode.scratch(made), made)
        try:
            rows = self._pool.repeated(lambda: self._make_slice(made, create))
            moved = self._move_prepared(Job(replace(batch, entry=replace(entry, rows=rows)), made, label, job.whole))
        except DestinationError:
            self.drop(*tables)
            raise
        self.drop(*tables)
        return moved

    def _make_slice(self, made: TableName, create: str) -> int:
        self._pool.execute(ddl.drop_table(made), doing=f"cannot drop {made}")
        self._pool.execute(create, doing=f"cannot make the slice {made}")
        return self._pool.number(dml.count_rows(made), doing=f"cannot count the rows of {made}")

    def _places(self, staging: TableName) -> tuple[int, int]:
        first, last = self._pool.rows(select_places(staging), doing=f"cannot read the places of {staging}")[0]
        return int(first or 1), int(last or 1)  # where no row has a place, one slice takes them all

    def _move_prepared(self, job: Job) -> int:
        self._pool.repeated(lambda: job.batch.mode.prepare(self._pool, job))
        return self._pool.repeated(lambda: self._move_unless_landed(job))

    def _move_unless_landed(self, job: Job) -> int:
        if self._landed(job.batch.entry.load_id):
            logger.info("The commit of %s was not answered, but the ledger has it", job.batch.plan.table)
            return self._inserted
        return self._move(job)

    def _activate_unless_landed(self, table: TableName, version: int, entry: Entry, statements: Sequence[str]) -> int:
        if self._landed(entry.load_id):
            logger.info("The commit of the version of %s was not answered, but the ledger has it", table)
            return self._removed
        doing = f"cannot remove what is not of version {version} from {table}"
        with self._pool.transaction(doing=doing):
            for statement in statements:
                self._removed = self._pool.execute(statement, doing=doing)
            made = replace(entry, rows=max(self._removed, 0))
            self._pool.execute(ledger.insert_entry(self._ledger, made, label=self._label(entry, table, "ledger")), doing=doing)
        return self._removed

    def _landed(self, load_id: str) -> bool:
        """Whether the transaction was committed.

        A pool reads what is not committed yet, so an entry may belong to a transaction that the pool is just rolling back: such an entry
        is gone at the second look, on yet another connection.
        """
        sql = ledger.select_load(self._ledger, load_id)
        if not self._pool.number(sql, doing="cannot read the ledger"):
            return False
        self._pool.close()
        return bool(self._pool.number(sql, doing="cannot read the ledger"))

    def _move(self, job: Job) -> int:
        """Run the one transaction: the mode's statements, and the entry."""
        doing = f"cannot load {job.batch.plan.table}"
        with self._pool.transaction(doing=doing):
            for statement in (*children.moves(job, partial(self._label, job.batch.entry)), *job.batch.mode.moves(job)):
                self._inserted = self._pool.execute(statement, doing=doing)
            self._pool.execute(ledger.insert_entry(self._ledger, job.batch.entry, label=job.label("ledger")), doing=doing)
        return self._inserted

    def _label(self, entry: Entry, table: TableName, step: str) -> str:
        # A label has room for 255 characters (https://learn.microsoft.com/sql/t-sql/queries/option-clause-transact-sql).
        return f"target-synapse run={self._run_id} load={entry.load_id} step={step} table={table.table}"[:255]


def staging_name(table: TableName, run_id: str, load_id: str) -> TableName:
    """A name of its own for each load, in the schema of the table."""
    return scratch_name(STAGING_PREFIX, table, run_id + load_id)


def scratch_name(prefix: str, table: TableName, owner: str) -> TableName:
    """The name of a table that is not there to stay; it says which table it serves and when it was made."""
    made = datetime.now(UTC)
    return TableName(table.schema, f"{prefix}_{digest(str(table))}_{made:%Y%m%d%H%M%S}_{digest(owner)}")
