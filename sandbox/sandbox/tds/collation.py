"""Text that is not Unicode: the pool's collation and its code page."""

from __future__ import annotations

import codecs

# SQL_Latin1_General_CP1_CI_AS, a pool's default (synapse.md 2.1): locale 0x0409, comparison flags, sort id 52 (MS-TDS 2.2.5.1.2).
COLLATION = b"\x09\x04\xd0\x00\x34"
_UTF8_BYTE, _UTF8_BIT = 3, 0x04  # fUTF8 is bit 26 of the collation

# Windows's code page 1252 gives the five bytes that Python's leaves undefined to the control characters of that number.
_BYTES = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
_CHARACTERS = codecs.charmap_build(_BYTES)


def encode(text: str) -> bytes:
    """Text in the collation's code page; what it does not hold becomes `?`, as on a server."""
    return codecs.charmap_encode(text, "replace", _CHARACTERS)[0]


def decode(data: bytes, collation: bytes = COLLATION) -> str:
    """Text from a client, in UTF-8 where its collation says so."""
    if collation[_UTF8_BYTE] & _UTF8_BIT:
        return data.decode("utf-8", "replace")
    return codecs.charmap_decode(data, "strict", _BYTES)[0]
