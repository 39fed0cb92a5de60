"""Lines that begin alike are parted into records and what stands behind them: exactly as if each were read by itself, or not at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_commons.columnar import parting
from singer_commons.columnar.blocks import GatheredLines, LineBlock, message_of
from singer_commons.columnar.parting import parted, record_lines
from singer_sdk.singerlib.exceptions import InvalidInputLine

HEAD = b'{"type":"RECORD","stream":"rows","record":'
TIME = b',"time_extracted":"2024-01-02T03:04:05Z"}'
RECORDS = [b"{}", b'{"id":1}', b'{"id": 2, "x": {"a": "}"} }', '{"id":"é\u2028"}'.encode(), b'{"id":1,"time_extracted":"x"}', b'{"x":"\\"}\\n{"}']
ODD_RECORDS = [
    b"null",
    b"[1]",
    b'{"id":1',
    b'{"id":1}}',
    b'{"id":1} {"id":2}',
    b'{"id":1},"more":{}',
    b'{"id":1},"stream":"other"',
    b'{"id":"\xff"}',
    b"",
    b"{",
    b"}",
]
TAILS = [
    TIME,
    TIME + b"\r",
    b"}",
    b',"version":7}',
    b' , "version" : null, "time_extracted" : "x" }',
    b',"time_extracted":"\\u0041"}',
    b',"more":{"record":{}}}',
]
MIXED_TAILS = TAILS[:-1]  # behind lines that end in `}` alone, what ends in `}}` could be all record: left to the parser, which refuses it
ODD_TAILS = [
    b"",
    b',"record":{"id":3}}',
    b',"record":{}}',
    b',"record":0}',
    b',"type":"STATE"}',
    b',"version":"x"}',
    b',"x":Inf}',
    b',"x":"\xff"}',
    b',"version":8}',
]


def as_told(text):
    """What reading each line by itself gives, or None if one of them is no RECORD of the stream with an object."""
    try:
        messages = [message_of(line) for line in text.removesuffix(b"\n").split(b"\n")]
    except (ValueError, InvalidInputLine):
        return None
    for message in messages:
        version, time = message.get("version"), message.get("time_extracted")
        is_told = (message["type"], message["stream"]) == ("RECORD", "rows") and isinstance(version, int | None) and isinstance(time, str | None)
        if not is_told or not isinstance(message["record"], dict):
            return None
    if len({message.get("version") for message in messages}) > 1:
        return None
    return [message["record"] for message in messages], messages[0].get("version"), [message.get("time_extracted") for message in messages]


def as_parted(text):
    """What `parted` makes of lines, if a reader of the records takes them, which finds as many as there are lines."""
    try:
        made = parted(text, "rows", HEAD)
        made.records.decode()  # which every reader of them does first
        records = [message_of(line) for line in made.records.split(b"\n")]
    except (ValueError, InvalidInputLine):
        return None
    return records, made.version, list(made.times)


def lines(parts, tails):
    return st.lists(st.builds(lambda record, tail: HEAD + record + tail, st.sampled_from(parts), st.sampled_from(tails)), min_size=1, max_size=6)


@given(lines(RECORDS, MIXED_TAILS) | st.sampled_from(TAILS).flatmap(lambda tail: lines(RECORDS, [tail])), st.booleans())
def test_records_versions_and_times_are_those_of_the_single_lines(rows, has_last_end):
    text = b"\n".join(rows) + b"\n" * has_last_end
    assert as_parted(text) == as_told(text)


@given(
    lines(RECORDS + ODD_RECORDS, TAILS + ODD_TAILS) | st.sampled_from(TAILS + ODD_TAILS).flatmap(lambda tail: lines(RECORDS + ODD_RECORDS, [tail]))
)
@example([HEAD + b'{"id":1},"record":{"id":3}}'])
def test_what_is_odd_in_a_line_is_never_taken_for_something_else(rows):
    text = b"\n".join(rows)
    assert as_parted(text) in (None, as_told(text))


def test_lines_that_end_alike_are_not_told_apart(monkeypatch):
    told = []
    line_of = parting.line_of
    monkeypatch.setattr(parting, "line_of", lambda text: told.append(text) or line_of(text))
    rows = [HEAD + b'{"id":%d}' % number + TIME for number in range(100)]
    assert parted(b"\n".join(rows), "rows", HEAD).records == b"\n".join(b'{"id":%d}' % number for number in range(100))
    assert told == [rows[0], b'{"type":""' + TIME]


def test_a_record_that_no_blanks_make_an_object_is_refused():
    assert record_lines([b'{"id":1}\r', b' {"id":2}']) == b'{"id":1}\n{"id":2}'
    for odd in (b"null", b"[1]", b"", b'"}\n{"'):
        with pytest.raises(ValueError, match="no object"):
            record_lines([b'{"id":1}', odd, b'{"id":2}'])


def test_a_block_knows_the_times_of_all_its_pieces_and_of_any_part_of_it():
    waiting = GatheredLines("rows", HEAD)
    for first in (1, 3):
        text = b"".join(HEAD + b'{"id":%d},"time_extracted":"%d"}\n' % (number, first) for number in (first, first + 1))
        waiting.add(text, range(first, first + 2))
    block, text = waiting.take().read()
    assert isinstance(block, LineBlock)
    assert (text.split(b"\n"), block.version) == ([b'{"id":%d}' % number for number in (1, 2, 3, 4)], None)
    part = block.slice(1, 3)
    assert (part.extracted_at, [message["record"] for message in part.messages()], list(part.line_numbers)) == (
        ["1", "3"],
        [{"id": 2}, {"id": 3}],
        [2, 3],
    )
    assert json.loads(part.read()[1].split(b"\n")[1]) == {"id": 3}
    assert len(waiting) == waiting.nbytes == 0
