"""Result sets: how each type is announced (TYPE_INFO) and how its values are written (MS-TDS 2.2.5.4, 2.2.5.5, 2.2.7)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.tds import collation, numeric, temporal, tokens

if TYPE_CHECKING:
    import uuid

    from sandbox.tds.session import Column, SqlType

MAX_SHORT_BYTES = 8000  # what a type that is not (max) holds: nvarchar(4000), varchar(8000), varbinary(8000)
PLP_NULL = b"\xff" * 8
PLP_CHUNK_BYTES = 64 * 1024
_MAX = b"\xff\xff"
_SHORT_NULL = b"\xff\xff"

Encode = Callable[[Any], bytes]
"""A value that is not NULL -> its bytes, without a length."""
_INTEGERS = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
_FLOATS = {"real": "<f", "float": "<d"}


class ColumnWriter:
    """Knows one type: its TYPE_INFO, and its values' bytes with their length in front."""

    def __init__(self, sql_type: SqlType) -> None:
        self.type_info, self._encode, self._framed, self._null = _writer(sql_type)

    def value(self, value: object) -> bytes:
        """The bytes of one value, NULL included."""
        return self._null if value is None else self._framed(self._encode(value))


def metadata(columns: Sequence[Column], writers: Sequence[ColumnWriter]) -> bytes:
    """COLMETADATA."""
    parts = [b"\x81", struct.pack("<H", len(columns))]
    for column, writer in zip(columns, writers, strict=True):
        user_type, flags = 0, 1 if column.nullable else 0
        parts += (struct.pack("<IH", user_type, flags), writer.type_info, tokens.short_text(column.name))
    return b"".join(parts)


def row(writers: Sequence[ColumnWriter], values: Sequence[object]) -> bytes:
    """ROW."""
    return b"\xd1" + b"".join([writer.value(value) for writer, value in zip(writers, values, strict=True)])


def _byte_framed(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def _short_framed(data: bytes) -> bytes:
    if len(data) > MAX_SHORT_BYTES:
        raise OverflowError(f"a value of {len(data)} bytes in a column that is not (max)")
    return struct.pack("<H", len(data)) + data


def _plp_framed(data: bytes) -> bytes:
    """Partially length-prefixed: the total, chunks, a chunk of length 0 (MS-TDS 2.2.5.2.3)."""
    parts = [struct.pack("<Q", len(data))]
    for start in range(0, len(data), PLP_CHUNK_BYTES):
        chunk = data[start : start + PLP_CHUNK_BYTES]
        parts += (struct.pack("<I", len(chunk)), chunk)
    return b"".join((*parts, b"\0\0\0\0"))


def _writer(sql_type: SqlType) -> tuple[bytes, Encode, Encode, bytes]:
    name = sql_type.name
    if name in ("nvarchar", "varchar", "varbinary"):
        return _variable(sql_type)
    type_info, encode = _temporal(sql_type) if name in _TEMPORAL else _fixed(sql_type)
    return type_info, encode, _byte_framed, b"\0"


def _variable(sql_type: SqlType) -> tuple[bytes, Encode, Encode, bytes]:
    code, encode, unit = _VARIABLE[sql_type.name]
    suffix = b"" if sql_type.name == "varbinary" else collation.COLLATION
    size = None if sql_type.length is None else sql_type.length * unit
    if size is None or size > MAX_SHORT_BYTES:
        return bytes([code]) + _MAX + suffix, encode, _plp_framed, PLP_NULL
    return bytes([code]) + struct.pack("<H", max(size, unit)) + suffix, encode, _short_framed, _SHORT_NULL


def _utf16(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


_VARIABLE: dict[str, tuple[int, Encode, int]] = {
    "nvarchar": (0xE7, _utf16, 2),
    "varchar": (0xA7, collation.encode, 1),
    "varbinary": (0xA5, bytes, 1),
}


def _fixed(sql_type: SqlType) -> tuple[bytes, Encode]:
    name = sql_type.name
    if name in _INTEGERS:
        size, signed = _INTEGERS[name], name != "tinyint"
        return bytes([0x26, size]), lambda value: int(value).to_bytes(size, "little", signed=signed)
    if name in _FLOATS:
        pack = struct.Struct(_FLOATS[name])
        return bytes([0x6D, pack.size]), pack.pack
    if name == "decimal":
        precision, scale = sql_type.precision or numeric.DEFAULT_PRECISION, sql_type.scale
        info = bytes([0x6A, numeric.decimal_bytes(precision), precision, scale])
        return info, lambda value: numeric.encode_decimal(value, precision, scale)
    return _SIMPLE[name]


def _guid(value: uuid.UUID) -> bytes:
    return value.bytes_le


_SIMPLE: dict[str, tuple[bytes, Encode]] = {
    "bit": (b"\x68\x01", lambda value: b"\x01" if value else b"\x00"),
    "money": (b"\x6e\x08", numeric.encode_money),
    "datetime": (b"\x6f\x08", temporal.encode_datetime),
    "uniqueidentifier": (b"\x24\x10", _guid),
}


def _temporal(sql_type: SqlType) -> tuple[bytes, Encode]:
    code, encode = _TEMPORAL[sql_type.name]
    scale = sql_type.scale
    if sql_type.name == "date":
        return bytes([code]), temporal.encode_date
    return bytes([code, scale]), lambda value: encode(value, scale)


_TEMPORAL: dict[str, tuple[int, Callable[[Any, int], bytes]]] = {
    "date": (0x28, lambda value, _: temporal.encode_date(value)),
    "time": (0x29, temporal.encode_time),
    "datetime2": (0x2A, temporal.encode_datetime2),
    "datetimeoffset": (0x2B, temporal.encode_datetimeoffset),
}
