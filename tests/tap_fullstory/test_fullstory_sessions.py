"""Sessions: complete whichever API gives them, and from run to run only what is new."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sandbox.fullstory.api import FullstoryStand
from sandbox.fullstory.data import HISTORY_END_S, Account
from tap_fullstory.client import FullstoryClient
from tap_fullstory.sessions import Person, SessionReader

BUSY, FEW = "u-0001", "u-0020"


def truth(control, *, uids=(), emails=(), everybody=False):
    """The sessions that the stand-in holds, as the tap should give them, without who was asked."""
    return {
        one["id"]: {
            "session_key": one["id"],
            "user_id": one["id"].split(":")[0],
            "session_id": one["id"].split(":")[1],
            "created_time": one["created_time"],
            "app_url": one["app_url"],
        }
        for one in control.stored("what=sessions")
        if one["uid"] in uids or one["email"] in emails or (everybody and (one["uid"] or one["email"]))
    }


def given(run):
    """The tap's sessions by key; each once."""
    records = run.records("sessions")
    by_key = {one["session_key"]: {name: value for name, value in one.items() if name not in ("uid", "email")} for one in records}
    assert len(by_key) == len(records)
    return by_key


@pytest.mark.parametrize("shape", ["v1", "v2_legacy", "v2"])
def test_each_api_gives_the_same_records(sync, control, shape):
    run = sync("sessions", uids=[BUSY, FEW], sessions_shape=shape)
    assert run.error is None
    assert given(run) == truth(control, uids=[BUSY, FEW])


def test_uids_and_emails_give_the_union_and_each_session_once(sync, control):
    run = sync("sessions", uids=[BUSY, "u-0003"], emails=["user0003@example.com", "user0008@example.com"])
    assert given(run) == truth(control, uids=[BUSY, "u-0003"], emails=["user0008@example.com"])


def test_an_address_with_a_plus_sign_is_found(sync, control):
    run = sync("sessions", emails=["user0005+shop@example.com"])
    assert given(run) == truth(control, emails=["user0005+shop@example.com"]) != {}


def test_without_names_the_sessions_of_every_identified_user_are_read(sync, control):
    assert given(sync("sessions")) == truth(control, everybody=True)


def test_somebody_who_does_not_exist_has_no_sessions(sync, control):
    control.fault(path="/v2/sessions", status=404, body='{"message":"User with that ID does not exist","code":"user_not_found"}')
    run = sync("sessions", uids=["nobody", "nobody else"])
    assert (run.records("sessions"), run.error) == ([], None)


def test_a_second_run_gives_nothing_and_after_a_change_only_what_is_new(sync, control):
    first = sync("sessions")
    second = sync("sessions", state=first.state)
    assert (second.records("sessions"), second.state) == ([], first.state)
    added = control.change(sessions=3)["sessions"]
    third = sync("sessions", state=second.state)
    assert set(given(third)) == {one["id"] for one in added}
    assert sync("sessions", state=third.state).records("sessions") == []


def test_the_bookmark_is_the_newest_session_and_its_instant_is_read_again(sync, control):
    first = sync("sessions", uids=[BUSY])
    newest = max(one["created_time"] for one in first.records("sessions"))
    state = first.state["bookmarks"]["sessions"]
    assert state["replication_key_value"] == newest
    forgetful = {"bookmarks": {"sessions": {**state, "done_at_bookmark": []}}}
    again = sync("sessions", uids=[BUSY], state=forgetful)
    assert {one["created_time"] for one in again.records("sessions")} == {newest}


def test_a_session_just_begun_holds_the_bookmark_a_minute_before_the_run(sync, control):
    control.change(sessions=2)
    before = datetime.now(UTC)
    bookmark = datetime.fromisoformat(sync("sessions").state["bookmarks"]["sessions"]["replication_key_value"])
    assert timedelta(seconds=59) <= before - bookmark <= timedelta(seconds=75)


def test_somebody_added_to_the_settings_is_read_from_the_start(sync, control):
    first = sync("sessions", uids=[BUSY])
    second = sync("sessions", uids=[BUSY, FEW], state=first.state)
    assert given(second) == truth(control, uids=[FEW]) != {}
    assert sync("sessions", uids=[BUSY, FEW], state=second.state).records("sessions") == []


def test_the_state_names_nobody(sync):
    assert "example.com" not in str(sync("sessions", emails=["user0003@example.com"]).state)


def test_start_date_leaves_out_what_is_older(sync, control):
    run = sync("sessions", start_date="2026-02-01T00:00:00Z")
    assert given(run) == {key: one for key, one in truth(control, everybody=True).items() if one["created_time"] >= "2026-02-01T00:00:00Z"}


