"""Contacts against the stand-in: complete, incremental, current whatever happens while they are read."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from autopilot_runs import LivelyStand, pages_asked, run_tap, serve, settings_for
from sandbox.http.control import Control
from singer_commons.errors import ConfigurationError
from tap_autopilot import stamps

CLOCK = datetime(2026, 3, 1, 12, tzinfo=UTC)


def table(*runs, into=None):
    """What a target would hold: the newest record of each contact."""
    held = dict(into or {})
    for run in runs:
        for record in run.records():
            held[record["contact_id"]] = (record["Title"], record["modified_at"])
    return held


def truth(stand):
    return {
        one["contact_id"]: (one.get("Title"), stamps.text(stamps.parsed(one.get("updated_at") or one["created_at"])))
        for one in stand.account.contacts()
    }


def test_the_first_run_reads_every_contact_once_and_leaves_only_a_bookmark(stand, settings):
    run = run_tap(settings)
    assert run.failure is None
    assert run.ids() == [one["contact_id"] for one in stand.account.contacts()]
    newest = max(stamp for _, stamp in truth(stand).values())
    assert run.states[-1] == {"bookmarks": {"contacts": {"replication_key": "modified_at", "replication_key_value": newest, "streams": ["contacts"]}}}


def test_a_second_run_moves_only_what_changed(stand, settings):
    first = run_tap({**settings, "lookback_s": 0})
    changed = stand.change({"update": 7, "add": 3})
    second = run_tap({**settings, "lookback_s": 0}, state=first.states[-1])
    boundary = {one for one, (_, stamp) in truth(stand).items() if stamp == first.contacts_state["replication_key_value"]}
    assert set(second.ids()) == {*changed["update"], *changed["add"], *boundary}
    assert table(first, second) == truth(stand)


def test_what_lies_within_the_lookback_is_passed_on_again(stand, settings):
    with time_machine.travel(CLOCK, tick=False) as clock:
        [early] = stand.change({"update": 1})["update"]
        clock.shift(timedelta(minutes=9))
        [late] = stand.change({"update": 1})["update"]
        clock.shift(timedelta(days=1))
        first = run_tap(settings)
        assert set(run_tap(settings, state=first.states[-1]).ids()) == {early, late}
        assert run_tap({**settings, "lookback_s": 60}, state=first.states[-1]).ids() == [late]


def test_contacts_changed_while_they_are_read_are_not_lost(stand, settings):
    """Behind the place of reading one changes, before it another, later: the second must not carry the bookmark past the first."""
    settings = {**settings, "lookback_s": 0}
    ids = [one["contact_id"] for one in stand.account.contacts()]
    with time_machine.travel(CLOCK, tick=False) as clock:

        def change_one_behind_then_one_before():
            clock.shift(timedelta(hours=1))
            stand.account.update(ids[3], Title="behind")
            clock.shift(timedelta(hours=1))
            stand.account.update(ids[-3], Title="before")

        stand.next_scan(page_3=change_one_behind_then_one_before)
        first = run_tap(settings)
        assert first.contacts_state["replication_key_value"] <= stamps.text(CLOCK)
        second = run_tap(settings, state=first.states[-1])
    assert set(second.ids()) >= {ids[3], ids[-3]}
    assert table(first, second) == truth(stand)


def test_a_contact_added_behind_the_place_of_reading_comes_with_the_next_run(stand, settings):
    stand.next_scan(page_4=lambda: stand.account.add(contact_id="person_00000000-0000-4000-8000-000000000000"))
    first = run_tap(settings)
    second = run_tap(settings, state=first.states[-1])
    assert "person_00000000-0000-4000-8000-000000000000" not in first.ids()
    assert table(first, second) == truth(stand)


def test_contacts_deleted_between_pages_shift_nothing(stand, settings):
    ids = [one["contact_id"] for one in stand.account.contacts()]
    stand.next_scan(page_2=lambda: [stand.account.delete(one) for one in (*ids[90:100], ids[-1])])
    assert run_tap(settings).ids() == ids[:-1]


def test_a_stamp_in_the_future_does_not_carry_the_bookmark_away(stand, settings):
    ids = [one["contact_id"] for one in stand.account.contacts()]
    stand.account.update(ids[0], updated_at="2199-01-01T00:00:00.000Z")
    first = run_tap(settings)
    [changed] = stand.change({"update": 1})["update"]
    assert first.contacts_state["replication_key_value"] < stamps.text(datetime.now(UTC))
    assert changed in run_tap(settings, state=first.states[-1]).ids()


def test_start_date_holds_back_what_changed_before_it(stand, settings):
    [changed] = stand.change({"update": 1})["update"]
    since = stamps.text(datetime.now(UTC) - timedelta(hours=1))
    assert run_tap({**settings, "start_date": since}).ids() == [changed]


def test_the_bookmark_of_the_singer_io_tap_is_gone_on_with(stand, settings):
    [changed] = stand.change({"update": 1})["update"]
    old = {"bookmarks": {"contacts": {"updated_at": stamps.text(datetime.now(UTC) - timedelta(hours=1))}}, "currently_syncing": "contacts"}
    run = run_tap(settings, state=old)
    assert run.ids() == [changed]
    assert set(run.contacts_state) == {"replication_key", "replication_key_value", "streams"}


def test_a_bookmark_that_is_no_moment_is_refused(settings):
    run = run_tap(settings, state={"bookmarks": {"contacts": {"replication_key_value": "yesterday"}}})
    assert isinstance(run.failure, ConfigurationError)
    assert str(run.failure) == "the state of contacts holds 'yesterday', which is no moment"


ELSEWHERE = """
import sys
from sandbox.autopilot.account import plain_customers
from sandbox.autopilot.api import AutopilotStand
from sandbox.http.service import HttpService
stand = AutopilotStand(1, plain_customers(50), requests_per_second=None)
stand.account.update(stand.account.contacts()[0]["contact_id"], updated_at="2199-01-01T00:00:00.000Z")
service = HttpService(stand)
service.start()
print(service.url, flush=True)
sys.stdin.read()
"""


def test_the_clock_that_counts_is_the_services_not_ours(settings):
    """The service in another process, our clock a month fast: with ours as the cap, a change within that month would be lost."""
    with subprocess.Popen([sys.executable, "-c", ELSEWHERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        url = serving.stdout.readline().strip()
        changed = Control(url).change(add=3)["add"]
        real_now = datetime.now(UTC)
        with time_machine.travel(real_now + timedelta(days=30)):
            run = run_tap({**settings, "base_url": url + "/v1", "start_date": stamps.text(real_now - timedelta(hours=1))})
        serving.stdin.close()
    assert len(run.ids()) == 4
    assert set(run.ids()) > set(changed)
    assert run.contacts_state["replication_key_value"] <= stamps.text(real_now)


@pytest.mark.parametrize("count", [0, 1, 100, 101])
def test_accounts_of_any_size_are_read_whole(count):
    """An empty account, and pages that end on exactly 100 rows without a bookmark."""
    stand = LivelyStand(customers=count)
    stand.account._index = sorted(stand.account._contacts)
    service = serve(stand)
    try:
        run = run_tap(settings_for(service))
        assert (run.failure, len(run.ids())) == (None, count)
        assert len(pages_asked(service)) == max(1, -(-count // 100))
    finally:
        service.close()


def test_an_empty_page_that_names_another_is_followed(service, settings):
    run_tap(settings)
    assert len(pages_asked(service)) == 6  # 350 contacts and 199 deleted rows


def test_a_full_table_run_passes_on_everything_and_says_so_only_at_its_end(stand, settings):
    settings = {**settings, "emit_activate_version_messages": True}
    since = {"bookmarks": {"contacts": {"replication_key_value": "2199-01-01T00:00:00Z"}}}
    run = run_tap(settings, state=since, methods={"contacts": "FULL_TABLE"})
    kinds = [one["type"] for one in run.messages if one["type"] != "STATE"]
    assert kinds == ["SCHEMA", *["RECORD"] * 350, "ACTIVATE_VERSION"]
    versions = {one["version"] for one in run.messages if one["type"] in ("RECORD", "ACTIVATE_VERSION")}
    assert len(versions) == 1


def test_a_full_table_run_that_is_cut_off_activates_nothing(service, settings):
    Control(service.url).fault(path="/v1/contacts/person_*", skip=2, status=403, body="{}")
    run = run_tap({**settings, "emit_activate_version_messages": True}, methods={"contacts": "FULL_TABLE"})
    assert run.failure is not None
    assert "ACTIVATE_VERSION" not in [one["type"] for one in run.messages]


def test_a_pace_beyond_the_allowed_rate_is_waited_out_and_nothing_is_missing():
    service = serve(LivelyStand(customers=120, requests_per_second=4))
    run = run_tap(settings_for(service))
    service.close()
    assert (run.failure, len(run.ids())) == (None, 120)
    assert 429 in [one["status"] for one in service.requests]
