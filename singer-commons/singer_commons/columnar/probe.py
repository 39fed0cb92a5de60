"""Single members of records as text: what a value's own JSON is, and whether its key is there at all."""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from singer_commons.columnar.blocks import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_commons.columnar.blocks import Text

UNPROBED = re.compile(r'[\x00-\x1f"\\\ud800-\udfff]')  # what msgspec takes in no name of a field
BLANK = re.compile(rb"[ \t\r]")
OTHERWISE_SPELLED = re.compile(rb"\\[u/]|[0-9][eE]|-0")  # may be written in another way than an encoder writes the same value
MISSING = msgspec.Raw(b"")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def can_probe(names: Iterable[str]) -> bool:
    """Whether members of these names can be probed."""
    return not any(UNPROBED.search(name) for name in names)


class Probe:
    """Cuts the members of some names out of records."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._attributes = [f"m{number}" for number in range(len(self.names))]
        fields = [(attribute, msgspec.Raw, MISSING) for attribute in self._attributes]
        members = msgspec.defstruct("Members", fields, gc=False, rename=dict(zip(self._attributes, self.names, strict=True)))
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(msgspec.defstruct("Row", [("r", members)], gc=False))

    def texts(self, rows: bytes) -> list[list[msgspec.Raw]]:
        """For each name the texts, empty where the key is missing. `rows` holds lines `{"r":RECORD}`. Raises ValueError."""
        members = [row.r for row in self._decoder.decode_lines(rows)]
        return [[getattr(one, attribute) for one in members] for attribute in self._attributes]


def canonical(text: Text) -> Text:
    """The JSON text as an encoder writes its value: a value looks the same whichever way it took."""
    if BLANK.search(text):
        text = msgspec.json.format(bytes(text), indent=-1)
    return _encode(record_of(text)) if OTHERWISE_SPELLED.search(text) else text


def text_array(texts: Sequence[Text]) -> pa.Array:
    """The texts as strings; null where there is none, or JSON's null."""
    ends = array("i", accumulate(map(len, texts), initial=0))
    made = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    is_value = pc.and_(pc.not_equal(made, ""), pc.not_equal(made, "null"))
    return pc.if_else(is_value, made, pa.scalar(None, made.type))
