"""State that tells the truth: a target's STATE goes out as soon as, and only when, all rows before it are durable."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

import click
import simplejson
from singer_sdk import Sink, Target
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.mapper import SameRecordTransform

from singer_commons.checking import run_checks
from singer_commons.columnar.settings import block_bytes, block_rows
from singer_commons.columnar.sink import BlockSink
from singer_commons.deliveries import Deliveries, DurableSink
from singer_commons.misfits import file_misfits
from singer_commons.plugin import SuitePlugin
from singer_commons.reading import BlockReader
from singer_commons.secrets import known_secrets, secret_values
from singer_commons.signals import request_termination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from singer_commons.checking import Checks
    from singer_commons.columnar.batch_files import BatchReader
    from singer_commons.deliveries import Batch
    from singer_commons.misfits import Misfit

DEFAULT_BATCH_ROWS = 10_000
FILTERED = "FILTERED"  # the code of rows that a stream map leaves out


class DurableTarget(SuitePlugin, Target):
    """A target that drains all its sinks together, delivers while it reads on, and gives a STATE out for each delivery.

    The SDK drains a sink alone when it is full, and writes STATE only when all are drained: every five minutes and at the end. Here
    `batch_size_rows` counts the rows of all sinks, and reaching it drains all of them: their batches go to a thread that calls each
    sink's `process_batch`, while new rows gather (`singer_commons.deliveries`). Sinks are DurableSinks: they make rows durable in
    `process_batch`, or raise. They count each row that they are given in the stream's account, as read and then as loaded, rejected or
    skipped; what stream maps filter out is counted here.
    """

    capabilities: ClassVar[list[CapabilitiesEnum]] = [*Target.capabilities, PluginCapabilities.BATCH]  # "input from batched files": the SDK's words
    max_parallelism = 1  # sinks share a connection; the SDK's threads would interleave their statements
    default_batch_rows: ClassVar[int] = DEFAULT_BATCH_ROWS

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.deliveries = Deliveries(self._give_state_out, self.account)
        self.message_reader = options.get("message_reader") or BlockReader(self)
        self.line: int | None = None  # of the input, or of the BATCH message's file, in which the row stands that is taken
        self._block_sinks: dict[str, BlockSink | None] = {}
        self._handed: list[Batch] = []
        self._due_state: dict[str, Any] | None = None
        self._written_state: dict[str, Any] | None = None

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        yield from file_misfits(settings, "rejects_path")

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with `--check` and `--plan`."""
        command = super().get_singer_command()
        command.params += [
            click.Option(
                ["--check"], is_flag=True, help="Try the destination, the key and each permission, and write a line for each; loads nothing."
            ),
            click.Option(["--plan"], is_flag=True, help="Read the input like a load and show what a load would do; loads nothing."),
            click.Option(["--show-values"], is_flag=True, help="With --plan: show rows' values, which are masked otherwise."),
        ]
        return command

    @classmethod
    def invoke(cls, *, check: bool = False, plan: bool = False, show_values: bool = False, **options: Any) -> None:
        """Run the command line."""
        if show_values and not plan:
            raise click.UsageError("--show-values goes with --plan")
        if check and plan:
            raise click.UsageError("--check and --plan exclude each other")
        if options.get("about") or not (check or plan):
            super().invoke(**options)
            return
        config = options["config"]
        target = cls(config=config.config, parse_env_config=config.parse_env)
        mask = known_secrets()
        mask.add(secret_values(cls.config_jsonschema, dict(target.config)))

        def show(text: str) -> None:
            sys.stdout.write(mask(text))
            sys.stdout.flush()

        if check:
            sys.exit(run_checks(target.checks(), show))
        target.is_planning = True
        level = target.logger.level
        target.logger.setLevel(logging.WARNING)  # what it tells of at INFO, tables made and rows accepted, does not happen
        try:
            target.plan(options.get("file_input"), show, show_values=show_values)
        finally:
            target.logger.setLevel(level)

    is_planning = False

    def checks(self) -> Checks:
        """What `--check` tries: see `singer_commons.checking`."""
        raise NotImplementedError

    def plan(self, file_input: IO[str] | None, show: Callable[[str], None], *, show_values: bool) -> None:
        """Read the input like a load, and show what a load would do."""
        raise NotImplementedError

    @property
    def batch_rows(self) -> int:
        """Rows, over all sinks, that are delivered together."""
        return int(self.config.get("batch_size_rows") or self.default_batch_rows)

    @property
    def rows_until_full(self) -> int:
        """Rows that may still come before all sinks are drained."""
        return max(1, self.batch_rows - sum(sink.current_size for sink in self._sinks()))

    def drain_if_full(self) -> None:
        """Drain all sinks if together they hold as many rows as are delivered together. Called after each record, or gathered run of them."""
        if sum(sink.current_size for sink in self._sinks()) >= self.batch_rows:
            self.drain_all()

    def _sinks(self) -> Iterable[Sink]:
        return [*self._sinks_to_clear, *self._sinks_active.values()]

    # Deliveries, on the steps of the SDK's `drain_all`: `_drain_all` for each kind of sinks, then the state, then `_reset_max_record_age`.

    def _drain_all(self, sink_list: Iterable[Sink], parallelism: int) -> None:
        del parallelism
        for sink in sink_list:
            if sink.current_size:
                self._handed.append((sink, sink.start_drain()))
                sink.mark_drained()

    def _write_state_message(self, state: dict[str, Any]) -> None:
        if not self.is_planning:
            self._due_state = state

    def _reset_max_record_age(self) -> None:
        super()._reset_max_record_age()
        batches, self._handed = self._handed, []
        state, self._due_state = self._due_state, None
        self.deliveries.hand_over(batches, state)

    def _give_state_out(self, state: dict[str, Any]) -> None:
        if state != self._written_state:
            self.write_state(state)
            self._written_state = state
            self.account.state_out(state)

    def write_state(self, state: dict[str, Any]) -> None:
        """Write a state as it came. The SDK's own way fails on numbers with a point, which are Decimals here so that they keep all digits."""
        sys.stdout.write(simplejson.dumps(state, use_decimal=True) + "\n")
        sys.stdout.flush()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around all reading, from before the first line to behind the last: for a target that has something to check first."""
        with self.guarded():
            yield

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Reading, and what ends it: on a failure what was read before is delivered first, and its own failure came first, too."""
        try:
            try:
                yield
            except Exception:
                self.deliveries.wait()
                raise
        except BaseException as error:
            self.deliveries.close()
            self.give_up(error)
            raise

    def give_up(self, error: BaseException) -> None:
        """Take back what was staged for rows that will not be delivered. Not on a signal: whoever sent it does not want to wait for that."""
        if isinstance(error, Exception):
            gathering = [(sink, sink.gathering) for sink in self._sinks() if isinstance(sink, DurableSink)]
            for sink, context in [*self.deliveries.undelivered, *self._handed, *gathering]:
                if isinstance(sink, DurableSink):
                    sink.abandon(context)

    # What `singer_commons.reading` asks for.

    def block_sink(self, stream: str) -> BlockSink | None:
        """The sink that takes the stream's rows in blocks; None if they have to come one by one."""
        try:
            return self._block_sinks[stream]
        except KeyError:
            return self._block_sinks.setdefault(stream, self._found_block_sink(stream))

    def _found_block_sink(self, stream: str) -> BlockSink | None:
        sink = self._sinks_active.get(stream)
        if not isinstance(sink, BlockSink):
            return None
        maps = self.mapper.stream_maps.get(stream, ())
        if len(maps) == 1 and type(maps[0]) is SameRecordTransform and maps[0].stream_alias == stream and not maps[0].flattening_enabled:
            return sink
        self.logger.info("The rows of %s go one by one, which is slower: `stream_maps` or flattening look at each", stream)
        return None

    def before_message(self, message: dict[str, Any]) -> None:
        """Have the gathered rows of a stream processed before a message that changes how its rows are to be taken."""
        stream = message.get("stream")
        if stream is None or (message["type"] == "SCHEMA" and self._is_known(message)):
            return
        if (sink := self._block_sinks.pop(stream, None)) is not None:
            sink.flush()

    def _is_known(self, message: dict[str, Any]) -> bool:
        maps = self.mapper.stream_maps.get(message["stream"])
        return maps is not None and (maps[0].raw_schema, maps[0].raw_key_properties) == (message.get("schema"), message.get("key_properties"))

    def keep_within_memory(self) -> None:
        """Have the largest gathered block processed if all of them together pass the limit. Raises what ended a delivery."""
        self.deliveries.check()
        sinks = [sink for sink in self._block_sinks.values() if sink is not None]
        if sum(sink.gathered_bytes for sink in sinks) >= block_bytes(self.config):
            max(sinks, key=lambda sink: sink.gathered_bytes).flush()

    # What the SDK hands over, message by message, and at the end.

    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> Sink:
        """The sink of a stream. A new one is set up while nothing is being delivered."""
        if schema is not None:
            self.deliveries.wait()
        return super().get_sink(stream_name, record=record, schema=schema, key_properties=key_properties)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        # Not the SDK's: that says for each stream that its `_sdc_` columns are added all the same, which is each target's own affair.
        self._assert_line_requires(message_dict, requires={"stream", "version"})
        stream = message_dict["stream"]
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)
        self.drain_all()
        self.deliveries.wait()
        for each in self.mapper.stream_maps[stream]:
            sink = self._sinks_active.get(each.stream_alias)  # none for a stream that a map leaves out
            if sink is not None and sink.process_activate_version_messages:
                self.account.turn_to(each.stream_alias)
                sink.activate_version(message_dict["version"])
                self.account.turn_to(None)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self.deliveries.check()
        before = self.account.rows
        super()._process_record_message(message_dict)
        if self.account.rows == before:
            stream = self.account.stream(message_dict["stream"])
            stream.read()
            stream.skip(FILTERED)
        self.drain_if_full()

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "encoding", "manifest"})
        stream = message_dict["stream"]
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)
        if not all(isinstance(self._sinks_active.get(each.stream_alias), BlockSink) for each in self.mapper.stream_maps[stream]):
            self.drain_all()  # rows that came before its files are delivered before them
            self.deliveries.wait()
            super()._process_batch_message(message_dict)
            return
        for block in self._batch_files().blocks(message_dict):
            self.account.bytes_passed += block.nbytes
            if (sink := self.block_sink(stream)) is not None:
                sink.take_block(block)
                self.drain_if_full()
            else:
                for message in block.messages():
                    self.line = message["line"]
                    self._process_record_message(message)
        self._handle_max_record_age()

    def _batch_files(self) -> BatchReader:
        from singer_sdk.helpers._batch import StorageTarget  # noqa: PLC0415 - only where BATCH messages come

        from singer_commons.columnar.batch_files import BatchReader  # noqa: PLC0415 - likewise

        own = (self.config.get("batch_config") or {}).get("storage")
        return BatchReader(StorageTarget.from_dict(own) if own else None, block_rows(self.config), block_bytes(self.config))

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self.deliveries.check()
        super()._process_state_message(message_dict)
        self.account.state_in(message_dict["value"])
        if not any(sink.current_size for sink in self._sinks()):
            self.drain_all()  # no row is waiting before this state: it is true now, or as soon as what is on its way is durable

    def process_endofpipe(self) -> None:
        """Deliver the rest, then account for every row. Raises SuiteError if a row has no end."""
        with self.guarded():
            self.drain_all()
            self.deliveries.wait()
            super().process_endofpipe()
            self.account.check_sums()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        # The SDK drains inside the handler, wherever the target is just then, perhaps in the middle of the same drain. Rows that
        # are not durable yet have no STATE behind them either: the next run gets them again.
        request_termination(signum, frame)
