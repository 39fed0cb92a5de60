"""The client against recorded traffic: CONTRIBUTING.md tells how it is recorded, from the stand-in or from a real account."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from autopilot_recording import BASE_URL, RECORDED_KEY, VCR_CONFIG, request_for_cassette, response_for_cassette, shape_only, substitute
from autopilot_runs import LivelyStand, run_tap, serve
from hypothesis import given
from hypothesis import strategies as st
from sandbox.autopilot import data
from sandbox.autopilot.api import API_KEY
from singer_commons.errors import CredentialsError, RejectedError
from tap_autopilot.client import AutopilotClient
from tap_autopilot.tap import TapAutopilot

CASSETTES = Path(__file__).parent / "cassettes"
CUSTOMERS = 8  # one of each odd shape; with the deleted rows they take three pages


@pytest.fixture(scope="module")
def vcr_config():
    return VCR_CONFIG


@pytest.fixture(scope="module")
def source(request):
    """Where traffic comes from: address, key, and the stand-in if it is that one."""
    if request.config.getoption("--record-mode") in (None, "none"):
        yield BASE_URL, RECORDED_KEY, None
    elif key := os.environ.get("TAP_AUTOPILOT_API_KEY"):
        yield os.environ.get("TAP_AUTOPILOT_BASE_URL", BASE_URL), key, None
    else:
        stand = LivelyStand(customers=data.made_up_customers(1, CUSTOMERS))
        service = serve(stand)
        yield service.url + "/v1", API_KEY, stand
        service.close()


@pytest.fixture
def client(source):
    return made_client(source[0], source[1])


def made_client(url, key):
    return AutopilotClient(url, key, user_agent="tests/1", requests_per_second=1000, request_timeout_s=30)


@pytest.mark.vcr
def test_pages_lead_to_each_other_until_the_last_and_an_empty_one_is_followed(client):
    pages = list(client.pages("contacts"))
    assert [len(one.contacts) for one in pages] == [6, 0, 2]
    assert len({contact["contact_id"] for one in pages for contact in one.contacts}) == CUSTOMERS
    assert pages[-1].bookmark is None


@pytest.mark.vcr
def test_rows_come_out_of_their_envelopes(client):
    names = {"lists": "list_id", "smart_segments": "segment_id", "triggers": "trigger_id", "hooks": "hook_id"}
    envelopes = {"smart_segments": "segments"}
    found = {path: client.rows(path, envelope=envelopes.get(path, path)) for path in names}
    assert {path: len(rows) for path, rows in found.items()} == {"lists": 4, "smart_segments": 3, "triggers": 1, "hooks": 1}
    assert all(names[path] in row for path, rows in found.items() for row in rows)
    fields = client.rows("contacts", "custom_fields", envelope=None)
    assert {frozenset(one) for one in fields} == {frozenset({"key", "name", "fieldType"})}


@pytest.mark.vcr
def test_members_of_a_list_are_contacts(client):
    first = client.rows("lists", envelope="lists")[0]["list_id"]
    assert [set(one) >= {"contact_id", "created_at"} for page in client.pages("list", first, "contacts") for one in page.contacts] != []


@pytest.mark.vcr
def test_a_list_that_is_gone_is_refused_without_a_word(client):
    with pytest.raises(RejectedError) as caught:
        list(client.pages("list", "contactlist_gone", "contacts"))
    assert (caught.value.status, caught.value.body) == (404, "")


@pytest.mark.vcr
def test_a_wrong_key_is_told_in_the_services_own_words(source):
    with pytest.raises(CredentialsError, match=r'401: {"error": ?"Unauthorized", ?"message": ?"Provided autopilotapikey not valid."}$'):
        made_client(source[0], "wrong-key").get("lists")


@pytest.mark.vcr
def test_a_throttled_request_is_sent_again(source, client):
    if source[2] is not None:
        source[2].odd_answers.plan("throttled_429")
    assert len(client.rows("lists", envelope="lists")) == 4
    assert client.http.calls == 2


@pytest.mark.vcr
def test_a_whole_run_fits_its_schemas(source):
    settings = {"base_url": source[0], "api_key": source[1], "requests_per_second": 100, "lists_at_a_time": 1}
    names = [name for name in TapAutopilot(config={}, validate_config=False).streams if name != "account"]
    run = run_tap(settings, select=names)
    assert run.failure is None
    assert [name for name in names if not run.records(name)] == []
    assert len(run.records()) == CUSTOMERS
    schemas = {one["stream"]: set(one["schema"]["properties"]) for one in run.messages if one["type"] == "SCHEMA"}
    assert {name for name in names for one in run.records(name) if set(one) != schemas[name]} == set()


@pytest.mark.parametrize("path", sorted(CASSETTES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_cassette_names_no_machine_no_key_and_nobody(path):
    text = path.read_text(encoding="utf-8")
    assert [one for one in ("127.0.0.1", "localhost", API_KEY, "wrong-key", "example.com", "Customer ", "Größe", "token=") if one in text] == []
    assert set(re.findall(r"^    uri: (https?://[^/\s]+)", text, re.MULTILINE)) == {"https://api2.autopilothq.com"}
    assert path.stat().st_size < 40_000


class Sent:
    def __init__(self, uri):
        self.uri, self.headers = uri, {"autopilotapikey": "secret"}


def test_a_request_is_kept_under_the_services_address_without_its_headers_and_ids():
    sent = request_for_cassette(Sent("http://127.0.0.1:8001/v1/list/contactlist_Sunset%20Contacts/contacts/person_A"))
    again = request_for_cassette(Sent(sent.uri))
    assert re.fullmatch(
        r"https://api2.autopilothq.com/v1/list/contactlist_recorded[0-9a-f]{12}/contacts/person_0{8}-0000-4000-8000-[0-9a-f]{12}", sent.uri
    )
    assert (again.uri, again.headers) == (sent.uri, {})


words = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=11, max_size=20)  # longer than any word that is kept
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Name", "kind", "value", "lists", "updated_at", "anywhere_utm"]), inner)
    ),
    max_leaves=8,
)


def texts_in(value):
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts_in(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else []


@given(st.dictionaries(st.sampled_from(["contact_id", "Email", "lists", "created_at", "custom_fields", "anywhere_utm", "Unheard"]), values))
def test_no_text_of_a_contact_is_kept_and_its_shape_is(contact):
    kept = shape_only({"contacts": [contact]})
    texts = {one for one in texts_in(contact) if len(one) > len("updated_at")}
    assert [one for one in texts if one in json.dumps(kept, ensure_ascii=False)] == []
    assert set(kept["contacts"][0]) == set(contact)
    assert {name: type(one) for name, one in kept["contacts"][0].items()} == {name: type(one) for name, one in contact.items()}


@given(st.text())
def test_a_substitute_is_its_own(text):
    assert substitute(substitute(text)) == substitute(text)


def test_a_page_that_is_no_json_is_kept_as_one_without_its_words():
    answer = {
        "status": {"code": 502, "message": "Bad Gateway"},
        "headers": {"Server": ["proxy.example.com"]},
        "body": {"string": b"<html>Ana</html>"},
    }
    kept = response_for_cassette(answer)
    assert (kept["body"]["string"], "Server" in kept["headers"]) == (b"<html>text</html>", False)
