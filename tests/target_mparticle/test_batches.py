from __future__ import annotations

import itertools
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_mparticle.batches import encoded, packed, request_body, split
from target_mparticle.mapping import RowRejectedError
from target_mparticle.pace import evened
from target_mparticle.settings import Limits

IDENTITY = {"user_identities": {"customer_id": "c"}}


@dataclass(frozen=True)
class Ready:
    body: bytes
    events: int = 0


@given(
    st.lists(st.builds(Ready, st.binary(min_size=2, max_size=60), st.integers(0, 3))),
    st.builds(Limits, batches=st.integers(1, 5), events=st.integers(3, 8), request_bytes=st.integers(62, 200)),
)
def test_requests_keep_all_limits_the_order_and_every_batch(batches, limits):
    requests = list(packed(batches, limits))
    assert [each for request in requests for each in request] == batches
    for request in requests:
        assert 1 <= len(request) <= limits.batches
        assert len(request_body([each.body for each in request])) <= limits.request_bytes
        assert sum(each.events for each in request) <= limits.events


@given(
    st.lists(st.builds(Ready, st.binary(min_size=2, max_size=60), st.integers(0, 3)), min_size=2),
    st.builds(Limits, batches=st.integers(1, 5), events=st.integers(3, 8), request_bytes=st.integers(62, 200)),
)
def test_no_request_has_room_for_the_first_batch_of_the_next(batches, limits):
    requests = list(packed(batches, limits))
    for request, after in itertools.pairwise(requests):
        more = [*request, after[0]]
        assert (
            len(more) > limits.batches
            or len(request_body([each.body for each in more])) > limits.request_bytes
            or sum(each.events for each in more) > limits.events
        )


@given(
    st.dictionaries(st.text(min_size=1, max_size=4), st.text(max_size=30), max_size=40),
    st.lists(st.text(min_size=1, max_size=4), max_size=20, unique=True),
    st.integers(1, 10),
    st.integers(220, 600),
)
def test_a_row_is_split_into_batches_that_together_hold_all_of_it(attributes, deleted, most, batch_bytes):
    batch = {**IDENTITY, "events": [{"event_type": "first_run", "data": {}}], "user_attributes": attributes, "deleted_user_attributes": deleted}
    bodies = split(batch, Limits(user_attributes=most, batch_bytes=batch_bytes), lambda part, number: encoded({"id": number, **part}))
    parts = [msgspec.json.decode(body) for body in bodies]
    assert {name: value for part in parts for name, value in part.get("user_attributes", {}).items()} == attributes
    assert [name for part in parts for name in part.get("deleted_user_attributes", [])] == deleted
    assert [part["id"] for part in parts] == list(range(len(parts)))
    assert ["events" in part for part in parts] == [True] + [False] * (len(parts) - 1)
    assert all(part["user_identities"] == IDENTITY["user_identities"] for part in parts)
    assert all(len(part.get("user_attributes", {})) <= most and len(body) <= batch_bytes for part, body in zip(parts, bodies, strict=True))


@pytest.mark.parametrize(("request_bytes", "sizes"), [(14, [2]), (13, [1, 1])])
def test_a_request_may_be_exactly_as_large_as_the_limit(request_bytes, sizes):
    batches = [Ready(b"{...}"), Ready(b"{....}")]  # with brackets and a comma 14 bytes
    assert [len(request) for request in packed(batches, Limits(request_bytes=request_bytes))] == sizes


def test_a_row_that_fits_is_one_batch():
    attributes = {f"a{number}": number for number in range(100)}
    assert len(split({**IDENTITY, "user_attributes": attributes}, Limits(), lambda part, _: encoded(part))) == 1
    assert len(split({**IDENTITY, "user_attributes": {**attributes, "more": 1}}, Limits(), lambda part, _: encoded(part))) == 2


def test_a_single_attribute_that_is_too_large_rejects_the_row():
    with pytest.raises(RowRejectedError, match="the batch has 622 bytes; 500 are allowed") as rejected:
        split({**IDENTITY, "user_attributes": {"a": "ä" * 278}}, Limits(batch_bytes=500), lambda part, _: encoded(part))
    assert rejected.value.code == "BATCH_TOO_LARGE"


@pytest.mark.parametrize(
    ("batches_per_request", "batches_per_second", "size"),
    [(100, 270, 90), (100, 250, 83), (100, 100, 100), (100, 30, 30), (1, 270, 1), (100, 1000, 100), (100, 1.5, 1)],
)
def test_whole_requests_fill_a_second(batches_per_request, batches_per_second, size):
    assert evened(batches_per_request, batches_per_second) == size
