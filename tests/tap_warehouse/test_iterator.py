"""Bookmarks: typed, compared by their type, and the same after a state was written and read."""

# ruff: noqa: DTZ001 - times without a zone are what is tested

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_warehouse.iterator import KINDS, Iterator

NAIVE = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))
VALUES = {
    "date": st.dates(),
    "timestamp": NAIVE,
    "timestamptz": NAIVE.map(lambda moment: moment.replace(tzinfo=UTC)),
    "integer": st.integers(-(2**127), 2**127),
    "unixtime_s": st.integers(0, 2**40),
    "unixtime_ms": st.integers(0, 2**50),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False),
    "text": st.text(),
}
CLOCK = datetime(2024, 7, 1, 12, 30, tzinfo=UTC)


def iterator(kind, **settings):
    return Iterator("at", kind, ZoneInfo(settings.pop("zone", "UTC")), **settings)


def test_every_kind_has_values_here():
    assert set(KINDS.values()) == set(VALUES)


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_a_bookmark_is_the_same_after_a_state_file(kind_and_value):
    kind, value = kind_and_value
    it = iterator(kind)
    again = it.parse(json.loads(json.dumps(it.state_value(value))))
    assert (again, type(again)) == (value, type(value))


@given(st.sampled_from(sorted(set(VALUES) - {"text"})).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind], VALUES[kind])))
def test_the_greater_value_stays_the_bookmark_by_its_type_not_as_text(kind_and_values):
    kind, one, other = kind_and_values
    assert iterator(kind).later(one, other) == max(one, other)


def test_texts_go_by_the_warehouses_order_alone():
    assert iterator("text").later("b", "A") == "A"


@pytest.mark.parametrize("spelling", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000+00:00", "2024-01-01T02:00:00+02:00", "2024-01-01"])
def test_the_same_moment_in_other_spellings_is_the_same_bookmark(spelling):
    assert iterator("timestamptz").parse(spelling) == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "upper"),
    [
        ("timestamptz", datetime(2024, 7, 1, 12, 20, tzinfo=UTC)),
        ("timestamp", datetime(2024, 7, 1, 14, 20)),
        ("date", date(2024, 7, 1)),
        ("unixtime_s", 1719836400),
        ("unixtime_ms", 1719836400000),
        ("integer", None),
        ("decimal", None),
        ("text", None),
    ],
)
def test_the_upper_bound_is_the_warehouses_clock_less_the_delay_in_the_iterators_zone(kind, upper):
    assert iterator(kind, zone="Europe/Zurich", delay_s=600).upper_bound(CLOCK) == upper


@pytest.mark.parametrize(
    ("kind", "bookmark", "lower"),
    [
        ("timestamptz", datetime(2024, 1, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),
        ("timestamp", datetime(2024, 1, 1, 1), datetime(2024, 1, 1)),
        ("date", date(2024, 1, 2), date(2024, 1, 1)),
        ("unixtime_s", 7200, 3600),
        ("unixtime_ms", 7_200_000, 3_600_000),
    ],
)
def test_the_look_back_moves_the_lower_bound_and_a_date_by_whole_days(kind, bookmark, lower):
    assert iterator(kind, lookback_s=3600).lower_bound(bookmark) == lower


@pytest.mark.parametrize(
    ("kind", "start", "lower"),
    [
        ("timestamptz", "2024-01-01T00:00:00", datetime(2023, 12, 31, 23, tzinfo=UTC)),
        ("timestamp", "2024-01-01T00:00:00Z", datetime(2024, 1, 1, 1)),
        ("date", "2024-01-01", date(2024, 1, 1)),
        ("unixtime_s", "2024-01-01T01:00:00+01:00", 1704067200),
        ("integer", "0", 0),
        ("decimal", "1.50", Decimal("1.50")),
        ("text", "m", "m"),
    ],
)
def test_the_first_run_begins_at_the_sync_start_in_the_iterators_zone(kind, start, lower):
    it = iterator(kind, zone="Europe/Zurich", sync_start=start)
    assert (it.problems(), it.lower_bound(None)) == ([], lower)


def test_a_bookmark_of_zero_is_a_bookmark():
    assert iterator("integer", sync_start="5").lower_bound(0) == 0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kind": "integer", "delay_s": 1}, "`delay_s` and `lookback_s` are for iterators that are times, and `at` is of type integer"),
        ({"kind": "timestamp", "sync_start": "soon"}, "`sync_start` 'soon' is no value for an iterator of type timestamp"),
        ({"kind": "decimal", "sync_start": "x"}, "`sync_start` 'x' is no value for an iterator of type decimal"),
    ],
)
def test_settings_that_do_not_fit_the_kind_are_told(settings, problem):
    assert iterator(**settings).problems() == [problem]
