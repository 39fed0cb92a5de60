"""Parameters of remote procedure calls: every type a client may send becomes a Python value (MS-TDS 2.2.5.4, 2.2.6.6)."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.tds import collation, numeric, temporal
from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from sandbox.tds.reader import Reader

_Decode = Callable[[bytes], object]
_PLP_NULL = 0xFFFFFFFFFFFFFFFF
_SHORT_NULL = 0xFFFF
_LONG_NULL = 0xFFFFFFFF
_MAX = 0xFFFF
BY_REFERENCE = 0x01  # an output parameter


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it came: its name (maybe none), whether the client wants it back, its value."""

    name: str
    output: bool
    value: object


class InvalidValueError(SqlError):
    """The bytes of a parameter are no value of its type."""

    def __init__(self, name: str, code: int) -> None:
        text = f'Parameter ("{name}"): The supplied value is not a valid instance of data type 0x{code:02X}.'
        super().__init__(8023, f"The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. {text}")


class UnknownTypeError(SqlError):
    """A type that this server cannot read; what follows it cannot be found either."""

    def __init__(self, name: str, code: int) -> None:
        text = f'Parameter ("{name}"): Data type 0x{code:02X} is unknown.'
        super().__init__(8009, f"The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. {text}")


def read_parameter(reader: Reader) -> Parameter:
    """Read one parameter. Raises UnknownTypeError or InvalidValueError, both with SQL Server's numbers."""
    name = reader.text(reader.u8())
    flags, code = reader.u8(), reader.u8()
    value = _raw(reader, code, name)
    try:
        return Parameter(name, bool(flags & BY_REFERENCE), value())
    except (ValueError, OverflowError, struct.error) as error:
        raise InvalidValueError(name, code) from error


def _raw(reader: Reader, code: int, name: str) -> Callable[[], object]:
    """Take type and bytes off the stream; what is returned makes the value, so that a bad one leaves the place right."""
    if code in _FIXED:
        size, decode = _FIXED[code]
        return _decoded(reader.take(size), decode)
    for family, take in _FAMILIES:
        if code in family:
            return take(reader, code)
    raise UnknownTypeError(name, code)


def _decoded(raw: bytes | None, decode: _Decode) -> Callable[[], object]:
    return lambda: None if raw is None else decode(raw)


def _sized(reader: Reader, code: int) -> Callable[[], object]:
    reader.u8()  # the longest it could be
    return _decoded(reader.take(reader.u8()) or None, _SIZED[code])


def _legacy(reader: Reader, code: int) -> Callable[[], object]:
    reader.u8()
    return _decoded(reader.take(reader.u8()) or None, _LEGACY[code])


def _decimal(reader: Reader, _: int) -> Callable[[], object]:
    _size, _precision, scale = reader.u8(), reader.u8(), reader.u8()
    return _decoded(reader.take(reader.u8()) or None, lambda raw: numeric.decode_decimal(raw, scale))


def _date(reader: Reader, _: int) -> Callable[[], object]:
    return _decoded(reader.take(reader.u8()) or None, temporal.decode_date)


def _timed(reader: Reader, code: int) -> Callable[[], object]:
    scale = reader.u8()
    return _decoded(reader.take(reader.u8()) or None, lambda raw: _TIMED[code](raw, scale))


def _short(reader: Reader, code: int) -> Callable[[], object]:
    limit, decode = reader.u16(), _text_decoder(reader, code)
    if limit == _MAX:
        return _decoded(_read_plp(reader), decode)
    length = reader.u16()
    return _decoded(None if length == _SHORT_NULL else reader.take(length), decode)


def _long(reader: Reader, code: int) -> Callable[[], object]:
    reader.u32()
    decode = _text_decoder(reader, code)
    length = reader.u32()
    return _decoded(None if length == _LONG_NULL else reader.take(length), decode)


def _xml(reader: Reader, _: int) -> Callable[[], object]:
    if reader.u8():  # a schema's database, owner and name
        reader.text(reader.u8())
        reader.text(reader.u8())
        reader.text(reader.u16())
    return _decoded(_read_plp(reader), _utf16)


def _read_plp(reader: Reader) -> bytes | None:
    if reader.u64() == _PLP_NULL:  # else the length, or "unknown": the chunks tell
        return None
    chunks = []
    while length := reader.u32():
        chunks.append(reader.take(length))
    return b"".join(chunks)


def _text_decoder(reader: Reader, code: int) -> _Decode:
    if code in _BINARY:
        return bytes
    sent = reader.take(len(collation.COLLATION))
    return _utf16 if code in _UNICODE else lambda raw: collation.decode(raw, sent)


def _utf16(raw: bytes) -> str:
    return raw.decode("utf-16-le", "surrogatepass")


def _int(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=len(raw) > 1)  # tinyint alone has no sign


def _float(raw: bytes) -> float:
    (value,) = struct.unpack("<d" if len(raw) == 8 else "<f", raw)  # noqa: PLR2004  # float's bytes
    return float(value)


def _bit(raw: bytes) -> bool:
    return raw != b"\0"


def _guid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes_le=raw)


def _nothing(_: bytes) -> None:
    return None


_FIXED: dict[int, tuple[int, _Decode]] = {
    0x1F: (0, _nothing), 0x30: (1, _int), 0x32: (1, _bit), 0x34: (2, _int), 0x38: (4, _int), 0x7F: (8, _int),
    0x3B: (4, _float), 0x3E: (8, _float), 0x7A: (4, numeric.decode_money), 0x3C: (8, numeric.decode_money),
    0x3A: (4, temporal.decode_datetime), 0x3D: (8, temporal.decode_datetime),
}  # fmt: skip
_SIZED: dict[int, _Decode] = {
    0x26: _int, 0x68: _bit, 0x6D: _float, 0x24: _guid, 0x6E: numeric.decode_money, 0x6F: temporal.decode_datetime,
}  # fmt: skip
_LEGACY: dict[int, _Decode] = {0x2F: collation.decode, 0x27: collation.decode, 0x2D: bytes, 0x25: bytes}
_TIMED: dict[int, Callable[[bytes, int], object]] = {
    0x29: temporal.decode_time,
    0x2A: temporal.decode_datetime2,
    0x2B: temporal.decode_datetimeoffset,
}
_BINARY = frozenset({0xA5, 0xAD, 0x22})
_UNICODE = frozenset({0xE7, 0xEF, 0x63})
_FAMILIES: tuple[tuple[frozenset[int], Callable[[Reader, int], Callable[[], object]]], ...] = (
    (frozenset(_SIZED), _sized),
    (frozenset({0xE7, 0xEF, 0xA7, 0xAF, 0xA5, 0xAD}), _short),
    (frozenset({0x6A, 0x6C, 0x37, 0x3F}), _decimal),
    (frozenset({0x28}), _date),
    (frozenset(_TIMED), _timed),
    (frozenset({0x63, 0x23, 0x22}), _long),  # ntext, text, image: FreeTDS sends strings so
    (frozenset({0xF1}), _xml),
    (frozenset(_LEGACY), _legacy),
)
