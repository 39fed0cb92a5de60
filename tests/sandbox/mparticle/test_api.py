from __future__ import annotations

import json

import pytest

BATCH = {"environment": "development", "user_identities": {"customer_id": "c-1"}, "user_attributes": {"spend": 1}}


def messages(answer):
    return [each["message"] for each in json.loads(answer.body)["errors"]]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(None, 401), ("Bearer x", 401), ("Basic !!", 403), ("Basic d3Jvbmc6d3Jvbmc=", 403), ("right", 202)],
)
def test_a_request_needs_the_key_and_the_secret(send, authorization, status):
    assert send("/v2/events", BATCH, authorization).status == status


def test_accepted_is_202_without_a_body_and_says_how_much_of_the_rate_is_used(send):
    answer = send("/v2/bulkevents", [BATCH] * 27)
    assert (answer.status, answer.body, answer.headers["X-mp-rate-limit-percentage-used"]) == (202, b"", "10")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v2/events", b"{", "The request is not valid JSON."),
        ("/v2/events", b'{"mpid": NaN}', "The request is not valid JSON."),
        ("/v2/events", [BATCH], "The request must be one batch."),
        ("/v2/bulkevents", BATCH, "The request must be a list of batches."),
        ("/v2/bulkevents", [BATCH] * 101, "The request has 101 batches; 100 are allowed."),
        (
            "/v2/events",
            {**BATCH, "events": [{"event_type": "session_start", "data": {}}] * 101},
            "The request has 101 events; 100 are allowed.",
        ),
        ("/v2/events", {"events": [{"data": {}}]}, 'Required event field "event_type" is missing or empty.'),
    ],
)
def test_a_wrong_request_gets_400_and_the_reason(send, stand, path, body, message):
    answer = send(path, body)
    assert (answer.status, messages(answer)) == (400, [message])
    assert json.loads(answer.body)["errors"][0]["code"] == "BAD_REQUEST"
    assert stand.batches == []


@pytest.mark.parametrize(("extra_bytes", "status"), [(-1, 202), (0, 400)])
def test_a_batch_stays_under_128_kb(send, extra_bytes, status):
    batch = {"partner_identities": {"p": ""}}
    batch["partner_identities"]["p"] = "x" * (128_000 + extra_bytes - len(json.dumps(batch, separators=(",", ":"))))
    assert send("/v2/events", batch).status == status


@pytest.mark.parametrize(("extra_bytes", "status"), [(-1, 202), (0, 413)])
def test_a_request_stays_under_256_kb(send, extra_bytes, status):
    body = json.dumps([BATCH]).encode()
    assert send("/v2/bulkevents", body + b" " * (256_000 + extra_bytes - len(body))).status == status


def test_the_status_for_too_large_a_request_and_what_a_kb_is_are_switches(send, stand):
    body = json.dumps([BATCH]).encode().ljust(256_000)
    stand.change({"oversize_status": 400})
    refused = send("/v2/bulkevents", body)
    stand.change({"kilobyte_bytes": 1024})
    assert (refused.status, send("/v2/bulkevents", body).status) == (400, 202)


def test_270_batches_in_a_second_are_taken_and_one_more_waits_for_the_next(send, stand, clock):
    stand_answers = [send("/v2/bulkevents", [BATCH] * count).status for count in (100, 100, 70)]
    refused = send("/v2/events", BATCH)
    clock.now_s += 1
    assert (stand_answers, refused.status, send("/v2/events", BATCH).status) == ([202, 202, 202], 429, 202)
    assert (refused.headers, refused.body) == ({"Retry-After": "1", "X-mp-rate-limit-exceeded": "feed"}, b"")


def test_a_repeated_source_request_id_is_accepted_and_not_stored_again(send, stand):
    first, second = {**BATCH, "source_request_id": "a"}, {**BATCH, "source_request_id": "a", "user_attributes": {"spend": 2}}
    assert [send("/v2/events", first).status, send("/v2/bulkevents", [second, BATCH]).status] == [202, 202]
    assert [each["batch"] for each in stand.stored({"what": "batches"})] == [first, BATCH]
    counts = stand.stored({})
    assert (counts["accepted"], counts["stored"], counts["repeated"]) == (3, 2, 1)


def test_a_wrong_batch_refuses_its_bulk_request_unless_the_switch_lets_the_others_in(send, stand):
    wrong = {"user_attributes": {"nested": {"no": 1}}}
    assert send("/v2/bulkevents", [BATCH, wrong]).status == 400
    assert stand.batches == []
    stand.change({"bulk_failures": "accept"})
    assert send("/v2/bulkevents", [BATCH, wrong]).status == 202
    assert [each["batch"] for each in stand.batches] == [BATCH]
    assert stand.stored({"what": "counts"})["dropped_wrong"] == 1


@pytest.mark.parametrize(
    ("events", "stored"),
    [
        ([], 0),
        ([{}], 0),
        ([{"timestamp_unixtime_ms": 1_700_000_000_000 - 71 * 3_600_000}], 0),
        ([{"timestamp_unixtime_ms": 1_700_000_000_000 - 73 * 3_600_000}], 1),
        ([{"timestamp_unixtime_ms": 1_700_000_000_000 - 73 * 3_600_000}, {}], 0),
    ],
)
def test_the_historical_endpoint_drops_batches_without_old_enough_events(send, stand, events, stored):
    batch = {**BATCH, "events": [{"event_type": "session_start", "data": {"event_num": 1, **data}} for data in events]}
    assert send("/v2/bulkevents/historical", [batch]).status == 202
    assert len(stand.batches) == stored


def test_an_unknown_path_gets_404(send):
    assert send("/v1/events", BATCH).status == 404


def test_a_change_names_the_switches_and_can_empty_the_store(send, stand):
    send("/v2/events", BATCH)
    with pytest.raises(ValueError, match="no switch is named colour"):
        stand.change({"colour": "blue"})
    with pytest.raises(ValueError, match="takes a int"):
        stand.change({"batches_per_second": "many"})
    assert stand.change({"forget": True})["batches_per_second"] == 270
    assert (stand.batches, stand.stored({"what": "profiles"})) == ([], [])
    with pytest.raises(ValueError, match="not secrets"):
        stand.stored({"what": "secrets"})


def test_a_search_finds_who_is_known_and_makes_nobody(send, stand):
    send("/v2/events", {**BATCH, "user_identities": {"customer_id": "c-1", "other_id_2": "o"}})
    found = send("/v1/search", {"environment": "production", "known_identities": {"other2": "o"}})
    missed = send("/v1/search", {"environment": "production", "known_identities": {"customerid": "c-2"}})
    wrong = send("/v1/search", {"environment": "production", "known_identities": {}})
    assert (found.status, json.loads(found.body)["mpid"]) == (200, str(stand.batches[0]["mpid"]))
    assert (missed.status, wrong.status, len(stand.stored({"what": "profiles"}))) == (404, 400, 1)
