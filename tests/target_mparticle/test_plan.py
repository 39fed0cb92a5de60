"""What a plan keeps and shows of batches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_mparticle.delivery import OutgoingBatch, Row
from target_mparticle.plan import FIRST_BATCHES, PlannedDelivery, without_identities
from target_mparticle.settings import Limits, Settings

SETTINGS = Settings("https://example.com/v2", "key", "secret", "development", {}, batches_per_second=100)
BASIC = st.text(alphabet="abcdefgh", min_size=6, max_size=12)


@dataclass
class Listener:
    stream_name: str = "users"
    taken: int = 0

    def accepted(self, rows):
        self.taken += rows

    def rejected(self, row, code, reason):
        raise AssertionError((row, code, reason))


def batches(number):
    return [OutgoingBatch(b'{"n":%d}' % place, Row({}, 1)) for place in range(number)]


@pytest.mark.parametrize(("number", "requests", "least_s"), [(1, 1, 0.0), (100, 1, 0.0), (101, 2, 0.01), (1_000, 10, 9.0)])
def test_requests_and_the_least_time_follow_from_the_limits(number, requests, least_s):
    delivery, listener = PlannedDelivery(SETTINGS), Listener()
    delivery.begin("users", None, [])
    delivery.deliver(batches(number), listener)
    assert (delivery.calls, delivery.batches, pytest.approx(delivery.least_s), listener.taken) == (requests, number, least_s, number)


def test_a_plan_keeps_the_first_batches_of_a_stream_over_drains_and_schemas():
    delivery, listener = PlannedDelivery(replace(SETTINGS, limits=Limits(batches=1))), Listener()
    for _ in range(5):
        delivery.begin("users", None, ["a"])
        delivery.deliver(batches(1), listener)
    assert (delivery.streams["users"].first, delivery.calls) == ([b'{"n":0}'] * FIRST_BATCHES, 5)


@given(
    st.dictionaries(st.sampled_from(["customer_id", "email", "other"]), BASIC, min_size=1),
    st.dictionaries(st.sampled_from(["android_uuid", "amp_id"]), BASIC),
    st.booleans(),
)
def test_no_identity_is_left_anywhere_in_a_batch(identities, devices, repeated):
    told = [*identities.values(), *devices.values()]
    batch = {"environment": "development", "mpid": 12345678, "user_identities": identities, "device_info": devices}
    batch["user_attributes"] = {"plan": "pro", "same": told[0] if repeated else 1, "list": list(told), "number": 12345678}
    masked = without_identities(batch)
    assert [one for one in told if one in str(masked)] == []
    assert (masked["environment"], masked["mpid"], masked["user_attributes"]["plan"]) == ("development", "***", "pro")
    assert masked["user_attributes"]["number"] == "***"
    assert masked["user_identities"] == dict.fromkeys(identities, "***")
