from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_mparticle import values
from target_mparticle.values import BadValueError

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
UUID = "8c61383f-2216-4713-8c1c-1cb0a5d7a4cc"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, True),
        (2**63 - 1, 2**63 - 1),
        (2**63, "9223372036854775808"),
        (Decimal("42.50"), 42.5),
        (Decimal("0.1"), 0.1),
        (Decimal("1234567890123456789.01"), "1234567890123456789.01"),
        (Decimal("1E400"), "1" + "0" * 400),
        ("", ""),
        (["b", None, 1, Decimal("1.5"), {"a": [Decimal("1.10")]}], ["b", 1, 1.5, '{"a":[1.10]}']),
        ([], []),
        ({"b": 1, "a": None}, '{"b":1,"a":null}'),
        (b"\x00\xff", "AP8="),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=dt.UTC), "2024-02-29T01:02:03.000004+00:00"),
    ],
)
def test_an_attribute_is_sent_exactly(value, sent):
    assert values.attribute(value) == sent
    assert type(values.attribute(value)) is type(sent)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_arrives_exactly_as_number_or_as_text(value):
    body = values.encoded({"a": values.attribute(value)})
    arrived = json.loads(body, parse_float=Decimal)["a"]
    assert Decimal(arrived) == value


@given(st.integers())
def test_any_integer_arrives_exactly_as_number_or_as_text(value):
    assert int(json.loads(values.encoded({"a": values.attribute(value)}))["a"]) == value


@given(st.text(st.characters(codec="utf-8")))
def test_any_unicode_text_arrives_as_it_is(value):
    assert json.loads(values.encoded({"a": values.attribute(value)})) == {"a": value}


@pytest.mark.parametrize("value", [math.nan, -math.inf, Decimal("NaN"), Decimal("Infinity"), [math.nan], {"a": [math.inf]}, "\ud83d", {"\ud83d": 1}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(BadValueError):
        values.attribute(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (Decimal("7.0"), "7"), (Decimal("1E+3"), "1000"), (7.0, "7"), (7.25, "7.25"), (True, "true"), (" x ", " x ")],
)
def test_an_identity_is_text_and_a_whole_number_has_no_point(value, text):
    assert values.text(value) == text


@pytest.mark.parametrize(
    ("convert", "value", "sent"),
    [
        (values.integer, "12", 12),
        (values.integer, Decimal("12.0"), 12),
        (values.number, "1.5", 1.5),
        (values.number, 3, 3),
        (values.boolean, "TRUE", True),
        (values.boolean, 0, False),
        (values.uuid_text, UUID.upper(), UUID.upper()),
        (values.uuid_text, UUID.replace("-", ""), UUID),
        (values.ip_address, "203.0.113.7", "203.0.113.7"),
        (values.name_list, ["a", None, 1], ["a", "1"]),
        (values.name_list, "a", ["a"]),
        (values.json_value, '[{"id":"p"}]', [{"id": "p"}]),
        (values.json_value, [{"price": Decimal("1.5")}], [{"price": 1.5}]),
        (values.scalar, [1, 2], "[1,2]"),
    ],
)
def test_a_value_is_made_to_fit_its_field(convert, value, sent):
    assert convert(value) == sent


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        (values.integer, "1.5"),
        (values.integer, True),
        (values.integer, 2**63),
        (values.integer, "NaN"),
        (values.number, "abc"),
        (values.number, Decimal("1234567890123456789.01")),
        (values.boolean, "maybe"),
        (values.uuid_text, "123"),
        (values.ip_address, "300.0.0.1"),
        (values.json_value, "{"),
        (values.text, {"a": 1}),
        (values.epoch_ms, "yesterday"),
        (values.epoch_ms, 1_700_000_000),  # seconds
        (values.epoch_ms, "2999-01-01"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(convert, value):
    with pytest.raises(BadValueError):
        convert(value)


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("2023-11-15T18:01:00Z", 1_700_071_260_000),
        ("2023-11-15T18:45:30.250", 1_700_073_930_250),
        ("2023-11-15T23:01:00.0009+05:00", 1_700_071_260_000),
        ("2023-11-15", 1_700_006_400_000),
        (1_700_071_260_000, 1_700_071_260_000),
    ],
)
def test_a_moment_becomes_milliseconds_in_utc(value, milliseconds):
    assert values.epoch_ms(value, now=NOW) == milliseconds
