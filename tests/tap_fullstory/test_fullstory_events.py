"""Events of export bundles: all of them, exactly, in whatever form a bundle comes; and a state that is never ahead."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from sandbox.fullstory.access import Limits
from sandbox.fullstory.api import FullstoryStand
from sandbox.fullstory.data import Account
from sandbox.fullstory.store import BundleStore
from sandbox.http.control import Control
from singer_commons.errors import UnreachableError
from tap_fullstory.event_record import event_record

UNLIMITED = Limits(requests_per_second=100_000, downloads_per_minute=100_000)
GET = "/api/v1/export/get"


def as_text(event):
    return json.dumps(event, sort_keys=True, default=float)


def truth(control):
    """The events that the stand-in holds, as records without the tap's own columns; as many of each as there are."""
    return Counter(as_text(event_record(event)) for event in control.stored("what=events"))


def given(run):
    records = run.records("events")
    assert len({one["_event_key"] for one in records}) == len(records)
    return Counter(as_text({name: value for name, value in one.items() if not name.startswith("_")}) for one in records)


def downloads(control):
    return [one["query"]["id"] for one in control.requests() if one["path"] == GET]


@pytest.mark.parametrize("form", ["gzip-file", "gzip-encoding", "json"])
def test_each_form_of_a_bundle_gives_all_its_events(serve, sync, account, form):
    service = serve(FullstoryStand(account=account, limits=UNLIMITED, bundle_forms=[form]))
    assert given(sync("events", address=service.url)) == truth(Control(service.url)) != {}


@pytest.mark.parametrize("form", ["empty-list", "zero-bytes"])
def test_a_bundle_without_events_is_done_all_the_same(serve, sync, account, form):
    service = serve(FullstoryStand(account=account, limits=UNLIMITED, bundle_forms=[form]))
    run = sync("events", address=service.url)
    assert (run.records("events"), run.state["bookmarks"]["events"]["stop"]) == ([], account.bundles[-1].stop_s)


def test_identifiers_above_2_to_the_53_are_exact(sync, control):
    events = sync("events").records("events")
    assert {(one["UserId"], one["SessionId"]) for one in events} == {(one["UserId"], one["SessionId"]) for one in control.stored("what=events")}
    assert min(one["UserId"] for one in events) > 2**53
    assert {one["_bundle_id"] for one in events} == {"9007199254740993", "9007199254740994", "9007199254740995"}


def test_more_bundles_than_one_list_holds_are_all_read_once(serve, sync):
    account = Account(seed=5, users=20, sessions=400, bundles=45)
    service = serve(FullstoryStand(account=account, limits=UNLIMITED))
    control = Control(service.url)
    assert given(sync("events", address=service.url)) == truth(control)
    assert downloads(control) == [str(bundle.id) for bundle in account.bundles]


def test_the_state_moves_bundle_by_bundle(sync, account):
    run = sync("events")
    kinds = [
        (one["type"], one["record"]["_bundle_id"] if one["type"] == "RECORD" else one["value"]["bookmarks"]["events"]["stop"])
        for one in run.messages
        if one["type"] in ("RECORD", "STATE")
    ]
    order = list(dict.fromkeys(kinds))
    assert order == [step for bundle in account.bundles for step in (("RECORD", str(bundle.id)), ("STATE", bundle.stop_s))]


def test_a_second_run_downloads_nothing_and_after_a_change_only_the_new_bundle(sync, control):
    first = sync("events")
    control.forget_requests()
    second = sync("events", state=first.state)
    assert (second.records("events"), downloads(control), second.state) == ([], [], first.state)
    [bundle] = control.change(bundles=1)["bundles"]
    third = sync("events", state=second.state)
    assert downloads(control) == [str(bundle["id"])]
    assert given(first) + given(third) == truth(control)


def test_a_bundle_that_appears_late_within_the_overlap_is_read(sync, control, account):
    late = account.bundles.pop(1)
    first = sync("events", events_lookback_s=3 * 86_400)
    account.bundles.insert(1, late)
    second = sync("events", state=first.state, events_lookback_s=3 * 86_400)
    assert {one["_bundle_id"] for one in second.records("events")} == {str(late.id)}
    assert given(first) + given(second) == truth(control)
    assert sync("events", state=second.state, events_lookback_s=3 * 86_400).records("events") == []


