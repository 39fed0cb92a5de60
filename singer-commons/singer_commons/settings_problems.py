"""What is wrong with settings, all of it at once, in sentences that name the setting and the place it came from.

Pure: settings and their places go in, sentences come out. The value of a secret never does.
"""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from singer_commons.misfits import sound_settings
from singer_commons.secrets import excerpt, holds_secret
from singer_commons.settings_sources import SHOWN_CHARS, expected_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from singer_commons.misfits import Misfit
    from singer_commons.settings_sources import Sources

    Judge = Callable[[Mapping[str, Any]], Iterable[Misfit]]

JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
LIMITS: Mapping[str, Callable[[Any], str]] = {
    "enum": lambda limit: f"one of {', '.join(str(one) for one in limit if one is not None)}",
    "const": lambda limit: f"{limit!r}",
    "minimum": lambda limit: f"at least {limit}",
    "maximum": lambda limit: f"at most {limit}",
    "exclusiveMinimum": lambda limit: f"more than {limit}",
    "exclusiveMaximum": lambda limit: f"less than {limit}",
    "minLength": lambda limit: f"at least {limit} character{'s' if limit != 1 else ''}",
    "maxLength": lambda limit: f"at most {limit} characters",
    "minItems": lambda limit: f"at least {limit} entries",
    "pattern": lambda limit: f"text of the form {limit}",
    "format": lambda limit: f"a {limit}",
}


def settings_problems(schema: dict[str, Any], sources: Sources, judge: Judge | None = None, *, may_lack: bool = False) -> list[str]:
    """All that is wrong with the settings, a sentence each; `may_lack` leaves out what is said of those that are missing at the top.

    `judge` says what does not fit together in those that fit the schema.
    """
    found = [*sources.unreadable_values.values()]
    # Not the SDK's validator, which fills in defaults as it goes and breaks down where an object was expected and a list is found.
    errors: list[Any] = sorted(DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(sources.values), key=lambda one: [str(part) for part in one.path])
    for error in errors:
        if error.validator == "required":
            found += [] if may_lack and not error.path else _missing(error, schema, sources)
        else:
            found += _wrong(error, schema, sources)
    if judge:
        wrong = [*(list(error.path) for error in errors), *([name] for name in sources.unreadable_values)]
        unsound = {str(path[0]) for path in wrong if path}
        sound = sound_settings(schema, sources.values, wrong)
        misfits = [one for one in judge(sound) if not any(_top(name) in unsound - set(sound) for name in one.settings)]
        found += [_told(one, schema, sources) for one in misfits if not may_lack or any(_top(name) in sources.values for name in one.settings)]
    return list(dict.fromkeys(found))


def _told(misfit: Misfit, schema: Mapping[str, Any], sources: Sources) -> str:
    places = [f"`{name}` {_origin(name, schema, sources)}".rstrip() for name in misfit.settings]
    lacks_all = not any(_origin(name, schema, sources) for name in misfit.settings)
    return f"{' and '.join(places)}: {misfit.text}" + (f"; {_looked_for(misfit.settings, schema, sources)}" if lacks_all else "")


def _origin(name: str, schema: Mapping[str, Any], sources: Sources) -> str:
    top = _top(name)
    default = schema.get("properties", {}).get(top, {}).get("default")
    return sources.origins.get(top, "" if default is None or isinstance(default, dict | list) else f"(by default {json.dumps(default)})")


def unknown_settings(schema: Mapping[str, Any], sources: Sources) -> list[str]:
    """Settings that the plugin does not have, at any depth, with the nearest that it has. No errors: Meltano passes more than a plugin asks for."""
    return [
        f"unknown setting `{_dotted(path)}` {sources.origins[str(path[0])]}{_nearest(str(path[-1]), known)}"
        for path, known in _unknown(schema, sources.values, ())
    ]


def _unknown(schema: Mapping[str, Any], value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], list[str]]]:
    """Paths of what no schema describes, each with the names that are known there. An object without named entries is open to all."""
    if isinstance(value, list) and isinstance(items := schema.get("items"), dict):
        for place, one in enumerate(value):
            yield from _unknown(items, one, (*path, place))
    if not isinstance(value, dict):
        return
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, one in value.items():
        inner = known.get(name, others)
        if isinstance(inner, dict):
            yield from _unknown(inner, one, (*path, name))
        elif known and name not in known and others is not False:  # that is a problem, and told as one; the SDK says True where nothing is said
            yield (*path, name), list(known)


def _missing(error: Any, schema: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    for name in error.validator_value:
        dotted = _dotted([*error.path, name])
        part = error.schema.get("properties", {}).get(name, {})
        if name in error.instance or dotted in sources.unreadable_values or "default" in part:
            continue
        kinds = " or ".join(expected_types(part)) or "any value"
        yield f"`{dotted}` is missing: expected {kinds}; {_looked(dotted, schema, sources)}"


def _looked(dotted: str, schema: Mapping[str, Any], sources: Sources) -> str:
    return _looked_for([dotted], schema, sources) if _top(dotted) == dotted else f"looked {sources.origins.get(_top(dotted), 'in the settings')}"


def _looked_for(names: Sequence[str], schema: Mapping[str, Any], sources: Sources) -> str:
    variables = [sources.variable(name) for name in names]
    places = [*sources.files, *(dict.fromkeys(variables) if sources.reads_environment else [])]
    misspelt = [name for name in sources.values if name not in schema.get("properties", {}) and difflib.get_close_matches(name, names)]
    note = f" (`{misspelt[0]}` is there: misspelt?)" if misspelt else ""
    if idle := next((one for one in variables if one in sources.idle_variables), None):
        note = f" ({idle} is set, but is read only with `--config ENV`)"
    return f"looked in {', '.join(places)}{note}" if places else f"no `--config` was given{note}"


def _top(dotted: str) -> str:
    return dotted.split(".", maxsplit=1)[0]


def _wrong(error: Any, schema: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    top = str(error.path[0]) if error.path else ""
    where = f"`{_dotted(error.path)}` {sources.origins.get(top, '')}"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for name in error.instance:
            if name not in known:
                yield f"{where}: unknown entry `{name}`{_nearest(str(name), known)}"
    elif error.validator in LIMITS:
        yield f"{where}: expected {LIMITS[error.validator](error.validator_value)}, found {_found(error, schema)}"
    else:
        kinds = " or ".join(expected_types(error.schema)) or "another value"
        yield f"{where}: expected {kinds}, found {_found(error, schema)}"


def _found(error: Any, schema: Mapping[str, Any]) -> str:
    kind = JSON_NAMES.get(type(error.instance), type(error.instance).__name__)
    if isinstance(error.instance, dict | list) or error.instance is None or _is_secret(schema, list(error.path)):
        return kind
    return f"{kind} {excerpt(json.dumps(error.instance, ensure_ascii=False), SHOWN_CHARS)}"


def _is_secret(schema: Mapping[str, Any], path: Sequence[str | int]) -> bool:
    if schema.get("secret") or not path:
        return holds_secret(schema)
    step = path[0]
    inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    return isinstance(inner, dict) and _is_secret(inner, path[1:])


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _dotted(path: Any) -> str:
    return ".".join(str(part) for part in path)
