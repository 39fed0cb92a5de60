"""Rows stay in columns: what Python does and makes grows with blocks, and not with the cells in them."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from columnar_reading import KeepingSink, KeepingTarget, schema_line, told_behind
from python_calls import calls, is_no_work_a_cell
from singer_commons.columnar.encoder import LineEncoder
from singer_commons.columnar.json_sql import Envelope

COLUMNS = 12
PROPERTIES = {f"c{number}": {"type": ["null", "integer"]} for number in range(COLUMNS)} | {"text": {"type": ["null", "string"]}}


def lines_of(rows):
    return schema_line(PROPERTIES) + b"".join(told_behind(json.dumps(dict.fromkeys(PROPERTIES, n) | {"text": f"é {n}"})) for n in range(rows))


class CountingSink(KeepingSink):
    def process_table(self, table, block):
        self.account.read(len(block))
        self.arrived.tables.append((self.stream_name, len(block)))


def calls_of_reading(rows):
    target, lines = KeepingTarget(config={}), lines_of(rows)
    target.default_sink_class = CountingSink
    with calls() as counted:
        target.listen(io.BytesIO(lines))
    assert (target.arrived.tables, target.arrived.single) == ([("rows", rows)], 0)
    return counted[0]


def calls_of_encoding(rows):
    columns = {f"c{number}": pa.array(range(rows)) for number in range(COLUMNS)} | {"text": pa.array([f"é {n}" for n in range(rows)])}
    batch = pa.RecordBatch.from_pydict(columns)
    encoder = LineEncoder(batch.schema, Envelope.record("rows"))
    with calls() as counted:
        blocks = list(encoder.lines(batch))
    assert sum(bytes(block).count(b"\n") for block in blocks) == rows
    return counted[0]


@pytest.mark.parametrize("made", [calls_of_reading, calls_of_encoding], ids=["lines to tables", "batches to lines"])
def test_ten_times_the_rows_of_a_block_are_no_more_work_for_python(made):
    made(10)  # what is done once
    assert is_no_work_a_cell(made(2_000), made(20_000), cells=18_000 * len(PROPERTIES))
