"""The pace, by a clock that only waiting moves: nothing is refused, and the allowed rate is filled."""

from __future__ import annotations

import heapq
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from sandbox.http.limits import RateLimit
from tap_autopilot.pace import MARGIN_S, WindowPacer

RATE = 5
JUST_UNDER_MARGIN_S = MARGIN_S * 0.99


class Callers:
    """Threads that call one behind another, each of which wakes late by so much; the arrivals are the moments at which calls reach the service."""

    def __init__(self, per_second, late_s=(), arrives_late_s=()):
        self.now_s = 1000.0
        self._late_s, self._arrives_late_s = iter(late_s), iter(arrives_late_s)
        self.pacer = WindowPacer(per_second, clock=lambda: self.now_s, sleep=self._sleep)
        self.arrivals = []

    def _sleep(self, wait_s):
        self.now_s += wait_s + next(self._late_s, 0.0)

    def call(self, times):
        for _ in range(times):
            self.pacer.wait()
            self.arrivals.append(self.now_s + next(self._arrives_late_s, 0.0))
        return self


def refused(arrivals, requests, per_s=1.0):
    """How many of them the documented rule refuses, counted by the stand-in's own limit."""
    heap, now = list(arrivals), [0.0]
    heapq.heapify(heap)
    limit = RateLimit(requests, per_s, clock=lambda: now[0])
    count = 0
    while heap:
        now[0] = heapq.heappop(heap)
        count += limit.wait_s() > 0
    return count


def rate(arrivals):
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


def test_the_allowed_rate_is_filled_to_at_least_95_percent_and_nothing_is_refused():
    arrivals = Callers(RATE).call(500).arrivals
    assert rate(arrivals) >= 0.95 * RATE
    assert refused(arrivals, RATE) == 0


def test_it_is_filled_too_when_every_thread_wakes_a_little_late():
    """Late wakings do not add up: the next call is due when it would have been."""
    arrivals = Callers(RATE, late_s=[0.01, 0.0, 0.03, 0.005] * 200).call(500).arrivals
    assert rate(arrivals) >= 0.95 * RATE
    assert refused(arrivals, RATE) == 0


def test_calls_go_evenly_from_the_first_one_on():
    arrivals = Callers(RATE).call(20).arrivals
    gaps = {round(later - earlier, 6) for earlier, later in pairwise(arrivals)}
    assert gaps == {round((1 + MARGIN_S) / RATE, 6)}


@given(
    st.lists(st.floats(0, 2), max_size=60),
    st.lists(st.floats(0, JUST_UNDER_MARGIN_S), max_size=60),
    st.integers(1, 20),
)
def test_however_late_threads_wake_and_within_the_margin_calls_arrive_nothing_is_refused(late_s, arrives_late_s, per_second):
    arrivals = Callers(per_second, late_s, arrives_late_s).call(60).arrivals
    assert refused(arrivals, per_second) == 0


@given(st.lists(st.floats(0, 2), max_size=20), st.floats(0.05, 1))
def test_less_than_one_a_second_is_kept_as_well(late_s, per_second):
    arrivals = Callers(per_second, late_s).call(10).arrivals
    assert refused(arrivals, 1, per_s=1 / per_second) == 0


def test_time_in_which_nobody_calls_is_not_made_up_for():
    callers = Callers(RATE).call(3)
    callers.now_s += 60
    assert refused(callers.call(20).arrivals, RATE) == 0


def test_what_was_waited_is_counted():
    callers = Callers(RATE).call(6)
    assert round(callers.pacer.waited_s, 6) == round(1 + MARGIN_S, 6)
