"""One retry policy: what is retried, how long is waited, and what a failure says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.http.control import Control
from sandbox.http.messages import Answer
from sandbox.http.service import HttpService, Route
from singer_commons.errors import CredentialsError, RejectedError, UnreachableError
from singer_commons.http import HttpClient, Pacer, PassingError, RetryPolicy, retry_after_s


class Echo:
    """A service with one endpoint, that counts."""

    def __init__(self):
        self.served = 0

    def routes(self):
        return [Route("GET", "/thing", self.thing)]

    def thing(self, request):
        self.served += 1
        return Answer.of_json({"served": self.served, "agent": request.headers.get("user-agent")})

    def admit(self, request):
        return None

    def unknown(self, request):
        return Answer.of_json({"message": "no such thing"}, 404)

    def change(self, wish):
        return None

    def stored(self, query):
        return self.served


@pytest.fixture
def service():
    running = HttpService(Echo())
    running.start()
    yield running
    running.close()


@pytest.fixture
def control(service):
    return Control(service.url)


def client(waits, **options):
    return HttpClient("Echo", headers={"User-Agent": "suite/1"}, sleep=waits.append, **options)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_retried_after_the_wait_the_service_asks_for(service, control, status):
    control.fault(status=status, headers={"Retry-After": "7"}, times=2)
    waits: list[float] = []
    used = client(waits)
    answer = used.request("GET", service.url + "/thing")
    assert (answer.json(), waits, used.calls, used.waited_s) == ({"served": 1, "agent": "suite/1"}, [7.0, 7.0], 3, 14.0)


def test_a_cut_connection_is_retried(service, control):
    control.fault(cut=True, times=2)
    waits: list[float] = []
    assert client(waits).request("GET", service.url + "/thing").json()["served"] == 1
    assert len(waits) == 2


def test_tries_that_are_spent_end_in_one_sentence_with_a_hint(service, control):
    control.fault(status=503, times=99)
    waits: list[float] = []
    with pytest.raises(UnreachableError) as caught:
        client(waits, policy=RetryPolicy(max_tries=3)).request("GET", service.url + "/thing?email=a@example.com")
    assert str(caught.value) == "Echo answered GET /thing with 503 (tried 3 times)"
    assert caught.value.hint == "check the address and the network, or run again later"
    assert len(waits) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_tried_again(service, control, status):
    control.fault(status=status, body='{"message": "who are you"}')
    with pytest.raises(CredentialsError) as caught:
        client([], key_hint="set `api_key`").request("GET", service.url + "/thing")
    assert (str(caught.value), caught.value.hint) == (f'Echo answered GET /thing with {status}: {{"message": "who are you"}}', "set `api_key`")
    assert len(control.requests()) == 1


def test_any_other_refusal_keeps_its_status_and_body(service):
    with pytest.raises(RejectedError) as caught:
        client([]).request("GET", service.url + "/nothing")
    assert (caught.value.status, caught.value.body) == (404, '{"message":"no such thing"}')


def test_an_address_where_nobody_listens_is_unreachable():
    with pytest.raises(UnreachableError, match=r"Echo at http://127\.0\.0\.1:1 did not answer: ConnectionError \(tried 2 times\)"):
        client([], policy=RetryPolicy(max_tries=2)).request("GET", "http://127.0.0.1:1/thing")


def test_credentials_come_from_the_settings_alone(service, control, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stray password stray\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    client([]).request("GET", service.url + "/thing")
    assert "authorization" not in control.requests()[0]["headers"]


def test_a_redirect_takes_no_credentials_along_and_none_from_elsewhere(service, control, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine localhost login stray password stray\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    elsewhere = service.url.replace("127.0.0.1", "localhost") + "/thing"
    control.fault(status=302, headers={"Location": elsewhere})
    used = HttpClient("Echo", headers={}, auth=("user", "secret"))
    assert used.request("GET", service.url + "/thing").json()["served"] == 1
    assert [("authorization" in one["headers"]) for one in control.requests()] == [True, False]


def test_of_a_wait_that_is_cut_short_only_what_was_waited_counts(service, control):
    control.fault(status=429, headers={"Retry-After": "200"})

    def cut_short(_wait_s):
        raise KeyboardInterrupt

    used = HttpClient("Echo", headers={}, sleep=cut_short)
    with pytest.raises(KeyboardInterrupt):
        used.request("GET", service.url + "/thing")
    assert (used.calls, round(used.waited_s)) == (1, 0)


@pytest.mark.parametrize(("wait_s", "told"), [(4, False), (5, True)])
def test_a_long_wait_is_told(service, control, caplog, wait_s, told):
    caplog.set_level("INFO", "singer_commons.http")
    control.fault(status=429, headers={"Retry-After": str(wait_s)})
    client([]).request("GET", service.url + "/thing")
    assert ("Echo answered GET /thing with 429; trying again in 5.0 s" in caplog.messages) is told


@given(tries=st.integers(1, 50), first=st.floats(0.01, 10), most=st.floats(0.01, 1000))
def test_the_wait_doubles_at_most_and_is_never_over_the_limit(tries, first, most):
    wait_s = RetryPolicy(first_wait_s=first, max_wait_s=most).wait_s(tries, ValueError())
    assert 0 <= wait_s <= min(first * 2 ** (tries - 1), most)


def test_a_wait_that_is_asked_for_is_capped():
    assert RetryPolicy(max_wait_s=300).wait_s(1, PassingError("slow down", 86_400)) == 300


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Sat, 21 Nov 2026 10:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header, expected):
    now_s = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC).timestamp()
    assert retry_after_s(header, now_s=lambda: now_s) == expected


def test_calls_are_spaced_evenly_and_a_pause_is_not_made_up_for():
    now_s, waits = [100.0], []

    def sleep(wait_s):
        waits.append(round(wait_s, 3))
        now_s[0] += wait_s

    pacer = Pacer(5, clock=lambda: now_s[0], sleep=sleep)
    for _ in range(3):
        pacer.wait()
    now_s[0] += 10
    for _ in range(2):
        pacer.wait()
    assert (waits, round(pacer.waited_s, 3)) == ([0.2, 0.2, 0.2], 0.6)


def test_calls_from_many_threads_keep_one_pace():
    """A clock that stands still: each of 40 calls is then told to wait for a place of its own."""
    waits_s = []
    pacer = Pacer(5, clock=lambda: 100.0, sleep=waits_s.append)
    threads = [threading.Thread(target=lambda: [pacer.wait() for _ in range(10)]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(waits_s) == pytest.approx([place / 5 for place in range(1, 40)])
    assert pacer.waited_s == pytest.approx(sum(waits_s))
