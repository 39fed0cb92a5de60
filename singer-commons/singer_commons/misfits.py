"""Settings that are right one by one and yet not to be worked with: each plugin judges its own, and all are told with the other problems, at once.

A plugin's `misfits` gets the settings with defaults filled in, less those that are missing or wrong by themselves, and yields Misfits.
"""

from __future__ import annotations

import os
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk.plugin_base import JSONSchemaValidator

from singer_commons.secrets import excerpt
from singer_commons.settings_sources import SHOWN_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ALL = -1  # no place in a list


@dataclass(frozen=True, slots=True)
class Misfit:
    """Settings, by their dotted names, that do not fit each other or the world; `text` says what was expected and what was found."""

    settings: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        """The settings and the text."""
        return f"{' and '.join(f'`{one}`' for one in self.settings)}: {self.text}"


def sound_settings(schema: dict[str, Any], values: Mapping[str, Any], wrong: Iterable[Sequence[str | int]]) -> dict[str, Any]:
    """The settings with defaults filled in, less those of which something is wrong: `wrong` holds its paths.

    Of a list, or of an object with entries of any name, only the wrong entry is left out: the others can be judged.
    """
    sound: dict[str, Any] = deepcopy(dict(values))
    dropped: dict[str, set[str | int]] = {}
    for top, *inner in (path for path in wrong if path):
        has_entries = inner and not schema.get("properties", {}).get(top, {}).get("properties")
        dropped.setdefault(str(top), set()).add(inner[0] if has_entries else ALL)
    for top, places in dropped.items():
        whole = sound.pop(top, None)
        left = None if ALL in places else _without(whole, places)
        if left:
            sound[top] = left
    list(JSONSchemaValidator(schema).iter_errors(sound))  # fills in defaults as it goes; what is missing has been told
    return sound


def _without(container: object, places: set[str | int]) -> object:
    if isinstance(container, list):
        return [one for place, one in enumerate(container) if place not in places]
    return {name: one for name, one in container.items() if name not in places} if isinstance(container, dict) else None


def found_text(value: object) -> str:
    """A text that was found, for a message: quoted, masked, and cut if it is long."""
    return f'found "{excerpt(str(value), SHOWN_CHARS)}"'


def address_misfits(settings: Mapping[str, Any], *names: str, example: str) -> Iterator[Misfit]:
    """Those of the settings that hold no address of http or https."""
    for name in names:
        value = settings.get(name)
        if value and not is_address(str(value)):
            yield Misfit((name,), f"expected an address such as {example}, {found_text(value)}")


def is_address(text: str) -> bool:
    """Whether the text is an address of http or https, without a query."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment and parts.port != 0
    except ValueError:  # a port that is no number, a bracket too many
        return False


def file_misfits(settings: Mapping[str, Any], *names: str) -> Iterator[Misfit]:
    """Those of the settings that name a file to which nothing can be written. Nothing is made."""
    for name in names:
        path = settings.get(name)
        if isinstance(path, str) and path and (reason := _unwritable(path)):
            yield Misfit((name,), f"expected the path of a file that can be written to, found {path}, {reason}")


def _unwritable(name: str) -> str | None:
    if "\0" in name:
        return "which holds a NUL character"
    try:
        path = Path(name).absolute()
        if path.is_dir():
            return "which is a directory"
        if path.exists():
            return None if os.access(path, os.W_OK) else "which may not be written to"
        place = next(one for one in path.parents if one.exists())
        if not place.is_dir():
            return f"but {place} is no directory"
        return None if os.access(place, os.W_OK | os.X_OK) else f"but {place} may not be written to"
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        return f"which cannot be looked at: {error.strerror}"
