"""Contacts as they come from the wire, made into records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tap_autopilot import kinds, stamps
from tap_autopilot.client import UnexpectedAnswerError
from tap_autopilot.contact_fields import CUSTOM_FIELDS, MODIFIED_AT, STANDARD
from tap_autopilot.custom_fields import FieldId, column_kinds, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


class Contact(NamedTuple):
    """A contact's record, and what it was made of."""

    record: dict[str, Any]
    wire: dict[str, Any]

    @property
    def modified(self) -> datetime | None:
        """When it changed, as far as the service says."""
        return stamps.parsed(self.record[MODIFIED_AT])


class ContactReader:
    """Makes records of contacts as they come from the wire.

    `columns` are those for custom fields; `keeps_array` says whether the column `custom_fields` is there too. `unfit` and `unknown` are
    told of what has no place in a column: see `tap_autopilot.kinds.record`.
    """

    def __init__(
        self,
        columns: Mapping[FieldId, str],
        *,
        keeps_array: bool,
        unfit: Callable[[str, str], None],
        unknown: Callable[[str, str], None],
    ) -> None:
        self._columns, self._keeps_array, self._unfit, self._unknown = columns, keeps_array, unfit, unknown
        self._rest_of_custom = CUSTOM_FIELDS if keeps_array else kinds.OTHER_FIELDS
        self._column_kinds = column_kinds(columns)
        self._standard = {name: kind for name, kind in STANDARD.items() if keeps_array or name != CUSTOM_FIELDS}

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the records."""
        return kinds.schema(self._standard, **{MODIFIED_AT: kinds.STAMP}, **self._column_kinds)

    def read(self, wire: dict[str, Any]) -> Contact:
        """A contact's record. Raises UnexpectedAnswerError for one without an id."""
        made = kinds.record(wire, self._standard, self._unfit, self._unknown_field)
        if not made["contact_id"]:
            raise UnexpectedAnswerError("Autopilot answered with a contact that has no contact_id")
        made[MODIFIED_AT] = _modified(wire, made)
        if self._columns:
            self._spread(wire, made)
        return Contact(made, wire)

    def _spread(self, wire: Mapping[str, Any], made: dict[str, Any]) -> None:
        made.update(dict.fromkeys(self._column_kinds))
        entries = wire.get(CUSTOM_FIELDS)
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            return  # carried in `other_fields`, as all that does not fit
        in_columns, left = spread(entries, self._columns, self._column_kinds, self._unfit_custom, self._undefined)
        made.update(in_columns)
        if not self._keeps_array:
            others = {name: value for name, value in made[kinds.OTHER_FIELDS].items() if name != CUSTOM_FIELDS}
            made[kinds.OTHER_FIELDS] = {**others, CUSTOM_FIELDS: left} if left else others or None

    def _unfit_custom(self, column: str) -> None:
        self._unfit(column, self._rest_of_custom)

    def _undefined(self, name: str) -> None:
        self._unknown(name, self._rest_of_custom)

    def _unknown_field(self, name: str, kept_in: str) -> None:
        if name != CUSTOM_FIELDS:  # without the array it is no column, and its parts are
            self._unknown(name, kept_in)


def _modified(wire: Mapping[str, Any], made: Mapping[str, Any]) -> str | None:
    # A stamp that cannot be read says nothing about when the contact changed: not `created_at`, or the change might be passed over.
    unreadable = made["updated_at"] is None and wire.get("updated_at") not in (None, "")
    return None if unreadable else cast("str | None", made["updated_at"] or made["created_at"])
