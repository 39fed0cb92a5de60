"""Who is on which list: asked list by list, several at a time, or taken from the contacts; complete or not said to be."""

from __future__ import annotations

import threading

import pytest
from autopilot_runs import LivelyStand, fail_behind, pages_asked, run_tap, serve, settings_for
from sandbox.autopilot import data
from sandbox.http.control import Control
from sandbox.http.faults import Fault
from singer_commons.errors import RejectedError
from tap_autopilot.client import UnexpectedAnswerError

LIMIT_S = 60
VERSIONS = {"emit_activate_version_messages": True}


def pairs(records):
    return sorted((one["list_id"], one["contact_id"]) for one in records)


def kinds_of(run):
    return [one["type"] for one in run.messages if one["type"] not in ("STATE", "RECORD")]


@pytest.mark.parametrize(("stream", "key"), [("lists_contacts", "list_id"), ("smart_segments_contacts", "segment_id")])
@pytest.mark.parametrize("at_a_time", [1, 10])
def test_memberships_are_those_that_the_account_holds_in_the_order_of_the_lists(key, stream, at_a_time):
    stand = LivelyStand(customers=data.made_up_customers(1, 300))
    service = serve(stand)
    run = run_tap(settings_for(service, lists_at_a_time=at_a_time), select=(stream,))
    service.close()
    expected = stand.stored({"what": stream})
    assert len({one[key] for one in expected}) > 1
    assert run.records(stream) == expected


class MeetingStand(LivelyStand):
    """Answers for the members of a list only when so many lists are asked for at the same time."""

    def __init__(self, lists):
        super().__init__(customers=0)
        self.meeting = threading.Barrier(lists, timeout=LIMIT_S)

    def admit(self, request):
        if request.path.startswith("/v1/list/"):
            self.meeting.wait()
        return super().admit(request)


def test_several_lists_are_read_at_the_same_time():
    service = serve(MeetingStand(len(data.LISTS)))
    run = run_tap(settings_for(service, lists_at_a_time=4), select=("lists_contacts",))
    service.close()
    assert run.failure is None


@pytest.mark.slow
def test_slow_answers_do_not_hold_up_the_pace():
    """Each answer takes half a second: one by one that is two a second, of the twenty that are allowed."""
    stand = LivelyStand(customers=1000, requests_per_second=20)
    for one in stand.account.contacts():
        one["lists"] = [each["list_id"] for each in data.LISTS]
    service = serve(stand)
    service.faults.plan(Fault(path="/v1/list/*", status=0, delay_s=0.5, times=1000))
    run = run_tap(settings_for(service, requests_per_second=20, lists_at_a_time=4), select=("lists_contacts",))
    service.close()
    asked_s = [one["at_s"] for one in service.requests if one["path"].startswith("/v1/list/")]
    assert (run.failure, len(run.records("lists_contacts"))) == (None, 4000)
    assert len(asked_s) / (asked_s[-1] - asked_s[0]) > 4  # 8 a second on a quiet machine: four lists at a time


def test_memberships_say_that_they_are_complete_only_at_their_end(service, settings):
    whole = run_tap({**settings, **VERSIONS}, select=("lists_contacts",))
    assert [one["type"] for one in whole.messages if one["type"] != "STATE"][-1] == "ACTIVATE_VERSION"
    Control(service.url).fault(path="/v1/list/*/contacts*", skip=1, status=400, body="{}")
    cut = run_tap({**settings, **VERSIONS}, select=("lists_contacts",))
    assert isinstance(cut.failure, RejectedError)
    assert kinds_of(cut) == ["SCHEMA"]


def test_a_list_deleted_while_they_are_read_is_passed_over_with_a_warning(stand, service, settings, caplog):
    def gone(request):
        if request.path.startswith("/v1/list/"):
            stand.account.lists = [one for one in stand.account.lists if one["list_id"] != data.SUNSET]

    stand.before_any = gone
    run = run_tap({**settings, **VERSIONS}, select=("lists_contacts",))
    assert run.failure is None
    assert {one["list_id"] for one in run.records("lists_contacts")} == {data.PROMOTERS, data.JOURNEY}
    assert "contactlist_Sunset Contacts was deleted while lists_contacts was read; it is passed over" in caplog.text
    assert kinds_of(run) == ["SCHEMA", "ACTIVATE_VERSION"]


