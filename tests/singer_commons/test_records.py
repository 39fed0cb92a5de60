"""The fast encoder of records beside the SDK's own conversion and encoder: the same values, whatever comes."""

# ruff: noqa: DTZ001 - times without a zone are among what is tested

import enum
import json
import logging
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from singer_commons.records import RecordEncoder
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.json import serialize_json

NULLABLE_OBJECT = {"type": ["object", "null"]}
SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": ["string", "null"]},
        "number": {"type": ["number", "null"]},
        "flag": {"type": ["boolean", "null"]},
        "flag or number": {"type": ["boolean", "number", "null"]},
        "at": {"type": "string", "format": "date-time"},
        "any": {},
        "open": NULLABLE_OBJECT,
        "object": {
            **NULLABLE_OBJECT,
            "properties": {"flag": {"type": "boolean"}, "é.😀 ": {"type": "string"}, "deep": {"anyOf": [{"type": "object"}]}},
        },
        "flags": {"type": "array", "items": {"type": "boolean"}},
        "objects": {"type": ["array", "null"], "items": {"type": "object", "properties": {"at": {"type": "string"}, "flag": {"type": "boolean"}}}},
        "bare objects": {"type": "array", "items": {"type": "object"}},
        "texts": {"type": "array", "items": {"type": "string"}},
        "both": {"type": ["array", "object"], "properties": {"flag": {"type": "boolean"}}},
    },
}
Choice = enum.Enum("Choice", "ONE TWO")
TEXT = st.text(st.characters(codec=None), max_size=8)  # lone surrogates, NUL, quotes and all
NAMES = st.sampled_from([*SCHEMA["properties"], "unknown", "Text"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | TEXT
    | st.decimals(-(10**38), 10**38, allow_nan=False)
    | st.sampled_from([-0.0, 2**63, 2**64, Decimal("1" * 38), "x" * 100_000, "", "0"])
)
ODD = (
    st.datetimes(timezones=st.none() | st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
    | st.dates()
    | st.times()
    | st.sampled_from([timedelta(seconds=5), uuid.UUID(int=7), Choice.ONE, (1, "a"), b"\0", b"ab"])
)
INSIDE = st.recursive(
    SCALARS | ODD,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(TEXT | st.integers() | st.none() | st.booleans(), one, max_size=3),
    max_leaves=6,
)
KNOWN_INSIDE = st.dictionaries(st.sampled_from(["flag", "é.😀 ", "deep", "at", "new"]), INSIDE, max_size=3)


def outcome(function, record):
    """What comes of it: the values as they are read back, or that it fails."""
    try:
        return json.loads(function(record), parse_float=Decimal)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same on both sides
        return type(error)


def by_the_sdk(level):
    return lambda record: serialize_json(conform_record_data_types("s", record, SCHEMA, level, logging.getLogger("t")))


@pytest.mark.parametrize("level", list(TypeConformanceLevel))
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, INSIDE | KNOWN_INSIDE | st.lists(KNOWN_INSIDE, max_size=2), max_size=6))
@example({"flag": 1, "flags": [0, 1], "objects": [{"flag": 2}, None], "flag or number": 0})
@example({"both": [{"flag": 1}], "object": {"flag": 0, "new": 1}, "bare objects": [{"a": 1}]})
@example({"text": "\ud83d", "open": {"at": datetime(1, 1, 1), "day": date(9999, 12, 31), "clock": time(1, 2, 3, 4)}})
@example({"number": float("nan"), "open": {"n": [float("inf")]}, "any": Decimal("1E+300")})
@example({"number": Decimal("NaN")})
@example({"flag": {}, "object": {"flag": []}})
def test_every_record_has_the_values_that_the_sdk_writes(level, record):
    if level is not TypeConformanceLevel.RECURSIVE and record.get("number") != record.get("number"):
        return  # the SDK writes `NaN` then, which is no JSON
    wanted = outcome(by_the_sdk(level), record)
    assert outcome(RecordEncoder("s", SCHEMA, level, logging.getLogger("t")), record) == wanted


def test_a_decimal_that_is_no_number_is_null_where_the_sdk_would_write_no_json():
    encode = RecordEncoder("s", SCHEMA, TypeConformanceLevel.NONE, logging.getLogger("t"))
    assert encode({"number": Decimal("NaN"), "open": {"n": Decimal("-Infinity")}}) == b'{"number":null,"open":{"n":null}}'


def test_a_decimal_beyond_a_double_is_kept_where_the_sdk_makes_it_null():
    encode = RecordEncoder("s", SCHEMA, TypeConformanceLevel.RECURSIVE, logging.getLogger("t"))
    assert encode({"number": Decimal("1E+400")}) == b'{"number":1E+400}'


def test_a_record_is_left_as_it_was():
    record = {"number": Decimal("NaN"), "object": {"flag": True}, "at": datetime(2024, 1, 1, tzinfo=UTC)}
    RecordEncoder("s", SCHEMA, TypeConformanceLevel.RECURSIVE, logging.getLogger("t"))(record)
    assert list(map(type, record.values())) == [Decimal, dict, datetime]
