"""What stands behind `--config`, `--catalog` and `--state`: files that are read and judged before the SDK sees them.

The SDK names neither the file nor the variable of a wrong value, logs variables before it can know which are secret, and meets a broken
file with a traceback.
"""

from __future__ import annotations

import io
import json
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.plugin_base import _ConfigInput

from singer_commons.errors import ConfigurationError
from singer_commons.secrets import secret_values
from singer_commons.settings_problems import settings_problems, unknown_settings
from singer_commons.settings_sources import read_sources, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click
    from singer_sdk.plugin_base import PluginBase

    from singer_commons.secrets import Mask

ASKING_OPTIONS = {"--about", "--version", "--help"}  # need no settings
NOT_RIGHT = "settings are not right: "
FILE_HINT = "`--config` takes the path of a JSON file, or ENV for environment variables"


def settings_hint(plugin: type[PluginBase]) -> str:
    """Where settings come from."""
    return (
        f"settings come from `--config FILE` (JSON) or, with `--config ENV`, from variables such as {variable(plugin.name, 'SETTING')}; "
        f"`{plugin.name} --about` lists them"
    )


def read_options(command: click.Command, plugin: type[PluginBase], arguments: Sequence[str], mask: Mask) -> None:
    """Have the command read its files our way; secrets that they hold are masked from then on."""
    for option in command.params:
        if option.name == "config":
            option.callback = _settings_reader(plugin, arguments, mask)
        elif option.name in CONTENTS:
            option.callback = _read_json


def _settings_reader(plugin: type[PluginBase], arguments: Sequence[str], mask: Mask) -> Callable[..., _ConfigInput]:
    def read(_context: click.Context, _option: click.Parameter, named: tuple[str, ...]) -> _ConfigInput:
        schema = plugin.config_jsonschema
        plugin.append_builtin_config(schema)
        sources = read_sources(plugin.name, schema, named)
        mask.add(sources.raw_secrets.union(*(secret_values(schema, values) for values in sources.all_values)))
        if ASKING_OPTIONS.isdisjoint(arguments):
            may_lack = bool(sources.unreadable_files) or ("--discover" in arguments and not getattr(plugin, "dynamic_catalog", True))
            found = settings_problems(schema, sources, getattr(plugin, "misfits", None), may_lack=may_lack)
            if sources.unreadable_files:
                raise ConfigurationError([*sources.unreadable_files, *found], hint=FILE_HINT)
            for sentence in unknown_settings(schema, sources):
                plugin.logger.warning("%s", sentence)
            if found:
                raise ConfigurationError([NOT_RIGHT + found[0], *found[1:]], hint=settings_hint(plugin))
        return _ConfigInput(config=sources.values)

    return read


def _read_json(_context: click.Context, option: click.Parameter, file: IO[str] | None) -> IO[str] | None:
    """The file's text, checked. Raises ConfigurationError for one that holds something else."""
    if file is None:
        return None
    path, name = getattr(file, "name", "-"), str(option.name)
    try:
        text = file.read()
        content = json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the {name} file {path} is not JSON: {error}", hint=f"`--{name}` takes {CONTENTS[name]}") from error
    if not FITS[name](content):
        raise ConfigurationError(f"the {name} file {path} holds no {name}", hint=f"`--{name}` takes {CONTENTS[name]}")
    return io.StringIO(text)


CONTENTS = {
    "catalog": 'what `--discover` prints: {"streams": [...]}',
    "state": 'the `value` of the last STATE message: {"bookmarks": {...}}, or what the target printed last',
}


def _is_catalog(content: Any) -> bool:
    streams = content.get("streams") if isinstance(content, dict) else None
    return isinstance(streams, list) and all(isinstance(one, dict) and "tap_stream_id" in one for one in streams)


def _is_state(content: Any) -> bool:
    bookmarks = content.get("bookmarks", {}) if isinstance(content, dict) and content.get("type") != "STATE" else None
    return isinstance(bookmarks, dict) and all(isinstance(one, dict) for one in bookmarks.values())


FITS: dict[str, Callable[[Any], bool]] = {"catalog": _is_catalog, "state": _is_state}
