"""The bookmark rule, held against a model of the service in which anything changes between any two reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_autopilot.scan import START_MARGIN, Scan

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NO_LOOKBACK = timedelta(0)


def after(minutes):
    return NOON + timedelta(minutes=minutes)


def scanned(since, *stamps, started=NOON):
    scan = Scan.begun(since, started + START_MARGIN)
    for stamp in stamps:
        scan.saw(stamp)
    return scan


@pytest.mark.parametrize(
    ("since", "stamps", "bookmark"),
    [
        (None, [], None),
        (None, [None], None),
        (None, [after(-5), after(-9), None], after(-5)),
        (None, [after(5)], NOON),
        (after(-60), [], after(-60)),
        (after(-60), [after(-90)], after(-60)),
        (after(-60), [after(-30)], after(-30)),
        (after(-60), [after(-30), after(1_000_000)], NOON),
        (after(60), [after(-30)], after(60)),
    ],
)
def test_the_bookmark_is_the_newest_stamp_never_past_the_start_never_back(since, stamps, bookmark):
    assert scanned(since, *stamps).bookmark() == bookmark


def test_the_filter_is_inclusive_and_looks_back():
    scan = Scan.begun(NOON, after(10))
    ten = timedelta(minutes=10)
    assert [scan.wants(after(minutes), ten) for minutes in (-11, -10, -9, 0, 1)] == [False, True, True, True, True]


def test_a_contact_without_any_stamp_is_always_passed_on_and_moves_nothing():
    scan = scanned(NOON, None)
    assert (scan.wants(None, NO_LOOKBACK), scan.bookmark()) == (True, NOON)


def test_the_first_moment_of_all_does_not_overflow():
    first = datetime.min.replace(tzinfo=UTC)
    assert Scan.begun(first, NOON).wants(first, timedelta(days=366))


def test_a_scan_left_lying_for_more_than_a_day_expires():
    scan = Scan.begun(None, NOON)
    assert [scan.expired(NOON + timedelta(hours=hours)) for hours in (1, 23, 25)] == [False, False, True]


moments = st.none() | st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants it bare


@given(moments, moments.filter(bool), moments, st.text())
def test_a_scan_comes_back_from_state_as_it_went(since, started, newest, page):
    scan = Scan(since, started, newest, page)
    assert Scan.from_state(scan.to_state()) == scan


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {"page": "p"},
        {"page": None, "started": "2026-01-01T00:00:00Z"},
        {"page": "p", "started": "?"},
        {"page": "p", "started": "2026-01-01T00:00:00Z", "since": "?"},
    ],
)
def test_a_scan_that_state_does_not_hold_whole_is_not_gone_on_with(value):
    assert Scan.from_state(value) is None


class Model:
    """Contacts 0..n-1 read in that order, by a clock that ticks an hour a step, so that no margin hides a mistake."""

    def __init__(self, count):
        self.now = NOON
        self.stamps = dict.fromkeys(range(count), NOON)
        self.versions = dict.fromkeys(range(count), 0)

    def change(self, contact):
        self.now += timedelta(hours=1)
        self.stamps[contact] = self.now
        self.versions[contact] += 1

    def run(self, since, changes, copied, cut_at=None):
        """Scan once; `changes[i]` are the contacts that change before the i-th is read. With `cut_at` the run goes on from its saved state."""
        self.now += timedelta(hours=1)
        scan = Scan.begun(since, self.now)
        for position in list(self.stamps):
            if position == cut_at:
                scan.page = "p"
                scan = Scan.from_state(scan.to_state())
                self.now += timedelta(hours=5)
            for changed in changes.get(position, ()):
                self.change(changed)
            scan.saw(self.stamps[position])
            if scan.wants(self.stamps[position], NO_LOOKBACK):
                copied[position] = self.versions[position]
        return scan.bookmark()


@given(st.data())
def test_whatever_changes_while_scans_run_the_next_quiet_run_completes_the_copy(data):
    count = data.draw(st.integers(1, 8))
    contacts = st.integers(0, count - 1)
    model, copied, since = Model(count), {}, None
    for _ in range(data.draw(st.integers(1, 4))):
        changes = data.draw(st.dictionaries(contacts, st.lists(contacts, max_size=3)))
        since = model.run(since, changes, copied, data.draw(st.none() | contacts))
    model.run(since, {}, copied)
    assert copied == model.versions


@given(st.lists(st.integers(-10_000, 10_000)), st.integers(-10_000, 10_000))
def test_the_bookmark_never_goes_back_and_never_passes_the_start(stamps, since):
    scan = scanned(after(since), *map(after, stamps))
    assert after(since) <= scan.bookmark() <= max(after(since), NOON)
