"""Rows that come in blocks leave as the same bytes as rows that come one by one, and what is quick says the same as what it is quicker than."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mparticle_lines import SCHEMA, record, state, user
from singer_commons import reading
from singer_commons.errors import TooManyRejectsError
from singer_commons.target import DurableTarget
from singer_commons.validation import SdkValidator
from singer_sdk.sinks.core import JSONSchemaValidator
from target_mparticle.delivery import DryRun
from target_mparticle.request_ids import NAMESPACE, RequestIds, RowDigests
from target_mparticle.row_check import RowCheck, look
from target_mparticle.sink import MParticleSink
from target_mparticle.target import TargetMParticle

NUMBERS = st.integers() | st.integers(-(2**70), 2**70) | st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+400"))
SCALARS = st.none() | st.booleans() | st.text(max_size=6) | NUMBERS | st.sampled_from(["2023-11-15T18:00:00Z", "", "ä" * 5000, "a" * 4097, "\x00"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6)
COLUMNS = ("customer_id", "email", "ios_idfv", "mpid", "spend", "$city", "tags", "home", "at")
ROWS = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, VALUES)), max_size=6)
ANYTHING = {
    "type": "SCHEMA", "stream": "users", "key_properties": [], "bookmark_properties": ["at"],
    "schema": {"properties": {**{name: {} for name in COLUMNS}, "at": {"format": "date-time"}, "spend": {"type": ["number", "string", "null"]}}},
}  # fmt: skip
EVENTS = {
    "data_type": "events",
    "mappings": [
        {"mapping_type": "column", "source": "customer_id", "destination": "user_identities.customer_id"},
        {"mapping_type": "column", "source": "spend", "destination": "events.data.custom_attributes.spend"},
        {"mapping_type": "column", "source": "email", "destination": "user_identities.email", "hash": "sha256"},
        {"mapping_type": "static", "value": "custom_event", "destination": "events.event_type"},
        {"mapping_type": "column", "source": "home", "destination": "events.data.event_name"},
        {"mapping_type": "static", "value": "other", "destination": "events.data.custom_event_type"},
        *({"mapping_type": "ignore", "source": name} for name in ("ios_idfv", "mpid", "$city", "tags", "at")),
    ],
}


def spelt(value):
    """JSON with every digit of a Decimal."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{spelt(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """What a target sends for lines, what it rejects, and what the account says."""
    folder, config = tmp_path_factory.mktemp("sent"), {"api_key": "k", "api_secret": "s", "environment": "development", "dry_run": True}
    places = {"dry_run_path": str(folder / "batches"), "rejects_path": str(folder / "rejects")}

    def run(text, **changed):
        for name in ("batches", "rejects"):
            (folder / name).unlink(missing_ok=True)
        target = TargetMParticle(config={**config, **places, "max_rejected_rows": 100, **changed})
        target.listen(io.BytesIO(text.encode("utf-8", "surrogatepass")))
        rejected = [json.loads(line) for line in (folder / "rejects").read_bytes().splitlines()] if (folder / "rejects").exists() else []
        reasons = [(one["code"], one["reason"], one["field"], one["record"]) for one in rejected]
        account = target.account.stream("users")
        batches = (folder / "batches").read_bytes() if (folder / "batches").exists() else b""
        return batches, reasons, (account.rows_read, account.rows_loaded, account.rejected)

    return run


@settings(max_examples=20, deadline=None)
@given(ROWS, st.sampled_from([{}, {"null": "delete"}, {"null": "tag", "oversize": "truncate"}, {"iterator": "at"}, EVENTS]), st.integers(1, 3))
@example([{"customer_id": "c", "tags": ["\ud800"]}, {"customer_id": "\ud800"}, {"customer_id": "c", "home": {"a": Decimal("1E+400")}}], {}, 1)
def test_blocks_and_single_rows_become_the_same_batches_rejects_and_counts(sent, rows, stream, batch_rows):
    lines = "".join(spelt(line) + "\n" for line in [ANYTHING, *(record(row) for row in rows)])
    changed = {"streams": {"users": stream}, "batch_size_rows": batch_rows, "run_label": "same"}
    in_blocks = sent(lines, **changed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DurableTarget, "_found_block_sink", lambda _self, _stream: None)
        one_by_one = sent(lines, **changed)
    assert in_blocks == one_by_one
    assert in_blocks[2][0] == len(rows)


def test_few_rows_are_decoded_at_a_time_however_many_wait(sent, monkeypatch):
    sizes, taken = [], MParticleSink.process_block
    monkeypatch.setattr(MParticleSink, "process_block", lambda sink, block: (sizes.append(len(block)), taken(sink, block)))
    lines = "".join(json.dumps(line) + "\n" for line in [SCHEMA, *(record(user(number)) for number in range(1201))])
    _, rejected, counts = sent(lines)
    assert (sizes, rejected, counts[:2]) == ([500, 500, 201], [], (1201, 1201))


@pytest.mark.parametrize(("limits", "deliveries"), [({}, [20]), ({"max_waiting_bytes": 1_000, "block_size_bytes": 1_000}, None)])
def test_rows_are_sent_once_their_batches_are_too_large_to_wait(sent, monkeypatch, limits, deliveries):
    sizes, deliver = [], DryRun.deliver
    monkeypatch.setattr(DryRun, "deliver", lambda way, batches, sink: (sizes.append(len(batches)), deliver(way, batches, sink)))
    monkeypatch.setattr(reading, "READ_BYTES", 500)
    lines = "".join(json.dumps(line) + "\n" for line in [SCHEMA, *(record(user(number)) for number in range(20))])
    _, _, counts = sent(lines, **limits)
    assert counts[:2] == (20, 20)
    assert sizes == deliveries or (deliveries is None and len(sizes) > 1 and max(sizes) < 20)


def test_rows_that_mparticle_refuses_are_written_down_as_they_were_read(load_inside, control, rejects):
    row = user(1, note="not in the SCHEMA", _sdc_batched_at="x")
    control.fault(path="/v2/*", status=400)
    load_inside([SCHEMA, record(row), state("end")], max_rejected_rows=1)
    [line] = rejects()
    assert line["record"] == user(1, note="not in the SCHEMA")


def reference_digest(row):
    """The digest as it is defined, without haste."""

    def plain(value):
        if value is None or isinstance(value, (str, bool)):
            return value
        if isinstance(value, dict):
            return {"object": {name: plain(each) for name, each in value.items()}}
        if isinstance(value, list):
            return [plain(each) for each in value]
        sign, digits, exponent = Decimal(value).as_tuple()
        number = "".join(map(str, digits)).strip("0")
        zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
        return {"number": f"{'-' * sign}{number}e{exponent + zeros}" if number else "0"}

    text = json.dumps({name: plain(value) for name, value in row.items()}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@given(ROWS, st.text(max_size=5), st.none() | st.text(max_size=5), st.integers(0, 3))
def test_digests_and_ids_are_what_they_are_defined_to_be(rows, stream, label, part):
    digests = RowDigests()
    for row in rows:
        digest = reference_digest(row)
        assert digests.of(row) == digest
        name = json.dumps(["v1", stream, "mapping", digest, label or "", str(part)])
        assert RequestIds(stream, "mapping", label).of(digest, part) == str(uuid.uuid5(NAMESPACE, name))


KINDS = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
PARTS = st.recursive(
    st.just(value=True)
    | st.fixed_dictionaries(
        {},
        optional={
            "type": KINDS | st.lists(KINDS, min_size=1, max_size=3, unique=True),
            "maxLength": st.integers(0, 4),
            "format": st.just("date"),
            "minimum": st.integers(0, 3),
            "maximum": st.integers(0, 3) | st.just(2.5),
            "enum": st.lists(SCALARS, min_size=1, max_size=2),
        },
    ),
    lambda inner: (
        st.fixed_dictionaries({"items": inner})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries(
            {"properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2)},
            optional={
                "type": st.just(["object", "null"]),
                "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
                "additionalProperties": st.booleans(),
            },
        )
    ),
    max_leaves=5,
)
INSIDE = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=5)


@settings(max_examples=100, deadline=None)
@given(PARTS, INSIDE)
def test_the_quick_look_lets_nothing_pass_that_the_validator_refuses(schema, value):
    whole = {"properties": {"a": schema}}
    validator = JSONSchemaValidator(whole)
    refusals = [str(one.message) for one in validator.validator.iter_errors({"a": value})]
    problem = RowCheck(whole, SdkValidator(whole)).problem({"a": value})
    assert problem.error_message in refusals if refusals else problem is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": ["null", "object"], "properties": {"zip": {"type": "string", "maxLength": 5}}, "required": ["zip"]}, {"zip": "12345"}),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, None),
        ({"type": "number", "x-sql-datatype": "decimal(12,2)"}, Decimal("12.50")),
        ({"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}, -(2**63)),
        ({"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}, None),
    ],
)
def test_the_quick_look_knows_what_taps_usually_say(schema, value):
    assert look(schema)(value)


@pytest.mark.parametrize("metadata", [False, True])
def test_a_row_that_breaks_its_schema_is_named_by_line_key_and_field(metadata, load_inside, rejects):
    rows = [record(user(number)) for number in range(1_000)]
    rows[600] = record(user(600, spend="much"))
    load_inside([SCHEMA, *rows, state("end")], max_rejected_rows=1, add_record_metadata=metadata)
    (told,) = rejects()
    assert (told["stream"], told["line"], told["key"], told["field"]) == ("users", 602, {"customer_id": "c-600"}, "spend")


def test_a_run_of_which_mparticle_takes_nothing_stops_with_exit_code_3_and_the_rejects_on_disk(load_inside, control, rejects, capsys, monkeypatch):
    monkeypatch.setattr("target_mparticle.sink.REFUSED_ROWS", 4)
    control.fault(path="/v2/*", status=400, times=1_000)
    rows = [record(user(number)) for number in range(20)]
    with pytest.raises(TooManyRejectsError, match="mParticle refused all of the first 6 rows"):
        load_inside([SCHEMA, *rows, state("end")], batch_size_rows=3, max_rejected_rows=4)
    assert ([line["code"] for line in rejects()], capsys.readouterr().out) == (["BAD_REQUEST"] * 6, "")


def test_a_run_that_may_lose_all_its_rows_goes_on(load_inside, control, monkeypatch):
    monkeypatch.setattr("target_mparticle.sink.REFUSED_ROWS", 4)
    control.fault(path="/v2/*", status=400, times=1_000)
    rows = [record(user(number)) for number in range(9)]
    assert load_inside([SCHEMA, *rows, state("end")], batch_size_rows=3, max_rejected_rows=9) == [state("end")["value"]]
