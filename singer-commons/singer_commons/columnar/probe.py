"""Single members of records as text: what a value's own JSON is, and whether its key is there at all."""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from singer_commons.columnar.blocks import record_of
from singer_commons.columnar.encoder import payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_commons.columnar.blocks import Text

UNPROBED = re.compile(r'[\x00-\x1f"\\\ud800-\udfff]')  # what msgspec takes in no name of a field
BLANKS = (b" ", b"\t", b"\r")
OTHERWISE_SPELLED = r"\\[u/]|[0-9][eE]|-0|0\.0{6}"  # an encoder may write such a value in another way
MISSING = msgspec.Raw(b"")
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def can_probe(names: Iterable[str]) -> bool:
    """Whether members of these names can be probed."""
    return not any(UNPROBED.search(name) for name in names)


class Probe:
    """Cuts the members of some names out of records. A closed one refuses records that have others."""

    def __init__(self, names: Sequence[str], *, is_closed: bool = False) -> None:
        self._attributes = {name: f"m{number}" for number, name in enumerate(names)}
        fields = [(attribute, msgspec.Raw, MISSING) for attribute in self._attributes.values()]
        rename = {attribute: name for name, attribute in self._attributes.items()}
        members = msgspec.defstruct("Members", fields, gc=False, rename=rename, forbid_unknown_fields=is_closed)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(members)

    def members(self, rows: bytes) -> list[Any]:
        """The members of each row, for `texts`. `rows` holds a record in each line. Raises ValueError."""
        return self._decoder.decode_lines(rows)

    def texts(self, members: Sequence[Any], name: str) -> list[msgspec.Raw]:
        """The texts of one name, empty where the key is missing."""
        return list(map(attrgetter(self._attributes[name]), members))


def canonical(texts: Sequence[Text]) -> pa.Array:
    """JSON texts as an encoder writes their values, so that a value looks the same whichever way it took; null as in `text_array`."""
    whole = b"".join(texts)
    if any(blank in whole for blank in BLANKS):  # between tokens, or inside of texts, where they stay
        texts = _split(msgspec.json.format(b"[" + b",".join([text if len(text) else b"null" for text in texts]) + b"]", indent=-1))
        whole = b"".join(texts)
    made = _array(texts, whole)
    if not matches_anywhere(made, OTHERWISE_SPELLED):
        return made
    respelled = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(made, OTHERWISE_SPELLED), pa.scalar(value=False))).to_pylist()
    texts = list(texts)
    for index in respelled:
        texts[index] = _encode(record_of(texts[index]))
    return text_array(texts)


def text_array(texts: Sequence[Text]) -> pa.Array:
    """The texts as strings; null where there is none, or JSON's null."""
    return _array(texts, b"".join(texts))


def _array(texts: Sequence[Text], whole: bytes) -> pa.Array:
    sizes = list(map(len, texts))
    ends = array("i", accumulate(sizes, initial=0))
    made = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(whole))
    if 0 not in sizes and len(b"null") not in sizes:
        return made
    is_value = pc.and_(pc.not_equal(made, ""), pc.not_equal(made, "null"))
    return pc.if_else(is_value, made, pa.scalar(None, made.type))


def matches_anywhere(texts: pa.Array | pa.ChunkedArray, pattern: str) -> bool:
    """Whether a pattern matches in one of the texts, or across the end of one: in half of the time of a look at each."""
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    return any(pc.match_substring_regex(_end_to_end(chunk), pattern)[0].as_py() for chunk in chunks)


def _end_to_end(texts: pa.Array) -> pa.Array:
    """The texts as a single one, over the same memory. `pa.array` of a memoryview would never let go of it (pyarrow 26.0)."""
    whole = pa.py_buffer(payload(texts))
    return pa.LargeStringArray.from_buffers(1, pa.py_buffer(array("q", (0, whole.size))), whole)
