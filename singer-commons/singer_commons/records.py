"""Records to JSON: the values that the SDK's own conversion and encoder write, in a fraction of the time where they are plain.

Most values are plain JSON already, and a look at their types, in C, shows it. A record that holds anything else than what is handled here goes through the SDK's
functions, whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import is_
from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers._typing import (
    _datetime_to_json_compatible,
    _is_exclusive_boolean_type,
    conform_record_data_types,
    is_object_type,
    is_uniform_list,
)
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.json import serialize_json

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

SCALARS: frozenset[type] = frozenset({str, int, float, bool, NoneType})  # float: msgspec writes NaN and the infinities as null, as the SDK does
BOOLEANS: frozenset[type] = frozenset({bool, NoneType})
_encode = msgspec.json.Encoder(decimal_format="number").encode


class NotPlainError(Exception):
    """A value that only the SDK's own functions handle."""


@dataclass(frozen=True)
class Shape:
    """What the SDK's conversion takes from the schema of an object: for each property the types that it leaves alone, and those it looks into."""

    plain: Mapping[str, frozenset[type]]
    objects: Mapping[str, Shape]
    lists: Mapping[str, Items | None]  # None: an empty schema, which the SDK refuses a list for

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> Shape:
        """The shape of an object's schema."""
        properties: Mapping[str, dict[str, Any]] = schema["properties"]
        plain = {name: BOOLEANS if _is_boolean(one) else SCALARS for name, one in properties.items()}
        objects = {name: cls.of(one) for name, one in properties.items() if _has_properties(one)}
        lists = {name: Items.of(one["items"]) if one else None for name, one in properties.items() if not one or is_uniform_list(one)}
        return cls(plain, objects, lists)


@dataclass(frozen=True)
class Items:
    """The same for the items of a list."""

    shape: Shape | None  # of objects
    takes_objects: bool
    is_boolean: bool

    @classmethod
    def of(cls, schema: dict[str, Any]) -> Items:
        """What the schema of the items says."""
        shape = Shape.of(schema) if _has_properties(schema) else None
        return cls(shape, bool(is_object_type(schema)), _is_boolean(schema))


def _is_boolean(schema: dict[str, Any]) -> bool:
    """Whether it is a boolean and nothing else: the SDK then makes one of a number."""
    return "type" in schema and _is_exclusive_boolean_type(schema)


def _has_properties(schema: dict[str, Any]) -> bool:
    return bool(is_object_type(schema)) and "properties" in schema


class RecordEncoder:
    """Makes the JSON of a stream's records, by its schema and level of conversion."""

    def __init__(self, stream: str, schema: dict[str, Any], level: TypeConformanceLevel, logger: logging.Logger) -> None:
        self._stream, self._schema, self._level, self._logger = stream, schema, level, logger
        self._shape = Shape.of(schema) if level is TypeConformanceLevel.RECURSIVE else None
        self._is_whole = level is not TypeConformanceLevel.ROOT_ONLY  # converted nowhere, or everywhere

    def __call__(self, record: dict[str, Any]) -> bytes:
        """The JSON text of a record."""
        if self._is_whole:
            try:
                return _encode(conformed(record, self._shape) if self._shape else as_it_is(record))
            except (NotPlainError, KeyError, UnicodeEncodeError, TypeError, ValueError):  # a lone surrogate, say: the SDK escapes it
                pass
        record = conform_record_data_types(self._stream, record, self._schema, self._level, self._logger)
        return serialize_json(record).encode()


def as_it_is(record: dict[str, Any]) -> dict[str, Any]:
    """The record as JSON has it, nothing left out or turned into anything. Raises NotPlainError."""
    result = record
    for name, value in record.items():
        if type(value) not in SCALARS and (part := _plain(value)) is not value:
            result = record.copy() if result is record else result
            result[name] = part
    return result


def conformed(record: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """The record as the SDK's conversion leaves it; itself, where that changes nothing. Raises NotPlainError, or KeyError for an unknown property."""
    result, plain = record, shape.plain
    for name, value in record.items():
        if type(value) not in plain[name] and (part := _value(value, name, shape)) is not value:
            result = record.copy() if result is record else result
            result[name] = part
    return result


def _value(value: Any, name: str, shape: Shape) -> Any:
    kind = type(value)
    if shape.plain[name] is BOOLEANS:
        raise NotPlainError  # the SDK makes a boolean of whatever comes
    if kind is list:
        return _items(value, shape.lists[name]) if name in shape.lists else _plain(value)
    if kind is dict and name in shape.objects:
        return conformed(value, shape.objects[name])
    if kind is datetime:
        return _datetime_to_json_compatible(value)
    return value.isoformat() if kind is date else _plain(value)


def _items(values: list[Any], items: Items | None) -> list[Any]:
    if items is None:
        raise NotPlainError
    if not items.is_boolean and SCALARS.issuperset(map(type, values)):
        return values
    kinds = set(map(type, values))
    if items.is_boolean and not kinds <= {bool, NoneType}:
        raise NotPlainError
    if dict not in kinds or not items.takes_objects:
        plain: list[Any] = _plain(values)
        return plain
    if items.shape is None or kinds != {dict}:
        raise NotPlainError
    shape = items.shape
    return [conformed(one, shape) for one in values]


def _plain(value: Any) -> Any:
    """A value with all that is inside it, if it is JSON; a decimal that is no number is null, as a float is."""
    kind = type(value)
    if kind is dict:
        return as_it_is(value)
    if kind is list:
        if SCALARS.issuperset(map(type, value)):
            return value
        parts = list(map(_plain, value))
        return value if all(map(is_, parts, value)) else parts
    if kind is Decimal:
        return value if value.is_finite() else None
    if kind in SCALARS:
        return value
    raise NotPlainError
