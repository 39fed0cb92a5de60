"""Blocks of JSON records to Arrow tables: exact and strict, or refused.

A table holds only what the per-record path takes too, with the same values. Whatever columns are in doubt about is handed back, to be taken one by one.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from pyarrow import types

from singer_commons.columnar.probe import Probe, can_probe, canonical, text_array
from singer_commons.columnar.types import arrow_field, is_raw_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from singer_commons.columnar.blocks import RecordBlock
    from singer_commons.columnar.checks import ColumnChecks

FEWEST_ROWS = 64  # of a table between refused rows: for fewer, the calls that make and take a table cost more than single rows do
HEAD = b'{"r":'  # records stand inside another object: pyarrow.json 26 crashes at a line that is `null`
BETWEEN = b"}\n" + HEAD
CHUNK_BYTES = 2**20  # of JSON that one thread of pyarrow.json takes
FIRST_BYTES = {"object": "{", "array": r"\[", "string": '"', "boolean": "[tf]", "integer": "[-0-9]", "number": "[-0-9]"}


class BlockDecoder:
    """Decodes blocks of one stream into tables of `schema`. `is_valid` looks at a whole record where columns cannot say whether it is."""

    def __init__(self, schema: pa.Schema, checks: ColumnChecks, is_valid: Callable[[dict[str, Any]], bool]) -> None:
        self.schema, self._checks, self._is_valid = schema, checks, is_valid
        # A property that the sink leaves out is validated all the same.
        others = [arrow_field(name, part) for name, part in checks.properties.items() if schema.get_field_index(name) < 0]
        self._fields = [*schema, *others] if checks.is_validating and not checks.needs_rows else list(schema)
        self._texts = [field for field in self._fields if self._is_read_as_text(field)]
        direct = [pa.field(field.name, self._read_type(field)) for field in self._fields if field not in self._texts]
        self._options = pj.ParseOptions(explicit_schema=pa.schema([("r", pa.struct(direct))]), unexpected_field_behavior="ignore")
        self._can_probe = can_probe(field.name for field in self._texts)
        self._probe = Probe([field.name for field in self._texts]) if self._can_probe and self._texts else None

    def parts(self, block: RecordBlock) -> Iterator[tuple[RecordBlock, pa.Table | None]]:
        """The block in pieces, in order: each with its table, or with None where its rows must be taken one by one."""
        if not self._can_probe:
            yield block, None
            return
        try:
            table, refused = self._decoded(block)
        except (pa.ArrowInvalid, ValueError):
            if len(block) <= FEWEST_ROWS:
                yield block, None
                return
            middle = len(block) // 2
            yield from self.parts(block.slice(0, middle))
            yield from self.parts(block.slice(middle, len(block)))
            return
        for start, end, is_good in pieces(len(block), refused):
            yield block.slice(start, end), table.slice(start, end - start) if is_good else None

    def _is_read_as_text(self, field: pa.Field) -> bool:
        return is_raw_json(field) or (types.is_decimal(field.type) and not self._is_string(field.name))

    def _read_type(self, field: pa.Field) -> pa.DataType:
        return pa.string() if self._is_string(field.name) else field.type

    def _is_string(self, name: str) -> bool:
        kinds = self._checks.kinds(name)
        return kinds is not None and kinds - {"null"} == {"string"}

    def _decoded(self, block: RecordBlock) -> tuple[pa.Table, list[int]]:
        """The table, and which of its rows are refused. Raises ValueError or ArrowInvalid for a block that is refused as a whole."""
        rows = HEAD + BETWEEN.join(block.records) + b"}"
        read = self._read(rows, block)
        refused: list[pa.Array] = []
        columns = []
        for field in self._fields:
            column = read[field.name]
            if types.is_floating(field.type):
                refused.append(pc.invert(pc.is_finite(column)))
            columns.append(column if column.type == field.type else pc.cast(column, field.type))
        refused += self._refused_nulls(read, rows)
        table = pa.table(columns[: len(self.schema)], schema=self.schema)
        bad = set(indices(refused))
        if self._checks.needs_rows:
            bad.update(index for index, record in enumerate(block.dicts()) if not self._is_valid(record))
        return table, sorted(bad)

    def _read(self, rows: bytes, block: RecordBlock) -> dict[str, pa.ChunkedArray]:
        longest = max(map(len, block.records)) + len(HEAD) + len(BETWEEN)
        options = pj.ReadOptions(use_threads=True, block_size=max(CHUNK_BYTES, longest))
        made = pj.read_json(pa.BufferReader(rows), read_options=options, parse_options=self._options)["r"]
        if len(made) != len(block) or made.null_count:
            raise ValueError("a record that is no object")
        parts = [pa.RecordBatch.from_struct_array(chunk) for chunk in made.chunks]
        table = pa.Table.from_batches(parts)
        found = dict(zip(table.column_names, table.columns, strict=True))
        if self._probe:
            for field, texts in zip(self._texts, self._probe.texts(rows), strict=True):
                found[field.name] = pa.chunked_array([self._from_texts(field, texts)])
        return found

    def _from_texts(self, field: pa.Field, texts: Sequence[Any]) -> pa.Array:
        """Raises ValueError for a value of a type that the property may not have."""
        kinds = self._checks.kinds(field.name)
        if types.is_decimal(field.type):
            kinds = (kinds or frozenset(("number",))) & {"number", "integer"}
        elif kinds is None or not kinds <= {"null", "integer", "number"}:
            texts = [canonical(text) for text in texts]
        made = text_array(texts)
        if kinds is not None:
            firsts = "|".join(sorted(FIRST_BYTES[kind] for kind in kinds - {"null"})) or "(?!)"
            if pc.any(pc.invert(pc.match_substring_regex(made, f"^({firsts})"))).as_py():
                raise ValueError(f"a value of {field.name} has another type")
            if "integer" in kinds and "number" not in kinds and pc.any(pc.match_substring_regex(made, "^-?[0-9]+[.eE]")).as_py():
                raise ValueError(f"a value of {field.name} is no integer")
        return made

    def _refused_nulls(self, read: dict[str, pa.ChunkedArray], rows: bytes) -> Iterator[pa.Array]:
        """Nulls where null is no value, and keys that are missing though required: in columns both look alike, so the keys are looked for."""
        doubtful = []
        for field in self._fields:
            is_required, is_nullable = field.name in self._checks.required, self._checks.is_nullable(field.name)
            if not read[field.name].null_count or (is_nullable and not is_required):
                continue
            if is_required and not is_nullable:
                yield pc.is_null(read[field.name])
            else:
                doubtful.append((field.name, is_required))
        if not doubtful:
            return
        names = [name for name, _ in doubtful]
        if not can_probe(names):
            yield from (pc.is_null(read[name]) for name in names)
            return
        for (_, is_required), texts in zip(doubtful, Probe(names).texts(rows), strict=True):
            yield pa.array([not len(text) if is_required else text == b"null" for text in map(bytes, texts)])


def indices(masks: Sequence[pa.Array]) -> list[int]:
    """Where one of the masks is true."""
    if not masks:
        return []
    flat = [mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask for mask in masks]
    return pc.indices_nonzero(reduce(pc.or_, (pc.fill_null(mask, pa.scalar(value=False)) for mask in flat))).to_pylist()  # type: ignore[no-any-return]  # pyarrow is untyped


def pieces(rows: int, refused: Sequence[int]) -> Iterator[tuple[int, int, bool]]:
    """Runs of good and refused rows: start, end, is_good. A run of few good rows is refused with its neighbours."""
    start = bad_from = bad_to = 0
    for index in [*refused, rows]:
        if index - bad_to < FEWEST_ROWS and bad_to > bad_from and index < rows:
            bad_to = index + 1
            continue
        if bad_to > bad_from:
            yield bad_from, bad_to, False
            start = bad_to
        if index > start:
            yield start, index, True
        bad_from, bad_to = index, index + 1
