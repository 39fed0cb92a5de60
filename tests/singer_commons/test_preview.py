"""How a preview picks and shows rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.preview import FILLING_ROWS, MOST_STATES, EnoughError, PreviewWriter, json_lines, table
from singer_sdk.singerlib.messages import RecordMessage, StateMessage


def rows_until_enough(writer, messages):
    written = 0
    try:
        for message in messages:
            written += 1
            writer.write_message(message)
    except EnoughError:
        return written
    return None


def record(stream, number):
    return RecordMessage(stream=stream, record={"id": number})


def test_a_stream_ends_with_the_last_row_that_is_wanted():
    writer = PreviewWriter(3)
    writer.begin("a", ["a"])
    assert rows_until_enough(writer, [record("a", number) for number in range(10)]) == 3
    assert writer.rows["a"] == [{"id": 0}, {"id": 1}, {"id": 2}]


def test_a_stream_that_fills_others_goes_on_until_they_have_their_rows_or_there_were_many():
    both = PreviewWriter(2)
    both.begin("a", ["a", "b"])
    assert rows_until_enough(both, [record(name, number) for number in range(9) for name in "aab"]) == 6
    never = PreviewWriter(2)
    never.begin("a", ["a", "b"])
    assert rows_until_enough(never, [record("a", number) for number in range(500)]) == FILLING_ROWS


def test_a_stream_that_is_not_wanted_itself_runs_for_those_that_it_fills():
    writer = PreviewWriter(1)
    writer.begin("a", ["b"])
    assert rows_until_enough(writer, [record("b", 1)]) == 1


def test_a_stream_that_tells_its_state_and_gives_no_rows_is_not_read_to_its_end():
    writer = PreviewWriter(5)
    writer.begin("a", ["a"])
    assert rows_until_enough(writer, [StateMessage(value={})] * 9) == MOST_STATES


def test_rows_are_json_lines_with_their_streams():
    assert (
        json_lines("a", [{"id": 1, "text": "x"}, {"id": None}])
        == '{"stream":"a","record":{"id":1,"text":"x"}}\n{"stream":"a","record":{"id":null}}\n'
    )


def test_a_table_has_the_columns_that_fit_and_names_the_others():
    text = table("users", [{"id": 1, "name": "Somebody with a name", "tags": ["a"], "note": None}], 27)
    assert text.splitlines() == ["users: 1 row", "id   name", "1    Somebody with a name", "and 2 more columns: tags, …", ""]


def test_a_stream_without_rows_says_so():
    assert table("users", [], 80) == "users: 0 rows\n\n"


@pytest.mark.parametrize("hostile", ["a\x1b[31mred", "line\nbreak", "\x07bell", "\u202eturned"])
def test_data_cannot_steer_the_terminal(hostile):
    text = table("users", [{hostile: hostile}], 80)
    assert len(text.splitlines()) == 4
    assert all(char.isprintable() or char == "\n" for char in text)


@given(
    st.lists(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=60) | st.lists(st.booleans())), max_size=4),
    st.integers(min_value=10, max_value=100),
)
def test_no_line_of_rows_is_wider_than_the_terminal(rows, width_chars):
    lines = table("s", rows, width_chars).split("\n")
    assert [line for line in lines if len(line) > width_chars] == []
    assert all(char.isprintable() for line in lines for char in line)
