"""Rows of every type, as many as one likes: their lines for a target, and what the pool must hold of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from synapse_support.every_type import VALUES, Column
from synapse_support.messages import schema_line, state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK_ROWS = 20_000  # that are made or compared at a time
ODD_ROWS = 1_000  # the last ones of all: half of their values are odd
GOLDEN = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: its multiples are spread evenly
STREAM, KEY = "rows", "id"


class Values:
    """The values of a column, taken by the numbers of rows."""

    def __init__(self, column: Column, place: int) -> None:
        self._factor = pa.scalar((GOLDEN * (2 * place + 3)) % 2**64, pa.uint64())
        strange = list(column.odd) * (VALUES // 2 // max(len(column.odd), 1))
        self._pairs = [list(column.pairs), [*strange, *column.pairs[len(strange) :]]]
        name = json.dumps(column.name)
        self._texts = [pa.array(["" if said is None else f"{name}:{said}," for said, _ in some]) for some in self._pairs]
        self._held = [pa.array([held for _, held in some], column.held) for some in self._pairs]

    def texts(self, numbers: pa.Array, *, odd: bool) -> pa.Array:
        """Each row's member of its record, with a comma; empty if it has none."""
        return self._texts[odd].take(self._places(numbers))

    def held(self, numbers: pa.Array, *, odd: bool) -> pa.Array:
        return self._held[odd].take(self._places(numbers))

    def said(self, number: int, *, odd: bool) -> str | None:
        """What JSON said."""
        return self._pairs[odd][self._places(pa.array([number], pa.uint64()))[0].as_py()][0]

    def _places(self, numbers: pa.Array) -> pa.Array:
        return pc.cast(pc.shift_right(pc.multiply(numbers, self._factor), pa.scalar(65 - VALUES.bit_length(), pa.uint64())), pa.int32())


@dataclass(frozen=True)
class Rows:
    """Rows with the keys from `start` up to `end`; with another `turn` their values are others. The last of all are odd, if they are to be."""

    columns: Sequence[Column]
    start: int
    end: int
    turn: int = 0
    is_odd_at_end: bool = True

    @cached_property
    def _values(self) -> list[Values]:
        return [Values(column, place) for place, column in enumerate(self.columns)]

    @property
    def schema(self) -> dict[str, Any]:
        return schema_line({KEY: {"type": "integer"}, **{one.name: dict(one.schema) for one in self.columns}}, stream=STREAM)

    def chunks(self) -> Iterator[tuple[int, int, bool]]:
        """Where each begins and ends, and whether its rows are odd."""
        odd = max(self.end - ODD_ROWS, self.start) if self.is_odd_at_end else self.end
        for start in range(self.start, odd, CHUNK_ROWS):
            yield start, min(start + CHUNK_ROWS, odd), False
        if odd < self.end:
            yield odd, self.end, True

    def lines(self) -> Iterator[bytes]:
        """The whole input, a STATE behind each chunk."""
        yield json.dumps(self.schema).encode() + b"\n"
        for start, end, odd in self.chunks():
            numbers = self._numbers(start, end)
            members = [one.texts(numbers, odd=odd) for one in self._values]
            keys = pc.cast(pa.array(range(start, end)), pa.string())
            yield "".join(
                pc.binary_join_element_wise(f'{{"type":"RECORD","stream":"{STREAM}","record":{{', *members, f'"{KEY}":', keys, "}}\n", "").to_pylist()
            ).encode()
            yield json.dumps(state({"end": end})).encode() + b"\n"

    def held(self, start: int, end: int, *, odd: bool) -> pa.Table:
        """What the pool must hold of a chunk, in the order of the keys."""
        numbers = self._numbers(start, end)
        columns = {one.name: values.held(numbers, odd=odd) for one, values in zip(self.columns, self._values, strict=True)}
        return pa.table({KEY: pa.array(range(start, end), pa.int64()), **columns})

    def told(self, name: str, key: int, *, odd: bool) -> str | None:
        """What the row's record said of a column."""
        place = next(place for place, one in enumerate(self.columns) if one.name == name)
        return self._values[place].said(self._numbers(key, key + 1)[0].as_py(), odd=odd)

    def _numbers(self, start: int, end: int) -> pa.Array:
        return pa.array(range(start + self.turn + 1, end + self.turn + 1), pa.uint64())


def differences(rows: Rows, found: pa.Table, start: int, end: int, *, odd: bool, shown: int = 3) -> list[str]:
    """Where a chunk in the pool is not what it must be, in words; each bit of a float counts."""
    wanted = rows.held(start, end, odd=odd)
    if not found[KEY].equals(wanted[KEY]):
        return [f"the keys from {start} to {end} are {found.num_rows} of which {pc.count_distinct(found[KEY])} differ"]
    told: list[str] = []
    for name in wanted.column_names:
        one, other = (bits(table[name].combine_chunks()) for table in (found, wanted))
        if one.equals(other):
            continue
        places = [place for place in range(len(one)) if one[place].as_py() != other[place].as_py()]
        for place in places[:shown]:
            said = rows.told(name, start + place, odd=odd)
            told.append(f"{name} of {start + place}: {said!r} became {found[name][place]!r} instead of {wanted[name][place]!r} ({len(places)} such)")
        if not places:
            told.append(f"{name} is {found[name].type} instead of {wanted[name].type}")
    return told


def bits(column: pa.Array) -> pa.Array:
    """Floats as whole numbers, since 0.0 equals -0.0."""
    return column.view({"double": pa.int64(), "float": pa.int32()}.get(str(column.type), column.type))
