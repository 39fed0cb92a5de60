"""The command of a plugin: the SDK's, with honest exit codes and one-line errors.

Exit codes: 0 all done; 1 failed; 2 usage or configuration; 3 more rejected rows than allowed; 130 and 143 on SIGINT and SIGTERM.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, InvalidInputLine, RecordsWithoutSchemaException

from singer_commons.command_options import NOT_RIGHT, read_options, settings_hint
from singer_commons.deliveries import is_delivering
from singer_commons.errors import SuiteError
from singer_commons.logs import quieten
from singer_commons.runs import close_run, current_run, open_run
from singer_commons.secrets import Mask, excerpt, mask_logging, use_mask
from singer_commons.settings_sources import variable
from singer_commons.signals import TerminationRequested, force_on_second_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_sdk.plugin_base import PluginBase

EXIT_FAILED, EXIT_USAGE, EXIT_PIPE_CLOSED = 1, 2, 141
SHOWING_OPTIONS = ("about", "check", "preview", "plan")  # no rows move: no summary, no line in the run log
OUT_OF_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
MAX_REASON_CHARS = 2_000  # a reason may quote a line of input, and that may be of any length and hold a customer's data


def entry_point(plugin: type[PluginBase]) -> Callable[[], NoReturn]:
    """The function behind a plugin's console script."""

    def main() -> NoReturn:
        gc.freeze()  # what is imported by now stays: no collection looks through it again, not even the one at the end
        force_on_second_signal(plugin.name)
        leave(run(plugin, sys.argv[1:]))

    return main


def leave(exit_code: int) -> NoReturn:
    """End the process. A delivery that is still on its way is cut: only a signal leaves one behind, and it would not let Python end in good order."""
    if is_delivering():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
    sys.exit(exit_code)


def run(plugin: type[PluginBase], arguments: Sequence[str]) -> int:
    """Run the plugin's command line and return its exit code; a failure's reason has then gone to stderr."""
    mask = Mask()
    use_mask(mask)
    open_run(plugin)
    try:
        return _run(plugin, arguments, mask)
    finally:
        close_run()
        use_mask(Mask())


def _run(plugin: type[PluginBase], arguments: Sequence[str], mask: Mask) -> int:
    try:
        return current_run(plugin).end(_invoke(plugin, arguments, mask), None, mask)
    except TerminationRequested as request:
        return _say(plugin, f"ended by {request}; what the last STATE says is done", None, mask, request.exit_code)
    except click.ClickException as error:
        return _say(plugin, error.format_message(), f"`{plugin.name} --help` lists the options", mask, EXIT_USAGE)
    except ConfigValidationError as error:
        return _say(plugin, f"{NOT_RIGHT}{'; '.join(error.errors)}", settings_hint(plugin), mask, EXIT_USAGE)
    except BrokenPipeError:
        _give_up_stdout()
        return current_run(plugin).end(EXIT_PIPE_CLOSED, "the reader of standard output has gone", mask)
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        return _fail(plugin, error, mask)


def _invoke(plugin: type[PluginBase], arguments: Sequence[str], mask: Mask) -> int:
    command = plugin.cli
    read_options(command, plugin, arguments, mask)
    mask_logging(mask)
    if not plugin.logger.isEnabledFor(logging.DEBUG):
        quieten()
    try:
        with command.make_context(plugin.name, list(arguments)) as context:
            if not any(context.params.get(option) for option in SHOWING_OPTIONS):
                current_run(plugin).begin()
            # Past the SDK's own `invoke`: that one logs a traceback and exits 1 whatever went wrong.
            click.Command.invoke(command, context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_FAILED
    return 0


def _fail(plugin: type[PluginBase], error: Exception, mask: Mask) -> int:
    if plugin.logger.isEnabledFor(logging.DEBUG):
        plugin.logger.debug("The failure, for debugging", exc_info=error)
    if isinstance(error, SuiteError):
        return _say(plugin, str(error), error.hint, mask, error.exit_code)
    if isinstance(error, InvalidInputLine):
        return _say(
            plugin,
            f"standard input is not Singer: {error}",
            "each line must be one JSON message; is the tap's log mixed into its output?",
            mask,
            EXIT_FAILED,
        )
    if isinstance(error, RecordsWithoutSchemaException):
        return _say(plugin, str(error), "a tap sends SCHEMA before the first RECORD of each stream", mask, EXIT_FAILED)
    if isinstance(error, OSError) and error.errno in OUT_OF_ROOM and not error.filename:
        hint = "make room where standard output, or a file that the settings name, is written; what the last STATE says is done"
        return _say(plugin, f"cannot write: {error.strerror}", hint, mask, EXIT_FAILED)
    return _say(
        plugin, f"{type(error).__name__}: {error}", f"run again with {variable(plugin.name, 'LOGLEVEL')}=DEBUG to see where", mask, EXIT_FAILED
    )


def _say(plugin: type[PluginBase], reason: str, hint: str | None, mask: Mask, exit_code: int) -> int:
    """Print the reason and the hint: two lines on a terminal, one line elsewhere, since Meltano shows only the last."""
    current_run(plugin).end(exit_code, reason, mask)
    between = "\n" if sys.stderr.isatty() else " - "
    line = f"{plugin.name}: {excerpt(reason, MAX_REASON_CHARS)}"
    sys.stderr.write(mask(line + (f"{between}hint: {hint}" if hint else "")) + "\n")
    sys.stderr.flush()
    return exit_code


def _give_up_stdout() -> None:
    # The reader is gone (`tap | head`): point stdout elsewhere, or the interpreter complains once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
