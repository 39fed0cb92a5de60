"""Readings run at the same time, and come out as if they had run one by one."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tap_autopilot.ahead import ReadAhead

LIMIT_S = 60  # far more than anything here takes: only a failure waits so long


class BrokenReadingError(Exception):
    """What a reading may raise."""


def reading(items, *, fails):
    yield from items
    if fails:
        raise BrokenReadingError(items)


def taken(readings):
    """All items, and for a reading that failed its failure behind them."""
    for one in readings:
        found = []
        try:
            found.extend(one)
        except BrokenReadingError as failure:
            found.append(str(failure))
        yield found


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.integers(), max_size=6), st.booleans()), max_size=8),
    st.integers(1, 10),
    st.integers(1, 5),
)
def test_the_order_and_the_failures_are_those_of_one_by_one(given_readings, at_a_time, most_items):
    expected = list(taken(reading(items, fails=fails) for items, fails in given_readings))
    ahead = ReadAhead([partial(reading, items, fails=fails) for items, fails in given_readings], at_a_time=at_a_time, most_items=most_items)
    assert list(taken(ahead)) == expected


def test_so_many_run_at_the_same_time():
    """Each of three waits until all three have begun: one by one they would wait for ever."""
    together = threading.Barrier(3, timeout=LIMIT_S)

    def meet(name):
        together.wait()
        yield name

    ahead = ReadAhead([partial(meet, name) for name in "abc"], at_a_time=3, most_items=1)
    assert [list(one) for one in ahead] == [["a"], ["b"], ["c"]]


def test_no_more_lies_ready_than_allowed():
    made = [0]
    enough = threading.Event()

    def count():
        for _ in range(50):
            made[0] += 1
            if made[0] == 11:  # ten lie ready, the next is made and waits for room
                enough.set()
            yield None

    ahead = iter(ReadAhead([list, count], at_a_time=2, most_items=10))
    assert list(next(ahead)) == []
    assert enough.wait(LIMIT_S)
    assert made[0] == 11
    assert len(list(next(ahead))) == 50


def test_when_it_is_given_up_the_threads_end():
    ended = threading.Event()

    def endless():
        try:
            while True:
                yield None
        finally:
            ended.set()

    ahead = iter(ReadAhead([endless], at_a_time=1, most_items=2))
    next(next(ahead))
    ahead.close()
    assert ended.wait(LIMIT_S)


def test_nothing_to_read_is_nothing():
    assert list(ReadAhead([], at_a_time=3, most_items=1)) == []


def test_an_end_on_request_inside_a_reading_is_raised_too():
    def ended():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        next(next(iter(ReadAhead([ended], at_a_time=1, most_items=1))))