def test_sessions_shown_late_are_found_within_the_overlap(sync, account):
    state = sync("sessions", uids=[BUSY]).state
    late = account.sessions.pop(next(i for i, one in enumerate(account.sessions) if one.user.uid == BUSY))
    account.sessions.append(type(late)(late.user, 77, HISTORY_END_S - 3600 * 24 * 30, 10))
    assert sync("sessions", uids=[BUSY], state=state).records("sessions") == []
    found = sync("sessions", uids=[BUSY], state=state, sessions_lookback_s=3600 * 24 * 365).records("sessions")
    assert f"{late.user.id}:77" in {one["session_key"] for one in found}


def test_more_are_asked_for_until_none_can_be_missing(sync, control):
    sync("sessions", uids=[BUSY], sessions_limit=5)
    count = len(truth(control, uids=[BUSY]))
    asked = [int(one["query"]["limit"]) for one in control.requests() if one["path"] == "/v2/sessions"]
    assert asked == [5 * 2**n for n in range(len(asked))]
    assert asked[-2] <= count < asked[-1]


def test_no_more_are_asked_for_than_the_bookmark_needs(sync, control):
    first = sync("sessions", uids=[BUSY])
    control.forget_requests()
    sync("sessions", uids=[BUSY], state=first.state)
    assert [one["query"]["limit"] for one in control.requests() if one["path"] == "/v2/sessions"] == ["20"]


def test_a_limit_of_the_service_is_told_with_the_number_of_users(serve, account, caplog):
    """The service refuses to give more than 10, and the user has more: what there is comes, and the run says that some may be missing."""
    service = serve(FullstoryStand(account=account, max_sessions=10))
    reader = SessionReader(FullstoryClient("na1.sandbox-admin", base_url=service.url), "v2", first_limit=10)
    found = reader.since(Person(BUSY, None), datetime.fromtimestamp(0, UTC))
    with caplog.at_level(logging.WARNING):
        reader.tell()
    assert (len(found), reader.truncated) == (10, 1)
    assert "Sessions of 1 users may be missing" in caplog.text


def test_a_limit_that_the_service_keeps_quiet_about_is_suspected(serve, caplog):
    stand = FullstoryStand(account=Account(seed=4, users=5, sessions=200))
    everything = stand.account.sessions_of
    stand.account.sessions_of = lambda users: everything(users)[:20]
    service = serve(stand)
    reader = SessionReader(FullstoryClient("na1.sandbox-admin", base_url=service.url), "v2", first_limit=20)
    for number in range(1, 5):
        reader.since(Person(f"u-{number:04}", None), datetime.fromtimestamp(0, UTC))
    with caplog.at_level(logging.WARNING):
        reader.tell()
    assert "FullStory gave 4 users exactly 20 sessions" in caplog.text


def test_a_run_that_fails_in_the_middle_moves_no_bookmark_and_the_next_is_complete(sync, control):
    first = sync("sessions", uids=[BUSY])
    control.change(sessions=20)
    control.fault(path="/v2/sessions", status=500, times=1000, skip=10)
    broken = sync("sessions", state=first.state)
    assert broken.error is not None
    assert broken.records("sessions") != []
    assert (
        broken.state.get("bookmarks", {}).get("sessions", {}).get("replication_key_value")
        == first.state["bookmarks"]["sessions"]["replication_key_value"]
    )
    control.clear_faults()
    whole = sync("sessions", state=broken.state)
    assert given(first) | given(broken) | given(whole) == truth(control, everybody=True)
    assert set(given(whole)) >= set(truth(control, everybody=True)) - set(truth(control, uids=[BUSY]))


def test_a_full_table_run_ignores_the_bookmark_and_leaves_it_alone(sync, control):
    state = sync("sessions", uids=[BUSY]).state
    entry = {
        "tap_stream_id": "sessions",
        "stream": "sessions",
        "schema": {"type": "object", "properties": {"session_key": {"type": "string"}, "created_time": {"type": "string"}}},
        "key_properties": ["session_key"],
        "replication_method": "FULL_TABLE",
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True, "replication-method": "FULL_TABLE"}}],
    }
    run = sync(uids=[BUSY], state=state, catalog={"streams": [entry]})
    assert len(run.records("sessions")) == len(truth(control, uids=[BUSY]))
    assert run.state["bookmarks"]["sessions"]["replication_key_value"] == state["bookmarks"]["sessions"]["replication_key_value"]
