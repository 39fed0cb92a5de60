"""A look into texts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.columnar.probe import matches_anywhere

TEXTS = ['{"a":1}', '{"b":1e5}']


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@given(texts=st.lists(st.text(), min_size=1), sought=st.characters(exclude_characters=r"\.^$*+?{}[]()|/"), start=st.integers(0, 3))
def test_a_character_matches_where_a_text_holds_it(kind, texts, sought, start):
    column = pa.array(texts, kind).slice(start)
    assert matches_anywhere(column, sought) == any(sought in text for text in texts[start:])


def test_of_a_table_s_column_each_chunk_is_looked_through():
    chunks = pa.chunked_array([TEXTS[:1], TEXTS[1:]])
    assert (matches_anywhere(chunks, "1e5"), matches_anywhere(chunks[:1], "1e5")) == (True, False)


def test_a_look_holds_on_to_nothing():
    before = pa.total_allocated_bytes()
    texts = pa.array(TEXTS * 1_000)
    matches_anywhere(texts, "1e5")
    del texts
    assert pa.total_allocated_bytes() == before
