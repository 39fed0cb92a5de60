"""Events as records: typed columns, custom variables as they were sent, nothing lost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_fullstory.event_record import KINDS, event_record, event_schema

CASE = json.loads((Path(__file__).parent / "cases" / "events_bundle.json").read_text(encoding="utf-8"), parse_float=Decimal)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=12)
    | st.lists(st.integers(), max_size=2)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
)
NAMES = st.sampled_from([*KINDS, "evt_a.b_str", "evt_a_b_str", "evt_", "user_plan_str", "page_x_int", "page", "Brand New", "Evt_x", ""])


def not_null(record):
    return {name: value for name, value in record.items() if value is not None}


def test_the_oddities_of_a_bundle_come_through():
    assert not_null(event_record(CASE[2])) == {
        "IndvId": 5190000000000736,
        "UserId": 6606828898126528473,
        "SessionId": 5320000000000136,
        "PageId": 4560000000000904,
        "EventStart": "2025-01-10T08:07:12.001Z",
        "EventType": "custom",
        "EventCustomName": "Order Completed",
        "evt": {
            "order.items_real": 3,
            "order.order_id_str": "o-1",
            "order_id_str": "o-1",
            "order.total_real": Decimal("12.5"),
            "tags_strs": ["a", "b"],
            "when_date": "2025-01-10T08:07:11Z",
        },
        "user": {"plan_str": "pro"},
        "page": {"foobar_str": "x"},
    }


def test_every_record_has_every_column_but_the_tap_s_own():
    assert list(event_record({})) == [name for name in event_schema()["properties"] if not name.startswith("_")]


@pytest.mark.parametrize(
    ("name", "value", "column", "other"),
    [
        ("PageClusterId", "606", 606, None),
        ("PageClusterId", Decimal("606.0"), 606, None),
        ("PageClusterId", Decimal("606.5"), None, {"PageClusterId": Decimal("606.5")}),
        ("PageClusterId", "many", None, {"PageClusterId": "many"}),
        ("PageClusterId", True, None, {"PageClusterId": True}),
        ("UserId", 2**63, None, {"UserId": 2**63}),
        ("UserId", 2**63 - 1, 2**63 - 1, None),
        ("EventCumulativeLayoutShift", "0.25", Decimal("0.25"), None),
        ("EventCumulativeLayoutShift", "NaN", None, {"EventCumulativeLayoutShift": "NaN"}),
        ("UserCreated", "", None, None),
        ("UserCreated", "yesterday", None, {"UserCreated": "yesterday"}),
        ("UserCreated", "2025-01-10", None, {"UserCreated": "2025-01-10"}),
        ("UserEmail", "", "", None),
        ("UserEmail", 7, None, {"UserEmail": 7}),
    ],
)
def test_a_value_is_in_its_column_or_as_it_came_among_the_others(name, value, column, other):
    record = event_record({name: value})
    assert (record[name], record["other"]) == (column, other)


@given(st.dictionaries(NAMES, VALUES, max_size=12))
def test_nothing_is_lost_and_every_record_is_valid(event):
    record = event_record(event)
    jsonschema.Draft7Validator({**event_schema(), "additionalProperties": False}).validate(json.loads(json.dumps(record, default=float)))
    for name, value in event.items():
        family, _, variable = name.partition("_")
        held = [record.get(name) if name in KINDS else None, (record["other"] or {}).get(name)]
        if family in ("evt", "user", "page") and variable:
            held = [record[family][variable]]
        if name in KINDS and value == "" and KINDS[name] == "time":
            assert record[name] is None
        else:
            assert any((one == value and isinstance(one, bool) == isinstance(value, bool)) or str(one) == str(value) for one in held) or int(
                held[0]
            ) == int(value)
