from __future__ import annotations

from sandbox.mparticle.profiles import Profiles


def merged(*batches):
    profiles = Profiles()
    for batch in batches:
        profiles.merge(batch)
    return [(one["user_identities"], one["user_attributes"]) for one in profiles.to_json()]


def test_the_newest_value_stays_null_is_a_tag_and_deleted_attributes_go():
    assert merged(
        {"user_identities": {"customer_id": "1"}, "user_attributes": {"a": 1, "b": 2, "c": 3}},
        {"user_identities": {"customer_id": "1"}, "user_attributes": {"a": 9, "b": None}, "deleted_user_attributes": ["c", "never"]},
    ) == [({"customer_id": "1"}, {"a": 9, "b": None})]


def test_any_known_identity_finds_the_profile_and_new_ones_join_it():
    assert merged(
        {"user_identities": {"email": "a@x"}, "user_attributes": {"a": 1}},
        {"user_identities": {"customer_id": "1", "email": "a@x"}},
        {"user_identities": {"customer_id": "1"}, "device_info": {"push_token": "t", "platform": "iOS"}, "user_attributes": {"b": 2}},
    ) == [({"email": "a@x", "customer_id": "1"}, {"a": 1, "b": 2})]


def test_a_device_finds_its_user_again():
    profiles = Profiles()
    mpid = profiles.merge({"user_identities": {"email": "a@x"}, "device_info": {"push_token": "t"}, "mp_deviceid": "d"})
    assert [profiles.search({"push_token": "t"}), profiles.search({"mp_deviceid": "d"}), profiles.search({"push_token": "u"})] == [mpid, mpid, None]
    assert profiles.to_json()[0]["device_identities"] == {"push_token": "t", "mp_deviceid": "d"}


def test_two_customers_with_one_email_stay_two():
    assert merged(
        {"user_identities": {"customer_id": "1", "email": "a@x"}, "user_attributes": {"a": 1}},
        {"user_identities": {"customer_id": "2", "email": "a@x"}, "user_attributes": {"a": 2}},
    ) == [({"customer_id": "1", "email": "a@x"}, {"a": 1}), ({"customer_id": "2", "email": "a@x"}, {"a": 2})]


def test_an_mpid_decides_and_is_past_what_a_double_holds():
    profiles = Profiles()
    mpid = profiles.merge({"user_identities": {"customer_id": "1"}})
    assert float(mpid) != mpid
    assert profiles.merge({"mpid": mpid, "user_attributes": {"a": 1}}) == mpid
    assert len(profiles) == 1


def test_a_long_attribute_name_is_cut_and_events_are_counted():
    profiles = Profiles()
    profiles.merge({"user_identities": {"customer_id": "1"}, "user_attributes": {"n" * 300: 1}, "events": [{}, {}]})
    assert profiles.to_json()[0]["user_attributes"] == {"n" * 256: 1}
    assert (profiles.to_json()[0]["events"], profiles.to_json()[0]["batches"]) == (2, 1)
