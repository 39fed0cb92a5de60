"""Which properties of a stream are child tables, by its schema, and the rows that are in a record's arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_synapse.children.flat import NONE, Flat, flat_of, options_of
from target_synapse.rows.types import alternatives, json_types
from target_synapse.tables.naming import child_table, folded, told_apart

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers._flattening import FlatteningOptions

    from target_synapse.tables.naming import TableName

VALUE = "value"  # the property of an element that is no object


@dataclass(frozen=True, slots=True)
class Branch:
    """An array whose elements are rows of `table`: its path of properties, the schemas of the elements' columns, and the arrays within them.

    `is_object` says whether elements are objects; if not, each is its own property `value`.
    """

    path: tuple[str, ...]
    table: TableName
    properties: Mapping[str, Any]
    is_object: bool
    branches: Sequence[Branch]
    flat: Flat = field(default_factory=Flat)  # of its elements, where they are objects

    @property
    def depth(self) -> int:
        """How many arrays it is in, itself included."""
        return len(self.path)

    def __str__(self) -> str:
        """The path, for messages."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Row:
    """An element: whose row it is, its place in each array from the record's own on, from 0, and its properties."""

    branch: Branch
    places: tuple[int, ...]
    values: Mapping[str, Any]

    def __str__(self) -> str:
        """Where it stands in its record, for messages."""
        return ".".join(f"{name}[{place}]" for name, place in zip(self.branch.path, self.places, strict=True))


class NoElementError(ValueError):
    """A value that is none of its array's."""


def branches_of_stream(
    config: Mapping[str, Any], stream: str, table: TableName, properties: Mapping[str, Any], keys: Collection[str]
) -> list[Branch]:
    """The child tables that the settings ask for. Raises ConfigurationError for a stream that cannot have any."""
    if config.get("nested_data") != "child_tables":
        return []
    hint = "set `nested_data` to `json`"
    if config.get("load_method") == "history":
        raise ConfigurationError(f"stream `{stream}` keeps its history, and a change in elements alone makes no version", hint=hint)
    branches = branches_of(table, properties, keys, options_of(config))
    if branches and len(branches) == len(properties):
        raise ConfigurationError(f"stream `{stream}` has arrays alone, so its own table would have no column", hint=hint)
    return branches


def branches_of(table: TableName, properties: Mapping[str, Any], keys: Collection[str] = (), flattening: FlatteningOptions = NONE) -> list[Branch]:
    """The arrays among the properties, but for keys, that are child tables of the table; the properties of elements are flattened."""
    return _branches(table, (), {name: schema for name, schema in properties.items() if name not in keys}, flattening, {table.same_as})


def every(branches: Iterable[Branch]) -> Iterator[Branch]:
    """The branches and all within them, each before its own."""
    for one in branches:
        yield one
        yield from every(one.branches)


def rows_of(branches: Iterable[Branch], values: Mapping[str, Any], places: tuple[int, ...] = ()) -> Iterator[Row]:
    """The rows of child tables in a record, or in an element that stands at `places`. Raises NoElementError."""
    for branch in branches:
        elements = values.get(branch.path[-1])
        if elements is None:
            continue
        if not isinstance(elements, list):
            raise NoElementError(f"{branch} is no array")
        for place, element in enumerate(elements):
            row = Row(branch, (*places, place), _values(branch, element))
            yield row
            yield from rows_of(branch.branches, row.values, row.places)


def _values(branch: Branch, element: object) -> Mapping[str, Any]:
    if not branch.is_object:
        return {VALUE: element}
    if element is None:
        return {}
    if not isinstance(element, dict):
        raise NoElementError(f"an element of {branch} is no object")
    return branch.flat.values(element)


def _branches(
    table: TableName, above: tuple[str, ...], properties: Mapping[str, Any], flattening: FlatteningOptions, taken: set[str]
) -> list[Branch]:
    found = []
    for name, schema in properties.items():
        if (items := _items(schema)) is None:
            continue
        path = (*above, name)
        own = _free(table, name, path, taken)
        columns = _properties(items)
        flat = Flat({VALUE: items}) if columns is None else flat_of(columns, flattening)
        inner = flat.properties
        branches = _branches(own, path, inner, flattening, taken)
        nested = {one.path[-1] for one in branches}
        plain = {one: part for one, part in inner.items() if one not in nested}
        found.append(Branch(path, own, plain, columns is not None, branches, flat))
    return found


def _free(table: TableName, name: str, path: tuple[str, ...], taken: set[str]) -> TableName:
    """The name of a child table; told apart, if another has it: `a` within `b__c` and `c__a` within `b`, or names that are equal but for case."""
    own = child_table(table, name)
    if own.same_as in taken:
        own = type(own)(own.schema, told_apart(own.table, "\0".join(path)))
    taken.add(own.same_as)
    return own


def _items(schema: object) -> Mapping[str, Any] | None:
    """The schema of the elements, if the property is an array, or null, and nothing else, and the schema says what is in it."""
    if not isinstance(schema, dict) or json_types(schema) != {"array"}:
        return None
    parts = alternatives(schema)
    items = parts[0].get("items") if len(parts) == 1 else None
    return items if isinstance(items, dict) and json_types(items) else None


def _properties(items: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The properties of elements that are objects, or null, and nothing else."""
    parts = alternatives(items)
    named = parts[0].get("properties") if len(parts) == 1 and json_types(items) == {"object"} else None
    return named if isinstance(named, dict) and named else None


def renamed(properties: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """The names by which a child table's plan knows properties: other ones than those of its own columns."""
    names, taken = list(properties), {folded(name) for name in own}
    made = {}
    for name in names:
        other = name
        while folded(other) in taken or (other != name and other in names):
            other = told_apart(other, other)
        made[name] = other
    return made
