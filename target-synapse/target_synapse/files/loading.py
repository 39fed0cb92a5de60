"""What a sink does with a file that is copied: whether it may, and the load as a batch of its own."""

from __future__ import annotations

import hashlib
import uuid
from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_commons.columnar.checks import SchemaRules
from singer_commons.columnar.sink import ColumnarSink

from target_synapse.files.container import container_of
from target_synapse.files.fit import fitted
from target_synapse.files.way import FileWay
from target_synapse.files.why import NotCopiedError
from target_synapse.loading.load import Batch
from target_synapse.loading.transaction_size import TransactionTooLargeError
from target_synapse.rows.types import TEXT_MAX
from target_synapse.rows.values import field_encoder
from target_synapse.settings.storage import refuses_parquet
from target_synapse.settings.ways import COPY
from target_synapse.sql.ledger import Entry
from target_synapse.sql.quoting import literal
from target_synapse.tables.naming import VERSION_COLUMN
from target_synapse.tables.versions import VERSION, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.children.family import Family
    from target_synapse.files.fit import Carried
    from target_synapse.files.footer import Footer
    from target_synapse.modes import Mode
    from target_synapse.rows.records import RowWriter
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.shadows import Shadow
    from target_synapse.target import TargetSynapse
    from target_synapse.user_sql.transformation import Transformation


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A file of the store that fits its stream: `md5` is of its bytes, asked for only where the ledger must know it again."""

    path: str
    footer: Footer
    carried: Sequence[Carried]
    md5: str


class FileSink(ColumnarSink):
    """A sink whose files may be copied. `needs_ledger` and `load_batch` are those of all its batches."""

    target: TargetSynapse
    _plan: LoadPlan
    _mode: Mode
    _rows: RowWriter
    _family: Family
    _transformation: Transformation | None
    _shadow: Shadow | None = None

    @property
    def needs_ledger(self) -> bool:
        """Whether rows that come again would be doubled, but for what the ledger knows."""
        gathers = self._shadow is not None and not self._shadow.is_done  # what an earlier run gathered is gone with it
        return not self._mode.is_idempotent and not gathers

    @abstractmethod
    def load_batch(self, batch: Batch) -> None:
        """Load a batch, unless an earlier run has, and account for its rows."""

    def begin_version(self, named: object) -> int | None:
        """The version that rows are of, which are about to come."""
        version = version_of(named, self.stream_name) if self.process_activate_version_messages else None
        self.target.versions.saw(self.stream_name, version)
        if self._shadow:
            self._shadow.has_rows = True
        return version

    @abstractmethod
    def _ensure(self, *columns: Column) -> None:
        """Have these columns in the table."""

    def check_settings(self) -> None:
        """Raise NotCopiedError where the settings need each row."""
        config, reason = self.config, ""
        if (config.get("load_via") or COPY) != COPY:
            reason = f"rows go into the pool by `load_via` {config['load_via']}"
        elif refused := refuses_parquet(config):
            reason = refused
        elif config.get("copy_max_errors"):
            reason = "`copy_max_errors` asks for rows that are refused, and COPY INTO tells none of Parquet"
        elif self._transformation:
            reason = "`transform_sql` works on staged rows"
        elif self._family.children or self._family.former:
            reason = "its arrays go into tables of their own"
        elif config.get("load_method") == "history":
            reason = "a history keeps the order of rows, which COPY INTO does not"
        if reason:
            raise NotCopiedError(reason)

    def fit(self, footer: Footer) -> list[Carried]:
        """How the file's columns go into the table. Raises NotCopiedError."""
        rules = SchemaRules(self.schema if self._validator else None, self.key_properties, unchecked=self.unchecked_keywords)
        return fitted(footer, self._plan, self._rows.content, self.schema["properties"], rules)

    def deliver_file(self, context: dict[str, Any]) -> None:
        """Load the file of a context, of a version; `refused` is then there with the reason if nothing of it is loaded, since it is to be read."""
        try:
            self._load_file(context["file"], context["version"])
        except (NotCopiedError, TransactionTooLargeError) as error:
            context["refused"] = error

    def _load_file(self, file: ParquetFile, named_version: object) -> None:
        version, rows = self.begin_version(named_version), file.footer.rows
        if version is not None:
            self._ensure(VERSION)
        content = hashlib.sha256(f"file {file.md5} of {rows} rows of version {version}".encode()).hexdigest()
        staged = {one.column.name: one.column for one in file.carried}
        columns = [staged.get(column.name, column) for column in (self._plan.columns[name] for name in self._rows.content)]
        entry = Entry(uuid.uuid4().hex, self.target.run.run_id, str(self._plan.table), content, 1, rows)
        texts = {one.column.name for one in file.carried if one.column.staged == TEXT_MAX}
        batch = Batch(
            replace(self._plan, hashed_by=())
            if texts.intersection(self._plan.hashed_by)
            else self._plan,  # rows are not spread by text without a limit
            [*columns, *self._metadata(version)],
            [file.path],
            entry,
            None if VERSION_COLUMN in self._plan.columns else version,
            mode=self._mode,
            line_bytes=file.footer.size_bytes,
            way=self._file_way(file),
            is_whole=True,
        )
        if self.needs_ledger and self.target.run.loader.may_be_known_otherwise(batch):
            raise NotCopiedError("a run before this one was cut off, and may have read it")
        self.load_batch(batch)
        self.account.read(rows)
        self.account.notes["copied in files"] += rows
        self._count(rows)
        self.mark_drained()

    @property
    def account(self) -> Any:
        """The stream's account."""
        return self.target.account.stream(self.stream_name)

    def _file_way(self, file: ParquetFile) -> FileWay:
        return self._new_way(self.target.run.pool, container_of(self.target.run), file.footer, file.carried, self._plan.key_columns)

    def _new_way(self, *parts: Any) -> FileWay:
        return FileWay(*parts)

    def _metadata(self, version: int | None) -> list[Column]:
        """The `_sdc_` columns, if rows have them: what reading a file gives all its rows. When they were extracted nobody says."""
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "_sdc_received_at": now.isoformat(),
            "_sdc_batched_at": now.isoformat(),
            "_sdc_sequence": round(now.timestamp() * 1000),
            "_sdc_table_version": version,
            "_sdc_sync_started_at": self.sync_started_at,
        }
        columns = [(self._plan.columns[name], values.get(name)) for name in self._rows.tail]
        return [column if value is None else replace(column, constant=_constant(column, value)) for column, value in columns]


def _constant(column: Column, value: Any) -> str:
    return f"CAST({literal(field_encoder(column.type)(value))} AS {column.type})"
