from __future__ import annotations

import pytest
from sandbox.mparticle.rules import problems

UUID = "8c61383f-2216-4713-8c1c-1cb0a5d7a4cc"


def event(event_type="custom_event", **data):
    return {"events": [{"event_type": event_type, "data": data}]}


CUSTOM = {"event_name": "Order", "custom_event_type": "transaction"}


@pytest.mark.parametrize(
    "batch",
    [
        {},
        {"environment": "production", "mpid": 2**63 - 1, "mp_deviceid": UUID, "ip": "2001:db8::1"},
        {"user_identities": {"customer_id": "c", "other_id_10": "o", "phone_number_3": "1", "alias": "a"}},
        {"user_attributes": {"$age": 3, "tag": None, "list": ["a", 1, None, True], "text": "x" * 4096, "empty": []}},
        {"user_attributes": {f"a{number}": number for number in range(100)}, "deleted_user_attributes": ["b"]},
        {"device_info": {"ios_idfv": UUID, "platform": "iOS", "is_tablet": False, "timezone_offset": -5}},
        {"consent_state": {"gdpr": {"marketing": {"consented": False, "timestamp_unixtime_ms": 1}}}},
        {"consent_state": {"ccpa": {"data_sale_opt_out": {"consented": True, "timestamp_unixtime_ms": 1, "document": "d"}}}},
        {"context": {"data_plan": {"plan_id": "p", "plan_version": 2}, "location": {"latitude": 1.5, "longitude": 2}}},
        {"partner_identities": {"any": "x"}, "integration_attributes": {"144": {"k": "v"}}},
        {"attribution_info": {"service_provider": "a", "publisher": "b", "campaign": "c"}},
        event(**CUSTOM, timestamp_unixtime_ms=1_700_071_260_000, custom_attributes={"amount": 42.5, "n": None}),
        event("commerce_event", product_action={"action": "purchase", "products": [{"id": "p", "price": 1, "quantity": 2}]}),
        event("screen_view", screen_name="home"),
        event("opt_out", is_opted_out=False),
        event("session_end", session_duration_ms=5),
    ],
)
def test_a_right_batch_has_no_problem(batch):
    assert problems(batch) == []


@pytest.mark.parametrize(
    ("batch", "problem"),
    [
        ([], '"" must be an object.'),
        ({"schema_version": 2}, 'Additional properties are not allowed: "schema_version" in "".'),
        ({"user_identities": {"customerid": "c"}}, 'Additional properties are not allowed: "customerid" in "user_identities".'),
        ({"user_identities": {"email": None}}, '"user_identities.email" must be a string.'),
        ({"environment": "test"}, '"environment" must be one of development, production.'),
        ({"mpid": 2**63}, '"mpid" must be a 64-bit integer.'),
        ({"mpid": True}, '"mpid" must be a 64-bit integer.'),
        ({"mp_deviceid": "abc"}, '"mp_deviceid" must be a UUID.'),
        ({"ip": "300.1.1.1"}, '"ip" must be an IP address.'),
        ({"user_attributes": {"a": {"b": 1}}}, '"user_attributes.a" must be a string, number, boolean or null.'),
        ({"user_attributes": {"a": [[1]]}}, '"user_attributes.a[0]" must be a string, number, boolean or null.'),
        ({"user_attributes": {"a": "x" * 4097}}, '"user_attributes.a" has 4097 characters; 4096 are allowed.'),
        ({"user_attributes": {"a": [1] * 1001}}, '"user_attributes.a" has 1001 entries; 1000 are allowed.'),
        ({"user_attributes": {"a": ["x" * 513]}}, '"user_attributes.a" has an entry over 512 characters.'),
        ({"user_attributes": {str(n): n for n in range(101)}}, '"user_attributes" holds 101 attributes; 100 are allowed.'),
        ({"deleted_user_attributes": "a"}, '"deleted_user_attributes" must be a list.'),
        ({"device_info": {"ios_idfv": "x"}}, '"device_info.ios_idfv" must be a UUID.'),
        ({"consent_state": {"gdpr": {"m": {"timestamp_unixtime_ms": 1}}}}, 'Required consent field "consented" is missing or empty.'),
        ({"attribution_info": {"publisher": "b", "campaign": "c"}}, 'Required field "service_provider" is missing or empty.'),
        (event(event_name="x"), 'Required event field "custom_event_type" is missing or empty.'),
        (event("party"), None),
        (event(**CUSTOM, custom_attributes={"a": ["list"]}), '"events[0].data.custom_attributes.a" must be a string, number, boolean or null.'),
        (
            event(**CUSTOM, custom_attributes={str(n): n for n in range(101)}),
            '"events[0].data.custom_attributes" holds 101 attributes; 100 are allowed.',
        ),
        (event("commerce_event", currency_code="EUR"), None),
        (event("commerce_event", product_action={"action": "steal"}), None),
    ],
)
def test_a_wrong_batch_is_told_what_is_wrong_with_it(batch, problem):
    found = problems(batch)
    assert len(found) == 1
    assert problem is None or found == [problem]


def test_names_of_old_clients_are_taken_only_with_the_switch():
    batch = {"schema_version": 2, "user_identities": {"customerid": "c"}}
    assert (len(problems(batch)), problems(batch, old_client_names=True)) == (2, [])
