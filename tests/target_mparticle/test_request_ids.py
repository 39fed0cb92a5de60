from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_mparticle.request_ids import RequestIds, RowDigests, message_id

if TYPE_CHECKING:
    import random


def row_digest(record, date_times=()):
    return RowDigests(date_times).of(record)


def request_id(stream, fingerprint, digest, *, run_label=None, part=0):
    return RequestIds(stream, fingerprint, run_label).of(digest, part)


NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
NAMES = st.text(max_size=5).filter(lambda name: not name.startswith("_sdc_"))
ROWS = st.dictionaries(NAMES, st.none() | st.booleans() | st.text(max_size=5) | NUMBERS | st.lists(NUMBERS, max_size=3), max_size=5)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(row, shuffle: random.Random):
    names = list(row)
    shuffle.shuffle(names)
    assert row_digest({name: row[name] for name in names}) == row_digest(row)


@given(ROWS, ROWS)
def test_rows_that_differ_have_other_digests(one, other):
    def known(value):  # 1 and True are equal to Python, and 1 and 1.0 to all
        return {name: (type(each) is bool, [Decimal(item) for item in each] if isinstance(each, list) else each) for name, each in value.items()}

    assert (row_digest(one) == row_digest(other)) == (known(one) == known(other))


@pytest.mark.parametrize(
    ("one", "other"), [(Decimal("1.10"), Decimal("1.1")), (1, Decimal("1.0")), (Decimal("1E+2"), 100), (0, Decimal("-0.00")), (1.5, Decimal("1.5"))]
)
def test_how_a_number_is_spelt_does_not_matter(one, other):
    assert row_digest({"a": one}) == row_digest({"a": other})


def test_how_a_moment_is_spelt_does_not_matter_unless_digits_would_be_lost():
    spellings = ["2023-11-15T18:00:00Z", "2023-11-15T18:00:00.000000+00:00", "2023-11-15T23:00:00+05:00", "2023-11-15T18:00:00"]
    assert len({row_digest({"at": each}, {"at"}) for each in spellings}) == 1
    fine = ["2023-11-15T18:00:00.123456789Z", "2023-11-15T18:00:00.123456788Z", "0001-01-01T00:00:00+05:00", "no moment"]
    assert len({row_digest({"at": each}, {"at"}) for each in fine}) == 4
    assert len({row_digest({"at": each}) for each in spellings}) == 4


def test_when_a_row_was_moved_does_not_matter():
    assert row_digest({"a": 1, "_sdc_received_at": "x"}) == row_digest({"a": 1})
    assert row_digest({"a": 1, "_id": "x"}) != row_digest({"a": 1})


def test_an_id_changes_with_all_that_makes_another_batch_and_with_nothing_else():
    first = request_id("users", "mapping", "row")
    others = [
        request_id("people", "mapping", "row"),
        request_id("users", "mapping 2", "row"),
        request_id("users", "mapping", "row 2"),
        request_id("users", "mapping", "row", run_label="run"),
        request_id("users", "mapping", "row", part=1),
    ]
    assert len({first, *others}) == 6
    assert first == request_id("users", "mapping", "row") == "8a209217-1f35-5c5c-a8db-fa288e975bc5"


def test_an_event_is_known_by_its_keys_or_else_by_its_batch():
    assert message_id("orders", {"id": 1, "x": 2}, ["id"], "a") == message_id("orders", {"id": 1, "x": 3}, ["id"], "b")
    assert message_id("orders", {"id": 1}, ["id"], "a") != message_id("orders", {"id": 2}, ["id"], "a")
    assert message_id("orders", {"id": 1}, [], "a") != message_id("orders", {"id": 1}, [], "b")


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_from_json_has_the_digest_of_its_value(value):
    again = json.loads(f"[{value}]", parse_float=Decimal)[0]
    assert row_digest({"a": again}) == row_digest({"a": value})
