"""A cursor over the bytes of one message."""

from __future__ import annotations

import struct

from sandbox.tds.session import SqlError

_ENDED = "The stream ended unexpectedly."
_U8, _U16, _U32, _U64 = (struct.Struct(kind) for kind in ("<B", "<H", "<I", "<Q"))


class ProtocolError(SqlError):
    """The client sent what no TDS client may send; the connection cannot go on."""

    def __init__(self, detail: str) -> None:
        # 4002 is what SQL Server answers to a stream that it cannot read.
        super().__init__(4002, f"The incoming tabular data stream (TDS) protocol stream is incorrect. {detail}", severity=20)


class Reader:
    """Takes little-endian numbers, text and raw bytes off the front of a message."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data, self._position = data, position

    def more(self) -> bool:
        """Whether anything is left."""
        return self._position < len(self._data)

    def peek(self) -> int:
        """The next byte, left where it is."""
        return self._data[self._position]

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises ProtocolError where the message is shorter."""
        end = self._position + count
        if end > len(self._data):
            raise ProtocolError(_ENDED)
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._position)

    def u8(self) -> int:
        """An unsigned byte."""
        return self._number(_U8)

    def u16(self) -> int:
        """An unsigned 16-bit number."""
        return self._number(_U16)

    def u32(self) -> int:
        """An unsigned 32-bit number."""
        return self._number(_U32)

    def u64(self) -> int:
        """An unsigned 64-bit number."""
        return self._number(_U64)

    def _number(self, kind: struct.Struct) -> int:
        """Without a slice: an INSERT of thousands of parameters is mostly such numbers."""
        try:
            number: int = kind.unpack_from(self._data, self._position)[0]
        except struct.error:
            raise ProtocolError(_ENDED) from None
        self._position += kind.size
        return number

    def text(self, characters: int) -> str:
        """UTF-16 text of so many code units."""
        return self.take(2 * characters).decode("utf-16-le", "surrogatepass")

    def skip_headers(self) -> None:
        """Pass over ALL_HEADERS (transaction descriptor, trace), which starts every request since TDS 7.2 (MS-TDS 2.2.5.3)."""
        (length,) = struct.unpack("<I", self.take(4))
        if length < 4:  # noqa: PLR2004  # the length counts itself
            raise ProtocolError("The stream headers are too short.")
        self.take(length - 4)
