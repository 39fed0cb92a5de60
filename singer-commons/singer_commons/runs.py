"""A run of a command: its account, its progress, and at its end the summary and the run log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.accounts import Account
from singer_commons.progress import Manner, Progress, manner_here
from singer_commons.run_log import Ending, append, check_writable, log_text
from singer_commons.signals import held_signals
from singer_commons.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_sdk.plugin_base import PluginBase


class Run:
    """One run. It counts as begun when rows are to move: `--discover` and its like leave no trace."""

    def __init__(self, plugin: type[PluginBase]) -> None:
        self.account = Account()
        self.shows_progress = True
        self._plugin, self._is_target = plugin, plugin.name.startswith("target-")
        self._log_path: str | None = None
        self._is_open = False
        self._progress = Progress(self.account, plugin.name, Manner.NONE, plugin.logger)

    def begin(self) -> None:
        """Begin to move rows."""
        self._is_open = True
        how = manner_here(is_target=self._is_target, wanted=self.shows_progress)
        self._progress = Progress(self.account, self._plugin.name, how, self._plugin.logger)
        self._progress.start()

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Take what a run needs from settings that may not be checked yet. Raises ConfigurationError if the run log cannot be written."""
        path = settings.get("run_log_path")
        if self._is_open and path and isinstance(path, str):
            check_writable(path)
            self._log_path = path

    def end(self, exit_code: int, reason: str | None, mask: Callable[[str], str]) -> int:
        """Tell how it went, once: progress stops, the summary is logged, the run log written. Returns the exit code."""
        if not self._is_open:
            return exit_code
        self._progress.stop()
        self.account.close()
        for line in summary(self.account, exit_code, is_target=self._is_target):
            self._plugin.logger.info("%s", line)
        with held_signals():  # a signal before this point makes another ending of the run, which is then the one in the run log
            self._is_open = False
            self._write_log(Ending(exit_code, None if reason is None else mask(reason)), mask)
        return exit_code

    def _write_log(self, ending: Ending, mask: Callable[[str], str]) -> None:
        if self._log_path is None:
            return
        text = log_text(self.account, ending, plugin=self._plugin.name, version=self._plugin.get_plugin_version(), mask=mask)
        try:
            append(self._log_path, text)
        except OSError as problem:  # the rows have moved: that does not become untrue by it
            self._plugin.logger.warning("The run log %s could not be written: %s", self._log_path, problem.strerror)


class _Current:
    """The run of this process's command, if it is one."""

    run: Run | None = None


def open_run(plugin: type[PluginBase]) -> Run:
    """The run that the plugin's instance will take part in."""
    _Current.run = Run(plugin)
    return _Current.run


def close_run() -> None:
    """Forget the run of this process's command."""
    _Current.run = None


def current_run(plugin: type[PluginBase]) -> Run:
    """The run of this process's command; one of its own for a plugin that something else has made."""
    return _Current.run or Run(plugin)
