"""Blocks of JSON records to Arrow tables: exact and strict, or refused.

A table holds only what the per-record path takes too, with the same values. Whatever columns are in doubt about is handed back, to be taken one by one.
pyarrow.json reads most columns; what it is too generous with (decimals) or cannot read (JSON as it stands) is cut out of the records as text.
"""

from __future__ import annotations

from array import array
from functools import reduce
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from pyarrow import types

from singer_commons.columnar.probe import Probe, can_probe, canonical, text_array
from singer_commons.columnar.types import arrow_field, is_raw_json
from singer_commons.columnar.values import value_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from singer_commons.columnar.blocks import Block
    from singer_commons.columnar.checks import SchemaRules

FEWEST_ROWS = 64  # of a table between refused rows: for fewer, the calls that make and take a table cost more than single rows do
CHUNK_BYTES = 2**20  # of JSON that one thread of pyarrow.json takes
_skip = msgspec.json.Decoder(msgspec.Raw).decode_lines
FIRST_CHARS = {"object": r"\{", "array": r"\[", "string": '"', "boolean": "[tf]", "integer": "-?[0-9]+$", "number": "[-0-9]"}


class Rows:
    """A block's text, and what has been read of it."""

    def __init__(self, block: Block) -> None:
        self.block, self.text = block.read()
        refuse_odd(self.text)
        self.columns: dict[str, pa.Array] = {}
        self.refused: list[pa.Array] = []

    def refuse(self, mask: pa.Array | None) -> None:
        """Refuse the rows where the mask is true."""
        if mask is not None:
            self.refused.append(pc.fill_null(mask, pa.scalar(value=False)))

    @property
    def refused_rows(self) -> list[int]:
        """Where a mask was true."""
        return pc.indices_nonzero(reduce(pc.or_, self.refused)).to_pylist() if self.refused else []


class BlockDecoder:
    """Decodes blocks of one stream into tables of `schema`.

    `is_valid` looks at a record of some or all properties, where columns cannot say whether it fits the JSON Schema.
    """

    def __init__(self, schema: pa.Schema, rules: SchemaRules, is_valid: Callable[[str | None, dict[str, Any]], bool]) -> None:
        self.schema, self._rules, self._is_valid = schema, rules, is_valid
        # A property that the sink leaves out is validated all the same.
        left_out = [arrow_field(name, part) for name, part in rules.properties.items() if schema.get_field_index(name) < 0]
        self._fields = [*schema, *([] if rules.needs_rows else left_out)]
        self._texts = [field for field in self._fields if self._is_read_as_text(field)]
        direct = [pa.field(field.name, self._read_type(field)) for field in self._fields if not self._is_read_as_text(field)]
        self._read_schema = pa.schema(direct)
        probed = list(rules.properties) if rules.is_closed else [field.name for field in self._texts]
        self._can_probe = can_probe([*probed, *(field.name for field in self._texts)])
        self._probe = Probe(probed, is_closed=rules.is_closed) if self._can_probe and (probed or rules.is_closed) else None
        self._has_more = self._probe is not None  # members that pyarrow.json is not asked for
        self._prepare_checks()

    def _prepare_checks(self) -> None:
        rules, self._value_checks, self._nullable = self._rules, {}, {}
        for field in self._fields:
            name = field.name
            self._nullable[name] = rules.is_nullable(name)
            if rules.restricts(name) and not rules.needs_rows:
                self._nullable[name] = self._is_valid(name, {name: None})
                self._value_checks[name] = value_check(field, rules.checked[name], rules.unchecked, self._valid_value(name))

    def _valid_value(self, name: str) -> Callable[[Any], bool]:
        return lambda value: self._is_valid(name, {name: value})

    def _is_read_as_text(self, field: pa.Field) -> bool:
        return is_raw_json(field) or (types.is_decimal(field.type) and not self._is_string(field.name))

    def _read_type(self, field: pa.Field) -> pa.DataType:
        return pa.string() if self._is_string(field.name) else field.type

    def _is_string(self, name: str) -> bool:
        kinds = self._rules.kinds(name)
        return kinds is not None and kinds - {"null"} == {"string"}

    def parts(self, block: Block) -> Iterator[tuple[Block, pa.Table | None]]:
        """The block in pieces, in order: each with its table, or with None where its rows must be taken one by one."""
        if not self._can_probe:
            yield block, None
            return
        try:
            block, table, refused = self._decoded(block)
        except (pa.ArrowInvalid, ValueError, RecursionError):
            if len(block) <= FEWEST_ROWS:
                yield block, None
                return
            middle = len(block) // 2
            yield from self.parts(block.slice(0, middle))
            yield from self.parts(block.slice(middle, len(block)))
            return
        for start, end, is_good in pieces(len(block), refused):
            yield block.slice(start, end), table.slice(start, end - start) if is_good else None

    def _decoded(self, block: Block) -> tuple[Block, pa.Table, list[int]]:
        """The block, its table, and which of its rows are refused. Raises ValueError, ArrowInvalid or RecursionError for one refused as a whole."""
        rows = Rows(block)
        self._read_direct(rows)
        self._read_texts(rows)
        self._refuse_nulls(rows)
        for name, check in self._value_checks.items():
            rows.refuse(check(rows.columns[name]))
        refused = rows.refused_rows
        if self._rules.needs_rows:
            bad = {index for index, record in enumerate(block.dicts()) if not self._is_valid(None, record)}
            refused = sorted(bad.union(refused))
        columns = [_cast(rows.columns[field.name], field.type, refused) for field in self.schema]
        return rows.block, pa.table(columns, schema=self.schema), refused

    def _read_direct(self, rows: Rows) -> None:
        made = self._parsed(rows)
        if len(made) != len(rows.block):
            raise ValueError("a line that holds not just one record")
        for field, column in zip(made.schema, made.columns, strict=True):
            rows.columns[field.name] = column.combine_chunks()
            if types.is_floating(field.type):
                rows.refuse(pc.invert(pc.is_finite(rows.columns[field.name])))
            if types.is_floating(field.type) and "number" not in (self._rules.kinds(field.name) or ("number",)):
                raise ValueError(f"{field.name} is no number")

    def _parsed(self, rows: Rows) -> pa.Table:
        """The lines as pyarrow.json reads them. In members that it is not asked for it takes `Inf`, so those have another reader, the probe's or `_skip`."""
        options = pj.ReadOptions(use_threads=True, block_size=max(CHUNK_BYTES, rows.block.longest))

        def read(others: str) -> pa.Table:
            parse = pj.ParseOptions(explicit_schema=self._read_schema, unexpected_field_behavior=others)
            return pj.read_json(pa.BufferReader(rows.text), read_options=options, parse_options=parse)

        if not self._has_more:
            try:
                return read("error")
            except pa.ArrowInvalid:
                pass  # because of such a member, perhaps
        if self._probe is None:
            _skip(rows.text)
        made = read("ignore")
        self._has_more = True
        return made

    def _read_texts(self, rows: Rows) -> None:
        if self._probe is None:
            return
        members = self._probe.members(rows.text)
        for field in self._texts:
            texts = self._probe.texts(members, field.name)
            kinds = self._rules.kinds(field.name)
            if types.is_decimal(field.type):
                kinds = (kinds or frozenset(("number",))) & {"number", "integer"}
            made = canonical(texts) if is_raw_json(field) else text_array(texts)
            if kinds is not None:
                wrong = pc.invert(_begins(made, kinds - {"null"}))
                rows.refuse(wrong)
                made = pc.if_else(wrong, pa.scalar(None, made.type), made) if types.is_decimal(field.type) else made
            rows.columns[field.name] = made

    def _refuse_nulls(self, rows: Rows) -> None:
        """Refuse nulls where null is no value, and keys that are missing though required: in columns both look alike, so the keys are looked for."""
        doubtful = []
        for field in self._fields:
            is_required, is_nullable = field.name in self._rules.required, self._nullable[field.name]
            column = rows.columns[field.name]
            if not column.null_count or (is_nullable and not is_required):
                continue
            if (is_required and not is_nullable) or not can_probe([field.name]):
                rows.refuse(pc.is_null(column))
            else:
                doubtful.append(field.name)
        if not doubtful:
            return
        probe = Probe(doubtful)
        members = probe.members(rows.text)
        for name in doubtful:
            texts = probe.texts(members, name)
            rows.refuse(pa.array([not len(text) if name in self._rules.required else bytes(text) == b"null" for text in texts]))


