"""What goes wrong on the way: every case ends with the right profiles, and nothing stored twice."""

from __future__ import annotations

import pytest
from mparticle_lines import SCHEMA, record, state, user
from singer_commons.errors import CredentialsError, DestinationError, TooManyRejectsError, UnreachableError
from singer_commons.http import HttpClient

LINES = [SCHEMA, *(record(user(number)) for number in range(6)), state("end")]
EXPECTED = {f"c-{number}": {"spend": number} for number in range(6)}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Retries wait no time; the length of waits is tested with the shared client."""
    waits = []
    monkeypatch.setattr("singer_commons.http.HttpClient._counted_sleep", lambda _self, wait_s: waits.append(wait_s))
    return waits


def spends(control):
    return {one["user_identities"]["customer_id"]: one["user_attributes"] for one in control.stored("what=profiles")}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "7", "X-mp-rate-limit-exceeded": "feed"}},
        {"status": 503, "times": 2},
        {"status": 503, "after_effect": True},
        {"cut": True},
        {"cut": True, "after_effect": True},
        {"cut": True, "skip": 1, "times": 3},
    ],
)
def test_a_passing_failure_is_tried_again_with_the_same_bytes(load_inside, control, fault):
    control.fault(path="/v2/*", **fault)
    assert load_inside(LINES, max_batches_per_request=2) == [state("end")["value"]]
    assert spends(control) == EXPECTED
    assert control.stored()["stored"] == 6
    sent = control.requests()
    failed = [one for one in sent if one["status"] != 202]
    assert failed
    for one in failed:
        again = [other["body"] for other in sent if other["number"] == one["number"] + 1]
        assert again == [one["body"]]


def test_a_429_is_waited_out_for_as_long_as_mparticle_asks(load_inside, control, no_waiting):
    control.fault(path="/v2/*", status=429, headers={"Retry-After": "7"})
    load_inside(LINES)
    assert no_waiting == [7.0]


def test_when_tries_are_spent_the_run_fails_and_no_state_goes_out(load_inside, control, capsys):
    control.fault(path="/v2/*", status=503, times=9)
    with pytest.raises(UnreachableError):
        load_inside(LINES, max_tries=3)
    assert (capsys.readouterr().out, len(control.requests())) == ("", 3)


NEVER_S = 60  # the stand-in holds its answer back; the test does not wait for it


def test_a_request_that_is_never_answered_is_given_up_at_its_time_limit_and_sent_again(load_inside, control, monkeypatch):
    monkeypatch.setitem(HttpClient.__init__.__kwdefaults__, "timeout_s", (5.0, 0.5))
    control.fault(path="/v2/*", status=0, delay_s=NEVER_S)
    assert load_inside(LINES) == [state("end")["value"]]
    assert (spends(control), control.stored()["stored"]) == (EXPECTED, 6)


def test_a_service_that_never_answers_ends_the_run_without_state(load_inside, control, monkeypatch, capsys):
    monkeypatch.setitem(HttpClient.__init__.__kwdefaults__, "timeout_s", (5.0, 0.2))
    control.fault(path="/v2/*", status=0, delay_s=NEVER_S, times=9)
    with pytest.raises(UnreachableError, match=r"did not answer: ReadTimeout \(tried 2 times\)$"):
        load_inside(LINES, max_tries=2)
    assert capsys.readouterr().out == ""


def test_a_wrong_secret_stops_the_run_at_once(load_inside, control, capsys):
    with pytest.raises(CredentialsError):
        load_inside(LINES, api_secret="not-the-secret")
    assert (capsys.readouterr().out, len(control.requests())) == ("", 1)


@pytest.mark.parametrize("status", [404, 409, 200, 302])
def test_an_answer_that_is_not_mparticles_stops_the_run(load_inside, control, capsys, status):
    control.fault(path="/v2/*", status=status)
    with pytest.raises(DestinationError):
        load_inside(LINES)
    assert capsys.readouterr().out == ""


def test_a_refused_request_is_halved_until_the_wrong_batch_stands_alone(load_inside, control, mparticle, rejects, monkeypatch):
    # The target's own checks would stop this row, so the stand-in is made to refuse a value.
    honest = mparticle.stand._problems
    monkeypatch.setattr(
        mparticle.stand, "_problems", lambda batch: ["Spend must not be 4."] if batch["user_attributes"]["spend"] == 4 else honest(batch)
    )
    states = load_inside(LINES, max_rejected_rows=1)
    assert states == [state("end")["value"]]
    assert spends(control) == {name: value for name, value in EXPECTED.items() if name != "c-4"}
    [line] = rejects()
    assert (line["stream"], line["key"], line["code"], line["reason"]) == ("users", {"customer_id": "c-4"}, "BAD_REQUEST", "Spend must not be 4.")
    assert line["record"] == user(4)
    assert [(one["path"], one["status"]) for one in control.requests()] == [
        ("/v2/bulkevents", 400),  # all six
        ("/v2/bulkevents", 202),  # the first three
        ("/v2/bulkevents", 400),  # the last three
        ("/v2/events", 202),
        ("/v2/bulkevents", 400),
        ("/v2/events", 400),  # the wrong one by itself
        ("/v2/events", 202),
    ]


def test_a_413_is_halved_too(load_inside, control):
    control.fault(path="/v2/*", status=413)
    assert load_inside(LINES) == [state("end")["value"]]
    assert spends(control) == EXPECTED


def test_state_goes_out_before_the_end_with_all_rows_before_it_accepted(load_inside, control):
    lines = [SCHEMA]
    for number in range(6):
        lines += [record(user(number)), state(number)]
    assert load_inside(lines, batch_size_rows=2) == [state(number)["value"] for number in range(6)]
    control.change(forget=True)
    control.fault(path="/v2/*", status=503, skip=1, times=9)
    with pytest.raises(UnreachableError):
        load_inside(lines, batch_size_rows=2, max_tries=1)
    assert control.stored()["stored"] == 2


def test_more_rejects_than_allowed_end_the_run_after_the_others_were_delivered(load_inside, control, rejects):
    lines = [SCHEMA, record(user(1)), record(user(2, spend="much")), record(user(3, spend="more")), state("end")]
    with pytest.raises(TooManyRejectsError, match=r"2 of 3 rows were rejected, a share of 0\.5 allowed"):
        load_inside(lines, max_rejected_share=0.5)
    assert load_inside(lines, max_rejected_rows=2) == [state("end")["value"]]
    assert spends(control) == {"c-1": {"spend": 1}}
    assert [line["code"] for line in rejects()] == ["NOT_AS_DECLARED"] * 4


def test_the_rate_of_270_batches_a_second_is_never_exceeded(load_inside, control):
    load_inside([SCHEMA, *(record(user(number)) for number in range(600))], max_batches_per_second=270)
    assert {one["status"] for one in control.requests()} == {202}
    assert control.stored()["stored"] == 600
