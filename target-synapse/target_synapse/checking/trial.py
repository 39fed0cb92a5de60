"""What `--check` tries: the pool, the storage, and each right that a load needs, in a scratch table that is dropped and a file that is deleted.

Rights are tried, not asked for: HAS_PERMS_BY_NAME is not documented for dedicated pools
(https://learn.microsoft.com/sql/t-sql/functions/has-perms-by-name-transact-sql, "Applies to"). No table of the loader's is touched.
"""

from __future__ import annotations

import gzip
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_commons.checking import Check, NotProvableError
from singer_commons.errors import DestinationError, SuiteError

from target_synapse.checking.checks import ATTEMPTS, reach
from target_synapse.checking.rights import granting, is_refused, needs, own_sql_of
from target_synapse.loading.load import staging_name
from target_synapse.pool.token_login import login_of
from target_synapse.rows.types import BIGINT
from target_synapse.sql import ddl, dml
from target_synapse.sql.ddl import Column
from target_synapse.sql.quoting import quoted
from target_synapse.tables.naming import DEFAULT_SCHEMA, TableName, held_name
from target_synapse.ways import Staged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_commons.checking import Checks

    from target_synapse.pool.connection import Pool
    from target_synapse.staging.store import StagingStore
    from target_synapse.ways import Store, Way

POOL, STORAGE = "synapse", "storage"
PROBE = Column("probe", BIGINT)
PROBE_LINE = b"1,1\n"  # the column, and the row's number behind it
BAD_LINE = b"x,2\n"
LABEL = "target-synapse step=check"


