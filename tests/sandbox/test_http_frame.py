import http.client
import json
import socket
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.http.control import Control
from sandbox.http.faults import Fault, Faults
from sandbox.http.limits import RateLimit
from sandbox.http.messages import Answer
from sandbox.http.messages import Request as Seen
from sandbox.http.service import HttpService, Route
from shelf import Shelf

KEY = {"X-Key": "secret"}


@pytest.fixture
def shelf():
    service = HttpService(Shelf(limit=5))
    service.start()
    yield service
    service.close()


def ask(service, method, path, body=None, headers=KEY):
    request = Request(service.url + path, data=body, method=method, headers=headers)
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


def seen(method="GET", path="/books/first"):
    return Seen(method, path, {}, {})


def test_a_route_is_given_its_named_segments_decoded_and_the_query(shelf):
    assert ask(shelf, "GET", "/books/a%2Fb%20%C3%A9?x=1&x=2&empty=") == (200, {"name": "a/b é", "number": None, "query": {"x": "2", "empty": ""}})


def test_a_body_reaches_its_route(shelf):
    assert ask(shelf, "POST", "/books", b'{"name": "second"}') == (201, {"added": "second"})
    assert Control(shelf.url).stored() == {"books": {"first": 1, "second": 2}, "query": {}}


@pytest.mark.parametrize(("method", "path"), [("GET", "/other"), ("DELETE", "/books/first"), ("GET", "/books/first/more"), ("GET", "/books")])
def test_what_no_route_fits_gets_the_services_own_answer(shelf, method, path):
    assert ask(shelf, method, path) == (404, {"problem": f"no {path}"})


def test_the_service_refuses_before_any_route_is_looked_at(shelf):
    assert ask(shelf, "GET", "/nowhere", headers={}) == (401, {"problem": "key"})


def test_the_limit_of_requests_is_kept_and_says_how_long_to_wait(shelf):
    assert [ask(shelf, "GET", "/books/first")[0] for _ in range(6)] == [200] * 5 + [429]


def test_a_bug_in_a_stand_in_is_a_500_and_the_next_request_is_served(shelf):
    assert ask(shelf, "GET", "/broken") == (500, {"error": "the stand-in failed; its log says why"})
    assert ask(shelf, "GET", "/books/first")[0] == 200


def test_a_connection_serves_many_requests(shelf):
    connection = http.client.HTTPConnection("127.0.0.1", shelf.port, timeout=10)
    statuses = []
    for method in ("GET", "HEAD", "GET"):
        connection.request(method, "/books/first", headers=KEY)
        answer = connection.getresponse()
        statuses.append((method, answer.status, len(answer.read()) > 0))
    connection.close()
    assert statuses == [("GET", 200, True), ("HEAD", 404, False), ("GET", 200, True)]


def test_a_chunked_body_is_refused_instead_of_misread(shelf):
    with socket.create_connection(("127.0.0.1", shelf.port), timeout=10) as client:
        client.sendall(b"POST /books HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 411 ")


def test_a_client_that_goes_away_leaves_the_service_in_good_order(shelf, capfd):
    Control(shelf.url).fault(status=0, delay_s=0.05)
    with socket.create_connection(("127.0.0.1", shelf.port), timeout=10) as client:
        client.sendall(b"GET /books/first HTTP/1.1\r\nHost: x\r\nX-Key: secret\r\n\r\n")
    assert ask(shelf, "GET", "/books/first")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_all_requests_are_in_the_log_with_what_was_sent_and_answered(shelf):
    before_s = time.time()
    ask(shelf, "POST", "/books?x=1", b'{"name": "second"}')
    (entry,) = Control(shelf.url).requests()
    at_s, headers = entry.pop("at_s"), entry.pop("headers")
    assert entry == {"number": 1, "method": "POST", "path": "/books", "query": {"x": "1"}, "body": '{"name": "second"}', "status": 201}
    assert headers["x-key"] == "secret"
    assert before_s <= at_s <= time.time()
    Control(shelf.url).forget_requests()
    assert Control(shelf.url).requests() == []


def test_a_fault_strikes_as_often_as_it_is_planned_where_it_is_planned(shelf):
    Control(shelf.url).fault(path="/books/*", method="GET", status=503, times=2, skip=1, headers={"Retry-After": "1"}, body='"down"')
    answers = [ask(shelf, "GET", "/books/first") for _ in range(4)]
    assert [status for status, _ in answers] == [200, 503, 503, 200]
    assert answers[1] == (503, "down")


