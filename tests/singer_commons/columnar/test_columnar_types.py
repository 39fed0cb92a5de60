"""Which column a property's JSON Schema asks for."""

from __future__ import annotations

import pyarrow as pa
import pytest
from singer_commons.columnar.types import arrow_schema, is_raw_json, raw_json

RAW = "raw JSON"
CASES = [
    ({"type": "integer"}, pa.int64()),
    ({"type": ["null", "integer"]}, pa.int64()),
    ({"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}, pa.int64()),
    ({"type": "integer", "maximum": 2**63}, pa.decimal128(38, 0)),
    ({"type": "integer", "minimum": -(10**40)}, RAW),
    ({"type": "number"}, RAW),
    ({"type": ["null", "number"], "x-sql-datatype": "DECIMAL(12, 2)"}, pa.decimal128(12, 2)),
    ({"type": "number", "x-sql-datatype": "numeric(5)"}, pa.decimal128(5, 0)),
    ({"type": "number", "x-sql-datatype": "decimal(76,2)"}, RAW),
    ({"type": "number", "x-sql-datatype": "decimal(2,5)"}, RAW),
    ({"type": "number", "x-sql-datatype": "double precision"}, pa.float64()),
    ({"type": "number", "multipleOf": 0.01}, pa.decimal128(38, 2)),
    ({"type": ["integer", "number"], "multipleOf": 10}, pa.decimal128(38, 0)),
    ({"type": "boolean"}, pa.bool_()),
    ({"type": ["null", "string"]}, pa.string()),
    ({"type": "string", "format": "date-time"}, pa.string()),
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, pa.string()),
    ({"anyOf": [{"type": "string"}, {}]}, RAW),
    ({"type": ["null", "object"], "properties": {}}, RAW),
    ({"type": "array"}, RAW),
    ({"type": ["string", "integer"]}, RAW),
    ({"type": "null"}, RAW),
    ({}, RAW),
    (True, RAW),
]


@pytest.mark.parametrize(("schema", "expected"), CASES, ids=str)
def test_a_property_has_the_column_that_holds_its_values_exactly(schema, expected):
    (column,) = arrow_schema({"properties": {"a b": schema}})
    assert (column.name, RAW if is_raw_json(column) else column.type) == ("a b", expected)


def test_raw_json_may_be_large_text():
    assert (is_raw_json(raw_json("a", pa.large_string())), raw_json("a", pa.large_string()).type) == (True, pa.large_string())