def test_the_state_remembers_no_bundle_before_the_overlap(serve, sync):
    account = Account(seed=5, users=20, sessions=100, bundles=30)
    run = sync("events", address=serve(FullstoryStand(account=account, limits=UNLIMITED)).url)
    assert run.state["bookmarks"]["events"]["recent_ids"] == {str(account.bundles[-1].id): account.bundles[-1].stop_s}


def test_start_date_leaves_out_bundles_that_end_before_it(sync, account):
    run = sync("events", start_date="2026-02-28T12:00:00Z")
    assert {one["_bundle_id"] for one in run.records("events")} == {str(account.bundles[-1].id)}


def test_a_429_in_plain_text_is_waited_out_for_as_long_as_the_service_asks(sync, control):
    control.fault(path=GET, status=429, headers={"Retry-After": "7", "Content-Type": "text/plain"}, body="Too Many Requests", skip=1)
    run = sync("events")
    assert (run.waits_s, given(run)) == ([7.0], truth(control))


def test_a_truncated_gzip_is_fetched_again_and_no_event_of_it_is_given_twice(sync, control, service, monkeypatch):
    broken, serve_whole = [True, False, False, True, False], service._served

    def served(request):
        answer = serve_whole(request)
        return replace(answer, body=answer.body[:-20]) if request.path == GET and broken.pop(0) else answer

    monkeypatch.setattr(service, "_served", served)
    run = sync("events")
    assert (run.error, given(run), len(downloads(control)), len(run.waits_s)) == (None, truth(control), 5, 2)


def test_a_bundle_that_stays_broken_is_not_counted_as_done(sync, control, account):
    control.fault(path=GET, status=200, body='[{"UserId": 1}', skip=1, times=1000)
    broken = sync("events")
    assert isinstance(broken.error, UnreachableError)
    assert broken.state["bookmarks"]["events"]["stop"] == account.bundles[0].stop_s
    control.clear_faults()
    assert given(broken) + given(sync("events", state=broken.state)) == truth(control)


def test_a_connection_cut_in_the_middle_of_the_run_loses_nothing(sync, control):
    control.fault(path=GET, cut=True, skip=2, times=1000)
    broken = sync("events")
    control.clear_faults()
    assert broken.error is not None
    assert given(broken) + given(sync("events", state=broken.state)) == truth(control)


def test_a_redirect_to_another_address_drops_the_key(serve, sync, account):
    store = serve(BundleStore(account))
    service = serve(FullstoryStand(account=account, limits=UNLIMITED, redirect_bundles_to=store.url))
    assert given(sync("events", address=service.url)) == truth(Control(service.url))
    assert [("authorization" in one["headers"], one["status"]) for one in Control(store.url).requests()] == [(False, 200)] * 3


def test_events_read_again_with_settled_fields_changed_keep_their_keys(sync, control, account, service):
    first = sync("events").records("events")
    rows = service.stand._rows
    service.stand._rows = lambda bundle: [
        {**row, "PageDuration": 1, "UserAppKey": "settled", "EventModFrustrated": 9} for row in reversed(rows(bundle))
    ]
    again = sync("events").records("events")
    assert {one["_event_key"] for one in again} == {one["_event_key"] for one in first}
    assert {one["UserAppKey"] for one in again} == {"settled"}


def test_deselected_columns_do_not_go_out(sync):
    catalog = {
        "streams": [
            {
                "tap_stream_id": "events",
                "stream": "events",
                "schema": {"type": "object", "properties": {}},
                "replication_key": "EventStart",
                "replication_method": "INCREMENTAL",
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True}},
                    {"breadcrumb": ["properties", "UserEmail"], "metadata": {"selected": False}},
                ],
            },
        ],
    }
    run = sync(catalog=catalog)
    assert run.records("events")
    assert "UserEmail" not in {name for one in run.records("events") for name in one}


def test_numbers_of_custom_variables_come_out_as_they_were_written(sync, control):
    control.fault(path=GET, status=200, body='[{"UserId":1,"evt_big_int":1152921504606846977,"evt_total_real":0.12345678901234567890123}]')
    assert sync("events").records("events")[0]["evt"] == {"big_int": 1152921504606846977, "total_real": Decimal("0.12345678901234567890123")}


def test_batch_files_are_not_written_since_they_would_hold_deselected_columns(sync, tmp_path):
    config = {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": tmp_path.as_uri(), "prefix": "x-"}, "batch_size": 7}
    run = sync("events", batch_config=config)
    assert {message["type"] for message in run.messages} == {"SCHEMA", "RECORD", "STATE"}
    assert list(tmp_path.iterdir()) == []
