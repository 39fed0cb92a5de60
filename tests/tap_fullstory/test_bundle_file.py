"""Files of events: packed or not, in any chunks, and never half."""

from __future__ import annotations

import gzip
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_fullstory import bundle_file
from tap_fullstory.bundle_file import BrokenFileError, items, plain_file, temporary_file

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=6,
)
EVENTS = st.lists(st.dictionaries(st.text(max_size=5), VALUES, max_size=4), max_size=12)
FORMS = {
    "array": lambda events: json.dumps(events).encode(),
    "indented array": lambda events: b"\xef\xbb\xbf " + json.dumps(events, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass"),
    "lines": lambda events: "\n\n".join(map(json.dumps, events)).encode(),
}


def read(body, size=1 << 16):
    with temporary_file() as file:
        plain_file([body[at : at + size] for at in range(0, len(body), size)], file)
        return list(items(file))


@given(EVENTS, st.sampled_from(sorted(FORMS)), st.integers(0, 2), st.integers(1, 50), st.integers(1, 40))
def test_every_form_in_any_chunks_gives_the_same_events(events, form, times_packed, chunk, chars):
    body = FORMS[form](events)
    for _ in range(times_packed):
        body = gzip.compress(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_file, "READ_CHARS", chars)
        assert read(body, chunk) == events


@given(EVENTS.filter(bool), st.integers(0, 2), st.data())
def test_a_file_that_was_cut_off_is_found_before_its_first_event_is_given(events, times_packed, data):
    body = json.dumps(events).encode()
    for _ in range(times_packed):
        body = gzip.compress(body)
    cut = data.draw(st.integers(2, len(body) - 1))
    with temporary_file() as file, pytest.raises(BrokenFileError):
        plain_file([body[:cut]], file)


@pytest.mark.parametrize("body", [b"", b"[]", b" [ ] \n", b"\n", gzip.compress(b"", mtime=0), gzip.compress(b"[]", mtime=0)])
def test_a_file_without_events_gives_none(body):
    assert read(body) == []


def test_numbers_come_as_they_were_written():
    assert read(b'[{"id": 9223372036854775807, "real": 0.12345678901234567890123, "small": 1.10}]') == [
        {"id": 9223372036854775807, "real": Decimal("0.12345678901234567890123"), "small": Decimal("1.10")},
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html></html>", "does not begin and end as JSON does"),
        (b"[1]", "no JSON object but int"),
        (b'[{"a": }]', "not JSON"),
        (b'[{"a": "\xff"}]', "not UTF-8"),
    ],
)
def test_what_holds_no_events_is_named(body, reason):
    with pytest.raises(BrokenFileError, match=reason):
        read(body)


def test_a_large_event_is_not_read_anew_for_every_block():
    event = {"text": "x" * 3_000_000}
    assert read(json.dumps([event, event]).encode()) == [event, event]


def test_a_large_file_waits_on_disk_and_is_read_in_blocks():
    file = io.BytesIO(b"[" + b",".join([b'{"n":1}'] * 100_000) + b"]")
    first = next(items(file))
    assert (first, file.tell() < 1_000_000) == ({"n": 1}, True)
