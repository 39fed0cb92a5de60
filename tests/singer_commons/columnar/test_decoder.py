"""Rows by columns are the rows that come one by one: equal values, the same ones refused."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from columnar_reading import KeepingSink, KeepingTarget, both, record_line, run_lines, schema_line, told_behind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_commons import reading
from singer_commons.columnar import decoder

TYPES = [
    {"type": "integer"},
    {"type": ["null", "integer"]},
    {"type": ["integer", "null"], "minimum": -5, "maximum": 100},
    {"type": ["null", "integer"], "enum": [1, 2, None]},
    {"type": "integer", "maximum": 10**30},
    {"type": "integer", "minimum": -(10**40), "exclusiveMaximum": 10**39},
    {"type": ["null", "integer"], "minimum": 10**39},
    {"type": ["null", "number"], "multipleOf": 0.01, "exclusiveMinimum": -6, "maximum": 12},
    {"type": ["null", "number"], "multipleOf": 0.01, "minimum": 0.1},
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
    "9007199254740993", "18446744073709551615", "99999999999999999999999999999999999999", "-9999999999999999999999999999.9999999999", "0.00000000000000000001",
    '"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999999999Z"', '"1969-12-31T23:59:59.999999"', '"2024-02-29"', '"23:59:59.999999"', '"AP8="', r'"a\nb\tc"',
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
    is_ascii, line = draw(st.booleans()), draw(st.sampled_from([record_line, told_behind]))
    lines = schema_line(properties, **more)
    for members in records:
        text = "{" + comma.join(json.dumps(name, ensure_ascii=is_ascii) + colon + value for name, value in members) + "}"
        lines += line(text, **draw(st.sampled_from([{}, {"time_extracted": "2024-01-02T03:04:05Z"}, {"version": 3}])))
    return lines


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(streams(), st.booleans(), st.sampled_from([100, reading.READ_BYTES]))
def test_columns_and_single_rows_bring_the_same(monkeypatch, lines, validate, read_bytes):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    monkeypatch.setattr(reading, "READ_BYTES", read_bytes)  # with few, chunks hold one line, or some that are alike
    found = both(lines, validate_records=validate)
    assert len(found.rows) + len(found.rejects) == lines.count(b'"RECORD"')


@pytest.mark.parametrize("schema", TYPES, ids=str)
def test_every_value_of_every_type_is_the_same_in_columns(monkeypatch, schema):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    lines = schema_line({"v": schema}, required=["v"]) + b"".join(record_line(f'{{"v": {text}}}') for text in [*TEXTS, *TEXTS[::-1]])
    found = both(lines + record_line("{}"))
    assert found.tables


def one_column(texts, schema=None, **more):
    """What comes of values in a column `v`, if all of them go into tables."""
    arrived = both(schema_line({"v": schema or {}}, **more) + b"".join(record_line(f'{{"v": {text}}}') for text in texts))
    assert arrived.single == 0
    return [values["v"] for _, values in arrived.rows]


def test_null_and_a_missing_key_are_one_and_empty_text_is_another():
    lines = schema_line({"v": {"type": ["null", "string"]}}) + record_line("{}") + record_line('{"v": null}') + record_line('{"v": ""}')
    assert [values["v"] for _, values in both(lines).rows] == [None, None, "''"]


def test_a_missing_key_is_no_null_where_null_is_refused():
    lines = schema_line({"v": {"type": "string"}}) + record_line("{}") * 100 + record_line('{"v": null}') + record_line("{}") * 100
    arrived = both(lines)
    assert (len(arrived.rows), arrived.rejects, arrived.single) == (200, [("rows", "v", "{'v': None}")], 1)


def test_the_last_of_two_equal_keys_counts():
    lines = schema_line({"v": {"type": "integer"}, "o": {"type": "object"}}) + record_line('{"v": 1, "o": {}, "v": 2, "o": {"a": 1}}')
    assert both(lines).rows == [("rows", {"v": "2", "o": '{"a":1}'})]


def test_numbers_of_unknown_size_and_nested_ones_keep_every_digit():
    long = "1234567890123456789012345678901234567890.12345678901234567890"
    assert one_column([long, "-0.0", "1.10", "7"], {"type": "number"}) == [long, "-0.0", "1.10", "7"]
    assert one_column([f'{{"a": [{long}]}}'], {"type": "object"}) == [f'{{"a":[{long}]}}']


def test_nested_json_is_spelled_as_an_encoder_spells_it():
    texts = [r'{"k": "\u00e9\/\u20ac \ud83d\ude00", "n" : [ 1E5, 0.0000001, -0, "a, b" ]}']
    assert one_column(texts, {"type": "object"}) == ['{"k":"é/€ \U0001f600","n":[1E+5,1E-7,0,"a, b"]}']


def test_a_thousand_columns_and_texts_of_a_megabyte_pass():
    names = [f"c{number}" for number in range(1_000)]
    lines = schema_line({name: {"type": ["null", "integer"]} for name in names}) + record_line(json.dumps(dict.fromkeys(names, 1))) * 3
    assert both(lines).tables == [("rows", 3)]
    megabyte = "x" * 2**20
    assert one_column([f'"{megabyte}"', '"y"'], {"type": "string"}) == [repr(megabyte), "'y'"]


def test_deep_nesting_passes_and_deeper_than_python_goes_is_named():
    deep = "[" * 400 + "]" * 400
    assert one_column([deep], {"type": "array"}) == [deep]


def test_keys_of_no_property_are_refused_where_the_schema_says_so():
    lines = schema_line({"v": {"type": "integer"}}, additionalProperties=False) + record_line('{"v": 1}') * 70 + record_line('{"v": 1, "w": 2}')
    arrived = both(lines)
    assert len(arrived.rejects) == 1
    assert arrived.tables


def test_rules_over_several_properties_are_checked_on_whole_records():
    rule = {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}}
    lines = schema_line({"a": {"type": "integer"}, "b": {"type": "integer"}}, **rule) + record_line('{"a": 2}') * 100 + record_line('{"a": 1}')
    arrived = both(lines)
    assert (len(arrived.rows), len(arrived.rejects), arrived.single) == (100, 1, 1)


def test_a_property_that_the_sink_leaves_out_is_validated_all_the_same():
    class Narrow(KeepingSink):
        def arrow_schema(self):
            return pa.schema([("id", pa.int64())])

    target = KeepingTarget(config={})
    target.default_sink_class = Narrow
    rows = schema_line({"id": {"type": "integer"}, "v": {"type": "string"}}) + record_line('{"id": 1, "v": "a"}') + record_line('{"id": 2, "v": 3}')
    target.listen(io.BytesIO(rows))
    assert (target.arrived.rows, len(target.arrived.rejects)) == ([("rows", {"id": "1"})], 1)


OVERRIDES = [
    (pa.decimal128(12, 2), {"type": "string"}, ['"1.50"', '"x"', '"12345678901.5"', "1.5"]),
    (pa.timestamp("us"), {"type": "string"}, ['"2024-01-02T03:04:05"', '"soon"']),
    (pa.date32(), {"type": "string"}, ['"2024-01-02"', '"2024-13-02"']),
    (pa.int32(), {"type": "integer"}, ["1", "2147483648", "1.0"]),
    (pa.float64(), {"type": "integer"}, ["1", "1.5"]),
    (pa.large_string(), {"type": ["string", "integer"]}, ['"a"', "1"]),
    (pa.string(), {}, ['"a"', "1", "{}"]),
]


@pytest.mark.parametrize(("kind", "schema", "texts"), OVERRIDES, ids=str)
def test_what_a_sink_s_own_type_cannot_hold_comes_one_by_one(monkeypatch, kind, schema, texts):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    monkeypatch.setattr(KeepingSink, "arrow_schema", lambda _sink: pa.schema([("v", kind)]))
    arrived = run_lines(schema_line({"v": schema}) + b"".join(record_line(f'{{"v": {text}}}') for text in texts))
    expected = 0 if kind == pa.float64() else 1
    assert (sum(rows for _, rows in arrived.tables), len(arrived.rows) + len(arrived.rejects)) == (expected, len(texts))


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ([], [(0, 1000, True)]),
        ([0], [(0, 1, False), (1, 1000, True)]),
        ([999], [(0, 999, True), (999, 1000, False)]),
        ([500], [(0, 500, True), (500, 501, False), (501, 1000, True)]),
        ([100, 120, 500], [(0, 100, True), (100, 121, False), (121, 500, True), (500, 501, False), (501, 1000, True)]),
        (list(range(1000)), [(0, 1000, False)]),
    ],
)
def test_refused_rows_are_cut_out_with_the_few_good_ones_between_them(refused, expected):
    assert list(decoder.pieces(1000, refused)) == expected
