"""Whether a row fits its SCHEMA: a quick look that is sure when it says yes; for any other row the SDK's validator decides, and names what is wrong."""

from __future__ import annotations

from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

from singer_commons.validation import NotAsDeclaredError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    Look = Callable[[Any], bool]

# The Python types that a reader makes of JSON. A whole number that was written as 5.0 is left to the validator.
PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (NoneType,), "boolean": (bool,), "integer": (int,), "number": (int, float, Decimal), "string": (str,), "array": (list,), "object": (dict,),
}  # fmt: skip
# Keywords that restrict nothing (https://json-schema.org/draft/2020-12/json-schema-validation, sections 7 to 9; the SDK checks no `format`).
TELLING = frozenset(
    (
        "format", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
        "$schema", "$id", "$comment", "$defs", "definitions",
    )
)  # fmt: skip
NEVER: frozenset[type] = frozenset()
NO_NUMBERS = frozenset((NoneType, bool, str, list, dict))  # limits of numbers say nothing about them; a fraction is left to the validator


class RowCheck:
    """Looks at the rows of one stream."""

    def __init__(self, schema: Mapping[str, Any], validator: BaseJSONSchemaValidator) -> None:
        self._validator = validator
        self._look = _object_look(schema)

    def problem(self, record: dict[str, Any]) -> NotAsDeclaredError | None:
        """What is wrong with a row, or None."""
        if self._look is not None and self._look(record):
            return None
        try:
            self._validator.validate(record)
        except NotAsDeclaredError as problem:
            return problem
        return None


def look(schema: Any) -> Look | None:
    """A function that is True only for values that fit the schema; None if the schema says more than can be told so."""
    if not isinstance(schema, dict):
        return (lambda _value: True) if schema is True else None
    keywords = _restricting(schema)
    if keywords & {"properties", "required", "additionalProperties"}:
        return _object_look(schema)
    if keywords == {"anyOf"}:
        looks = [look(part) for part in schema["anyOf"]]
        return None if None in looks else lambda value: any(one(value) for one in looks)  # type: ignore[misc]  # none of them is None
    types, checks = _types(schema), [_LIMITS[name](schema[name]) for name in keywords - {"type"} if name in _LIMITS]
    if types is None or len(checks) < len(keywords - {"type"}) or None in checks:
        return None
    if not checks:
        return lambda value: type(value) in types
    return lambda value: type(value) in types and all(one(value) for one in checks)  # type: ignore[misc]  # as above


def _restricting(schema: Mapping[str, Any]) -> set[str]:
    return {name for name in schema if name not in TELLING and not name.startswith("x-")}


def _never(_value: Any) -> bool:
    return False


def _types(schema: Mapping[str, Any]) -> frozenset[type] | None:
    named = schema.get("type", list(PYTHON_TYPES))
    named = [named] if isinstance(named, str) else named
    if not isinstance(named, list) or not all(isinstance(name, str) and name in PYTHON_TYPES for name in named):
        return None
    return frozenset(kind for name in named for kind in PYTHON_TYPES[name])


def _object_look(schema: Mapping[str, Any]) -> Look | None:
    types, required, properties = _types(schema), schema.get("required", []), schema.get("properties", {})
    if types is None or not _restricting(schema) <= {"type", "properties", "required", "additionalProperties"}:
        return None
    if not isinstance(required, list) or not isinstance(properties, dict) or not isinstance(schema.get("additionalProperties", True), bool):
        return None
    plain: dict[str, frozenset[type]] = {}
    looks: dict[str, Look] = {}
    for name, part in properties.items():
        kinds = _types(part) if isinstance(part, dict) and _restricting(part) <= {"type"} else None
        one = look(part) if kinds is None else _never
        if one is None:
            return None
        plain[name], looks[name] = kinds or NEVER, one
    return _looker(types, plain, looks, frozenset(required), is_open=schema.get("additionalProperties", True))


def _looker(
    types: frozenset[type], plain: Mapping[str, frozenset[type]], looks: Mapping[str, Look], required: frozenset[str], *, is_open: bool
) -> Look:
    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return type(value) in types
        for name, each in value.items():
            kinds = plain.get(name)
            if kinds is None:
                if not is_open:
                    return False
            elif type(each) not in kinds and not looks[name](each):
                return False
        return dict in types and required <= value.keys()

    return fits


def _longest(chars: Any) -> Look | None:
    return (lambda value: type(value) is not str or len(value) <= chars) if type(chars) is int else None


def _least(limit: Any) -> Look | None:
    return (lambda value: (type(value) is int and value >= limit) or type(value) in NO_NUMBERS) if type(limit) is int else None


def _greatest(limit: Any) -> Look | None:
    return (lambda value: (type(value) is int and value <= limit) or type(value) in NO_NUMBERS) if type(limit) is int else None


def _items(schema: Any) -> Look | None:
    one = look(schema)
    return None if one is None else lambda value: type(value) is not list or all(map(one, value))


_LIMITS: Mapping[str, Callable[[Any], Look | None]] = {"maxLength": _longest, "minimum": _least, "maximum": _greatest, "items": _items}