def refuse_odd(text: bytes) -> None:
    """Raise ValueError for what pyarrow.json does not see in members that nobody asks for, or takes for the end of a line."""
    pa.LargeStringArray.from_buffers(1, pa.py_buffer(array("q", (0, len(text)))), pa.py_buffer(text)).validate(
        full=True
    )  # a fifth of the time of decode()
    if b"\r" in text:
        raise ValueError("a carriage return within a line")


def _begins(texts: pa.Array, kinds: frozenset[str]) -> pa.Array:
    """Which JSON texts begin as values of these kinds do."""
    if kinds in ({"object"}, {"array"}):  # the usual ones, in a twentieth of the time
        return pc.starts_with(texts, "{" if "object" in kinds else "[")
    firsts = "|".join(sorted(FIRST_CHARS[kind] for kind in kinds))
    return pc.match_substring_regex(texts, f"^({firsts or '(?:)$'})")


def _cast(column: pa.Array, kind: pa.DataType, refused: Sequence[int]) -> pa.Array:
    """The column as its table wants it. What cannot be cast in a row that is refused anyway is no matter."""
    if column.type == kind:
        return column
    if refused:
        is_good = pc.invert(pc.is_in(pa.array(range(len(column))), value_set=pa.array(refused)))
        column = pc.if_else(is_good, column, pa.scalar(None, column.type))
    return pc.cast(column, kind)


def pieces(rows: int, refused: Sequence[int]) -> Iterator[tuple[int, int, bool]]:
    """Runs of good and refused rows: start, end, is_good. A short run of good rows between refused ones goes with them."""
    start = bad_from = bad_to = 0
    for index in [*refused, rows]:
        if index < rows and bad_to > bad_from and index - bad_to < FEWEST_ROWS:
            bad_to = index + 1
            continue
        if bad_to > bad_from:
            yield bad_from, bad_to, False
            start = bad_to
        if index > start:
            yield start, index, True
        bad_from, bad_to = index, index + 1
