"""Shapes of JSON values, put together from functions that tell what is wrong with a value.

A shape is called with the place of a value and the value, and yields one sentence for each problem.
"""

from __future__ import annotations

import ipaddress
import math
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Shape = Callable[[str, Any], Iterator[str]]

INT64 = range(-(2**63), 2**63)


def text(place: str, value: Any) -> Iterator[str]:
    """Any string."""
    if not isinstance(value, str):
        yield f'"{place}" must be a string.'


def boolean(place: str, value: Any) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f'"{place}" must be true or false.'


def integer(place: str, value: Any) -> Iterator[str]:
    """A whole number of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in INT64:
        yield f'"{place}" must be a 64-bit integer.'


def number(place: str, value: Any) -> Iterator[str]:
    """A number; NaN and infinity are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        yield f'"{place}" must be a number.'


def scalar(place: str, value: Any) -> Iterator[str]:
    """A string, number, boolean or null."""
    if value is not None and not isinstance(value, (str, bool)) and any(number(place, value)):
        yield f'"{place}" must be a string, number, boolean or null.'


def uuid_text(place: str, value: Any) -> Iterator[str]:
    """A UUID in its usual form with hyphens."""
    try:
        fits = isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        fits = False
    if not fits:
        yield f'"{place}" must be a UUID.'


def ip_address(place: str, value: Any) -> Iterator[str]:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        yield f'"{place}" must be an IP address.'


def one_of(*allowed: str) -> Shape:
    """One of these strings."""

    def shape(place: str, value: Any) -> Iterator[str]:
        if value not in allowed:
            yield f'"{place}" must be one of {", ".join(allowed)}.'

    return shape


def list_of(item: Shape) -> Shape:
    """A list of items of one shape."""

    def shape(place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f'"{place}" must be a list.'
            return
        for index, each in enumerate(value):
            yield from item(f"{place}[{index}]", each)

    return shape


def map_of(item: Shape) -> Shape:
    """An object with any names, and values of one shape."""

    def shape(place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f'"{place}" must be an object.'
            return
        for name, each in value.items():
            yield from item(f"{place}.{name}", each)

    return shape


def object_of(fields: Mapping[str, Shape], required: tuple[str, ...] = (), what: str = "field") -> Shape:
    """An object that has these fields and no others; those in `required` are there and not empty."""

    def shape(place: str, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f'"{place}" must be an object.'
            return
        for name in required:
            if value.get(name) in (None, ""):
                yield f'Required {what} "{name}" is missing or empty.'
        for name, each in value.items():
            if name not in fields:
                yield f'Additional properties are not allowed: "{name}" in "{place}".'
            elif not (name in required and each in (None, "")):
                yield from fields[name](f"{place}.{name}" if place else name, each)

    return shape
