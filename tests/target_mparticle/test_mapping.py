from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.mparticle.rules import problems
from singer_commons.errors import ConfigurationError
from target_mparticle.destinations import destination
from target_mparticle.fields import DEVICE_IDS, RESERVED_IDENTITIES
from target_mparticle.mapping import RowRejectedError
from target_mparticle.planning import NoIdentityError, plan_for, reserved_destination
from target_mparticle.settings import Settings, StreamSettings

UUID = "8c61383f-2216-4713-8c1c-1cb0a5d7a4cc"


def plan(columns, iterator=None, **stream):
    settings = Settings("https://x", "key", "secret", "development", {"s": StreamSettings.of(stream)})
    return plan_for("s", columns, iterator, settings)


def column(source, target, **more):
    return {"mapping_type": "column", "source": source, "destination": target, **more}


def batch(record, iterator=None, **stream):
    made = plan(list(record), iterator, **stream).batch(record)
    assert made.pop("environment") == "development"
    assert problems({"environment": "development", **made}) == []
    return made


def rejected(record, **stream):
    with pytest.raises(RowRejectedError) as problem:
        batch(record, **stream)
    return problem.value.code, problem.value.field


def test_the_three_users_of_the_documentation():
    """Identities, a device id, `$` names as they are, a list, and nulls that delete."""
    nulls = {"email": None, "$firstname": None, "propensity_to_buy": None, "favorite_categories": ["chess"], "vip": None, "ios_idfv": None}
    first = {
        "email": "ada@example.com",
        "$firstname": "Ada",
        "propensity_to_buy": 0.83,
        "favorite_categories": ["books", "music"],
        "vip": True,
        "ios_idfv": UUID,
    }
    assert batch({"date_updated": "2023", "customer_id": "c-1001", **first}, "date_updated", null="delete") == {
        "user_identities": {"customer_id": "c-1001", "email": "ada@example.com"},
        "user_attributes": {"$firstname": "Ada", "propensity_to_buy": 0.83, "favorite_categories": ["books", "music"], "vip": True},
        "device_info": {"ios_idfv": UUID},
    }
    assert batch({"date_updated": "2023", "customer_id": "c-1003", **nulls}, "DATE_UPDATED", null="delete") == {
        "user_identities": {"customer_id": "c-1003"},
        "user_attributes": {"favorite_categories": ["chess"]},
        "deleted_user_attributes": ["$firstname", "propensity_to_buy", "vip"],
    }


@pytest.mark.parametrize(
    ("null", "sent"),
    [
        ("omit", {"user_attributes": {"b": 1}}),
        ("delete", {"user_attributes": {"b": 1}, "deleted_user_attributes": ["a"]}),
        ("tag", {"user_attributes": {"a": None, "b": 1}}),
    ],
)
def test_null_is_what_the_setting_says(null, sent):
    assert batch({"email": "e", "a": None, "b": 1}, null=null) == {"user_identities": {"email": "e"}, **sent}


def test_null_can_differ_for_one_column_and_a_missing_column_says_nothing():
    mappings = [column("a", "user_attributes.a", null="delete")]
    assert batch({"email": "e", "a": None, "b": None}, mappings=mappings) == {"user_identities": {"email": "e"}, "deleted_user_attributes": ["a"]}
    assert plan(["email", "a"], null="delete").batch({"email": "e"}) == {"environment": "development", "user_identities": {"email": "e"}}


@pytest.mark.parametrize("name", [*RESERVED_IDENTITIES, *DEVICE_IDS, "mpid", "mp_deviceid"])
def test_a_reserved_name_maps_by_itself_whatever_its_case(name):
    assert reserved_destination(name.upper()) == reserved_destination(name) is not None
    assert reserved_destination(name).is_identity


@pytest.mark.parametrize("name", ["alias", "ios_idfa", "android_aaid", "other2", "firstname", "customer id", "$email"])
def test_other_names_are_attributes_in_their_own_case(name):
    assert batch({"email": "e", name: 1}) == {"user_identities": {"email": "e"}, "user_attributes": {name: 1}}


def test_an_override_maps_ignores_and_adds_and_the_rest_maps_by_itself():
    mappings = [
        column("mail", "user_identities.email"),
        {"mapping_type": "ignore", "source": "password"},
        {"mapping_type": "static", "value": "warehouse", "destination": "user_attributes.source"},
    ]
    assert batch({"mail": "e", "password": "p", "a": 1}, mappings=mappings) == {
        "user_identities": {"email": "e"},
        "user_attributes": {"source": "warehouse", "a": 1},
    }
    assert batch({"mail": "e", "password": "p", "a": 1}, mappings=mappings, auto_map=False)["user_attributes"] == {"source": "warehouse"}


def test_an_email_is_hashed_as_all_services_do():
    digest = hashlib.sha256(b"ada@example.com").hexdigest()
    mappings = [column("email", "user_identities.email", hash="sha256")]
    assert batch({"email": " Ada@Example.com "}, mappings=mappings) == {"user_identities": {"email": digest}}


def test_an_update_event_can_go_along():
    made = batch({"email": "e", "a": 1}, add_update_event=True)
    assert made["events"] == [{"event_type": "custom_event", "data": {"event_name": "Attributes Updated", "custom_event_type": "other"}}]


