"""What a stream's SCHEMA and the SDK's own settings do to its rows."""

from __future__ import annotations

import gzip
import json
import math

import pytest
from mparticle_lines import SCHEMA, record, state, user

FULL = {name: value for name, value in SCHEMA.items() if name != "bookmark_properties"}


def attributes(control):
    return {one["user_identities"]["customer_id"]: one["user_attributes"] for one in control.stored("what=profiles")}


def test_without_an_iterator_each_run_sends_anew_unless_the_run_has_a_label(load_inside, control):
    lines = [FULL, record(user(1))]
    load_inside(lines)
    load_inside(lines)
    assert control.stored()["stored"] == 2
    load_inside(lines, run_label="2024-W07")
    load_inside(lines, run_label="2024-W07")
    assert control.stored()["stored"] == 3


def test_without_bookmark_properties_the_iterator_is_an_attribute_unless_the_setting_names_it(load_inside, control):
    load_inside([FULL, record(user(1))])
    assert attributes(control) == {"c-1": {"spend": 1, "date_updated": "2023-11-15T18:00:01.000000Z"}}
    control.change(forget=True)
    load_inside([FULL, record(user(1))], streams={"users": {"iterator": "DATE_UPDATED"}})
    assert attributes(control) == {"c-1": {"spend": 1}}


def test_a_value_that_returns_to_what_it_was_is_sent_each_time(load_inside, control):
    versions = [user(1, spend=spend, date_updated=f"2024-01-0{day}T00:00:00Z") for day, spend in ((1, 5), (2, 6), (3, 5))]
    load_inside([SCHEMA, *map(record, versions)])
    assert (attributes(control), control.stored()["stored"]) == ({"c-1": {"spend": 5}}, 3)


def test_a_schema_that_grows_in_the_middle_keeps_the_order_of_rows(load_inside, control):
    wider = json.loads(json.dumps(SCHEMA))
    wider["schema"]["properties"]["city"] = {"type": "string"}
    load_inside([SCHEMA, record(user(1, spend=1)), wider, record(user(1, spend=2, city="Oslo")), state("end")])
    assert attributes(control) == {"c-1": {"spend": 2, "city": "Oslo"}}


def test_a_column_that_no_schema_declares_is_not_sent_and_told_once(load_inside, control, caplog):
    load_inside([SCHEMA, record(user(1, secret_note="x")), record(user(2, secret_note="y"))])
    assert attributes(control) == {"c-1": {"spend": 1}, "c-2": {"spend": 2}}
    assert [line.getMessage() for line in caplog.records if "secret_note" in line.getMessage()] == [
        "Stream users: column secret_note is not in its SCHEMA and is not sent"
    ]


def test_numbers_arrive_exactly(load_inside, control):
    schema = {**SCHEMA, "schema": {"type": "object", "properties": {name: {} for name in ("customer_id", "big", "price", "long", "date_updated")}}}
    line = json.dumps(record({"customer_id": 9007199254740993, "big": 9223372036854775807, "price": 0, "long": 1, "date_updated": "x"}))
    line = line.replace('"price": 0', '"price": 19.90').replace('"long": 1', '"long": 1234567890.12345678901')
    load_inside(json.dumps(schema) + "\n" + line)
    assert attributes(control) == {"9007199254740993": {"big": 9223372036854775807, "price": 19.9, "long": "1234567890.12345678901"}}


def test_a_nan_is_rejected(load_inside, rejects):
    load_inside([SCHEMA, record(user(1, spend=math.nan))], max_rejected_rows=1)
    [line] = rejects()
    assert (line["code"], line["field"], line["reason"]) == (
        "BAD_VALUE",
        "spend",
        "`spend` to `user_attributes.spend`: NaN and infinity have no form in JSON",
    )


def test_half_a_surrogate_pair_is_rejected(load_inside, rejects):
    load_inside([SCHEMA, record(user(1, email="a\ud83d")), record(user(2))], max_rejected_rows=1)
    [line] = rejects()
    assert (line["code"], line["field"], line["record"]) == ("BAD_VALUE", "email", user(1, email="a\ud83d"))


def test_more_attributes_than_a_batch_takes_go_in_several_and_count_as_one_row(load_inside, control):
    names = [f"a{number}" for number in range(250)]
    schema = {**SCHEMA, "schema": {"type": "object", "properties": {name: {} for name in ("customer_id", "date_updated", *names)}}}
    lines = [schema, record({"customer_id": "c-1", "date_updated": "x", **dict.fromkeys(names, 1)}), state("end")]
    load_inside(lines)
    load_inside(lines)
    assert attributes(control) == {"c-1": dict.fromkeys(names, 1)}
    counts = control.stored()
    assert (counts["stored"], counts["repeated"]) == (4, 4)


def test_rows_in_batch_files_are_sent_too(load_inside, control, tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(json.dumps(user(number)).encode() + b"\n" for number in range(3))))
    batch = {"type": "BATCH", "stream": "users", "encoding": {"format": "jsonl", "compression": "gzip"}, "manifest": [path.as_uri()]}
    assert load_inside([SCHEMA, batch, state("end")]) == [state("end")["value"]]
    assert attributes(control) == {f"c-{number}": {"spend": number} for number in range(3)}


@pytest.mark.parametrize(
    "limits", [{"max_batches_per_request": 1}, {"max_batches_per_request": 7}, {"max_request_bytes": 1000, "max_batch_bytes": 500}]
)
def test_requests_keep_the_limits_that_are_set(load_inside, control, limits):
    load_inside([SCHEMA, *(record(user(number)) for number in range(20))], **limits)
    sent = control.requests()
    assert {one["status"] for one in sent} == {202}
    assert all(len(one["body"].encode()) <= limits.get("max_request_bytes", 250_000) for one in sent)
    sizes = [len(json.loads(one["body"])) if one["path"] == "/v2/bulkevents" else 1 for one in sent]
    assert (sum(sizes), max(sizes) <= limits.get("max_batches_per_request", 100)) == (20, True)
    assert len(attributes(control)) == 20