@dataclass(slots=True)
class Trial:
    """A pool, and a way into it, to be tried; `remote` is its storage, if it has one, and `name` that of the scratch tables and of the file."""

    pool: Pool
    way: Way
    store: Store
    remote: StagingStore | None
    config: Mapping[str, Any]
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    present: list[str] = field(default_factory=list)

    def checks(self) -> Checks:
        """The pool as far as it can be reached, the storage, then for each schema what a load does there."""
        has_pool = yield Check(POOL, "connection", self._reached)
        has_pool = has_pool and (yield Check(POOL, "login", self._logged_in))
        if has_pool:
            for schema in self._schemas():
                yield Check(POOL, f"schema {schema}", partial(self._schema, schema))
        has_file = self.remote is None or (yield Check(STORAGE, "container", partial(_container, self.remote)))
        if self.remote is None:
            self._write()
        else:
            has_file = has_file and (yield Check(STORAGE, "write", partial(self._written, self.remote)))
        try:
            for schema in self.present:
                yield from self._rights(schema, has_file=has_file)
        finally:
            if has_file:
                self.store.remove([self._path, *([self._bad_path] if self._tries_errors else [])])
        for setting in own_sql_of(self.config):
            yield Check(POOL, f"`{setting}`", _not_tried)
        if has_file and self.remote:
            yield Check(STORAGE, "delete", partial(self._deleted, self.remote))

    def _reached(self) -> str:
        reach(self.pool.host, self.pool.port)
        return f"{self.pool.host}, port {self.pool.port} answers"

    def _logged_in(self) -> str:
        edition = self.pool.repeated(lambda: self._first("SELECT DATABASEPROPERTYEX(DB_NAME(), 'Edition')", "cannot ask the pool"), attempts=ATTEMPTS)
        if edition not in (None, "DataWarehouse"):
            raise DestinationError(f"{self.config['database']} is of the edition {edition}, no dedicated SQL pool", hint="check `database`")
        return f"login {login_of(self.config)} accepted; database {self.config['database']} is open"

    def _schemas(self) -> list[str]:
        of_streams = (self.config.get("stream_options") or {}).values()
        named = [one.get("default_target_schema") for one in (self.config, *of_streams)]
        return list(dict.fromkeys(held_name(one) for one in (named[0] or DEFAULT_SCHEMA, *named[1:]) if one))

    def _schema(self, schema: str) -> str:
        if not self.pool.number(ddl.count_schemas(schema), doing="cannot read the schemas"):
            raise NotProvableError(
                "it is not there, and whether this login may make it is not provable without making it",
                hint=f"make it beforehand: CREATE SCHEMA {quoted(schema)}",
            )
        self.present.append(schema)
        return f"schema {schema} is there"

    @property
    def _path(self) -> str:
        return f"{self.config['storage_prefix']}/check-{self.name}/00001.csv.gz"

    @property
    def _bad_path(self) -> str:
        return f"{self.config['storage_prefix']}/check-{self.name}/00002.csv.gz"

    @property
    def _tries_errors(self) -> bool:
        return self.remote is not None and self.way.right == "COPY" and bool(self.config.get("copy_max_errors"))

    def _write(self) -> None:
        self.store.put(self._path, gzip.compress(self.way.written(memoryview(PROBE_LINE))))
        if self._tries_errors:
            self.store.put(self._bad_path, gzip.compress(self.way.written(memoryview(BAD_LINE))))

    def _written(self, remote: StagingStore) -> str:
        self._write()
        return f"{remote.place} can be written to"

    def _deleted(self, remote: StagingStore) -> str:
        if remote.holds(self._path):
            raise SuiteError(f"{self._path} stays in {remote.place}", hint="allow the secret to delete, then delete the file")
        return f"{remote.place} can be deleted from"

    def _fill(self, scratch: TableName, path: str) -> None:
        self.way.fill(scratch, Staged([PROBE], [path], 1), lambda _: LABEL)

    def _errors(self, schema: str, scratch: TableName) -> str:
        """Have a row refused, and read back what COPY INTO says of it."""
        where = self.remote.place if self.remote else ""
        hint = "the secret must allow read, list, write, create and delete; `copy_max_errors` 0 does without"
        try:
            self._fill(scratch, self._bad_path)
        except SuiteError as error:
            raise DestinationError(str(error), hint=hint) from error
        if len(self.way.refused()) != 1:
            raise DestinationError(f"COPY INTO wrote nothing about a row that it refused into {where}", hint=hint)
        return f"COPY with ERRORFILE in {schema} (`copy_max_errors`)"

    def _rights(self, schema: str, *, has_file: bool) -> Checks:
        """What a load does, in its order, in a table of its own."""
        scratch, other, *more = (staging_name(TableName(schema, "check"), self.name, part) for part in "1234")
        where, left = f"in {schema}", list[str]()
        try:
            creates = [ddl.create_staging(table, [PROBE], hashed_by=()) for table in (scratch, other)]
            if (yield self._statement("CREATE TABLE", schema, *creates)):
                if has_file:
                    yield self._tried(self.way.right, schema, partial(self._fill, scratch, self._path))
                if has_file and self._tries_errors:
                    yield Check(POOL, f"COPY with ERRORFILE {where}", partial(self._errors, schema, scratch))
                yield self._statement("SELECT", schema, dml.count_rows(scratch))
                yield self._statement("INSERT", schema, dml.insert_all(other, scratch, [PROBE], label=LABEL))
                yield self._statement("UPDATE", schema, dml.update_all(other, PROBE, label=LABEL))
                yield self._statement("DELETE", schema, dml.delete_matching(other, scratch, [PROBE], label=LABEL))
                yield self._statement("ALTER TABLE", schema, ddl.add_columns(other, [Column("more", BIGINT)]))
                for need in needs(self.config, [scratch, other, *more], PROBE, label=LABEL):
                    yield self._statement(need.right, schema, *need.statements, setting=need.setting)
        finally:
            left = [said for table in (scratch, other, *more) if (said := self._drop(table))]
        yield Check(POOL, f"DROP TABLE {where}", partial(_clean, where, left))

    def _statement(self, right: str, schema: str, *statements: str, setting: str = "") -> Check:
        """Statements that need a right."""

        def run() -> None:
            for sql in statements:
                self.pool.execute(sql, doing="refused")

        return self._tried(right, schema, run, setting)

    def _tried(self, right: str, schema: str, work: Callable[[], None], setting: str = "") -> Check:
        """Work that needs a right, for a setting alone if one is named; refused for want of it, what grants it is the hint."""
        what = f"{right} in {schema}" + (f" ({setting})" if setting else "")

        def attempt() -> str:
            try:
                self.pool.repeated(work, attempts=ATTEMPTS)
            except DestinationError as error:
                said = str(error)
                if is_refused(said):
                    raise DestinationError(
                        f"refused: {said.partition(': ')[2]}", hint=granting(right, schema, login_of(self.config), said)
                    ) from error
                raise
            return what

        return Check(POOL, what, attempt)

    def _drop(self, table: TableName) -> str:
        """Drop a scratch table; what is said if that does not go."""
        try:
            self.pool.repeated(lambda: self.pool.execute(ddl.drop_table(table), doing=f"{table} stays"), attempts=ATTEMPTS)
        except SuiteError as error:
            return str(error)
        return ""

    def _first(self, sql: str, doing: str) -> Any:
        return self.pool.rows(sql, doing=doing)[0][0]


def _container(remote: StagingStore) -> str:
    remote.check()
    return f"{remote.place} can be listed"


def _not_tried() -> str:
    raise NotProvableError("the rights that its statements need are not tried, as nobody knows what they do")


def _clean(where: str, left: Sequence[str]) -> str:
    if left:
        raise SuiteError("; ".join(left), hint="drop it by hand")
    return f"DROP TABLE {where}; nothing is left behind"
