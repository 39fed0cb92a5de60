r"""Lines without quotes, for a reader that ends a line at any CR or LF and knows no quote inside of quotes, as PolyBase's does.

Fields are parted by U+001F. What such a line cannot hold, and a byte order mark, which a reader takes off a file's beginning, stands as a private-use
character, one for one; such characters themselves, which hardly any text has, get a mark and a letter. `RESTORING` undoes it, in its order.
"""

from __future__ import annotations

import re

from singer_commons.errors import DestinationError

from target_synapse.sql.quoting import utf16_units

SEPARATOR = "\x1f"
MARK = "\ue001"
STANDS_FOR = {"\n": "\ue00a", "\r": "\ue00d", SEPARATOR: "\ue01f", "\ufeff": "\ue0fe"}
LETTERS = {MARK: "m", "\ue00a": "a", "\ue00d": "d", "\ue01f": "f", "\ue0fe": "e"}
RESTORING = (*((shown, text) for text, shown in STANDS_FOR.items()), *((MARK + letter, text) for text, letter in reversed(LETTERS.items())))

_HIDDEN = [(text.encode(), shown.encode()) for text, shown in STANDS_FOR.items()]
_MARKED = [(text.encode(), (MARK + letter).encode()) for text, letter in LETTERS.items()]
_PARTED = bytes.maketrans(b",", SEPARATOR.encode())
_GROWING = re.compile(b"|".join(text.encode() for text in (*LETTERS, "\ue000")))


def unquoted(lines: memoryview, *, max_units: int) -> memoryview:
    """Lines of CSV, each field of text quoted, as lines without quotes. Raises DestinationError if a field becomes longer than `max_units`."""
    pieces = bytes(lines).split(b'"')
    # Between quotes stand texts, and around them what has none; an empty piece in between is a quote that was doubled.
    around = b'"'.join(pieces[0::2]).translate(_PARTED).split(b'"')
    texts = b'"'.join(pieces[1::2])
    grows = _GROWING.search(texts) is not None
    for text, staged in (*(_MARKED if grows else ()), *_HIDDEN):
        texts = texts.replace(text, staged)
    made: list[bytes] = [b""] * len(pieces)
    made[0::2] = around[:1] + [piece or b'"' for piece in around[1:]]
    made[1::2] = texts.split(b'"') if len(pieces) > 1 else []
    whole = b"".join(made)
    if grows:
        _check(whole, max_units)
    return memoryview(whole)


def _check(lines: bytes, max_units: int) -> None:
    """Look for fields that have grown too long. Rare enough to be slow: only where a text has a private-use character of ours."""
    for line in lines.split(b"\n"):
        for place, field in enumerate(line.split(SEPARATOR.encode()), start=1):
            if len(field) > max_units and utf16_units(field.decode()) > max_units:
                raise DestinationError(
                    f"PolyBase cannot carry the text in field {place} of a row: with the escapes for its private-use characters it is longer than {max_units}",
                    hint="load this stream with `load_via` `copy`",
                )
