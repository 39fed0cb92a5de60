"""State that tells the truth: a target's STATE goes out as soon as, and only when, all rows before it are durable."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

import click
from singer_sdk import Sink, Target

from singer_commons.checking import run_checks
from singer_commons.misfits import file_misfits
from singer_commons.plugin import SuitePlugin
from singer_commons.secrets import known_secrets, secret_values
from singer_commons.signals import held_signals, request_termination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    from singer_commons.checking import Checks
    from singer_commons.misfits import Misfit

DEFAULT_BATCH_ROWS = 10_000
FILTERED = "FILTERED"  # the code of rows that a stream map leaves out


class DurableTarget(SuitePlugin, Target):
    """A target that drains all its sinks together, and so can give a STATE out at each drain.

    The SDK drains a sink alone when it is full, and writes STATE only when all are drained: every five minutes and at the end. Here
    `batch_size_rows` counts the rows of all sinks, and reaching it drains all of them. Sinks make their rows durable in
    `process_batch`, raise if they cannot, and have `max_size` left to this class. They count each row that they are given in the
    stream's account, as read and then as loaded, rejected or skipped; what stream maps filter out is counted here.
    """

    max_parallelism = 1  # sinks share a connection; the SDK's threads would interleave their statements
    default_batch_rows: ClassVar[int] = DEFAULT_BATCH_ROWS
    _written_state: dict[str, Any] | None = None

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

    def _sinks(self) -> Iterable[Sink]:
        return [*self._sinks_to_clear, *self._sinks_active.values()]

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        before = self.account.rows
        super()._process_record_message(message_dict)
        self._count(message_dict, is_filtered=self.account.rows == before)
        if sum(sink.current_size for sink in self._sinks()) >= self.batch_rows:
            self.drain_all()

    def _count(self, message: dict[str, Any], *, is_filtered: bool) -> None:
        line = self.message_reader._current_message or ""  # noqa: SLF001 - the SDK keeps the line there, and nobody else has it
        self.account.bytes_passed += len(line) if isinstance(line, bytes) or line.isascii() else len(line.encode("utf-8", "surrogatepass"))
        if is_filtered:
            stream = self.account.stream(message["stream"])
            stream.read()
            stream.skip(FILTERED)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_state_message(message_dict)
        self.account.state_in(message_dict["value"])
        if not any(sink.current_size for sink in self._sinks()):
            self.drain_all()  # nothing is waiting before this state: it is true now

    def _write_state_message(self, state: dict[str, Any]) -> None:
        if state != self._written_state and not self.is_planning:
            with held_signals():
                super()._write_state_message(state)
            self._written_state = state
            self.account.state_out(state)

    def process_endofpipe(self) -> None:
        """Deliver the rest, then account for every row. Raises SuiteError if a row has no end."""
        super().process_endofpipe()
        self.account.check_sums()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        # The SDK drains inside the handler, wherever the target is just then, perhaps in the middle of the same drain. Rows that
        # are not durable yet have no STATE behind them either: the next run gets them again.
        request_termination(signum, frame)
