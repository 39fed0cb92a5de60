"""Streams of events: every column is mapped or ignored, and all problems come together before anything is sent."""

from __future__ import annotations

import pytest
from mparticle_lines import record, state
from singer_commons.errors import ConfigurationError
from singer_sdk.exceptions import ConfigValidationError

COLUMNS = ("event_id", "user_id", "kind", "amount", "occurred_at", "loaded_at", "src_ip", "etl_batch")
ORDERS = {
    "type": "SCHEMA",
    "stream": "orders",
    "key_properties": ["event_id"],
    "bookmark_properties": ["loaded_at"],
    "schema": {"type": "object", "properties": {name: {} for name in COLUMNS}},
}


def column(source, target):
    return {"mapping_type": "column", "source": source, "destination": target}


def static(value, target):
    return {"mapping_type": "static", "value": value, "destination": target}


MAPPINGS = [
    column("user_id", "user_identities.customer_id"),
    column("kind", "events.data.event_name"),
    static("custom_event", "events.event_type"),
    static("transaction", "events.data.custom_event_type"),
    column("occurred_at", "events.data.timestamp_unixtime_ms"),
    column("event_id", "events.data.source_message_id"),
    column("amount", "events.data.custom_attributes.amount"),
    static("warehouse", "events.data.custom_attributes.source_system"),
    column("src_ip", "ip"),
    {"mapping_type": "ignore", "source": "etl_batch"},
    {"mapping_type": "ignore", "source": "loaded_at"},
]


def streams(mappings):
    return {"orders": {"data_type": "events", "mappings": mappings}}


def order(number, **columns):
    row = dict.fromkeys(COLUMNS) | {"event_id": f"o-{number}", "user_id": "c-1001", "kind": "Order Completed", "occurred_at": "2023-11-15T18:01:00Z"}
    return record({**row, **columns}, "orders")


def sent(control):
    batches = [one["batch"] for one in control.stored("what=batches")]
    for batch in batches:
        batch.pop("source_request_id")
    return batches


def test_rows_become_events_one_batch_each(load_inside, control):
    rows = [order(1, amount=42.5, src_ip="203.0.113.7", etl_batch=17), order(2, kind="Order Refunded", occurred_at="2023-11-15T18:45:30.250Z")]
    assert load_inside([ORDERS, *rows, state("end")], streams=streams(MAPPINGS), data_plan={"plan_id": "p"}) == [state("end")["value"]]
    common = {"environment": "development", "user_identities": {"customer_id": "c-1001"}, "context": {"data_plan": {"plan_id": "p"}}}

    def event(name, milliseconds, message_id, **attributes):
        data = {"event_name": name, "custom_event_type": "transaction", "timestamp_unixtime_ms": milliseconds, "source_message_id": message_id}
        return {"event_type": "custom_event", "data": {**data, "custom_attributes": {**attributes, "source_system": "warehouse"}}}

    assert sent(control) == [
        {**common, "ip": "203.0.113.7", "events": [event("Order Completed", 1_700_071_260_000, "o-1", amount=42.5)]},
        {**common, "events": [event("Order Refunded", 1_700_073_930_250, "o-2")]},
    ]


def test_an_event_without_a_message_id_gets_one_from_its_key(load_inside, control):
    mappings = [{"mapping_type": "ignore", "source": "event_id"} if one.get("source") == "event_id" else one for one in MAPPINGS]
    load_inside([ORDERS, order(1, amount=1), order(1, amount=2)], streams=streams(mappings))
    first, second = (batch["events"][0]["data"]["source_message_id"] for batch in sent(control))
    assert first == second


def test_all_problems_are_told_together_and_nothing_is_sent(load_inside, control):
    """First those that the settings have by themselves, then those with the columns."""
    mappings = [one for one in MAPPINGS if one.get("source") not in ("kind", "etl_batch")]
    with pytest.raises(ConfigValidationError) as settings:
        load_inside([ORDERS, order(1)], streams=streams([*mappings, column("user_id", "user_identities.nobody")]))
    assert settings.value.errors == [
        "`streams.orders.mappings`: mapping 10: `user_identities.nobody` is no destination",
        "`streams.orders.mappings`: a custom_event needs a mapping for `events.data.event_name`",
    ]
    with pytest.raises(ConfigurationError) as found:
        load_inside(
            [ORDERS, order(1)], streams=streams([*mappings, column("none", "user_identities.other"), static("Order", "events.data.event_name")])
        )
    assert found.value.problems == [
        "stream orders: mapping 10: the stream has no column none",
        "stream orders: no mapping for 2 columns (kind, etl_batch): add a column or an ignore mapping for each",
    ]
    assert control.requests() == []


def test_an_event_type_from_a_column_is_checked_row_by_row(load_inside, control, rejects):
    mappings = [
        *(
            one
            for one in MAPPINGS
            if one.get("source") != "etl_batch" and one["destination" if "destination" in one else "source"] != "events.event_type"
        ),
        column("etl_batch", "events.event_type"),
    ]
    rows = [
        order(1, etl_batch="custom_event"),
        order(2, etl_batch="party"),
        order(3, etl_batch="custom_event", kind=None),
        order(4, etl_batch="opt_out"),
    ]
    load_inside([ORDERS, *rows], streams=streams(mappings), max_rejected_rows=3)
    assert [batch["events"][0]["event_type"] for batch in sent(control)] == ["custom_event"]
    assert [(line["key"]["event_id"], line["code"], line["reason"]) for line in rejects()] == [
        ("o-2", "BAD_EVENT", "party is no event type"),
        ("o-3", "BAD_EVENT", "a custom_event needs event_name"),
        ("o-4", "BAD_EVENT", "a opt_out needs is_opted_out"),
    ]


def test_a_purchase_with_its_products(load_inside, control):
    mappings = [
        column("user_id", "user_identities.customer_id"),
        static("commerce_event", "events.event_type"),
        static("purchase", "events.data.product_action.action"),
        column("amount", "events.data.product_action.total_amount"),
        column("kind", "events.data.product_action.products"),
        *({"mapping_type": "ignore", "source": name} for name in ("event_id", "occurred_at", "loaded_at", "src_ip", "etl_batch")),
    ]
    load_inside([ORDERS, order(1, amount=30, kind='[{"id":"p-1","price":15.0,"quantity":2}]')], streams=streams(mappings))
    [batch] = sent(control)
    assert batch["events"][0]["data"]["product_action"] == {
        "action": "purchase",
        "total_amount": 30,
        "products": [{"id": "p-1", "price": 15.0, "quantity": 2}],
    }


def test_a_static_event_type_that_is_none_is_told(load_inside):
    mappings = [static("party", "events.event_type") if one.get("destination") == "events.event_type" else one for one in MAPPINGS]
    with pytest.raises(ConfigValidationError) as found:
        load_inside([ORDERS], streams=streams(mappings))
    assert [one for one in found.value.errors if "party is no event type; there are custom_event, " in one] == found.value.errors


def test_events_without_an_iterator_are_known_again_in_the_next_run(load_inside, control):
    schema = {name: value for name, value in ORDERS.items() if name != "bookmark_properties"}
    for _ in range(2):
        load_inside([schema, order(1)], streams=streams(MAPPINGS))
    assert control.stored()["stored"] == 1
