"""What the suite's taps have in common: whole lines, and an end between two of them when asked to stop."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk import Tap

from singer_commons.checking import run_checks
from singer_commons.errors import ConfigurationError
from singer_commons.http import CallsSpentError, most_calls
from singer_commons.plugin import SuitePlugin
from singer_commons.preview import DEFAULT_ROWS, EnoughError, PreviewWriter, written
from singer_commons.secrets import known_secrets, secret_values
from singer_commons.signals import request_termination
from singer_commons.writer import WholeLineWriter

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

    from singer_sdk import Stream

    from singer_commons.checking import Checks
    from singer_commons.secrets import Mask

PREVIEW_CALLS = 10  # of a stream: where users or lists have nothing, a preview must not ask for all of them


class SuiteTap(SuitePlugin, Tap):
    """A tap that writes whole lines, and on SIGTERM or SIGINT its state, then ends with 143 or 130 (the SDK ends with 0)."""

    message_writer_class = WholeLineWriter

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(self.message_writer, WholeLineWriter):
            self.message_writer.account = self.account

    def setup_mapper(self) -> None:
        """See the SDK: the streams are known from here on. `--check` leaves it out, since discovery may need what is to be checked."""
        super().setup_mapper()
        self.account.callers = _callers(self.streams.values())

    def sync_all(self) -> None:  # type: ignore[misc]  # final for type checkers; rows that wait go out however it ends
        """See the SDK."""
        try:
            super().sync_all()
        finally:
            if isinstance(self.message_writer, WholeLineWriter):
                self.message_writer.flush()

    def load_state(self, state: dict[str, Any]) -> None:
        """See the SDK."""
        super().load_state(state)
        self.account.state_in(self.state)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with `--check` and `--preview`."""
        command = super().get_singer_command()
        rows = click.IntRange(min=1)
        command.params += [
            click.Option(["--check"], is_flag=True, help="Try the service, the key and each permission, and write a line for each; no data."),
            click.Option(
                ["--preview"],
                is_flag=False,
                flag_value=DEFAULT_ROWS,
                type=rows,
                metavar="[ROWS]",
                help=f"Show the first rows of each selected stream, {DEFAULT_ROWS} if no number is given; no state.",
            ),
        ]
        return command

    @classmethod
    def invoke(cls, *, check: bool = False, preview: int | None = None, **options: Any) -> None:
        """Run the command line."""
        if options.get("about") or not (check or preview):
            super().invoke(**options)
            return
        if check and preview:
            raise click.UsageError("--check and --preview exclude each other")
        config = options["config"]
        read = {name: _read(name, options.get(name)) for name in ("state", "catalog")}
        writer = PreviewWriter(preview) if preview else None
        tap = cls(config=config.config, parse_env_config=config.parse_env, setup_mapper=False, message_writer=writer, **read)
        mask = known_secrets()
        mask.add(secret_values(cls.config_jsonschema, dict(tap.config)))
        if check:
            sys.exit(run_checks(tap.checks(), lambda line: _show(mask(line))))
        tap.show_rows(mask)

    def checks(self) -> Checks:
        """What `--check` tries: see `singer_commons.checking`."""
        raise NotImplementedError

    def show_rows(self, mask: Mask) -> None:
        """Write the first rows of each selected stream."""
        writer = self.message_writer
        if not isinstance(writer, PreviewWriter):
            raise TypeError
        self._config.pop("batch_config", None)  # files are no preview
        self.setup_mapper()
        as_text = written(sys.stdout.isatty())
        selected = {name for name, stream in self.streams.items() if stream.selected}
        for name, stream in self.streams.items():
            if stream.parent_stream_type or not (stream.selected or stream.has_selected_descendents):
                continue
            filled = [one for one in (name, *(child.name for child in stream.descendent_streams)) if one in selected]
            writer.begin(name, filled)
            try:
                with suppress(EnoughError), most_calls(PREVIEW_CALLS):
                    stream.sync()
            except CallsSpentError:
                self.logger.warning("%s: %d calls gave no more rows; a preview makes no more of them for a stream", ", ".join(filled), PREVIEW_CALLS)
            for one in filled:
                _show(mask(as_text(one, writer.rows.pop(one, []))))
        self.previewed()

    def previewed(self) -> None:
        """What else there is to tell behind a preview."""

    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        with suppress(SystemExit):
            super()._handle_termination(signum, frame)  # writes the state; no line is open, since writes hold the signals back
        request_termination(signum, frame)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _read(name: str, file: IO[str] | None) -> Any:
    try:
        return None if file is None else json.load(file)
    except ValueError as error:
        raise ConfigurationError(f"the file of --{name} is not JSON: {error}") from None


def _callers(streams: Collection[Stream]) -> dict[str, str]:
    """Child streams with the parent whose calls fill them."""
    parents = {one.name: one.parent_stream_type for one in streams if one.parent_stream_type}
    return {name: one.name for name, parent in parents.items() for one in streams if type(one) is parent}
