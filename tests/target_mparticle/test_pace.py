from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_mparticle.pace import BatchPacer


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def sleep(self, wait_s: float) -> None:
        self.now_s += wait_s


def pacer_at(per_second):
    time = Time()
    return time, BatchPacer(per_second, clock=time.clock, sleep=time.sleep)


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0, 0.5)), max_size=40))
def test_no_second_sees_more_batches_than_allowed(requests):
    time, pacer = pacer_at(270)
    sent = []
    for batches, took_s in requests:
        pacer.upcoming = batches
        pacer.wait()
        time.now_s += took_s
        sent.append((time.now_s, batches))
        pacer.observe(202, {"X-mp-rate-limit-percentage-used": "85"})
        recent = sum(each for at_s, each in sent if at_s > time.now_s - 0.999_999)
        assert recent <= 270


@pytest.mark.parametrize(
    ("status", "headers", "per_second"),
    [
        (202, {"X-mp-rate-limit-percentage-used": "50"}, 105.0),
        (202, {}, 105.0),
        (202, {"X-mp-rate-limit-percentage-used": "80"}, 100.0),
        (202, {"X-mp-rate-limit-percentage-used": "95"}, 80.0),
        (429, {"X-mp-rate-limit-exceeded": "feed"}, 50.0),
        (429, {}, 50.0),
        (429, {"X-mp-rate-limit-exceeded": "acceleration"}, 100.0),
    ],
)
def test_the_rate_follows_what_mparticle_says(status, headers, per_second):
    _, pacer = pacer_at(200)
    pacer.observe(429, {})  # down to 100
    pacer.observe(status, headers)
    assert pacer.per_second == per_second


def test_the_rate_never_passes_the_setting_nor_falls_to_nothing():
    _, pacer = pacer_at(4)
    pacer.observe(202, {})
    assert pacer.per_second == 4
    for _ in range(9):
        pacer.observe(429, {})
    assert pacer.per_second == 1.0
