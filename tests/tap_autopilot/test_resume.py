"""A run that is cut off goes on where it stopped, and nothing is lost."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from autopilot_runs import LivelyStand, fail_behind, pages_asked, run_tap, serve, settings_for
from harness import COMMANDS, command_environment
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sandbox.http.control import Control
from tap_autopilot import stamps

CLOCK = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cut_off(service, settings, *, pages, state=None):
    """A run that fails for good behind so many pages."""
    fail_behind(service, pages)
    run = run_tap(settings, state=state)
    Control(service.url).clear_faults()
    assert run.failure is not None
    service.requests.clear()
    return run


def titles(*runs):
    return {record["contact_id"]: record["Title"] for run in runs for record in run.records()}


def test_each_page_leaves_a_state_that_names_the_next_and_moves_no_bookmark(service, settings):
    run = run_tap(settings)
    scans = [one["bookmarks"]["contacts"].get("scan") for one in run.states]
    moved = [one["bookmarks"]["contacts"].get("replication_key_value") for one in run.states]
    assert [scan["page"] for scan in scans[:-1]] == pages_asked(service)[1:]
    assert moved[:-1] == [None] * 5
    assert (scans[-1], moved[-1] is None) == (None, False)


def test_the_state_of_a_page_comes_behind_its_records(service, settings):
    run = run_tap(settings)
    for place, message in enumerate(run.messages):
        if message["type"] == "STATE" and (scan := message["value"]["bookmarks"]["contacts"].get("scan")):
            later = [one["record"]["contact_id"] for one in run.messages[place:] if one["type"] == "RECORD"]
            assert all(one > scan["page"] for one in later)


@pytest.mark.parametrize("pages", [1, 3, 5])
def test_the_next_run_goes_on_at_the_page_where_the_last_stopped(stand, service, settings, pages):
    first = cut_off(service, settings, pages=pages)
    second = run_tap(settings, state=first.states[-1])
    assert pages_asked(service)[0] == first.contacts_state["scan"]["page"]
    assert first.ids() + second.ids() == [one["contact_id"] for one in stand.account.contacts()]
    assert second.contacts_state == run_tap(settings).contacts_state


def test_a_run_that_fails_on_its_first_page_leaves_the_bookmark_as_it_was(service, settings):
    before = run_tap(settings)
    after = cut_off(service, settings, pages=0, state=before.states[-1])
    assert after.contacts_state == before.contacts_state


def test_what_changes_between_the_two_parts_of_a_scan_is_not_lost(stand, service, settings):
    settings = {**settings, "lookback_s": 0}
    ids = [one["contact_id"] for one in stand.account.contacts()]
    with time_machine.travel(CLOCK, tick=False) as clock:
        first = cut_off(service, settings, pages=3)
        clock.shift(timedelta(hours=3))
        stand.account.update(ids[0], Title="behind")
        clock.shift(timedelta(hours=3))
        stand.account.update(ids[-1], Title="before")
        second = run_tap(settings, state=first.states[-1])
        assert second.contacts_state["replication_key_value"] <= stamps.text(CLOCK)
        third = run_tap(settings, state=second.states[-1])
    assert titles(first, second, third) == {one["contact_id"]: one.get("Title") for one in stand.account.contacts()}


def test_a_scan_left_lying_for_more_than_a_day_begins_anew(stand, service, settings):
    with time_machine.travel(CLOCK, tick=False) as clock:
        first = cut_off(service, settings, pages=2)
        clock.shift(timedelta(hours=25))
        second = run_tap(settings, state=first.states[-1])
    assert pages_asked(service)[:2] == [first.contacts_state["scan"]["page"], ""]
    assert len(second.ids()) == 350


@pytest.mark.parametrize("status", [400, 404])
def test_a_page_that_the_service_no_longer_knows_begins_the_scan_anew(service, settings, status):
    first = cut_off(service, settings, pages=2)
    Control(service.url).fault(path="/v1/contacts/person_*", status=status, body="")
    second = run_tap(settings, state=first.states[-1])
    assert (second.failure, len(second.ids()), pages_asked(service)[1]) == (None, 350, "")


def test_a_scan_for_another_bookmark_is_not_gone_on_with(service, settings):
    first = cut_off(service, settings, pages=2)
    run_tap({**settings, "start_date": "2020-01-01T00:00:00Z"}, state=first.states[-1])
    assert pages_asked(service)[0] == ""


def test_pages_that_lead_in_a_circle_end_the_run_and_the_next_begins_anew(service, settings):
    body = json.dumps({"contacts": [], "total_contacts": 0, "bookmark": "person_0"})
    Control(service.url).fault(path="/v1/contacts/person_*", skip=1, times=2, status=200, body=body)
    first = run_tap(settings)
    assert str(first.failure) == "Autopilot's pages of /contacts lead in a circle: person_0 was named twice"
    assert first.states[-1]["bookmarks"]["contacts"] == {}
    assert len(run_tap(settings, state=first.states[-1]).ids()) == 350


@hypothesis_settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_runs_cut_off_and_accounts_that_change_at_any_page_end_in_the_truth(data):
    """Hours pass between pages, and no lookback helps."""
    stand = LivelyStand(customers=220)
    stand.account._index = sorted(stand.account._contacts)
    service = serve(stand)
    settings = settings_for(service, lookback_s=0)
    runs, state = [], None
    with time_machine.travel(CLOCK, tick=False) as clock:

        def meddle():
            clock.shift(timedelta(hours=1))
            stand.change({"update": 2, "add": 1})

        for _ in range(data.draw(st.integers(1, 3))):
            stand.next_scan(**{f"page_{page}": meddle for page in data.draw(st.sets(st.integers(1, 3)))})
            cut_behind = data.draw(st.none() | st.integers(0, 2))
            if cut_behind is not None:
                fail_behind(service, cut_behind)
            runs.append(run_tap(settings, state=state))
            Control(service.url).clear_faults()
            state = runs[-1].states[-1] if runs[-1].states else state
            clock.shift(timedelta(hours=1))
        stand.next_scan()
        for _ in range(2):  # the first may have had to go on with a scan that was cut off
            runs.append(run_tap(settings, state=state))
            state = runs[-1].states[-1]
    service.close()
    assert titles(*runs) == {one["contact_id"]: one.get("Title") for one in stand.account.contacts()}


@pytest.mark.parametrize(("ending", "exit_code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_killed_command_goes_on_from_its_last_state(stand, service, settings, tmp_path, ending, exit_code):
    """Ended in mid-scan: what was written so far, and a second run with the last STATE line, are the whole account."""
    files = {"config": {**settings, "requests_per_second": 10}, "catalog": only_contacts(settings)}
    for name, value in files.items():
        (tmp_path / name).write_text(json.dumps(value))
    command = [str(COMMANDS / "tap-autopilot"), "--config", "config", "--catalog", "catalog"]
    with subprocess.Popen(command, cwd=tmp_path, env=command_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tap:
        lines = []
        for line in tap.stdout:
            lines.append(line)
            if sum('"STATE"' in one for one in lines) == 3:
                tap.send_signal(ending)
    if not lines[-1].endswith("\n"):
        assert ending == signal.SIGKILL
        lines.pop()
    state = json.loads(states_of(lines)[-1])["value"]
    service.requests.clear()
    second = run_tap(settings, state=state)
    assert tap.returncode == exit_code
    assert pages_asked(service)[0] == state["bookmarks"]["contacts"]["scan"]["page"]
    before = [one["record"]["contact_id"] for one in map(json.loads, lines) if one["type"] == "RECORD"]
    assert set(before) | set(second.ids()) == {one["contact_id"] for one in stand.account.contacts()}


def states_of(lines):
    return [one for one in lines if '"STATE"' in one]


def only_contacts(settings):
    catalog = run_tap(settings, select=()).tap.catalog_dict
    for entry in catalog["streams"]:
        root = next(one for one in entry["metadata"] if one["breadcrumb"] == [])
        root["metadata"]["selected"] = entry["tap_stream_id"] == "contacts"
    return catalog


def test_a_full_table_run_goes_on_too_under_the_same_version(stand, service, settings):
    settings, methods = {**settings, "emit_activate_version_messages": True}, {"contacts": "FULL_TABLE"}
    fail_behind(service, 4)
    first = run_tap(settings, methods=methods)
    assert first.failure is not None
    assert "ACTIVATE_VERSION" not in [one["type"] for one in first.messages]
    service.requests.clear()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):  # or both would have the same version by chance
        second = run_tap(settings, methods=methods, state=first.states[-1])
    assert pages_asked(service)[0] == first.contacts_state["scan"]["page"]
    assert first.ids() + second.ids() == [one["contact_id"] for one in stand.account.contacts()]
    assert len({one["version"] for run in (first, second) for one in run.messages if "version" in one}) == 1


@pytest.mark.parametrize("methods", [({}, {"contacts": "FULL_TABLE"}), ({"contacts": "FULL_TABLE"}, {})])
def test_a_scan_of_one_kind_is_not_gone_on_with_as_the_other(service, settings, methods):
    fail_behind(service, 3)
    first = run_tap(settings, methods=methods[0])
    service.requests.clear()
    second = run_tap(settings, methods=methods[1], state=first.states[-1])
    assert len(first.states) > 1
    assert (pages_asked(service)[0], len(second.ids())) == ("", 350)


def test_after_a_full_table_run_an_incremental_one_passes_on_what_changed_since(stand, settings):
    settings = {**settings, "lookback_s": 0}
    stand.change({"update": 1})
    full = run_tap(settings, methods={"contacts": "FULL_TABLE"})
    [changed] = stand.change({"update": 1})["update"]
    assert changed in run_tap(settings, state=full.states[-1]).ids()
    assert len(run_tap(settings, state=full.states[-1]).ids()) <= 2
