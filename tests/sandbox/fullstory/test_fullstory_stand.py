"""The FullStory stand-in keeps the service's rules, and tells one truth in all its shapes."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest
import requests
from sandbox.fullstory.access import ADMIN_KEY, ARCHITECT_KEY, STANDARD_KEY, Limits
from sandbox.fullstory.api import FullstoryStand
from sandbox.fullstory.data import Account
from sandbox.fullstory.service import start
from sandbox.http.control import Control
from sandbox.http.service import HttpService
from sandbox.services import Options

UNLIMITED = Limits(requests_per_second=100_000, downloads_per_minute=100_000)
BUSY = "u-0001"


@pytest.fixture
def serve():
    services = []

    def serve_stand(stand):
        service = HttpService(stand)
        service.start()
        services.append(service)
        return service

    yield serve_stand
    for service in services:
        service.close()


@pytest.fixture
def service(serve):
    return serve(FullstoryStand(account=Account(seed=1, users=60, sessions=400, bundles=25), limits=UNLIMITED))


@pytest.fixture
def ask(service):
    def request(path, *, method="GET", key=ADMIN_KEY, body=None, **query):
        return requests.request(method, service.url + path, params=query, json=body, headers={"Authorization": f"Basic {key}"}, timeout=10)

    return request


def test_the_same_seed_gives_the_same_account_and_another_one_another():
    def everything(seed):
        stand = FullstoryStand(seed=seed)
        return [stand.stored({"what": what}) for what in ("users", "sessions", "events", "bundles")]

    assert everything(1) == everything(1) != everything(2)


def test_the_account_is_of_the_size_and_kind_that_is_promised():
    stand = FullstoryStand(seed=1)
    users, sessions = stand.stored({"what": "users"}), stand.stored({"what": "sessions"})
    assert (len(users), len(sessions) >= 3000) == (300, True)
    assert min(int(one["id"]) for one in users) > 2**53
    assert len({(one["id"].split(":")[0], one["created_time"]) for one in sessions}) < len({one["id"] for one in sessions}) == len(sessions)
    kinds = {(bool(one.get("uid")), bool(one.get("email")), one["is_being_deleted"]) for one in users}
    assert kinds == {(True, True, False), (True, False, False), (False, True, False), (False, False, False), (False, False, True)}


def test_the_three_apis_of_sessions_tell_the_same(ask):
    v1 = ask("/api/v1/sessions", uid=BUSY, limit=500).json()
    legacy = ask("/sessions/v2", uid=BUSY, limit=500).json()["sessions"]
    v2 = ask("/v2/sessions", uid=BUSY, limit=500).json()["results"]
    assert [
        {"userId": str(one["UserId"]), "sessionId": str(one["SessionId"]), "createdTime": str(one["CreatedTime"]), "fsUrl": one["FsUrl"]}
        for one in v1
    ] == legacy
    assert [
        {
            "id": f"{one['UserId']}:{one['SessionId']}",
            "app_url": one["FsUrl"],
            "created_time": datetime.fromtimestamp(one["CreatedTime"], UTC).isoformat().replace("+00:00", "Z"),
        }
        for one in v1
    ] == v2
    assert [one["CreatedTime"] for one in v1] == sorted((one["CreatedTime"] for one in v1), reverse=True)
    assert ask("/api/v1/sessions", method="POST", body={"uid": BUSY, "limit": 500}).json() == v1


def test_both_names_give_the_union_and_20_without_a_limit(ask):
    of_uid, of_email = (
        {one["id"] for one in ask("/v2/sessions", limit=500, **name).json()["results"]} for name in ({"uid": BUSY}, {"email": "user0003@example.com"})
    )
    both = {one["id"] for one in ask("/v2/sessions", uid=BUSY, email="user0003@example.com", limit=500).json()["results"]}
    assert both == of_uid | of_email
    assert of_uid.isdisjoint(of_email)
    assert len(ask("/v2/sessions", uid=BUSY).json()["results"]) == 20
    assert ask("/v2/sessions", uid="nobody").json() == {"results": []}


@pytest.mark.parametrize("query", [{}, {"uid": ""}, {"uid": BUSY, "limit": 0}, {"uid": BUSY, "limit": "many"}, {"uid": BUSY, "limit": -1}])
def test_sessions_of_nobody_or_with_a_limit_that_is_none_are_refused(ask, query):
    answer = ask("/v2/sessions", **query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_users_come_ten_a_page_until_the_token_is_empty(ask, service):
    users, token, pages = [], "", 0
    while pages == 0 or token:
        page = ask("/v2/users", page_token=token).json()
        users, token, pages = users + page["results"], page["next_page_token"], pages + 1
        assert (page["total_records"], len(page["results"])) == ("60", 10)
    assert (pages, users) == (6, Control(service.url).stored("what=users"))
    assert ask("/v2/users", page_token="bm9uZQ==").status_code == 400
    assert ask(f"/v2/users/{users[0]['id']}").json() == users[0]
    assert ask("/v2/users", uid=BUSY).json()["results"] == users[:1]
    missing = ask("/v2/users/1")
    assert (missing.status_code, missing.json()) == (404, {"message": "User with that ID does not exist", "code": "user_not_found"})


def test_segments_come_in_pages_of_a_size_up_to_a_hundred(ask, service):
    first = ask("/segments/v1", limit=100).json()
    rest = ask("/segments/v1", limit=100, paginationToken=first["nextPaginationToken"]).json()
    assert (len(ask("/segments/v1").json()["segments"]), len(first["segments"]), rest["nextPaginationToken"]) == (20, 100, "")
    assert first["segments"] + rest["segments"] == Control(service.url).stored("what=segments")
    assert "created" not in first["segments"][0]
    assert [ask("/segments/v1", **query).status_code for query in ({"limit": 101}, {"limit": 0}, {"paginationToken": "bm9uZQ=="})] == [400, 400, 400]


def test_bundles_are_listed_twenty_at_a_time_by_their_end_in_two_spellings(ask, service):
    first = ask("/api/v1/export/list", start=0).json()["exports"]
    assert len(first) == 20
    small = [{name.lower(): int(value) for name, value in line.items()} for line in first]
    rest = ask("/api/v1/export/list", method="POST", body={"start": small[-1]["stop"]}).json()["exports"]
    small += [{name.lower(): int(value) for name, value in line.items()} for line in rest]
    assert small == [{"id": one["id"], "start": one["start_s"], "stop": one["stop_s"]} for one in Control(service.url).stored("what=bundles")]
    assert {tuple(line) for line in first} == {("Start", "Stop", "Id"), ("start", "stop", "id")}
    assert ask("/api/v1/export/list", start=small[-1]["stop"]).json() == {"exports": []}
    assert ask("/api/v1/export/list").status_code == 400


def test_bundles_hold_all_events_between_their_times_in_their_three_forms(ask, service):
    rows, types = [], set()
    for bundle in Control(service.url).stored("what=bundles"):
        answer = ask("/api/v1/export/get", id=bundle["id"])
        types.add((answer.headers["Content-Type"], answer.headers.get("Content-Encoding")))
        body = answer.content  # requests has undone a Content-Encoding, and only that
        events = json.loads(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
        first, last = (datetime.fromtimestamp(bundle[name], UTC).isoformat() for name in ("start_s", "stop_s"))
        assert all(first <= event["EventStart"].replace("Z", "+00:00") < last for event in events)
        assert events == sorted(events, key=lambda event: event["EventStart"])
        rows += events
    assert rows == Control(service.url).stored("what=events") != []
    assert types == {("application/gzip", None), ("application/json", "gzip"), ("application/json", None)}
    assert ask("/api/v1/export/get", id=1).status_code == 404


def test_events_belong_to_sessions_that_the_other_endpoints_know(service):
    control = Control(service.url)
    sessions = {one["id"] for one in control.stored("what=sessions")}
    assert {f"{one['UserId']}:{one['SessionId']}" for one in control.stored("what=events")} < sessions


@pytest.mark.parametrize("header", [None, "Basic wrong", f"Bearer {ADMIN_KEY}", ADMIN_KEY, "Basic bmExLnNhbmRib3gtYWRtaW46"])
def test_only_the_raw_key_after_basic_is_taken(service, header):
    answer = requests.get(f"{service.url}/me", headers={"Authorization": header} if header else {}, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"message": "Invalid API key", "code": "unauthorized"})


@pytest.mark.parametrize(("path", "standard"), [("/me", 200), ("/v2/sessions?uid=x", 200), ("/v2/users", 403), ("/api/v1/export/list?start=0", 403)])
def test_users_and_exports_take_an_architect_key(ask, path, standard):
    assert (ask(path, key=STANDARD_KEY).status_code, ask(path, key=ARCHITECT_KEY).status_code) == (standard, 200)


def test_the_third_download_of_a_minute_is_refused_in_plain_text_with_the_wait(serve):
    service = serve(FullstoryStand(account=Account(seed=1, users=20, sessions=50)))
    [first, _] = service.stand.account.bundles
    answers = [
        requests.get(f"{service.url}/api/v1/export/get", params={"id": first.id}, headers={"Authorization": f"Basic {ADMIN_KEY}"}, timeout=10)
        for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].text, answers[2].headers["Content-Type"]) == ("Too Many Requests", "text/plain")
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60


def test_more_requests_than_a_second_takes_are_refused(serve):
    service = serve(FullstoryStand(account=Account(users=20, sessions=50), limits=Limits(requests_per_second=1)))
    answers = [requests.get(f"{service.url}/me", headers={"Authorization": f"Basic {ADMIN_KEY}"}, timeout=10) for _ in range(2)]
    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [(200, None), (429, "1")]


def test_a_change_adds_with_the_server_s_clock_and_says_what(service):
    control, now = Control(service.url), datetime.now(UTC)
    before = {what: control.stored(f"what={what}") for what in ("users", "sessions", "events", "bundles")}
    added = control.change(users=2, sessions=3, bundles=2)
    after = {what: control.stored(f"what={what}") for what in before}
    assert (len(added["users"]), len(added["sessions"]), len(added["bundles"])) == (2, 8, 2)
    assert after["users"] == before["users"] + added["users"]
    assert after["sessions"][len(before["sessions"]) :] == [
        {**one, "uid": two["uid"], "email": two["email"]} for one, two in zip(added["sessions"], after["sessions"][-8:], strict=True)
    ]
    assert all(-1 <= (datetime.fromisoformat(one["created_time"]) - now).total_seconds() <= 5 for one in added["sessions"])
    assert len(after["events"]) - len(before["events"]) == sum(one["events"] for one in added["bundles"]) > 0
    assert [one["start_s"] for one in added["bundles"]] == [before["bundles"][-1]["stop_s"], added["bundles"][0]["stop_s"]]


def test_a_wish_or_a_question_that_it_does_not_know_is_refused(service):
    assert requests.post(f"{service.url}/_sandbox/change", json={"segments": 1}, timeout=10).json() == {
        "error": "cannot change segments: users, sessions and bundles can be added"
    }
    assert requests.get(f"{service.url}/_sandbox/stored?what=dreams", timeout=10).status_code == 400


def test_as_a_service_it_reports_the_settings_of_the_tap(tmp_path):
    service = start(Options(tmp_path))
    try:
        assert service.settings == {"TAP_FULLSTORY_BASE_URL": service.url, "TAP_FULLSTORY_API_KEY": ADMIN_KEY, "SANDBOX_FULLSTORY_URL": service.url}
        assert service.port == int(service.url.rsplit(":", 1)[1])
    finally:
        service._server.server_close()
