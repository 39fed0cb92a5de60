"""One request at a time: quoted, paced, tried again when that helps, and plain about it when it does not."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from autopilot_runs import LivelyStand, serve
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sandbox.autopilot.api import API_KEY
from sandbox.http.control import Control
from singer_commons.errors import CredentialsError, RejectedError, UnreachableError
from singer_commons.http import RetryPolicy
from tap_autopilot.client import UNKNOWN_CLOCK_MARGIN, AutopilotClient, RepeatedBookmarkError, UnexpectedAnswerError, server_clock

QUICK = RetryPolicy(max_tries=4, first_wait_s=0.0)


def client_of(service, *, key=API_KEY, per_second=1000.0, base_url=None):
    return AutopilotClient(
        base_url or service.url + "/v1", key, user_agent="tests/1", requests_per_second=per_second, request_timeout_s=5.0, policy=QUICK
    )


@pytest.fixture
def client(service):
    return client_of(service)


@pytest.fixture
def control(service):
    return Control(service.url)


def statuses(service):
    return [one["status"] for one in service.requests]


def page(bookmark="absent", contacts=()):
    return json.dumps({"contacts": list(contacts), "total_contacts": 0} | ({} if bookmark == "absent" else {"bookmark": bookmark}))


def test_a_request_carries_the_key_in_its_header_and_nothing_in_the_query(service, client):
    client.get("lists")
    [sent] = service.requests
    assert {name: sent["headers"][name] for name in ("autopilotapikey", "accept", "user-agent")} == {
        "autopilotapikey": API_KEY,
        "accept": "application/json",
        "user-agent": "tests/1",
    }
    assert (sent["method"], sent["path"], sent["query"]) == ("GET", "/v1/lists", {})


def test_a_list_id_with_a_space_is_quoted_and_found(service, client):
    assert [len(one.contacts) for one in client.pages("list", "contactlist_Sunset Contacts", "contacts")] == [100, 16]
    assert service.requests[0]["path"] == "/v1/list/contactlist_Sunset%20Contacts/contacts"


def test_a_contact_is_found_by_an_address_with_a_plus(service, client):
    contact, _ = client.get("contact", "customer0041+list@example.com")
    assert contact["LastName"] == "0041"
    assert service.requests[0]["path"] == "/v1/contact/customer0041%2Blist%40example.com"


@hypothesis_settings(max_examples=40, deadline=None)
@example(segment="a/b")
@example(segment="a%2Fb c?d=1#e")
@given(segment=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in (".", "..")))
def test_any_segment_reaches_the_service_as_it_is(echo, segment):
    service, client = echo
    service.requests.clear()
    with pytest.raises(RejectedError):
        client.get("list", segment, "contacts")
    assert unquoted(service.requests[0]["path"]) == ["v1", "list", segment, "contacts"]


def unquoted(path):
    from urllib.parse import unquote  # noqa: PLC0415 - the reverse of what is tested, kept apart from it

    return [unquote(one) for one in path.strip("/").split("/")]


@pytest.fixture(scope="module")
def echo():
    service = serve(LivelyStand(customers=0))
    yield service, client_of(service)
    service.close()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(service, client, control, status):
    control.fault(status=status, body="<html>busy</html>", times=2)
    assert len(client.rows("lists", envelope="lists")) == 4
    assert statuses(service) == [status, status, 200]


def test_a_cut_connection_is_tried_again(service, client, control):
    control.fault(cut=True)
    assert len(client.rows("lists", envelope="lists")) == 4
    assert statuses(service) == [None, 200]


@pytest.mark.parametrize("body", ["<html>maintenance</html>", "", '{"lists":[{"list_id"', '{"lists":NaN}', "\ufeff"])
def test_a_page_that_is_not_json_is_tried_again(service, client, control, body):
    control.fault(status=200, body=body)
    assert len(client.rows("lists", envelope="lists")) == 4
    assert statuses(service) == [200, 200]


def test_pages_that_are_not_json_are_told_of_once(client, control, caplog):
    control.fault(status=200, body="<html>maintenance</html>", times=3)
    client.get("lists")
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert told == ["Autopilot answered GET /v1/lists with something that is not JSON; it is asked again"]


def test_a_service_that_stays_without_json_is_given_up_with_the_reason(client, control):
    control.fault(status=200, body="<html>", times=9)
    with pytest.raises(UnreachableError) as caught:
        client.get("lists")
    assert str(caught.value) == "Autopilot answered GET /v1/lists with something that is not JSON (tried 4 times)"


def test_a_service_that_does_not_answer_is_told_of_with_its_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UnreachableError) as caught:
            client_of(None, base_url=url + "/v1").get("lists")
    assert str(caught.value) == f"Autopilot at {url} did not answer: ConnectionError (tried 4 times)"


def test_a_wrong_key_is_not_tried_again(service):
    with pytest.raises(CredentialsError) as caught:
        client_of(service, key="wrong-key").get("lists")
    body = '{"error":"Unauthorized","message":"Provided autopilotapikey not valid."}'
    assert str(caught.value) == f"Autopilot answered GET /v1/lists with 401: {body}"
    assert statuses(service) == [401]


@pytest.mark.parametrize("body", ['{"contacts":null}', '{"contacts":[1]}', "[]", "null", '{"message":"x"}', '{"lists":[]}'])
def test_json_that_is_no_page_is_refused(client, control, body):
    control.fault(status=200, body=body)
    with pytest.raises(UnexpectedAnswerError) as caught:
        list(client.pages("contacts"))
    assert str(caught.value) == "Autopilot answered GET /contacts without `contacts`"


@pytest.mark.parametrize("bookmark", ["absent", None, ""])
def test_the_last_page_is_one_without_a_bookmark_however_that_is_said(service, client, control, bookmark):
    control.fault(status=200, body=page(bookmark, [{"contact_id": "a"}]))
    assert [one.contacts for one in client.pages("contacts")] == [[{"contact_id": "a"}]]
    assert len(service.requests) == 1


@pytest.mark.parametrize("bookmarks", [["person_a", "person_a"], ["person_a", "person_b", "person_a"]])
def test_pages_that_lead_in_a_circle_are_noticed(client, control, bookmarks):
    for one in bookmarks:
        control.fault(status=200, body=page(one))
    with pytest.raises(RepeatedBookmarkError):
        list(client.pages("contacts"))


def test_a_circle_back_to_where_a_scan_went_on_is_noticed(client, control):
    control.fault(status=200, body=page("person_a"))
    with pytest.raises(RepeatedBookmarkError):
        list(client.pages("contacts", bookmark="person_a"))


def test_decimals_keep_their_digits(client, control):
    control.fault(status=200, body='{"lists":[{"list_id":1.10000000000000000001}]}')
    assert str(client.rows("lists", envelope="lists")[0]["list_id"]) == "1.10000000000000000001"


def test_the_pace_fills_the_allowed_rate_and_is_never_refused():
    """20 requests a second allowed, 30 made: 1.5 s at the full rate."""
    service = serve(LivelyStand(customers=0, requests_per_second=20))
    client = client_of(service, per_second=20)
    for _ in range(30):
        client.get("lists")
    service.close()
    took_s = service.requests[-1]["at_s"] - service.requests[0]["at_s"]
    assert set(statuses(service)) == {200}
    assert took_s < 2.5  # generous: the machine may be busy


def test_the_services_clock_is_read_from_its_header():
    assert server_clock("Sun, 01 Mar 2026 12:00:00 GMT") == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_without_such_a_header_our_own_clock_counts_with_a_wide_margin(header):
    assert abs(datetime.now(UTC) - UNKNOWN_CLOCK_MARGIN - server_clock(header)) < timedelta(minutes=1)
