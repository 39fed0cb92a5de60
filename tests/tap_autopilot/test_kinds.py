"""Values on the wire become values of their columns, or are carried as they came."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_autopilot import kinds
from tap_autopilot.contact_fields import STANDARD

DELIVERY = "batchdelivery_00000000_1736496400000-0"


def read(kind, value):
    told = []
    made = kinds.record({"field": value}, {"field": kind}, lambda *what: told.append(what), lambda *_: None)
    return made["field"], made["other_fields"], told


@pytest.mark.parametrize(
    ("kind", "wire", "value"),
    [
        (kinds.TEXT, "", ""),
        (kinds.TEXT, 50, "50"),
        (kinds.TEXT, Decimal("1.10"), "1.10"),
        (kinds.TEXT, {"a": [1, "é"]}, '{"a":[1,"é"]}'),
        (kinds.TEXT, True, "true"),
        (kinds.STAMP, "Fri, 03 Jan 2025 15:18:58 GMT", "2025-01-03T15:18:58.000000Z"),
        (kinds.STAMP, "", None),
        (kinds.FLAG, False, False),
        (kinds.INTEGER, Decimal("10.0"), 10),
        (kinds.INTEGER, 2**63 - 1, 2**63 - 1),
        (kinds.NUMBER, Decimal("181.50"), Decimal("181.50")),
        (kinds.NUMBER, "", None),
        (kinds.OBJECT, {"min": 10001}, {"min": 10001}),
        (kinds.TEXTS, ["contactlist_Sunset Contacts", 3], ["contactlist_Sunset Contacts", "3"]),
        (kinds.TEXTS, [], []),
        (kinds.DELIVERIES, {}, []),
        (kinds.DELIVERIES, [], []),
        (kinds.DELIVERIES, {DELIVERY: 1_736_496_412_000}, [{"id": DELIVERY, "timestamp": "2025-01-10T08:06:52.000000Z"}]),
        (kinds.VISITS, [], []),
        (kinds.VISITS, ["//a"], [{"url": "//a", "value": None}]),
        (
            kinds.VISITS,
            {'//a?q="x"': True, "utm_source": "news", "n": None},
            [{"url": '//a?q="x"', "value": "true"}, {"url": "utm_source", "value": "news"}, {"url": "n", "value": None}],
        ),
        (kinds.CUSTOM_FIELDS, [], []),
        (
            kinds.CUSTOM_FIELDS,
            [{"kind": "K", "value": Decimal("1.50"), "fieldType": "float"}],
            [{"kind": "K", "value": "1.50", "fieldType": "float", "deleted": False}],
        ),
        (kinds.TEXT, None, None),
        (kinds.DELIVERIES, None, None),
    ],
)
def test_a_value_that_fits_is_read(kind, wire, value):
    assert read(kind, wire) == (value, None, [])


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (kinds.STAMP, "ten"),
        (kinds.FLAG, "yes"),
        (kinds.INTEGER, "ten"),
        (kinds.INTEGER, True),
        (kinds.INTEGER, Decimal("1.5")),
        (kinds.INTEGER, 2**63),
        (kinds.NUMBER, "1.5"),
        (kinds.OBJECT, [1]),
        (kinds.TEXTS, "x"),
        (kinds.DELIVERIES, {DELIVERY: "ten"}),
        (kinds.DELIVERIES, [1]),
        (kinds.VISITS, "x"),
        (kinds.CUSTOM_FIELDS, [{"value": 1}]),
        (kinds.CUSTOM_FIELDS, {"kind": "K"}),
    ],
)
def test_a_value_that_does_not_fit_is_carried_as_it_came_and_told_of(kind, wire):
    assert read(kind, wire) == (None, {"field": wire}, [("field", "other_fields")])


def test_a_field_that_no_column_is_for_is_carried_and_told_of():
    told = []
    made = kinds.record({"list_id": "l", "Score": 7, "by": {"kind": "x"}}, {"list_id": kinds.KEY}, lambda *_: None, lambda *what: told.append(what))
    assert made == {"list_id": "l", "other_fields": {"Score": 7, "by": {"kind": "x"}}}
    assert told == [("Score", "other_fields"), ("by", "other_fields")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*STANDARD, "Unheard Of"]), json_values))
def test_no_contact_is_too_odd_and_no_value_is_lost(wire):
    made = kinds.record(wire, STANDARD, lambda *_: None, lambda *_: None)
    assert set(made) == {*STANDARD, "other_fields"}
    for name, value in wire.items():
        in_column = made.get(name) is not None
        carried = (made["other_fields"] or {}).get(name, in_column)
        assert in_column or carried == value or value is None or value == ""
