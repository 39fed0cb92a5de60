"""Rows by columns are the rows that come one by one: equal values, the same ones refused."""

from __future__ import annotations

import json

import pytest
from columnar_reading import both, record_line, schema_line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_commons.columnar import decoder

NULL = {"type": ["null", "string"]}
TYPES = [
    {"type": "integer"},
    {"type": ["null", "integer"]},
    {"type": ["integer", "null"], "minimum": -5, "maximum": 100},
    {"type": ["null", "integer"], "enum": [1, 2, None]},
    {"type": "integer", "maximum": 10**30},
    {"type": ["null", "number"]},
    {"type": ["null", "number"], "x-sql-datatype": "decimal(12,2)"},
    {"type": "number", "multipleOf": 0.01},
    {"type": ["null", "number"], "x-sql-datatype": "double precision"},
    {"type": ["null", "number"], "x-sql-datatype": "double", "minimum": 0.1},
    {"type": ["null", "boolean"]},
    {"type": "boolean", "const": True},
    {"type": "string"},
    {"type": ["null", "string"], "format": "date-time"},
    {"type": ["null", "string"], "minLength": 1, "maxLength": 3},
    {"type": ["string"], "enum": ["", "ab", "é"]},
    {"type": ["null", "string"], "pattern": "^a"},
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"type": ["null", "string"], "not": {"type": "null"}},
    {"type": ["null", "object"]},
    {"type": ["null", "object"], "properties": {"a": {"type": ["null", "integer"]}, "b": {"type": "array", "items": {"type": "string"}}}},
    {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"], "additionalProperties": False},
    {"type": ["null", "array"]},
    {"type": "array", "items": {"type": ["null", "integer"], "maximum": 5}},
    {"type": ["null", "string", "integer", "boolean"]},
    {},
    {"description": "anything"},
]
TEXTS = [
    "null", "true", "false", "0", "-0", "1", "2", "7", "101", "-6", "1.0", "1.5", "-0.0", "1e2", "1E-7", "0.0000001", "0.1", "0.10", "12.345", "1234567890.12",
    "12345678901.5", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890.1234567890", "1e400", "NaN",
    "-Infinity", '""', '"a"', '"ab"', '"abcd"', '"1"', '"é"', r'"\u00e9"', r'"\ud83d"', r'"\ud83d\ude00"', r'"a\u0000b"', r'"a\/b\"\\ \n"', '"2024-01-01T00:00:00+05:30"',
    "{}", '{"a": 1}', '{"a": 1.10, "b": ["x y", ""]}', '{"a":"x"}', '{"b":[1]}', '{"a":null,"c":{"d":[1e5,-0.0]}}', "[]", "[1, null, 2]", "[6]", r'["\u20ac", NaN]',
]  # fmt: skip
NAMES = ["id", "a b", "a.b", "ID", "\U0001f600", "", "é", 'qu"ote', "back\\slash", "new\nline", "record"]


@st.composite
def streams(draw):
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=4))
    properties = {name: draw(st.sampled_from(TYPES)) for name in names}
    more = {}
    if draw(st.booleans()):
        more["required"] = draw(st.lists(st.sampled_from(names), unique=True))
    if draw(st.booleans()):
        more["additionalProperties"] = draw(st.booleans())
    known = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(TEXTS)))
    member = st.one_of(known, known, known, st.tuples(st.just("extra"), st.sampled_from(TEXTS)))
    records = draw(st.lists(st.lists(member, max_size=6), max_size=12))
    colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :\t", " ,\r")]))
    is_ascii = draw(st.booleans())
    lines = schema_line(properties, **more)
    for members in records:
        text = "{" + comma.join(json.dumps(name, ensure_ascii=is_ascii) + colon + value for name, value in members) + "}"
        lines += record_line(text, **draw(st.sampled_from([{}, {"time_extracted": "2024-01-02T03:04:05Z"}, {"version": 3}])))
    return lines


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(streams(), st.booleans(), st.booleans())
def test_columns_and_single_rows_bring_the_same(monkeypatch, lines, validate, metadata):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    found = both(lines, validate_records=validate)
    assert len(found.rows) + len(found.rejects) == lines.count(b'"type": "RECORD"')


@pytest.mark.parametrize("schema", TYPES, ids=str)
def test_every_value_of_every_type_is_the_same_in_columns(monkeypatch, schema):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    lines = schema_line({"v": schema}, required=["v"]) + b"".join(record_line(f'{{"v": {text}}}') for text in [*TEXTS, *TEXTS[::-1]])
    found = both(lines + record_line("{}"))
    assert found.tables
