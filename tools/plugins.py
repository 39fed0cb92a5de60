"""The five plugins as their classes and `--about` tell them: what `generate.py` writes its files from."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.plugin_base import PluginBase

ROOT = Path(__file__).resolve().parent.parent
CLASSES = {
    "tap-autopilot": "tap_autopilot.tap:TapAutopilot",
    "tap-fullstory": "tap_fullstory.tap:TapFullstory",
    "tap-warehouse": "tap_warehouse.tap:TapWarehouse",
    "target-synapse": "target_synapse.target:TargetSynapse",
    "target-mparticle": "target_mparticle.target:TargetMParticle",
}
KINDS = {"string": "string", "integer": "integer", "number": "decimal", "boolean": "boolean", "array": "array", "object": "object"}


@dataclass(frozen=True)
class Setting:
    """One setting; parts of an object have dotted names."""

    name: str
    part: dict[str, Any]
    required: bool

    @property
    def kind(self) -> str:
        """What Meltano calls the kind of value."""
        if self.part.get("enum"):
            return "options"
        if self.part.get("format") in ("date-time", "date"):
            return "date_iso8601"
        return KINDS[_types(self.part)[0]]

    @property
    def choices(self) -> list[str]:
        """The values of an enumeration."""
        return [str(one) for one in self.part.get("enum", ()) if one is not None]


@dataclass(frozen=True)
class Plugin:
    """A plugin: its class, its own settings, and all that `--about --format=json` says, the SDK's settings too."""

    name: str
    made_by: type[PluginBase]
    own_settings: tuple[Setting, ...]
    about: dict[str, Any]

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        """Its own settings and those that the SDK adds."""
        return tuple(settings(self.about["settings"]))

    @property
    def required(self) -> list[str]:
        """Names of the settings that have no default and must be given."""
        return [one.name for one in self.own_settings if one.required]


@cache
def plugin(name: str) -> Plugin:
    """The plugin behind a command."""
    module, attribute = CLASSES[name].split(":")
    made_by: type[PluginBase] = getattr(import_module(module), attribute)
    own = deepcopy(made_by.config_jsonschema)  # `--about` adds the SDK's settings to the class itself
    told = CliRunner().invoke(made_by.cli, ["--about", "--format=json"], catch_exceptions=False).stdout
    return Plugin(name, made_by, tuple(settings(own)), json.loads(told))


def project(name: str) -> dict[str, Any]:
    """The `[project]` table of a package's pyproject.toml."""
    found: dict[str, Any] = tomllib.loads((ROOT / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def settings(schema: dict[str, Any], prefix: str = "") -> Iterator[Setting]:
    """Each setting; objects with named parts are taken apart, as Meltano wants them."""
    for name, part in schema.get("properties", {}).items():
        if part.get("properties") and "object" in _types(part):
            yield from settings(part, f"{prefix}{name}.")
        else:
            yield Setting(prefix + name, part, name in schema.get("required", ()))


def _types(part: dict[str, Any]) -> list[str]:
    kinds = part.get("type", "string")
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
