"""Rows that a load would reject, as a plan tells of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from singer_commons.planning import MAX_KINDS, RejectsSeen, without_values


def test_rejects_are_counted_by_kind_with_the_first_reason_and_no_file(tmp_path):
    seen = RejectsSeen(tmp_path / "rejects.jsonl", show_values=False)
    for spend in ("much", "more"):
        seen.write("users", {"spend": spend}, code="schema", reason=f"'{spend}' is not a number", field="spend")
    seen.write("other", {}, code="key_is_null", reason="the key is null")
    assert list(seen.told("users")) == ["2 x schema `spend`: *** is not a number"]
    assert (seen.rows, list(tmp_path.iterdir())) == ({"users": 2, "other": 1}, [])


def test_values_are_shown_when_asked_for(tmp_path):
    seen = RejectsSeen(tmp_path / "rejects.jsonl", show_values=True)
    seen.write("users", {"spend": "much"}, code="schema", reason="'much' is not a number")
    assert list(seen.told("users")) == ["1 x schema: 'much' is not a number"]


def test_kinds_without_end_are_counted_together(tmp_path):
    seen = RejectsSeen(tmp_path / "rejects.jsonl", show_values=False)
    for number in range(MAX_KINDS + 5):
        seen.write("users", {}, code="schema", reason="wrong", field=f"f{number}")
    told = list(seen.told("users"))
    assert (len(told), told[-1], seen.rows) == (MAX_KINDS + 1, "5 x others: wrong", {"users": MAX_KINDS + 5})


@given(st.dictionaries(st.text(max_size=5), st.text(alphabet="abcdef", min_size=2) | st.lists(st.integers(min_value=10)), max_size=4))
def test_no_value_of_the_row_is_left_in_a_reason(record):
    flat = [text for value in record.values() for text in (map(str, value) if isinstance(value, list) else [value])]
    reason = without_values(" ".join(f"<{text!r}>" for text in flat), record)
    assert [text for text in flat if text in reason.replace("***", "")] == []
