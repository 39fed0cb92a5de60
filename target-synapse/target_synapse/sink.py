"""The sink of a stream: rows go into staged files as they come, in columns or one by one, and are loaded when the target drains."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError, InputError
from singer_commons.validation import NotAsDeclaredError
from singer_sdk.exceptions import InvalidRecord, MissingKeyPropertiesError

from target_synapse.children.family import Family
from target_synapse.children.flat import flat_of, options_of
from target_synapse.children.former import former_children
from target_synapse.children.tables import RECORD_ID, ensure_children, identity_of
from target_synapse.children.tree import branches_of_stream, every
from target_synapse.files.loading import FileSink
from target_synapse.loading.error_files import COPY_REJECTED
from target_synapse.loading.load import Batch, Loaded
from target_synapse.modes.choice import load_keys, mode_of
from target_synapse.rows.records import RefusedRowError, RowWriter
from target_synapse.settings.of_streams import stream_config
from target_synapse.sql.ledger import Entry
from target_synapse.staging.formats import Layout, staged
from target_synapse.tables.ensure import ensure_columns, ensure_table
from target_synapse.tables.naming import DELETED_COLUMN, VERSION_COLUMN, held_name, safe_part
from target_synapse.tables.rebuilds import Rebuilds
from target_synapse.tables.swaps import DECIDED
from target_synapse.tables.versions import VERSION, version_of
from target_synapse.user_sql.own_sql import statements_of
from target_synapse.user_sql.transformation import FILTERED_BY_SQL, Transformation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from singer_commons.columnar.blocks import Block

    from target_synapse.children.flat import Flat
    from target_synapse.children.tables import ChildTable
    from target_synapse.children.writer import FamilyWriter
    from target_synapse.columns.encoder import TableEncoder
    from target_synapse.loading.error_files import Refused
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan
    from target_synapse.tables.naming import TableName
    from target_synapse.target import RunParts, TargetSynapse


class MissingKeyError(InputError, MissingKeyPropertiesError):
    """A record without a key property: the tap breaks its own SCHEMA message, and no row of the stream can be trusted."""


class SynapseSink(FileSink):
    """Loads one stream, with one schema, into one table."""

    flat: Flat
    unchecked_keywords = ("format", "maxLength")  # lengths are checked when a value is written: `string_length` says what to do with longer text

    def __init__(self, target: TargetSynapse, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self.target = target
        self._config = stream_config(target.config, stream_name)

    def setup(self) -> None:
        """Make the table ready for the schema."""
        run = self.target.run
        named = self.target.table_of(self.stream_name)
        self.flat = flat_of(self.schema["properties"], options_of(self.config))
        self._branches = branches_of_stream(self.config, self.stream_name, named, self.flat.properties, self.key_properties)
        self._shadow = self.target.shadows.of(self, named) if self.config.get("load_method") == "overwrite" else None
        children = [branch.table for branch in every(self._branches)]
        for one in (named, *children):
            self.target.claim(one, self.stream_name)
            run.pool.repeated(partial(run.swaps.repair, one))
        run.marks.note(named, children)
        keys = self._load_keys()
        table = self._loaded_table(named, [held_name(one) for one in keys])
        rebuilds = self._rebuilds(run)
        plan = run.pool.repeated(lambda: self._table(table, keys, rebuilds))
        if run.leftovers:
            run.leftovers.sweep_tables(table.schema)
        run.hooks.before_load(self.stream_name, table, self.config)
        statements = statements_of(self.config, "transform_sql")
        self._transformation = Transformation(statements, run.run_id, self.stream_name) if statements else None
        truncate = self.config.get("string_length") == "truncate"
        self._plan, self._carried = plan, run.way.carried(plan)
        own = {DELETED_COLUMN} if self._names_deleted else set()
        self._rows = RowWriter(self._carried, truncated=self._count_truncated if truncate else None, also_content=own)
        self._layout = Layout(self.config.get("stage_format") or "csv", self._staged(), run.files)
        self._encoder: TableEncoder | None = None
        self._ensured: set[str] = set()
        self._choose_mode()
        self._mode.make_ready(run.pool, plan, self._ensure)
        self._family = self._new_family(rebuilds)

    def _new_family(self, rebuilds: Rebuilds) -> Family:
        """The child tables, ready for the schema."""
        run = self.target.run
        identity = identity_of(self._plan, self.stream_name) if self._branches else []
        if RECORD_ID in identity:
            self._ensure(RECORD_ID)
        make = partial(ensure_children, run.pool, self._branches, identity, self.config, stream=self.stream_name, rebuild=rebuilds.rebuild)
        children = run.pool.repeated(lambda: make(loaded=self._loaded_table))
        truncated = self._count_truncated if self.config.get("string_length") == "truncate" else None
        former = self._former_children()
        return Family(children, run.way, self.config.get("stage_format") or "csv", run.files, truncated=truncated, former=former)

    def _former_children(self) -> list[ChildTable]:
        """The child tables that the stream had."""
        run, named = self.target.run, self.target.table_of(self.stream_name)
        tables = run.marks.former(named, [branch.table for branch in every(self._branches)])
        for one in tables:
            run.pool.repeated(partial(run.swaps.repair, one))
        swapped = self._swapped if self._shadow and not self._shadow.is_done else None
        return former_children(run.pool, run.marks, tables, self._plan, stream=self.stream_name, swapped=swapped)

    def _swapped(self, former: TableName) -> TableName:
        self.target.claim(former, self.stream_name)
        return self._loaded_table(former)

    def _table(self, table: TableName, keys: Sequence[str], rebuilds: Rebuilds) -> LoadPlan:
        run = self.target.run
        run.swaps.repair(table)  # an attempt before this one may have ended while it put a rebuilt table into its place
        apart = {branch.path[0] for branch in self._branches}
        properties = {name: schema for name, schema in self.flat.properties.items() if name not in apart}
        return ensure_table(run.pool, table, properties, keys, self.config, stream=self.stream_name, rebuild=rebuilds.rebuild)

    def _rebuilds(self, run: RunParts) -> Rebuilds:
        return Rebuilds(run.pool, run.swaps, run.loader, run.run_id)

    def _staged(self) -> list[Column]:
        """The columns that are staged, in the order of a line's fields."""
        return staged([self._plan.columns[name] for name in self._rows.properties], self.config.get("stage_format") or "csv")

    def _loaded_table(self, named: TableName, keys: Sequence[str] | None = None) -> TableName:
        """The table that rows are loaded into: the one that readers see, or one that takes its place once it is whole; `keys` tell its rows apart."""
        run = self.target.run
        if (shadow := self._shadow) is None or shadow.is_done:
            return named
        new = shadow.new(named)
        if new not in shadow.made:
            key = keys if keys is None or self.config.get("primary_key") == "not_enforced" else ()
            run.pool.repeated(lambda: run.swaps.make_shadow(named, new, key=key))
            shadow.made.append(new)
        return new

    @property
    def rows_seen(self) -> int:
        """Rows that have come, gathered ones among them."""
        return self._total_records_read + self.current_size - self._batch_records_read

    def _load_keys(self) -> list[str]:
        if missing := [key for key in self.key_properties if key not in self.schema["properties"]]:
            raise InputError(
                f"the SCHEMA of `{self.stream_name}` has no property for its key {', '.join(missing)}", hint="this is a fault of the tap"
            )
        return load_keys(self.config, self.stream_name, self.key_properties)

    @property
    def _names_deleted(self) -> bool:
        """Whether the tap says in its rows that they are gone, in `_sdc_deleted_at`."""
        return DELETED_COLUMN in self.original_schema["properties"]

    def _choose_mode(self) -> None:
        tombstone = self._plan.columns[DELETED_COLUMN] if self._names_deleted else None
        self._mode = mode_of(self.config, keys=self._plan.keys, tombstone=tombstone, is_marked=DELETED_COLUMN in self._ensured)

    def _remove_sdc_metadata_from_schema(self) -> None:
        super()._remove_sdc_metadata_from_schema()
        if self._names_deleted:
            self.schema["properties"][DELETED_COLUMN] = {"type": ["null", "string"], "format": "date-time"}

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        deleted_at = record.get(DELETED_COLUMN)
        super()._remove_sdc_metadata_from_record(record)
        if self._names_deleted:
            record[DELETED_COLUMN] = deleted_at

    def _count_truncated(self, name: str) -> None:
        self.account.notes[f"truncated {name}"] += 1

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        try:
            super()._singer_validate_message(record)
        except MissingKeyPropertiesError:
            missing = ", ".join(key for key in self.key_properties if key not in record)
            raise MissingKeyError(f"a record of `{self.stream_name}` has no {missing}, which is its key", hint="this is a fault of the tap") from None

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        return record  # done in process_record, where a refused row can be put aside; times are never parsed into Python's, which drop digits

    def _after_process_record(self, context: dict[str, Any]) -> None:
        """Nothing: the SDK's would format a debugging line for each record."""

    def arrow_schema(self) -> pa.Schema:
        """Columns as the table wants them."""
        from target_synapse.columns.schema import arrow_schema  # noqa: PLC0415 - Arrow: not for `--version`

        return arrow_schema(self._plan, self.schema["properties"], arrays=[branch.path[0] for branch in self._branches])

    def process_table(self, table: pa.Table, block: Block) -> None:
        """Write the rows into the batch; those that columns cannot write go one by one, in their places."""
        from target_synapse.columns.encoder import Lines, TableEncoder  # noqa: PLC0415 - DuckDB and Arrow: not for `--version`

        if self._encoder is None:
            self._encoder = TableEncoder(self._carried, self._rows.content, self._rows.tail)
        writer = self._writer(self._get_context({}), block.version)
        first = writer.place
        elements, refused = self._family.lines_of_table(table, first + 1)
        for run in self._encoder.encode(table, first + 1).without(refused).runs():
            if isinstance(run, Lines):
                self.account.read(run.rows)
                writer.add_block(run.content, run.lines, run.rows)
                for row in range(run.start, run.start + run.rows) if elements else ():
                    writer.add_children(elements.get(row, ()))
                writer.place = first + run.start + run.rows
            else:
                for message in block.slice(run, run + 1).messages():
                    self.process_one(message)

    def process_one(self, message: dict[str, Any]) -> None:
        """See BlockSink."""
        self.target.row_version = message["version"]
        super().process_one(message)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Write the record into the batch, or into the rejects file."""
        self.account.read()
        writer = self._writer(context, self.target.row_version)
        writer.place += 1
        try:
            if self._validator:
                self._validator.validate(record)
            values = self.flat.values(record)
            content, tail = self._rows.line(values, writer.place)
            elements = self._family.lines(values, writer.place)
        except InvalidRecord as error:
            self._reject(
                record, "NOT_AS_DECLARED", error.error_message, error.field if isinstance(error, NotAsDeclaredError) else None, self.target.line
            )
        except RefusedRowError as error:
            if error.code == "TOO_LONG" and self.config.get("string_length") == "fail":
                raise DestinationError(
                    f"a row of `{self.stream_name}` does not fit: {error}", hint="`string_length` says what to do with over-long text"
                ) from error
            self._reject(record, error.code, str(error), error.field, self.target.line)
        else:
            writer.add(content, tail)
            writer.add_children(elements)

    def _reject(self, record: dict[str, Any], code: str, reason: str, field: str | None, line: int | None = None) -> None:
        self.account.reject(code)
        self.target.rejects.write(self.stream_name, record, code=code, reason=reason, keys=self.key_properties, field=field, line=line)

    def _put_aside(self, refused: Sequence[Refused]) -> None:
        names = {column.name: name for name, column in self._plan.columns.items()}
        for one in refused:
            self._reject({names.get(column, column): value for column, value in one.values.items()}, COPY_REJECTED, one.reason, None)
        self.target.rejects.sync()

    def _writer(self, context: dict[str, Any], named_version: object) -> FamilyWriter:
        """The writer for rows of this version. A batch has one, or several if the version changes within it; its context keeps them."""
        version = self.begin_version(named_version)
        writers: list[FamilyWriter] = context.setdefault("writers", [])
        if not writers or writers[-1].version != version:
            if writers:
                writers[-1].finish()  # its threads end
            run = self.target.run
            folder = f"{self.config['storage_prefix']}/{run.run_id}/{safe_part(self.stream_name)}/{context['batch_id']}"
            name = f"{folder}-{len(writers) + 1}" if writers else folder
            writers.append(self._family.writer(run.store, name, version=version, layout=self._layout))
        return writers[-1]

    def process_batch(self, context: dict[str, Any]) -> None:
        """Make the rows durable: rejected ones on disk, the others in their table."""
        if "file" in context:
            self.deliver_file(context)
            return
        self.target.rejects.sync()
        try:
            for writer in context.get("writers", ()):
                if writer.rows:
                    self._load(writer)
            self._put_away(context)
        finally:
            self.abandon(context)  # without effect on what is loaded

    def _put_away(self, context: dict[str, Any]) -> None:
        """Keep or archive the files of what is loaded, where that is asked for."""
        what = self.config.get("after_load") or "delete"
        if what == "delete":
            return
        paths = [path for writer in context.pop("writers", ()) for path in writer.every_path]
        if what == "archive" and paths:
            self.target.run.store.move(paths, self.config["storage_prefix"], self.config["archive_prefix"])

    def _load(self, writer: FamilyWriter) -> None:
        content, run, version = writer.finish(), self.target.run, writer.version
        if version is not None:
            # The same rows of another version are other rows: as those of a run that was cut off they would be removed with its version.
            content = hashlib.sha256(f"{content} of version {version}".encode()).hexdigest()
            self._ensure(VERSION)
        columns = self._staged()
        entry = Entry(uuid.uuid4().hex, run.run_id, str(self._plan.table), content, len(writer.every_path), writer.rows)
        batch = Batch(
            self._plan,
            columns,
            writer.paths,
            entry,
            None if VERSION_COLUMN in self._plan.columns else version,
            self._transformation,
            self._put_aside,
            self._family.rows(writer),
            mode=self._mode,
            line_bytes=writer.bytes_of_lines,
            former=self._family.former,
        )
        self.load_batch(batch)

    def load_batch(self, batch: Batch) -> None:
        """Load a batch, unless an earlier run has, and account for its rows."""
        run, rows = self.target.run, batch.entry.rows
        if self.needs_ledger and run.loader.was_loaded(batch):
            self.logger.info("%d rows of %s were loaded by an earlier run that was cut off; not loaded again", rows, self._plan.table)
            self.account.notes["loaded before"] += rows
            self.account.load(rows)
            return
        self._account_for(rows, run.loader.load(batch))
        self.target.upkeep.loaded(replace(self._plan, table=self.target.table_of(self.stream_name)), self.config)
        for one in batch.children:
            self.account.notes[f"rows of {one.child.branch.table.table}"] += one.rows
            self.target.upkeep.loaded(replace(one.child.plan, table=one.child.branch.table), self.config)

    def _account_for(self, rows: int, loaded: Loaded) -> None:
        """Account for the rows of a batch that is loaded; a transformation may have made fewer of them, or more."""
        rows -= loaded.refused
        if (filtered := rows - loaded.staged) > 0:
            self.account.skip(FILTERED_BY_SQL, filtered)
        elif filtered:
            self.account.notes["added by transform_sql"] -= filtered
        if self._mode.left_out:
            self.account.notes[self._mode.left_out] += loaded.staged - loaded.inserted if loaded.inserted >= 0 else 0
        self.account.load(min(rows, loaded.staged))

    def _ensure(self, *columns: Column) -> None:
        """Have these columns in the table, beside the stream's. Of a batch, this is its delivery's: until then the pool may be in use."""
        missing = [one for one in columns if one.name not in self._ensured and one.name not in self._plan.columns]
        if missing:
            pool = self.target.run.pool
            pool.repeated(lambda: ensure_columns(pool, self._plan.table, missing, self.config))
            self._ensured.update(one.name for one in missing)
            self._choose_mode()

    def activate_version(self, new_version: int) -> None:
        """Remove the rows of other versions. All rows that came before are loaded, and nothing is on its way."""
        version = version_of(new_version, self.stream_name)
        if version is None:
            raise InputError(f"an ACTIVATE_VERSION of `{self.stream_name}` has no version", hint="this is a fault of the tap")
        allowed = self.target.rejects_allowed
        if reason := self.target.versions.why_not(self.stream_name, version, self.account, rejects_allowed=allowed):
            self.logger.warning("Rows of other versions of %s than %d stay in %s, since %s", self.stream_name, version, self._plan.table, reason)
            return
        if self._shadow and not self._shadow.is_done and not self._shadow.has_rows:
            self._shadow.empty_version = version  # before its first row, as taps of the SDK send it, or without any
            return
        hard = bool(self.config.get("hard_delete")) or (self._shadow is not None and not self._shadow.is_done)
        self._ensure(VERSION, *self._mode.columns_of_gone(hard=hard))
        loader = self.target.run.loader
        removed = loader.activate(self._plan.table, version, self._mode, hard=hard, of_children=[*self._family.children, *self._family.former])
        if removed > 0:
            self.account.notes[self._mode.said_of_gone(hard=hard)] += removed
        self.swap()

    def swap(self) -> None:
        """Let readers see what has gathered. All rows that came before are loaded, and nothing is on its way. Rows that still come go straight in."""
        if (shadow := self._shadow) is None or shadow.is_done:
            return
        run = self.target.run
        for table, new in shadow.tables.items():
            run.pool.repeated(partial(run.swaps.dress, table, new))
        load_ids = run.loader.note_all({table: f"{DECIDED} {new.table}" for table, new in shadow.tables.items()})
        shadow.is_decided = True
        for table, new in shadow.tables.items():
            run.pool.repeated(partial(run.swaps.finish, load_ids[table], table, new))
        shadow.is_done = True
        self._plan = replace(self._plan, table=shadow.table)
        self._family = self._family.in_place()
        self.logger.info("%s holds the rows of this run now, and no others", ", ".join(map(str, shadow.tables)))

    def abandon(self, context: dict[str, Any]) -> None:
        """Take back what was staged."""
        writers: list[FamilyWriter] = context.pop("writers", [])  # once: at the second call the store may be closed
        for writer in writers:
            writer.abandon()
            self.target.run.store.remove(writer.every_path)
