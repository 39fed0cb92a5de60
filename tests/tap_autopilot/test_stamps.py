"""Stamps in every form that the service writes become one."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_autopilot import stamps

MOMENT = datetime(2017, 6, 2, 15, 18, 58, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them bare
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "wire",
    [
        "2017-06-02T15:18:58.000Z",
        "2017-06-02T15:18:58Z",
        "2017-06-02 15:18:58",
        "2017-06-02T17:18:58.000+02:00",
        "Fri, 02 Jun 2017 15:18:58 GMT",
        "Fri, 02 Jun 2017 17:18:58 +0200",
        " 2017-06-02T15:18:58Z ",
        1496416738000,
        1496416738000.0,
        Decimal(1496416738000),
        "1496416738000",
    ],
)
def test_each_form_names_the_same_moment(wire):
    assert stamps.parsed(wire) == MOMENT


@pytest.mark.parametrize(
    "wire", [None, "", "ten", "Friday", True, False, [], {}, "2017-13-45T00:00:00Z", 10**30, float("inf"), float("nan"), "9" * 40, "May"]
)
def test_what_names_no_moment_is_none(wire):
    assert stamps.parsed(wire) is None


@given(moments, zones)
def test_iso_text_of_any_zone_keeps_the_moment_to_the_microsecond(moment, zone):
    assert stamps.parsed(moment.astimezone(zone).isoformat()) == moment


@given(moments.map(lambda moment: moment.replace(microsecond=0)))
def test_rfc_1123_keeps_the_moment_to_the_second(moment):
    if moment.year >= 1900:  # years of fewer digits are read as 19xx and 20xx: RFC 5322, section 4.3
        assert stamps.parsed(email.utils.format_datetime(moment, usegmt=True)) == moment


@given(st.integers(min_value=-62_000_000_000_000, max_value=253_000_000_000_000))
def test_epoch_milliseconds_are_the_same_as_number_and_as_digits(epoch_ms):
    expected = stamps.EPOCH + timedelta(milliseconds=epoch_ms)
    assert stamps.parsed(epoch_ms) == stamps.parsed(str(epoch_ms)) == expected


@given(moments, moments)
def test_our_text_sorts_as_time_does_and_reads_back(one, other):
    assert (stamps.text(one) < stamps.text(other)) == (one < other)
    assert stamps.parsed(stamps.text(one)) == one
    assert len(stamps.text(one)) == len("2017-06-02T15:18:58.000000Z")


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.decimals())
def test_no_value_is_too_odd(wire):
    found = stamps.parsed(wire)
    assert found is None or found.tzinfo is UTC
