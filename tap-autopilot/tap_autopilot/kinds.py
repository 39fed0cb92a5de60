"""Kinds of columns: what a column's JSON Schema is, and how a value on the wire becomes one of it.

A value that does not fit its column is not lost: it goes, as it came, into the column `other_fields`, together with all fields that no
column is declared for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_autopilot import stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OTHER_FIELDS = "other_fields"
MAX_BIGINT = 2**63 - 1  # what a destination's largest integer column holds


class UnfitError(ValueError):
    """A value on the wire that does not fit its column."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column. `read` gets any value but null, and raises UnfitError for one that does not fit.

    The service writes '' for what is blank: kept where text is, null in other kinds.
    """

    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    keeps_blank: bool = False

    def is_null(self, value: object) -> bool:
        """Whether the value on the wire says that there is none."""
        return value is None or (value == "" and not self.keeps_blank)


def record(
    wire: Mapping[str, Any],
    columns: Mapping[str, Kind],
    unfit: Callable[[str, str], None],
    unknown: Callable[[str, str], None],
) -> dict[str, Any]:
    """A wire object as a record with each of the columns, null where there is no value, and `other_fields`.

    `unfit` is told the name of each column whose value did not fit, `unknown` of each field that has no column; and the column that it went to.
    """
    made: dict[str, Any] = dict.fromkeys(columns)
    rest: dict[str, Any] = {}
    for name, value in wire.items():
        if name not in columns:
            rest[name] = value
            unknown(name, OTHER_FIELDS)
        elif not columns[name].is_null(value):
            try:
                made[name] = columns[name].read(value)
            except UnfitError:
                rest[name] = value
                unfit(name, OTHER_FIELDS)
    made[OTHER_FIELDS] = rest or None
    return made


def schema(columns: Mapping[str, Kind], **more: Kind) -> dict[str, Any]:
    """The JSON Schema of records with these columns, `more` behind them, and `other_fields`."""
    every = {**columns, **more, OTHER_FIELDS: OBJECT}
    return {"type": "object", "properties": {name: dict(kind.schema) for name, kind in every.items()}}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return as_json(value)  # 50 and "50" are both met in one field: https://github.com/zonneplan/php-autopilothq, read 2026-11-21


def as_json(value: object) -> str:
    """A value as compact JSON, decimals digit by digit."""
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _stamp(value: object) -> str:
    if (moment := stamps.parsed(value)) is None:
        raise UnfitError
    return stamps.text(moment)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UnfitError


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -MAX_BIGINT <= value <= MAX_BIGINT or value != int(value):
        raise UnfitError
    return int(value)


def _number(value: object) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UnfitError
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnfitError
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise UnfitError
    return [_text(one) for one in value]


def _deliveries(value: object) -> list[dict[str, Any]]:
    if value == []:
        return []
    return [{"id": name, "timestamp": _stamp(when)} for name, when in _object(value).items()]


def _visits(value: object) -> list[dict[str, Any]]:
    # An object by URL, or an empty list where there is none: https://github.com/zonneplan/php-autopilothq, read 2026-11-21.
    if isinstance(value, list):
        return [{"url": _text(one), "value": None} for one in value]
    return [{"url": url, "value": None if what is None else _text(what)} for url, what in _object(value).items()]


def _custom_fields(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) and isinstance(one.get("kind"), str) for one in value):
        raise UnfitError
    return [
        {
            "kind": one["kind"],
            "value": None if one.get("value") is None else _text(one["value"]),
            "fieldType": None if one.get("fieldType") is None else _text(one["fieldType"]),
            "deleted": one.get("deleted") is True,
        }
        for one in value
    ]


def _array_of(**properties: str) -> dict[str, Any]:
    def part(kind: str) -> dict[str, Any]:
        return {"type": ["string", "null"], "format": "date-time"} if kind == "date-time" else {"type": [kind, "null"]}

    return {"type": ["array", "null"], "items": {"type": "object", "properties": {name: part(kind) for name, kind in properties.items()}}}


TEXT = Kind({"type": ["string", "null"]}, _text, keeps_blank=True)
KEY = Kind({"type": "string"}, _text, keeps_blank=True)
STAMP = Kind({"type": ["string", "null"], "format": "date-time"}, _stamp)
FLAG = Kind({"type": ["boolean", "null"]}, _flag)
INTEGER = Kind({"type": ["integer", "null"]}, _integer)
NUMBER = Kind({"type": ["number", "null"]}, _number)
OBJECT = Kind({"type": ["object", "null"], "additionalProperties": True}, _object)
TEXTS = Kind({"type": ["array", "null"], "items": {"type": "string"}}, _texts)
DELIVERIES = Kind(_array_of(id="string", timestamp="date-time"), _deliveries)
VISITS = Kind(_array_of(url="string", value="string"), _visits)
CUSTOM_FIELDS = Kind(_array_of(kind="string", value="string", fieldType="string", deleted="boolean"), _custom_fields)
