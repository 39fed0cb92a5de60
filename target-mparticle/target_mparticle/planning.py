"""Makes the plan of a stream from its SCHEMA and settings, and tells all problems with it together, before a row is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_mparticle import fields
from target_mparticle.destinations import Destination, destination
from target_mparticle.event_fields import NESTED, TYPES
from target_mparticle.mapping import Assignment, Plan
from target_mparticle.values import BadValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_mparticle.settings import Settings, StreamSettings


class NoIdentityError(ConfigurationError):
    """No column of a stream says who the user is."""


@dataclass(slots=True)
class _Found:
    """What was read so far from a stream's mappings."""

    assignments: list[Assignment] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    @property
    def mapped(self) -> set[str]:
        """The columns that have a destination."""
        return {each.source for each in self.assignments if each.source is not None}


def plan_for(stream: str, columns: Sequence[str], iterator: str | None, settings: Settings) -> Plan:
    """The plan for a stream with these columns.

    Raises ConfigurationError with all problems, or NoIdentityError if the only one is that nothing identifies a user.
    """
    chosen = settings.stream(stream)
    is_events = chosen.data_type == "events"
    event_type = _static_event_type(chosen)
    found = _explicit(chosen, columns, event_type)
    if is_events:
        found.problems += _uncovered(found, columns)
        found.problems += _lacking(found, event_type)
    elif chosen.auto_map:
        _map_by_name(found, columns, iterator, chosen)
    else:
        found.ignored |= set(columns) - found.mapped
    found.problems += _doubled(found.assignments)
    hint = f"see `streams.{stream}` in the settings; nothing of this stream was sent"
    if found.problems:
        raise ConfigurationError([f"stream {stream}: {problem}" for problem in found.problems], hint=hint)
    if not any(each.destination.is_identity for each in found.assignments):
        raise NoIdentityError(
            f"stream {stream}: no column identifies a user or device (columns: {', '.join(columns)})",
            hint=f"map one in `streams.{stream}.mappings`, name it as mParticle does (customer_id, email, ...), or set `unmapped_streams` to `skip`",
        )
    return Plan(
        stream=stream,
        environment=settings.environment,
        assignments=tuple(found.assignments),
        is_events=is_events,
        truncate=chosen.oversize == "truncate",
        add_update_event=chosen.add_update_event,
        data_plan=settings.data_plan,
    )


def mapping_problems(chosen: StreamSettings) -> list[str]:
    """What is wrong with the mappings of a stream, whatever its columns are: as much as can be told before its SCHEMA comes."""
    event_type, is_events = _static_event_type(chosen), chosen.data_type == "events"
    found = _explicit(chosen, None, event_type)
    found.problems += [*(_lacking(found, event_type) if is_events else ()), *_doubled(found.assignments)]
    return found.problems


def reserved_destination(name: str) -> Destination | None:
    """Where a column of this name goes by itself: an identity or device id whatever its case, else None."""
    folded = name.lower()
    if folded in fields.RESERVED_IDENTITIES:
        return destination(f"user_identities.{fields.RESERVED_IDENTITIES[folded]}")
    if folded in fields.DEVICE_IDS:
        return destination(f"device_info.{folded}")
    return destination(folded) if folded in ("mpid", "mp_deviceid") else None


def _map_by_name(found: _Found, columns: Sequence[str], iterator: str | None, chosen: StreamSettings) -> None:
    settled = found.mapped | found.ignored
    for name in columns:
        if name in settled or (iterator is not None and name.lower() == iterator.lower()):
            continue
        if len(name) > fields.MAX_NAME_CHARS:
            found.problems.append(f"the name of column {name[:40]}... has {len(name)} characters; an attribute's has at most {fields.MAX_NAME_CHARS}")
            continue
        place = reserved_destination(name) or destination(f"user_attributes.{name}") if name else None
        if place is None:
            found.problems.append("a column without a name cannot be an attribute")
        else:
            found.assignments.append(Assignment(place, name, null=chosen.null))


def _explicit(chosen: StreamSettings, columns: Sequence[str] | None, event_type: str | None) -> _Found:
    """What the mappings say; without `columns` those that they name are taken to be there."""
    found = _Found()
    for number, entry in enumerate(chosen.mappings, 1):
        try:
            _read_entry(found, entry, chosen, columns, event_type)
        except (ValueError, BadValueError) as problem:
            found.problems.append(f"mapping {number}: {problem}")
    found.problems += [f"column {name} is both mapped and ignored" for name in sorted(found.mapped & found.ignored)]
    return found


def _read_entry(found: _Found, entry: Mapping[str, Any], chosen: StreamSettings, columns: Sequence[str] | None, event_type: str | None) -> None:
    kind, source, target = entry.get("mapping_type"), entry.get("source"), entry.get("destination")
    if kind != "static" and not source:
        raise ValueError(f"a {kind} mapping needs a source")
    if kind != "static" and columns is not None and source not in columns:
        raise ValueError(f"the stream has no column {source}")
    if kind == "ignore":
        found.ignored.add(str(source))
        return
    if not target:
        raise ValueError(f"a {kind} mapping needs a destination")
    place = destination(target, event_type)
    if place.path[0] == "events" and chosen.data_type != "events":
        raise ValueError(f"`{target}` is for streams with `data_type` events")
    if kind == "column":
        null = entry.get("null") or chosen.null
        found.assignments.append(Assignment(place, source, null=null, hashed=entry.get("hash") == "sha256"))
        return
    value = entry.get("value")
    if not isinstance(value, (str, int, float, bool)):
        raise ValueError(f"the static value for `{target}` must be a text, number or boolean")  # noqa: TRY004 - told among the other problems
    found.assignments.append(Assignment(place, value=place.convert(value)))


def _static_event_type(chosen: StreamSettings) -> str | None:
    for entry in chosen.mappings:
        if entry.get("destination") == "events.event_type" and entry.get("mapping_type") == "static" and entry.get("value") in TYPES:
            return str(entry["value"])
    return None


def _uncovered(found: _Found, columns: Sequence[str]) -> Iterator[str]:
    if rest := [name for name in columns if name not in found.mapped | found.ignored]:
        yield f"no mapping for {_counted(rest)}: add a column or an ignore mapping for each"


def _lacking(found: _Found, event_type: str | None) -> Iterator[str]:
    paths = {each.destination.path for each in found.assignments}
    if ("events", "event_type") not in paths:
        yield "`events.event_type` has no mapping"
    for each in found.assignments:
        if each.destination.path == ("events", "event_type") and each.source is None and each.value not in TYPES:
            yield f"{each.value} is no event type; there are {', '.join(TYPES)}"
    if event_type is None:
        return
    for name in TYPES[event_type][1]:
        if ("events", "data", name) not in paths:
            yield f"a {event_type} needs a mapping for `events.data.{name}`"
    for outer, inner in (("location", "latitude"), ("location", "longitude"), ("product_action", "action"), ("promotion_action", "action")):
        if any(path[2:3] == (outer,) for path in paths) and ("events", "data", outer, inner) not in paths and inner in NESTED[outer]:
            yield f"`events.data.{outer}` needs a mapping for `{inner}`"


def _doubled(assignments: Sequence[Assignment]) -> Iterator[str]:
    by_place: dict[tuple[str, ...], list[str]] = {}
    for each in assignments:
        by_place.setdefault(each.destination.path, []).append(each.source or "a static value")
    for path, sources in by_place.items():
        if len(sources) > 1:
            yield f"{' and '.join(sources)} both go to `{'.'.join(path)}`: ignore or map all but one"


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} column{'s' if len(names) > 1 else ''} ({', '.join(names)})"
