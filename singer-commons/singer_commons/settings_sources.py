"""Where settings come from: the files that `--config` names, and with `--config ENV` the environment, before either is judged.

A later file wins over an earlier one, a variable over all files, setting by setting. A variable wins over its line in `.env`, which is looked
for in the working directory and those above it. Each value keeps the name of its place, for messages.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_commons.secrets import excerpt, holds_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN_CHARS = 60  # of a wrong value: enough to find it again
ENV = "ENV"  # instead of a path: read the environment
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off", "")  # the first four as in singer-sdk 0.54.9, `_dict_config.py`


@dataclass
class Sources:
    """Settings as they were found, where each came from (`in settings.json`, `from TAP_X_API_KEY`), and what could not be read.

    `all_values` has those that a later place replaced, too: their secrets are secrets. `idle_variables` are set, but nobody asked for ENV.
    """

    prefix: str
    files: list[str] = field(default_factory=list)
    reads_environment: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    unreadable_files: list[str] = field(default_factory=list)
    unreadable_values: dict[str, str] = field(default_factory=dict)
    all_values: list[dict[str, Any]] = field(default_factory=list)
    raw_secrets: set[str] = field(default_factory=set)
    idle_variables: set[str] = field(default_factory=set)

    def variable(self, setting: str) -> str:
        """The environment variable of a setting, such as TAP_X_API_KEY."""
        return variable(self.prefix, setting.split(".", maxsplit=1)[0])

    def take(self, name: str, value: Any, origin: str) -> None:
        """Keep a value; it replaces that of an earlier place."""
        self.values[name], self.origins[name] = value, origin


def variable(prefix: str, setting: str) -> str:
    """The environment variable of a setting of the plugin `prefix`: TAP_X_API_KEY."""
    return f"{prefix}_{setting}".upper().replace("-", "_")


def read_sources(prefix: str, schema: Mapping[str, Any], named: Sequence[str]) -> Sources:
    """Read all that `--config` names: paths of JSON files, and ENV."""
    sources = Sources(prefix)
    for path in named:
        if path.upper() == ENV:
            sources.reads_environment = True
        else:
            sources.files.append(path)
            _read_file(sources, path)
    if sources.reads_environment:
        _read_environment(sources, schema)
    else:
        sources.idle_variables = {key for name in schema.get("properties", {}) if (key := sources.variable(name)) in os.environ}
    return sources


def _read_file(sources: Sources, path: str) -> None:
    try:
        settings = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        sources.unreadable_files.append(f"cannot read the settings file {path}: {error.strerror}")
    except ValueError as error:
        sources.unreadable_files.append(f"the settings file {path} is not JSON: {error}")
    else:
        if not isinstance(settings, dict):
            sources.unreadable_files.append(f"the settings file {path} holds no JSON object")
            return
        sources.all_values.append(settings)
        for name, value in settings.items():
            sources.take(name, value, f"in {path}")


def _read_environment(sources: Sources, schema: Mapping[str, Any]) -> None:
    dotenv_path, dotenv = _dotenv()
    found: dict[str, Any] = {}
    for name, part in schema.get("properties", {}).items():
        key = sources.variable(name)
        text = os.environ.get(key, dotenv.get(key))
        if text is None:
            continue
        origin = f"from {key}" if key in os.environ else f"from {key} in {dotenv_path}"
        if holds_secret(part):
            sources.raw_secrets.add(text)
        try:
            found[name] = parsed(text, part)
        except ValueError as error:
            sources.unreadable_values[name] = f"`{name}` {origin}: {error}"
            sources.values.pop(name, None)
        else:
            sources.take(name, found[name], origin)
    sources.all_values.append(found)


def _dotenv() -> tuple[str, dict[str, str | None]]:
    from dotenv import dotenv_values, find_dotenv  # noqa: PLC0415 - only for ENV

    path = find_dotenv(usecwd=True)
    return path, dotenv_values(path) if path else {}


def parsed(text: str, schema: Mapping[str, Any]) -> Any:
    """The value that a variable's text stands for, by the type of its setting. Raises ValueError, which never quotes a secret."""
    kinds = expected_types(schema)
    shown = "" if holds_secret(schema) else f" {excerpt(text, SHOWN_CHARS)!r}"
    if "string" in kinds or not kinds:
        return text
    if "boolean" in kinds:
        if text.lower() in TRUE + FALSE:
            return text.lower() in TRUE
        raise ValueError(f"expected boolean (true or false), found text{shown}")
    if "array" in kinds and not text.lstrip().startswith("["):
        return _divided(text, schema)
    try:
        value = json.loads(text)
    except ValueError as error:
        reason = f" that is not JSON: {error}" if {"array", "object"} & set(kinds) else shown
        raise ValueError(f"expected {' or '.join(kinds)}, found text{reason}") from None
    return value


def _divided(text: str, schema: Mapping[str, Any]) -> list[str]:
    if "string" in expected_types(schema.get("items", {})):
        return text.split(",")  # as the SDK takes it
    raise ValueError("expected array, which is JSON and begins with [")


def expected_types(schema: Mapping[str, Any]) -> list[str]:
    """The JSON types that a schema takes, but for null."""
    kinds = schema.get("type", [])
    found: list[str] = [kinds] if isinstance(kinds, str) else list(kinds)
    for form in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found += expected_types(form)
    return [kind for kind in dict.fromkeys(found) if kind != "null"]