def test_a_fault_before_the_effect_leaves_the_data_and_one_after_it_does_not(shelf):
    control = Control(shelf.url)
    control.fault(status=500, body="null")
    control.fault(status=500, body="null", after_effect=True)
    assert [ask(shelf, "POST", "/books", json.dumps({"name": name}).encode())[0] for name in ("lost", "kept")] == [500, 500]
    assert control.stored("what=all") == {"books": {"first": 1, "kept": 2}, "query": {"what": "all"}}


@pytest.mark.parametrize(("after_effect", "books"), [(False, {"first": 1}), (True, {"first": 1, "second": 2})])
def test_a_cut_ends_the_connection_without_an_answer(shelf, after_effect, books):
    control = Control(shelf.url)
    control.fault(cut=True, after_effect=after_effect)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(shelf, "POST", "/books", b'{"name": "second"}')
    assert control.stored()["books"] == books
    assert control.requests()[0]["status"] is None


def test_planned_faults_can_be_listed_and_forgotten(shelf):
    control = Control(shelf.url)
    control.fault(path="/a")
    assert ask(shelf, "GET", "/_sandbox/faults")[1] == [
        {
            "path": "/a", "method": "*", "status": 503, "headers": {}, "body": "",
            "times": 1, "skip": 0, "cut": False, "after_effect": False, "delay_s": 0.0,
        },
    ]  # fmt: skip
    control.clear_faults()
    assert ask(shelf, "GET", "/_sandbox/faults")[1] == []


def test_controls_need_no_key_count_as_no_request_and_meet_no_fault(shelf):
    control = Control(shelf.url)
    control.fault(path="*", times=100)
    assert control.change(add="second") == {"added": "second"}
    assert control.requests() == []


@pytest.mark.parametrize(
    ("method", "name", "body", "status", "reason"),
    [
        ("POST", "faults", b'{"wrong": 1, "also": 2}', 400, "a fault has no field also, wrong"),
        ("POST", "change", b"no json", 400, "Expecting value: line 1 column 1 (char 0)"),
        ("GET", "nothing", None, 404, "the sandbox has no control GET /_sandbox/nothing"),
    ],
)
def test_a_wrong_control_is_told_why(shelf, method, name, body, status, reason):
    assert ask(shelf, method, f"/_sandbox/{name}", body) == (status, {"error": reason})


def test_a_closed_service_gives_its_port_back():
    first = HttpService(Shelf())
    first.start()
    first.close()
    second = HttpService(Shelf(), port=first.port)
    second.start()
    second.close()
    assert second.port == first.port


def test_many_connections_at_once_are_all_served():
    service = HttpService(Shelf(limit=100))
    service.start()
    statuses = []
    clients = [threading.Thread(target=lambda: statuses.append(ask(service, "GET", "/books/first")[0])) for _ in range(40)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    service.close()
    assert statuses == [200] * 40


def test_faults_that_match_are_taken_in_the_order_they_were_planned():
    faults = Faults()
    for status in (500, 501):
        faults.plan(Fault(status=status, path="/books/*"))
    taken = [faults.take(seen(path="/elsewhere")), faults.take(seen()), faults.take(seen()), faults.take(seen())]
    assert [fault and fault.status for fault in taken] == [None, 500, 501, None]


# Steps of a 1,024th of a second: their sums are exact, so the test's arithmetic and the limit's are the same.
STEPS = st.lists(st.integers(0, 3 * 1024).map(lambda ticks: ticks / 1024), min_size=1, max_size=40)


@given(limit=st.integers(1, 5), steps=STEPS)
def test_no_window_ever_holds_more_requests_than_the_limit_and_the_wait_is_the_shortest_that_helps(limit, steps):
    now_s, admitted = 0.0, []
    rate = RateLimit(limit, 2.0, clock=lambda: now_s)
    for step_s in steps:
        now_s += step_s
        wait_s = rate.wait_s()
        in_window = [at for at in admitted if at > now_s - 2.0]
        if wait_s == 0.0:
            admitted.append(now_s)
            assert len(in_window) < limit
        else:
            assert len(in_window) == limit
            assert wait_s == in_window[0] + 2.0 - now_s


@pytest.mark.parametrize(
    ("path", "named"),
    [("/v1/x", {"id": "x"}), ("/v1/x/", {"id": "x"}), ("/v1/%7Bx%7D", {"id": "{x}"}), ("/v1", None), ("/v2/x", None), ("/v1/x/y", None)],
)
def test_a_route_matches_whole_paths_only(path, named):
    route = Route("GET", "/v1/{id}", lambda _: Answer())
    assert (route.match(seen(path=path)), route.match(seen("POST", path))) == (named, None)