def test_deep_destinations_are_built():
    record = {"email": "e", "yes": True, "at": "2023-11-15T18:01:00Z", "lat": 1.5, "lon": "2", "plan": "gold", "gone": ["x"]}
    mappings = [
        column("yes", "consent_state.gdpr.marketing.consented"),
        column("at", "consent_state.gdpr.marketing.timestamp_unixtime_ms"),
        column("lat", "context.location.latitude"),
        column("lon", "context.location.longitude"),
        column("plan", "integration_attributes.144.plan.name"),
        column("gone", "deleted_user_attributes"),
    ]
    assert batch(record, mappings=mappings) == {
        "user_identities": {"email": "e"},
        "consent_state": {"gdpr": {"marketing": {"consented": True, "timestamp_unixtime_ms": 1_700_071_260_000}}},
        "context": {"location": {"latitude": 1.5, "longitude": 2}},
        "integration_attributes": {"144": {"plan.name": "gold"}},
        "deleted_user_attributes": ["x"],
    }


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"email": None, "a": 1}, ("NO_IDENTITY", "user_identities")),
        ({"email": "", "a": 1}, ("NO_IDENTITY", "user_identities")),
        ({"email": "e", "a": float("nan")}, ("BAD_VALUE", "a")),
        ({"email": "e", "mpid": "many"}, ("BAD_VALUE", "mpid")),
        ({"email": "e", "ios_idfv": "x"}, ("BAD_VALUE", "ios_idfv")),
        ({"email": "e", "a": "x" * 4097}, ("TOO_LONG", "a")),
        ({"email": "e", "a": [0] * 1001}, ("TOO_LONG", "a")),
        ({"email": "e", "a": ["x" * 513]}, ("TOO_LONG", "a")),
    ],
)
def test_a_row_that_mparticle_would_refuse_is_rejected_with_its_column(record, found):
    assert rejected(record) == found


def test_too_long_values_can_be_cut_instead():
    record = {"email": "e", "a": "x" * 4097, "b": ["y" * 513] * 1001}
    assert batch(record, oversize="truncate")["user_attributes"] == {"a": "x" * 4096, "b": ["y" * 512] * 1000}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.decimals(allow_nan=False, allow_infinity=False)
        | st.text(max_size=9)
        | st.lists(st.integers(), max_size=3)
        | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
        max_size=9,
    ),
    st.sampled_from(["omit", "delete", "tag"]),
)
def test_any_row_becomes_a_batch_that_the_rules_take(row, null):
    record = {"customer_id": "c-1"} | {f"x{name}": value for name, value in row.items()}
    assert batch(record, null=null)["user_identities"] == {"customer_id": "c-1"}


@pytest.mark.parametrize(
    ("columns", "stream", "problem"),
    [
        (["Email", "email"], {}, "Email and email both go to `user_identities.email`"),
        (["customerid", "customer_id"], {}, "both go to `user_identities.customer_id`"),
        (["email"], {"mappings": [column("nope", "ip")]}, "the stream has no column nope"),
        (["email", "a"], {"mappings": [column("a", "user_identities.emial")]}, "`user_identities.emial` is no destination"),
        (["email", "a"], {"mappings": [column("a", "events.data.event_name")]}, "is for streams with `data_type` events"),
        (["email", "a"], {"mappings": [column("a", "ip"), {"mapping_type": "ignore", "source": "a"}]}, "both mapped and ignored"),
        (["email"], {"mappings": [{"mapping_type": "static", "destination": "ip", "value": "x"}]}, "no IP address"),
        (["email"], {"mappings": [{"mapping_type": "static", "destination": "ip"}]}, "must be a text, number or boolean"),
        (["email"], {"mappings": [{"mapping_type": "column", "source": "email"}]}, "a column mapping needs a destination"),
        (["email", "n" * 257], {}, "has 257 characters"),
    ],
)
def test_a_wrong_mapping_is_told_before_anything_is_sent(columns, stream, problem):
    with pytest.raises(ConfigurationError) as found:
        plan(columns, **stream)
    assert problem in str(found.value)


def test_a_stream_without_any_identity_is_told_with_its_columns():
    with pytest.raises(NoIdentityError, match=r"stream s: no column identifies a user or device \(columns: a, b\)"):
        plan(["a", "b"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user_identities",
        "user_identities.",
        "consent_state.gdpr.consented",
        "consent_state.ccpa.x.consented",
        "context.x",
        "events",
        "events.data",
        "events.data.nope",
        "environment",
        "batch_id",
    ],
)
def test_a_destination_outside_the_list_is_none(text):
    with pytest.raises(ValueError, match="is no destination"):
        destination(text)


def test_the_fingerprint_changes_with_the_mapping_and_the_environment():
    plans = [
        plan(["email", "a"]),
        plan(["email", "a"], null="tag"),
        plan(["email", "b"]),
        plan(["email", "a"], oversize="truncate"),
        plan(["email", "a"], add_update_event=True),
    ]
    assert len({each.fingerprint for each in plans}) == len(plans)
    assert plan(["email", "a"]).fingerprint == plans[0].fingerprint
