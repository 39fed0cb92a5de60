"""The target: what is shared by all streams, the checks before anything is read, and the account at the end."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_commons.command import entry_point
from singer_commons.errors import ConfigurationError, InputError, TooManyRejectsError
from singer_commons.planning import RejectsSeen, would_reject
from singer_commons.rejects import RejectsFile, check_rejects, rejects_allowed
from singer_commons.target import DurableTarget
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities

from target_synapse.checking.checks import check
from target_synapse.children.flat import Mapper
from target_synapse.children.former import Marks
from target_synapse.files.copier import FileCopier
from target_synapse.loading.leftovers import Leftovers
from target_synapse.loading.load import Loader
from target_synapse.loading.rejects_table import REJECTED, Rejects, RejectsTable, create_rejected, rejected_table
from target_synapse.pool.connection import Pool
from target_synapse.pool.patience import TransientSqlError
from target_synapse.settings import CONFIG_SCHEMA, settings_misfits
from target_synapse.settings.of_streams import stream_config
from target_synapse.settings.rows import DEFAULT_BATCH_ROWS, DEFAULT_REJECTS_PATH
from target_synapse.settings.signatures import warn_of_the_end
from target_synapse.settings.storage import DEFAULT_SWEEP_AFTER_HOURS
from target_synapse.settings.ways import POLYBASE
from target_synapse.sink import SynapseSink
from target_synapse.sql.ledger import LEDGER, ledger_table
from target_synapse.staging.formats import FILES_OF_A_NODE
from target_synapse.staging.sizing import files_at_once
from target_synapse.tables.ensure import ensure_ledger
from target_synapse.tables.naming import DEFAULT_SCHEMA, TableName, folded, table_name
from target_synapse.tables.shadows import Shadows
from target_synapse.tables.swaps import Swaps
from target_synapse.tables.upkeep import Upkeep
from target_synapse.tables.versions import VersionsSeen
from target_synapse.user_sql.hooks import Hooks
from target_synapse.ways import Together
from target_synapse.ways.choice import chosen, needs_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_commons.checking import Checks
    from singer_commons.columnar.batch_files import BatchReader
    from singer_commons.columnar.sink import BlockSink
    from singer_commons.misfits import Misfit
    from singer_sdk import Sink
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from target_synapse.ways import Store, Way

HARD_LIMIT_BATCHES = 2  # a tap that sends no STATE for so many batches' rows is not waited for


@dataclass(frozen=True)
class RunParts:
    """What the sinks of a run share."""

    run_id: str
    pool: Pool
    store: Store
    way: Way
    loader: Loader
    swaps: Swaps
    hooks: Hooks
    marks: Marks
    leftovers: Leftovers | None = None  # of a plan, which removes nothing
    files: int = FILES_OF_A_NODE  # that the pool reads at once


class TargetSynapse(DurableTarget):
    """Singer target for Azure Synapse dedicated SQL pools."""

    name = "target-synapse"
    package_name = "sluice-target-synapse"
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_SCHEMA
    default_sink_class: type[Sink] = SynapseSink
    default_batch_rows = DEFAULT_BATCH_ROWS
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        *DurableTarget.capabilities,
        PluginCapabilities.ACTIVATE_VERSION,
        TargetCapabilities.HARD_DELETE,
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.rejects: Rejects | RejectsSeen = self._places_for_rejects()
        self.versions = VersionsSeen()
        self.upkeep = Upkeep()
        self.shadows = Shadows(self.account.run_id)
        self.row_version: object = None  # of the record that goes to a sink's `process_record`, which the SDK gives no version
        self._streams_of: dict[str, str] = {}
        self._run: RunParts | None = None
        self._state_is_due = False
        self._rows_at_state = 0
        self._copier = FileCopier(self)

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        yield from settings_misfits(settings)

    @property
    def ledger_schema(self) -> str:
        """Where the ledger is, and the table of rejected rows."""
        return str(self.config.get("default_target_schema") or DEFAULT_SCHEMA)

    @property
    def _limits(self) -> dict[str, int | None]:
        return {"max_transaction_rows": self.config.get("max_transaction_rows")}

    def setup_mapper(self) -> None:
        """See Target."""
        self._mapper = Mapper(plugin_config=dict(self.config), logger=self.logger)

    def _found_block_sink(self, stream: str) -> BlockSink | None:
        found = super()._found_block_sink(stream)
        if isinstance(found, SynapseSink) and not found.flat.is_same:
            self.logger.info("The rows of %s go one by one, which is slower: flattening looks at each", stream)
            return None
        return found

    def _places_for_rejects(self) -> Rejects:
        to = self.config.get("rejects_to") or "file"
        file = RejectsFile(self.config.get("rejects_path") or DEFAULT_REJECTS_PATH)
        table = RejectsTable(lambda: self.run.pool, rejected_table(self.ledger_schema), self.account.run_id)
        return Rejects(*((file,) if to != "table" else ()), *((table,) if to != "file" else ()))

    def _ensure_own_tables(self, pool: Pool) -> None:
        ensure_ledger(pool, self.ledger_schema)
        if (self.config.get("rejects_to") or "file") != "file":
            pool.execute(create_rejected(rejected_table(self.ledger_schema)), doing="cannot make the table of rejected rows")

    @property
    def run(self) -> RunParts:
        """What the sinks share; made, and checked, at first use."""
        if self._run is None:
            self._run = self._new_run()
        return self._run

    def checks(self) -> Checks:
        """Pool, storage, and each right that a load needs."""
        from target_synapse.checking.trial import Trial  # noqa: PLC0415 - likewise
        from target_synapse.staging.store import StagingStore  # noqa: PLC0415 - the Azure libraries: not for `--version`

        _quieten_azure()
        pool = Pool(self.config, self.account.run_id)
        remote = StagingStore(self.config, retries=0) if needs_storage(self.config) else None
        way, store = chosen(self.config, pool, remote, self.account.run_id)
        try:
            yield from Trial(pool, way, store, remote, self.config).checks()
        finally:
            way.tidy()
            pool.close()
            store.close()

    def plan(self, file_input: IO[str] | None, show: Callable[[str], None], *, show_values: bool) -> None:
        """Go through a load that changes nothing, and show what it would run. Raises as a load does."""
        from target_synapse.plan import PlanLoader, PlanPool, PlanSink, PlanStore, plan_text  # noqa: PLC0415 - the Azure libraries: not for `--version`
        from target_synapse.ways.planned import planned  # noqa: PLC0415 - of a plan alone

        run_id = self.account.run_id
        pool = PlanPool(self.config, run_id)
        way, store = planned(self.config, pool, PlanStore(self.config) if needs_storage(self.config) else None, run_id)
        self.rejects = rejects = RejectsSeen(self.config.get("rejects_path") or DEFAULT_REJECTS_PATH, show_values=show_values)
        self.default_sink_class = PlanSink
        named, hooks = ledger_table(self.ledger_schema), Hooks(pool, run_id)
        loader = PlanLoader(pool, way, named, run_id, **self._limits)
        self._run = RunParts(run_id, pool, store, way, loader, Swaps(pool, named, run_id), hooks, Marks(pool, named, loader))
        self._ensure_own_tables(pool)
        hooks.before_run(self.config)
        too_many = False
        try:
            self.listen(file_input)
        except TooManyRejectsError:
            too_many = True
        for piece in plan_text(pool, self.account, rejects, f"{pool.host}, database {self.config['database']}"):
            show(piece)
        if too_many:
            raise would_reject(rejects)

    def _new_run(self) -> RunParts:
        from target_synapse.staging.store import StagingStore  # noqa: PLC0415 - the Azure libraries: not for `--version`

        _quieten_azure()
        run_id = self.account.run_id
        pool, staged = Pool(self.config, run_id), needs_storage(self.config)
        remote = StagingStore(self.config) if staged else None
        way, store = chosen(self.config, pool, remote, run_id)
        self.account.service = Together([pool.calls, way.service]) if way.service else pool.calls
        self.account.beside = remote.calls if remote else None  # it is called while other streams are loaded
        check(pool, StagingStore(self.config, retries=0) if staged else None, way, self.logger)
        if staged:
            warn_of_the_end(self.config, self.logger)
        pool.repeated(lambda: self._ensure_own_tables(pool))
        hours = int(self.config.get("sweep_after_hours") or DEFAULT_SWEEP_AFTER_HOURS)
        named = ledger_table(self.ledger_schema)
        swaps = Swaps(pool, named, run_id)
        leftovers = Leftovers(pool, store, self.config["storage_prefix"], swaps, after_hours=hours)
        if self.config.get("after_load") != "keep":  # what is kept and what was left looks the same
            leftovers.sweep_files()
        if self.config.get("load_via") == POLYBASE:
            leftovers.sweep_external()
        hooks = Hooks(pool, run_id)
        hooks.before_run(self.config)
        loader = Loader(pool, way, named, run_id, **self._limits)
        return RunParts(run_id, pool, store, way, loader, swaps, hooks, Marks(pool, named, loader), leftovers, files_at_once(pool, self.config))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Check all before the first line is read, and close all if reading fails."""
        _ = self.run  # checked before the first line is read
        with self.guarded():
            yield

    def give_up(self, error: BaseException) -> None:
        """Take back what was staged, and let go of the pool, unless a delivery is using it: that one ends with the process."""
        super().give_up(error)
        if not self.deliveries.is_busy:
            if self._run and isinstance(error, Exception) and not isinstance(error, TransientSqlError):  # then the pool is not there to ask
                self._drop_shadows(self._run)
            self._close()

    def _drop_shadows(self, run: RunParts) -> None:
        for shadow in self.shadows:
            if not shadow.is_decided:
                run.loader.drop(*shadow.made)
                shadow.made.clear()

    def _close(self) -> None:
        self.rejects.close()
        if self._run:
            self._run.way.tidy()
            self._run.pool.close()
            self._run.store.close()

    def table_of(self, stream: str) -> TableName:
        """The stream's table. Raises ConfigurationError if it is another stream's, or the ledger."""
        table = table_name(stream, stream_config(self.config, stream).get("default_target_schema"))
        if folded(table.table) in {LEDGER, REJECTED}:
            raise ConfigurationError(
                f"stream `{stream}` would be loaded into {table}, which is the loader's own", hint="rename it with `stream_maps`"
            )
        self.claim(table, stream)
        return table

    def claim(self, table: TableName, stream: str) -> None:
        """Note that a stream loads a table. Raises ConfigurationError if it is another's."""
        other = self._streams_of.setdefault(table.same_as, stream)
        if other != stream:
            raise ConfigurationError(
                f"streams `{other}` and `{stream}` would share the table {table}", hint="give one another `default_target_schema` in `stream_options`"
            )

    # A batch ends at a STATE, so that every STATE that goes out has whole batches before it: a run that resumes from it cuts its
    # batches where the lost run did, and the ledger knows them by their content.

    @property
    def batch_rows(self) -> int:
        """Rows at which all sinks are drained even if the tap sends no STATE."""
        return super().batch_rows * HARD_LIMIT_BATCHES

    def _waiting_rows(self) -> int:
        return sum(sink.current_size for sink in self._sinks())

    def drain_if_full(self) -> None:
        """Drain all sinks if the tap has sent no STATE for too long."""
        waiting = self._waiting_rows()
        super().drain_if_full()
        if waiting and not self._waiting_rows():
            self._rows_at_state = 0
            self._state_is_due = True  # drained in between two STATEs: the next one must end a batch again

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self.row_version = message_dict.get("version")
        super()._process_record_message(message_dict)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        self._state_is_due = self._state_is_due or bool(self._waiting_rows())
        self._rows_at_state = 0
        super()._process_activate_version_message(message_dict)
        if any(shadow.is_done for shadow in self.shadows):
            self.drain_all()  # a STATE may have waited for the new table

    def _write_state_message(self, state: dict[str, Any]) -> None:
        if not self.shadows.hold_state:  # else it is offered again by the next `drain_all`
            super()._write_state_message(state)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        for shadow in self.shadows:
            shadow.state_came(message_dict["value"])
        super()._process_state_message(message_dict)
        waiting = self._waiting_rows()
        if waiting and (self._state_is_due or waiting >= super().batch_rows):
            self.drain_all()
        self._rows_at_state = self._waiting_rows()
        self._state_is_due = self._state_is_due and bool(self._rows_at_state)

    @property
    def may_drain(self) -> bool:
        """Whether all rows that wait came before the last STATE: loaded now, they end at it."""
        return self._waiting_rows() in (0, self._rows_at_state)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "encoding", "manifest"})
        if not self._copier.copies(message_dict):
            super()._process_batch_message(message_dict)
            return
        for path in message_dict["manifest"]:
            one = {**message_dict, "manifest": [path]}
            if not self._copier.copied(one):
                with self._copier.reading():
                    super()._process_batch_message(one)

    def _batch_files(self) -> BatchReader:
        return self._copier.reader(super()._batch_files())

    def _handle_max_record_age(self) -> None:
        if self._max_record_age_in_minutes > self._MAX_RECORD_AGE_IN_MINUTES:
            self._state_is_due = True

    def process_endofpipe(self) -> None:
        """Load what is left, close the ledger's entries, and account for every row. Raises TooManyRejectsError."""
        with self.guarded():
            self.drain_all()
            self.deliveries.wait()
            self._show_shadows()
            super().process_endofpipe()
            self.rejects.sync()
            tables = [*(self.table_of(stream) for stream in dict.fromkeys(self._streams_of.values())), *(shadow.name for shadow in self.shadows)]
            self.run.way.tidy()  # before the entries are closed: a run that dies in between is not at its end, and may come again from its start
            self.run.loader.close_targets([str(one) for one in tables])
            self.upkeep.run(self.run.pool)
            self.run.hooks.after_loads()
            self.run.hooks.after_run(self.config)
        self._close()
        rows, share = self.config.get("max_rejected_rows"), self.config.get("max_rejected_share")
        check_rejects(self.account, rows=rows, share=share, path=self.rejects.path)

    @property
    def rejects_allowed(self) -> int:
        """How many rows of a stream may be rejected before its table counts as not whole: as many as may be in the run, which then ends well."""
        rows, share = self.config.get("max_rejected_rows"), self.config.get("max_rejected_share")
        return rejects_allowed(self.account.rows, rows=rows, share=share)

    def _show_shadows(self) -> None:
        """Let readers see the tables that are whole at the end of the input. Raises InputError if one is not."""
        broken = []
        for shadow in self.shadows:
            if not shadow.is_open:
                continue
            if why := shadow.why_not_whole():
                broken.append(f"{shadow.table} stays as it was: the tap may not have come to the end of `{shadow.stream}`, since {why}")
            elif (rejected := self.account.stream(shadow.stream).rejected.total()) > self.rejects_allowed:
                self.logger.warning("%s stays as it was, since %d rows of `%s` were rejected", shadow.table, rejected, shadow.stream)
            else:
                shadow.sinks[-1].swap()
        if broken:
            raise InputError("; ".join(broken), hint="run again; a tap that sends no STATE must send ACTIVATE_VERSION")
        self._drop_shadows(self.run)


def _quieten_azure() -> None:
    logging.getLogger("azure").setLevel(logging.WARNING)  # its INFO is every request's headers
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # its warnings are what comes as an error a moment later


main = entry_point(TargetSynapse)
