"""The bookmark of sessions, over any history: whatever appears, and whenever, is given by one of the runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tap_fullstory.session_progress import MAX_KEYS, SessionProgress, mark, utc_text
from tap_fullstory.sessions import Person, Session

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = [Person(f"u-{number}", None) for number in range(3)]
MARKS = {mark(person) for person in PEOPLE}


def at(second):
    return BEGAN + timedelta(seconds=second)


def session(number, created, user=0):
    return Session(str(user), str(number), at(created), None)


# A session: whose, when it began, and how much later it appears in answers (the margin allows for a minute).
HISTORY = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400), st.integers(0, 59)), max_size=12)
RUNS = st.lists(st.tuples(st.integers(1, 150), st.lists(st.integers(0, 120), min_size=3, max_size=3)), min_size=1, max_size=4)


@settings(max_examples=400)
@given(HISTORY, RUNS)
def test_no_session_is_ever_missed_and_none_is_given_twice(history, runs):
    sessions = [(session(number, created, user), user, created + late) for number, (user, created, late) in enumerate(history)]
    state, now, given_keys, done_by = {}, 0, [], 0
    for gap, asked_after in [*runs, (4000, [0, 0, 0])]:
        now += gap
        run_began, progress = at(now), SessionProgress.from_state(state, start=None, lookback_s=0)
        for user, wait in enumerate(asked_after):
            now += wait
            person = PEOPLE[user]
            found = [one for one, whose, seen in sessions if whose == user and seen <= now and one.created >= progress.since(person)]
            given_keys += [one.key for one in found if progress.is_new(one, person)]
            progress.forget_older(run_began)
        state = progress.to_state(run_began, MARKS)
        done_by = now
    assert sorted(given_keys) == sorted(one.key for one, _, seen in sessions if seen <= done_by)


def test_more_sessions_than_the_state_should_hold_are_read_twice_rather_than_kept():
    progress = SessionProgress.from_state({}, start=None, lookback_s=0)
    for number in range(MAX_KEYS + 1):
        assert progress.is_new(session(number, 100), PEOPLE[0])
    state = progress.to_state(at(1000), MARKS)
    assert (state["replication_key_value"], state["done_at_bookmark"]) == (utc_text(at(100)), [])


def test_memory_for_the_next_bookmark_stays_small_whatever_order_sessions_come_in():
    progress = SessionProgress.from_state({}, start=None, lookback_s=0)
    for number in range(10 * MAX_KEYS):
        progress.is_new(session(number, number % 7919), PEOPLE[0])
        progress.forget_older(at(8000))
    assert len(progress._near) <= 2 * MAX_KEYS + 1


def test_a_clock_that_was_set_back_does_not_move_the_bookmark_back():
    state = {"replication_key_value": utc_text(at(500)), "done_at_bookmark": ["0:1"], "asked": ["*"]}
    progress = SessionProgress.from_state(state, start=None, lookback_s=0)
    assert not progress.is_new(session(1, 500), PEOPLE[0])
    assert progress.to_state(at(10), {"*"}) == {"replication_key": "created_time", **state}


def test_a_run_that_finds_nothing_keeps_the_bookmark_and_what_is_done_there():
    state = {"replication_key": "created_time", "replication_key_value": utc_text(at(500)), "done_at_bookmark": ["0:1", "0:2"], "asked": ["*"]}
    assert SessionProgress.from_state(state, start=None, lookback_s=0).to_state(at(1000), {"*"}) == state
    assert SessionProgress.from_state({}, start=None, lookback_s=0).to_state(at(1000), {"*"}) == {}


def test_a_session_begun_after_its_user_was_asked_is_given_by_the_next_run():
    first = SessionProgress.from_state({}, start=None, lookback_s=0)
    assert first.is_new(session(1, 190, user=1), PEOPLE[1])  # asked at 200, in a run that began at 100; user 0 was asked at 100
    second = SessionProgress.from_state(first.to_state(at(100), MARKS), start=None, lookback_s=0)
    assert second.since(PEOPLE[0]) == at(40)
    assert second.is_new(session(2, 150), PEOPLE[0])
    assert not second.is_new(session(1, 190, user=1), PEOPLE[1])
