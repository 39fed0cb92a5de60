"""Columns that hold JSON text: values that may be of several kinds, objects and lists."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from singer_commons.columnar.probe import matches_anywhere
from singer_sdk.contrib.msgspec import decoder

from target_synapse.rows.values import type_json

# What Python may write in other characters than it was sent in: escapes, exponents, a zero with a sign, a number below a millionth. And plain text.
ANYWHERE = r"\\[u/]|[0-9][eE]|-0|0\.000000"
NOT_AS_WRITTEN = rf'{ANYWHERE}|^"|^null$'
UNREAD = object()


def plain_text(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[int]]:
    """The text that a text column gets for each value, and the places of values that cannot be read.

    Of text it is the characters, else the JSON as `values` writes it.
    """
    if not matches_anywhere(column, ANYWHERE) and not pc.any(pc.or_(pc.starts_with(column, '"'), pc.equal(column, "null"))).as_py():
        return column, []
    others = pc.fill_null(pc.match_substring_regex(column, NOT_AS_WRITTEN), False)  # noqa: FBT003 - Arrow's signature
    places = pc.indices_nonzero(others)
    if not len(places):
        return column, []
    texts = [_written(text) for text in column.take(places).to_pylist()]
    unread = [place for place, text in zip(places.to_pylist(), texts, strict=True) if text is UNREAD]
    made = pa.array([None if text is UNREAD else text for text in texts], column.type)
    return pa.chunked_array([pc.replace_with_mask(column.combine_chunks(), others.combine_chunks(), made)]), unread


def _written(text: str) -> Any:
    try:
        value = decoder.decode(text)
    except ValueError:
        return UNREAD
    return value if value is None or isinstance(value, str) else type_json.encode(value).decode()