def test_a_list_that_is_not_found_though_it_is_there_leaves_the_memberships_incomplete(service, settings, caplog):
    """A target must not drop the rows of a list that a proxy did not find."""
    Control(service.url).fault(path="/v1/list/contactlist_Sunset%20Contacts/contacts", status=404, body="")
    run = run_tap({**settings, **VERSIONS}, select=("lists_contacts",))
    assert (run.failure, kinds_of(run)) == (None, ["SCHEMA"])
    expected = "lists_contacts is not known to be complete, since contactlist_Sunset Contacts is still there: rows of earlier runs stay"
    assert expected in caplog.text


def test_a_list_without_an_id_ends_the_run(service, settings):
    Control(service.url).fault(path="/v1/lists", status=200, body='{"lists":[{"title":"x"}]}')
    run = run_tap(settings, select=("lists_contacts",))
    assert isinstance(run.failure, UnexpectedAnswerError)
    assert str(run.failure) == "Autopilot answered GET /lists with a row that has no list_id"


@pytest.fixture
def by_contacts(settings):
    return {**settings, **VERSIONS, "membership_source": "contacts"}


def test_contacts_tell_the_memberships_without_a_call_of_their_own(stand, service, by_contacts):
    run = run_tap(by_contacts, select=("contacts", "lists_contacts"))
    assert pairs(run.records("lists_contacts")) == pairs(stand.stored({"what": "lists_contacts"}))
    assert {one["path"].split("/")[2] for one in service.requests} == {"contacts"}
    assert len(pages_asked(service)) == 6


def test_memberships_are_whole_in_each_run_and_contacts_only_those_that_changed(stand, by_contacts):
    """Nobody's stamp tells of leaving a list."""
    stand.change({"update": 1})
    first = run_tap({**by_contacts, "lookback_s": 0}, select=("contacts", "lists_contacts"))
    leaver = next(one for one in stand.account.contacts() if data.JOURNEY in one.get("lists", ()))
    leaver["lists"].remove(data.JOURNEY)
    second = run_tap({**by_contacts, "lookback_s": 0}, select=("contacts", "lists_contacts"), state=first.states[-1])
    assert len(second.records()) == 1
    assert pairs(second.records("lists_contacts")) == pairs(stand.stored({"what": "lists_contacts"}))
    activated = [one["stream"] for one in second.messages if one["type"] == "ACTIVATE_VERSION"]
    assert activated == ["lists_contacts"]


def test_memberships_alone_are_filled_by_the_scan_too(stand, by_contacts):
    run = run_tap(by_contacts, select=("lists_contacts",))
    assert run.records() == []
    assert pairs(run.records("lists_contacts")) == pairs(stand.stored({"what": "lists_contacts"}))


def test_a_scan_that_goes_on_keeps_its_version_and_completes_the_memberships(stand, service, by_contacts):
    fail_behind(service, 3)
    first = run_tap(by_contacts, select=("contacts", "lists_contacts"))
    assert "ACTIVATE_VERSION" not in kinds_of(first)
    second = run_tap(by_contacts, select=("contacts", "lists_contacts"), state=first.states[-1])
    rows = [one for run in (first, second) for one in run.messages if one.get("stream") == "lists_contacts" and one["type"] != "SCHEMA"]
    assert len({one["version"] for one in rows}) == 1
    assert rows[-1]["type"] == "ACTIVATE_VERSION"
    assert pairs(one["record"] for one in rows[:-1]) == pairs(stand.stored({"what": "lists_contacts"}))


def test_memberships_selected_later_do_not_send_the_contacts_again(stand, by_contacts):
    stand.change({"update": 1})
    settings = {**by_contacts, "lookback_s": 0}
    first = run_tap(settings)
    second = run_tap(settings, select=("contacts", "lists_contacts"), state=first.states[-1])
    assert len(second.records()) == 1
    assert len(second.records("lists_contacts")) > 0
