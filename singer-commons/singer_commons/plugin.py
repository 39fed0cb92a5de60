"""What taps and targets of the suite have in common: an account of the run, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import PluginBase

from singer_commons.misfits import file_misfits
from singer_commons.runs import current_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_commons.accounts import Account
    from singer_commons.misfits import Misfit


class SuitePlugin(PluginBase):
    """A plugin that accounts for its rows. Its settings must hold `RUN_LOG_SETTINGS`."""

    account: Account

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """What does not fit together in settings that are right one by one, or what they name that cannot be used; reaches no service.

        Defaults are filled in; settings that are missing or wrong are left out.
        """
        yield from file_misfits(settings, "run_log_path")

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The first step of the SDK's constructor that knows the settings: a run that fails from here on is in the run log.
        run = current_run(type(self))
        self.account = run.account
        run.configure(self._config)
        errors = super()._validate_config(raise_errors=raise_errors)
        found = [] if errors else [str(one) for one in self.misfits(self._config)]  # the command has judged them; others make plugins too
        if found and raise_errors:
            raise ConfigValidationError("Settings do not fit together", errors=found)
        return [*errors, *found]

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command with `--no-progress`."""
        command = super().get_singer_command()
        command.params.append(
            click.Option(
                ["--no-progress"],
                is_flag=True,
                expose_value=False,
                callback=cls._set_progress,
                help="Show no progress: no live line on a terminal, no line a minute elsewhere.",
            )
        )
        return command

    @classmethod
    def _set_progress(cls, _context: click.Context, _option: click.Parameter, is_off: bool) -> None:  # noqa: FBT001 - click's signature
        current_run(cls).shows_progress = not is_off
