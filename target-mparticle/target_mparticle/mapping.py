"""How the rows of a stream become batches: a plan, made and checked when the SCHEMA comes, then applied to each row."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from target_mparticle import fields, values
from target_mparticle.event_fields import data_problem
from target_mparticle.fields import MAX_VALUE_CHARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_mparticle.destinations import Destination
    from target_mparticle.fields import Convert
    from target_mparticle.settings import Null

Batch = dict[str, Any]

ABSENT: Any = object()
NOTHING: frozenset[type] = frozenset()
# Destinations that most values fit as they are: a quick way past `_fitted`, to the same end. Whole numbers are looked at there: one may be too large.
KEPT: Mapping[Convert, frozenset[type]] = {
    values.text: frozenset((str,)),
    values.attribute: frozenset((str, bool)),
    values.scalar: frozenset((str, bool)),
}
# Documents suggest this event, since most event outputs do not process a batch without events.
UPDATE_EVENT = {"event_type": "custom_event", "data": {"event_name": "Attributes Updated", "custom_event_type": "other"}}


class RowRejectedError(Exception):
    """A row cannot be sent; `code` is a constant, `field` the column or destination, the message the reason."""

    def __init__(self, code: str, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.code, self.field = code, field


@dataclass(frozen=True, slots=True)
class Assignment:
    """One column, or one static value, and where it goes."""

    destination: Destination
    source: str | None = None
    value: Any = None
    null: Null = "omit"
    hashed: bool = False

    def describe(self) -> list[Any]:
        """As plain JSON, for the fingerprint of the plan."""
        return [str(self.destination), self.source, self.value, self.null, self.hashed]


class Step(NamedTuple):
    """An assignment, taken apart: a row goes through all of them."""

    source: str | None
    static: Any
    outer: tuple[str, ...]  # names of the objects that hold it
    name: str
    keeps: frozenset[type]  # of values that go as they are, text only if it is short and ASCII
    is_identity: bool
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one stream become batches."""

    stream: str
    environment: str
    assignments: tuple[Assignment, ...]
    is_events: bool = False
    truncate: bool = False
    add_update_event: bool = False
    data_plan: Mapping[str, Any] | None = None
    _steps: tuple[Step, ...] = field(init=False, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """A digest of all that shapes a batch: with another mapping the same row is another batch."""
        parts = [self.environment, self.is_events, self.truncate, self.add_update_event, self.data_plan or None]
        text = json.dumps([*parts, *(each.describe() for each in self.assignments)], sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def __post_init__(self) -> None:
        """Work out once what does not depend on a row."""
        object.__setattr__(self, "_steps", tuple(self._step(each) for each in self.assignments))

    def _step(self, each: Assignment) -> Step:
        *outer, name = each.destination.path
        keeps = NOTHING if each.hashed else KEPT.get(each.destination.convert, NOTHING)
        return Step(each.source, each.value, tuple(outer), name, keeps, each.destination.is_identity, each)

    def batch(self, record: Mapping[str, Any]) -> Batch:
        """The batch of a row, without `source_request_id` unless it is mapped. Raises RowRejectedError."""
        batch: Batch = {"environment": self.environment}
        deleted: list[str] = []
        has_identity = False
        for source, static, outer, name, keeps, is_identity, each in self._steps:
            value = static if source is None else record.get(source, ABSENT)
            if value is ABSENT:
                continue  # the tap did not send the column: nothing is known about it
            if value is None or (is_identity and value == ""):
                self._set_null(batch, deleted, each)
                continue
            kind = type(value)
            if kind not in keeps or (kind is str and not (value.isascii() and len(value) <= MAX_VALUE_CHARS)):
                value = self._fitted(each, value)
            place = batch
            for part in outer:
                place = place[part] if part in place else place.setdefault(part, {})
            place[name] = value
            has_identity = has_identity or is_identity
        if deleted:
            batch["deleted_user_attributes"] = [*batch.get("deleted_user_attributes", ()), *deleted]
        if not has_identity:
            raise RowRejectedError("NO_IDENTITY", "no column that identifies a user or device holds a value", "user_identities")
        return self._finished(batch)

    def _finished(self, batch: Batch) -> Batch:
        if self.data_plan:
            batch.setdefault("context", {})["data_plan"] = dict(self.data_plan)
        if self.is_events:
            event = batch.get("events") or {}
            event_type, data = event.get("event_type"), event.get("data", {})
            if problem := data_problem(event_type, data):
                raise RowRejectedError("BAD_EVENT", problem, "events")
            batch["events"] = [{"event_type": event_type, "data": data}]
        elif self.add_update_event:
            batch["events"] = [UPDATE_EVENT]
        return batch

    def _set_null(self, batch: Batch, deleted: list[str], each: Assignment) -> None:
        if not each.destination.is_user_attribute:
            return
        if each.null == "tag":
            _set(batch, each.destination.path, None)
        elif each.null == "delete":
            deleted.append(each.destination.path[-1])

    def _fitted(self, each: Assignment, value: Any) -> Any:
        where = each.source or str(each.destination)
        try:
            if each.hashed:
                return _hashed(value, is_email=each.destination.path[-1] == "email")
            converted = each.destination.convert(value)
        except values.BadValueError as problem:
            raise RowRejectedError("BAD_VALUE", f"`{where}` to `{each.destination}`: {problem}", where) from None
        return self._within_limits(converted, where) if each.destination.is_user_attribute else converted

    def _within_limits(self, value: Any, where: str) -> Any:
        if isinstance(value, str) and len(value) > MAX_VALUE_CHARS:
            return self._cut(value, MAX_VALUE_CHARS, where, "characters")
        if isinstance(value, list):
            if len(value) > fields.MAX_LIST_ENTRIES:
                value = self._cut(value, fields.MAX_LIST_ENTRIES, where, "entries")
            longest = fields.MAX_LIST_ENTRY_CHARS
            return [self._cut(each, longest, where, "characters") if isinstance(each, str) and len(each) > longest else each for each in value]
        return value

    def _cut(self, value: Any, length: int, where: str, unit: str) -> Any:
        if not self.truncate:
            raise RowRejectedError("TOO_LONG", f"`{where}` has {len(value)} {unit}; {length} are allowed", where)
        return value[:length]


def _hashed(value: Any, *, is_email: bool) -> str:
    plain = values.text(value).strip()
    return hashlib.sha256((plain.lower() if is_email else plain).encode()).hexdigest()


def _set(batch: Batch, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        batch = batch.setdefault(name, {})
    batch[path[-1]] = value
