"""The Autopilot stand-in keeps the service's rules: envelopes, pages, errors, rate."""

from __future__ import annotations

import json

import pytest
from sandbox.autopilot import data
from sandbox.autopilot.account import plain_customers
from sandbox.autopilot.api import API_KEY, AutopilotStand
from sandbox.http.messages import Request
from sandbox.http.service import HttpService


class Caller:
    """Asks a stand-in without a network."""

    def __init__(self, stand):
        self.stand = stand
        self._service = HttpService(stand)

    def get(self, path, key=API_KEY):
        answer = self._service.answer(Request("GET", "/v1" + path, {}, {"autopilotapikey": key} if key is not None else {}))
        return answer.status, json.loads(answer.body) if answer.body else None

    def walk(self, path):
        pages, bookmark = [], None
        while True:
            _, body = self.get(path + (f"/{bookmark}" if bookmark else ""))
            pages.append(body)
            if "bookmark" not in body:
                return pages
            bookmark = body["bookmark"]

    def close(self):
        self._service._server.server_close()


@pytest.fixture
def caller():
    caller = Caller(AutopilotStand(1, plain_customers(350), requests_per_second=None))
    yield caller
    caller.close()


@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_key_is_a_400(caller, key):
    assert caller.get("/lists", key) == (400, {"error": "Bad Request", "message": "No autopilotapikey header provided."})


def test_a_wrong_key_is_a_401(caller):
    assert caller.get("/lists", "other") == (401, {"error": "Unauthorized", "message": "Provided autopilotapikey not valid."})


def test_pages_hold_up_to_100_contacts_and_name_the_next_but_the_last_does_not(caller):
    pages = caller.walk("/contacts")
    assert all(len(one["contacts"]) <= 100 for one in pages)
    assert [set(one) for one in pages] == [{"contacts", "total_contacts", "bookmark"}] * 5 + [{"contacts", "total_contacts"}]
    assert {one["total_contacts"] for one in pages} == {350}
    ids = [contact["contact_id"] for one in pages for contact in one["contacts"]]
    assert ids == sorted(ids) == [one["contact_id"] for one in caller.stand.account.contacts()]


def test_one_page_is_empty_and_names_another(caller):
    empty = [one for one in caller.walk("/contacts") if not one["contacts"]]
    assert [one["bookmark"].startswith("person_80000000") for one in empty] == [True]


def test_a_bookmark_is_a_place_between_ids_so_that_deleting_its_contact_shifts_nothing(caller):
    first, second, *_ = caller.walk("/contacts")
    caller.stand.account.delete(first["bookmark"])
    assert caller.get(f"/contacts/{first['bookmark']}")[1]["contacts"] == second["contacts"]


@pytest.mark.parametrize("path", ["/contacts/nonsense", "/contact/nonsense"])
def test_what_can_be_no_contact_is_a_400(caller, path):
    status, body = caller.get(path)
    assert (status, body["error"]) == (400, "Bad Request")


def test_a_contact_is_found_by_id_and_by_address_in_any_case(caller):
    contact = next(one for one in caller.stand.account.contacts() if "+" in (one.get("Email") or ""))
    assert caller.get("/contact/" + contact["contact_id"]) == (200, contact)
    assert caller.get("/contact/" + contact["Email"].upper().replace("+", "%2B").replace("@", "%40")) == (200, contact)


@pytest.mark.parametrize("path", ["/contact/person_0", "/contact/nobody@example.com"])
def test_an_unknown_contact_is_a_404(caller, path):
    assert caller.get(path) == (404, {"error": "Not Found", "message": "Contact could not be found."})


@pytest.mark.parametrize("path", ["/list/contactlist_x/contacts", "/smart_segments/contactlist_x/contacts"])
def test_an_unknown_list_is_a_404_without_a_body(caller, path):
    assert caller.get(path) == (404, None)


def test_lists_segments_triggers_hooks_and_fields_come_in_their_envelopes(caller):
    assert caller.get("/lists") == (200, {"lists": list(data.LISTS)})
    assert caller.get("/smart_segments") == (200, {"segments": list(data.SEGMENTS)})
    assert caller.get("/triggers") == (200, {"triggers": list(data.TRIGGERS)})
    assert caller.get("/hooks") == (200, {"hooks": list(data.HOOKS)})
    assert caller.get("/contacts/custom_fields") == (200, list(data.CUSTOM_FIELDS))
    assert caller.get("/account")[0] == 200


def test_a_list_whose_id_has_a_space_gives_whole_contacts(caller):
    pages = caller.walk("/list/contactlist_Sunset%20Contacts/contacts")
    members = [one for page in pages for one in page["contacts"]]
    assert members == [one for one in caller.stand.account.contacts() if data.SUNSET in one.get("lists", ())]
    assert {page["total_contacts"] for page in pages} == {len(members)}


def test_an_empty_list_is_one_empty_page(caller):
    assert caller.get(f"/list/{data.EMPTY_LIST}/contacts") == (200, {"contacts": [], "total_contacts": 0})


def test_whether_a_contact_is_on_a_list_is_told_by_status_and_an_empty_message(caller):
    member = next(one["contact_id"] for one in caller.stand.account.contacts() if data.SUNSET in one.get("lists", ()))
    assert caller.get(f"/list/contactlist_Sunset%20Contacts/contact/{member}")[0] == 200
    assert caller.get(f"/list/{data.EMPTY_LIST}/contact/{member}") == (404, {"error": "Not Found", "message": ""})


def test_an_unknown_path_is_a_404(caller):
    assert caller.get("/journeys")[0] == 404


def test_the_sixth_request_in_a_second_is_refused_with_the_documented_body():
    caller = Caller(AutopilotStand(1, plain_customers(1)))
    answers = [caller.get("/lists") for _ in range(6)]
    caller.close()
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1] == {"error": "Too Many Requests", "message": "You have exceeded your request rate of 5 r/s."}


def test_requests_with_a_wrong_key_do_not_count():
    caller = Caller(AutopilotStand(1, plain_customers(1)))
    statuses = [caller.get("/lists", "other")[0] for _ in range(9)] + [caller.get("/lists")[0]]
    caller.close()
    assert statuses == [401] * 9 + [200]
