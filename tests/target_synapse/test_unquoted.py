"""Lines without quotes: whatever the rows say, they are cut where they were, and their texts come back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_commons.errors import DestinationError
from target_synapse.rows.records import RowWriter
from target_synapse.rows.types import parsed
from target_synapse.rows.values import ESCAPE
from target_synapse.sql.ddl import Column
from target_synapse.tables.ensure import LoadPlan
from target_synapse.tables.naming import TableName
from target_synapse.ways.unquoted import LETTERS, MARK, RESTORING, SEPARATOR, STANDS_FOR, unquoted

PLAN = LoadPlan(
    TableName("s", "t"),
    {name: Column(name, parsed(kind)) for name, kind in [("a", "nvarchar(max)"), ("n", "bigint"), ("b", "nvarchar(max)"), ("c", "float")]},
    [],
)
HARD = [*STANDS_FOR, *STANDS_FOR.values(), *LETTERS, *LETTERS.values(), MARK, '"', '""', ",", "\r\n", "", ESCAPE, "\0", "\x85", "\u2028", "a", "😀"]
TEXT = st.none() | st.lists(st.sampled_from(HARD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=8).map("".join)


def lines_of(rows):
    writer = RowWriter(PLAN)
    return b"".join(b"".join(writer.line(dict(zip("anbc", row, strict=True)), place)) for place, row in enumerate(rows, start=1))


def restored(field):
    for shown, text in RESTORING:
        field = field.replace(shown, text)
    return field


def staged(text):
    """Text as it stands in the staging table: '' apart from NULL."""
    return "" if text is None else ESCAPE + text if not text or text[0] == ESCAPE else text


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXT, st.none() | st.integers(-9, 9), TEXT, st.none() | st.just(0.5)), min_size=1, max_size=20))
def test_any_rows_come_back(rows):
    text = bytes(unquoted(memoryview(lines_of(rows)), max_units=4_000)).decode()
    fields = [line.split(SEPARATOR) for line in text.removesuffix("\n").split("\n")]
    assert [[restored(line[0]), line[1], restored(line[2]), line[3], line[4]] for line in fields] == [
        [staged(a), "" if n is None else str(n), staged(b), "" if c is None else "0.5", str(place)]
        for place, (a, n, b, c) in enumerate(rows, start=1)
    ]
    assert not re.search("[\r\ufeff]", text)


def test_a_text_stays_as_long_as_it_was_whatever_ends_its_lines():
    text = "\n\r\x1f\ufeff" * 1_000
    assert len(bytes(unquoted(memoryview(lines_of([(text, 1, None, None)])), max_units=4_000)).decode().split(SEPARATOR)[0]) == 4_000


def test_a_text_that_becomes_too_long_by_its_escapes_is_told():
    with pytest.raises(DestinationError) as caught:
        unquoted(memoryview(lines_of([("a", 1, None, None), (None, 1, MARK + "x" * 3_999, None)])), max_units=4_000)
    assert str(caught.value).startswith("PolyBase cannot carry the text in field 3 of a row")
    assert caught.value.hint == "load this stream with `load_via` `copy`"


def test_lines_without_any_text_are_only_parted_anew():
    assert bytes(unquoted(memoryview(b",1,,0.5,1\n"), max_units=9)) == b"\x1f1\x1f\x1f0.5\x1f1\n"
