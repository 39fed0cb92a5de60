"""An account's custom fields as columns of `contacts`.

The rule for names: `custom_` and the field's name in lower case, each run of other characters than letters and digits one underscore. The
prefix keeps them apart from the standard fields; the one of these that begins with it, `custom_fields`, is taken from the beginning. Where
several fields come to the same name, the oldest keeps it (a field's `key` begins with the moment it was made), the next has its type behind
it, and all that still collide a number. So a new field renames no old column.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from tap_autopilot import kinds
from tap_autopilot.contact_fields import CUSTOM_FIELDS
from tap_autopilot.kinds import Kind, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# The types that `fieldType` is known to name: recorded answers of singer-io/tap-autopilot 0.3.0 and zonneplan/php-autopilothq.
KINDS = {
    "string": kinds.TEXT,
    "integer": kinds.INTEGER,
    "float": kinds.NUMBER,
    "boolean": kinds.FLAG,
    "date": kinds.STAMP,
}

FieldId = tuple[str, str]  # a field's name and type: a name alone may be there several times


def column_name(name: str) -> str:
    """The column that a field's name asks for."""
    return "custom_" + (_words(name) or "field")


def _words(name: str) -> str:
    # One spelling for letters that look the same, however they were typed: an e and an accent are an é.
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())).strip("_")


def columns(definitions: Iterable[Mapping[str, Any]]) -> dict[FieldId, str]:
    """The column of each field that the account defines."""
    made: dict[FieldId, str] = {}
    for one in sorted(definitions, key=lambda each: str(each.get("key", ""))):
        field_id = (str(one.get("name", "")), str(one.get("fieldType", "")))
        if field_id not in made:
            made[field_id] = _free(column_name(field_id[0]), field_id[1], {CUSTOM_FIELDS, *made.values()})
    return made


def _free(name: str, field_type: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    name = f"{name}_{_words(field_type)}" if field_type else name
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def unheard_of(definitions: Iterable[Mapping[str, Any]]) -> list[FieldId]:
    """The fields of a type that is not known."""
    found = ((str(one.get("name", "")), str(one.get("fieldType", ""))) for one in definitions)
    return [one for one in dict.fromkeys(found) if one[1] not in KINDS]


def column_kinds(columns_by_id: Mapping[FieldId, str]) -> dict[str, Kind]:
    """The kind of each column; a type that is not known is text."""
    return {column: KINDS.get(field_type, kinds.TEXT) for (_, field_type), column in columns_by_id.items()}


def spread(
    entries: Iterable[Mapping[str, Any]],
    columns_by_id: Mapping[FieldId, str],
    column_kind: Mapping[str, Kind],
    unfit: Callable[[str], None],
    undefined: Callable[[str], None],
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """A contact's custom fields in their columns, and the entries that no column took: deleted, not defined, or unfit.

    `unfit` is told the column of a value that does not fit, `undefined` the name of a field that the account does not define.
    """
    made: dict[str, Any] = dict.fromkeys(column_kind)
    left = []
    for entry in entries:
        column = columns_by_id.get((str(entry.get("kind", "")), str(entry.get("fieldType", ""))))
        if column is None or entry.get("deleted") is True:
            left.append(entry)
            if entry.get("deleted") is not True:
                undefined(str(entry.get("kind", "")))
        elif not column_kind[column].is_null(entry.get("value")):
            try:
                made[column] = column_kind[column].read(entry["value"])
            except UnfitError:
                left.append(entry)
                unfit(column)
    return made, left
