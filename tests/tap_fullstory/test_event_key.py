"""Keys of events: the same when an event is read again, different for different events."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.fullstory.data import Account
from sandbox.fullstory.events import rows_between
from tap_fullstory.event_key import EventKeys, canonical

SETTLING = (
    "IndvId",
    "UserAppKey",
    "UserEmail",
    "user_plan_str",
    "PageDuration",
    "PageUrl",
    "page_foobar_str",
    "EventModDead",
    "EventModFrustrated",
    "EventDuration",
    "LoadEventTime",
)
IDENTIFYING = (
    "UserId",
    "SessionId",
    "PageId",
    "EventStart",
    "EventType",
    "EventTargetText",
    "EventSessionOffset",
    "evt_order.id_str",
    "evt_order_id_str",
    "evt_n_real",
)
SCALARS = st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8) | st.booleans() | st.lists(st.text(max_size=3), max_size=3)
EVENT = st.dictionaries(st.sampled_from(IDENTIFYING + SETTLING), SCALARS, max_size=10)


def keys(events):
    counter = EventKeys()
    return [counter.key(event) for event in events]


@settings(max_examples=50)
@given(st.lists(EVENT, max_size=8), st.randoms(), st.data())
def test_keys_are_the_same_in_another_order_and_with_settled_fields_changed(events, shuffle, data):
    settled = [{**event, **data.draw(st.dictionaries(st.sampled_from(SETTLING), SCALARS))} for event in events]
    shuffle.shuffle(settled)
    settled = [dict(sorted(event.items(), reverse=True)) for event in settled]
    assert sorted(keys(events)) == sorted(keys(settled))


@given(st.lists(EVENT, max_size=8))
def test_no_two_events_of_a_file_share_a_key_not_even_those_alike(events):
    assert len(set(keys(events + events))) == 2 * len(events)


@given(EVENT, st.sampled_from(IDENTIFYING), SCALARS)
def test_any_difference_in_what_happened_makes_another_key(event, name, value):
    other = {**event, name: value}
    assert (canonical(event) == canonical(other)) == (json.dumps(event.get(name)) == json.dumps(value))


def test_a_number_has_one_key_however_it_is_written_and_none_with_its_text():
    same = [{"evt_n_real": value} for value in (3, 3.0, Decimal("3.00"), Decimal("30e-1"))]
    assert len({canonical(event) for event in same}) == 1
    assert canonical({"evt_n_real": "3"}) != canonical(same[0])


def test_a_null_is_as_if_it_were_not_there():
    assert canonical({"UserId": 1, "EventSubType": None}) == canonical({"UserId": 1})


def test_the_key_of_an_event_is_what_it_was_in_earlier_releases():
    """A change here makes every event new at the destination."""
    events = json.loads((Path(__file__).parent / "cases" / "events_bundle.json").read_text(encoding="utf-8"))
    assert [key[:16] for key in keys(events)] == ["e34c634c8881dd82", "d8ede1d226b4c07f", "03954967baefe339", "a5c66a297b7f1ef6", "373088d027d4878f"]


def test_a_day_of_the_stand_in_has_as_many_keys_as_events():
    account = Account(seed=1)
    rows = rows_between(account, account.bundles[0].start_s, account.bundles[-1].stop_s)
    alike = len(rows) - len({canonical(row) for row in rows})
    assert (len(set(keys(rows))), alike > 0) == (len(rows), True)
