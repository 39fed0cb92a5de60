"""A target that keeps what arrives, by columns or row by row: the two must agree."""

from __future__ import annotations

import io
import json
import operator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

import msgspec
import pyarrow as pa
from singer_commons.columnar.sink import ColumnarSink
from singer_commons.columnar.types import is_raw_json
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.target import DurableTarget
from singer_sdk import typing as th
from singer_sdk.exceptions import InvalidRecord

EXACT = Context(prec=100)
encoded = msgspec.json.Encoder(decimal_format="number").encode


@dataclass
class Arrived:
    """What a run brought, in the order it came."""

    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    rejects: list[tuple[str, str | None, Any]] = field(default_factory=list)  # stream, field, record
    tables: list[tuple[str, int]] = field(default_factory=list)  # stream, rows
    single: int = 0
    batches: int = 0
    states: list[Any] = field(default_factory=list)


def alike(value: Any, column: pa.Field) -> Any:
    """A value as text that is equal for equal values, whichever way they came."""
    if value is None:
        return None
    if is_raw_json(column):
        return value if isinstance(value, Raw) else json_of(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if pa.types.is_decimal(column.type) and Decimal(value).is_finite():
            return str(EXACT.add(Decimal(value), 0).normalize(EXACT))
        if pa.types.is_floating(column.type) and abs(value) < 10**300:
            return repr(float(value) + 0.0)
    return repr(value)


def json_of(value: Any) -> str:
    """A value as JSON text, as a sink writes it."""
    try:
        return Raw(encoded(value).decode())
    except UnicodeEncodeError:
        return repr(value)


class Raw(str):
    """JSON text."""

    __slots__ = ()


class KeepingSink(ColumnarSink):
    """Keeps rows; rejects those that break their schema."""

    def __init__(self, target, **options):
        super().__init__(target, **options)
        self.account, self.arrived = target.account.stream(self.stream_name), target.arrived
        self.columns = self.arrow_schema()
        self._invalid = None

    def process_table(self, table, block):
        assert table.num_rows == len(block) == len(block.extracted_at)
        table.validate(full=True)
        self.account.read(len(block))
        self.arrived.tables.append((self.stream_name, len(block)))
        for row in table.to_pylist():
            shown = {one.name: Raw(row[one.name]) if is_raw_json(one) and row[one.name] is not None else row[one.name] for one in self.columns}
            self._keep(shown)

    def _keep(self, record):
        self.arrived.rows.append((self.stream_name, {one.name: alike(record.get(one.name), one) for one in self.columns}))

    def _validate_and_parse(self, record):
        self._invalid = None
        try:
            if self._validator:
                self._validator.validate(record)
        except InvalidRecord as problem:
            self._invalid = problem
        return record

    def process_record(self, record, context):
        self.account.read()
        self.arrived.single += 1
        if self._invalid is not None:
            self.account.reject("NOT_AS_DECLARED")
            self.arrived.rejects.append((self.stream_name, getattr(self._invalid, "field", None), repr(record)))
        else:
            self._keep(record)

    def process_batch(self, context):
        self.arrived.batches += 1
        self.account.load(self.account.open_rows)


class KeepingTarget(DurableTarget):
    name = "target-keeping"
    config_jsonschema = th.PropertiesList(*RUN_LOG_SETTINGS).to_dict()
    default_sink_class = KeepingSink
    default_batch_rows = 1_000_000
    is_columnar = True

    def __init__(self, **options):
        super().__init__(**options)
        self.arrived = Arrived()

    def write_state(self, state):
        self.state_is_out(state)

    def block_sink(self, stream):
        return super().block_sink(stream) if self.is_columnar else None

    def state_is_out(self, state):
        self.arrived.states.append(state)


def run_lines(lines: bytes, *, columnar: bool = True, **config: Any) -> Arrived:
    """Read lines to their end."""
    target = KeepingTarget(config=config)
    target.is_columnar = columnar
    target.listen(io.BytesIO(lines))  # type: ignore[arg-type]  # bytes, as standard input gives them
    return target.arrived


def schema_line(properties: dict[str, Any], stream: str = "rows", keys: tuple[str, ...] = (), **more: Any) -> bytes:
    return encoded({"type": "SCHEMA", "stream": stream, "key_properties": list(keys), "schema": {"properties": properties, **more}}) + b"\n"


def record_line(text: str | bytes, stream: str = "rows", **more: Any) -> bytes:
    """A RECORD line around a record's own text."""
    text = text.encode() if isinstance(text, str) else text
    rest = "".join(f', "{name}": {json.dumps(value)}' for name, value in more.items()).encode()
    return b'{"type": "RECORD", "stream": ' + json.dumps(stream).encode() + rest + b', "record": ' + text + b"}\n"


def both(lines: bytes, **config: Any) -> Arrived:
    """What columns brought, once that is the same as what single rows brought."""
    by_columns, one_by_one = run_lines(lines, **config), run_lines(lines, columnar=False, **config)
    assert not one_by_one.tables
    # Streams keep their own order; which comes first depends on where a block ends.
    by_stream = operator.itemgetter(0)
    assert sorted(by_columns.rows, key=by_stream) == sorted(one_by_one.rows, key=by_stream)
    assert sorted(by_columns.rejects, key=by_stream) == sorted(one_by_one.rejects, key=by_stream)
    return by_columns


def told_behind(text: str | bytes, stream: str = "rows", **more: Any) -> bytes:
    """A RECORD line as the SDK and our own taps write it: what else there is to tell stands behind the record."""
    text = text.encode() if isinstance(text, str) else text
    rest = "".join(f',"{name}":{json.dumps(value)}' for name, value in more.items()).encode()
    return b'{"type":"RECORD","stream":' + json.dumps(stream).encode() + b',"record":' + text + rest + b"}\n"
