"""Odd answers come when they are planned, to requests that they fit, as often as asked for."""

from __future__ import annotations

import json

import pytest
from sandbox.autopilot.account import plain_customers
from sandbox.autopilot.api import API_KEY, AutopilotStand
from sandbox.autopilot.odd_answers import ODD_ANSWERS
from sandbox.http.messages import Request
from sandbox.http.service import HttpService


@pytest.fixture
def service():
    service = HttpService(AutopilotStand(1, plain_customers(150), requests_per_second=None))
    yield service
    service._server.server_close()


def ask(service, path):
    answer = service.answer(Request("GET", "/v1" + path, {}, {"autopilotapikey": API_KEY}))
    return answer.status, answer.body.decode()


@pytest.mark.parametrize("name", ["timeout_408", "throttled_429", "html_500", "html_200"])
def test_a_refusal_comes_to_any_path_as_often_as_asked_for(service, name):
    service.stand.change({"odd": name, "times": 2})
    good = ask(service, "/lists"), ask(service, "/triggers"), ask(service, "/lists")
    statuses = [status for status, _ in good]
    assert statuses == [int(name.partition("_")[2]) if name[-3:].isdigit() else 200] * 2 + [200]
    assert good[0] != good[2]


def test_half_an_answer_is_no_json(service):
    service.stand.change({"odd": "cut_json"})
    with pytest.raises(ValueError, match=r"."):
        json.loads(ask(service, "/lists")[1])


@pytest.mark.parametrize(("name", "bookmark"), [("bookmark_null", None), ("bookmark_blank", "")])
def test_only_a_last_page_says_so_in_another_way(service, name, bookmark):
    service.stand.change({"odd": name})
    pages = [json.loads(ask(service, "/contacts")[1])]
    while pages[-1].get("bookmark"):
        pages.append(json.loads(ask(service, f"/contacts/{pages[-1]['bookmark']}")[1]))
    assert len(pages) > 1
    assert pages[-1]["bookmark"] == bookmark


def test_a_page_names_the_bookmark_that_it_was_asked_by(service):
    service.stand.change({"odd": "bookmark_repeated"})
    first = json.loads(ask(service, "/contacts")[1])
    second = json.loads(ask(service, f"/contacts/{first['bookmark']}")[1])
    assert second["bookmark"] == first["bookmark"]


@pytest.mark.parametrize(("name", "field", "value"), [("unheard_of_field", "FavouriteColour", {"hex": "#ff0000"}), ("other_types", "Email", 5)])
def test_contacts_of_a_page_come_with_other_fields_or_types(service, name, field, value):
    service.stand.change({"odd": name})
    odd, good = (json.loads(ask(service, "/contacts")[1])["contacts"] for _ in range(2))
    assert {json.dumps(one[field]) for one in odd} == {json.dumps(value)}
    assert value not in [one.get(field) for one in good]


def test_each_has_a_source_and_a_name_that_is_none_is_refused(service):
    assert all(one.source for one in ODD_ANSWERS.values())
    with pytest.raises(ValueError, match=r"^no odd answer is named upside_down; there are timeout_408, "):
        service.stand.change({"odd": "upside_down"})
