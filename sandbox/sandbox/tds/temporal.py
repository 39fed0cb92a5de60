"""Dates and times as TDS carries them (MS-TDS 2.2.5.5.1.8 and 2.2.5.5.1.9).

Python's microseconds are the finest there is here: the seventh digit of a time(7) that a client sends is cut off.
"""

from __future__ import annotations

import datetime as dt
import struct

DAY_US = 86_400 * 10**6
MICROSECOND_DIGITS = 6
_EPOCH_1900 = dt.date(1900, 1, 1).toordinal()
_TICKS_A_SECOND = 300  # of datetime
_MINUTE_US = 60 * 10**6
_MIDNIGHT = dt.datetime(1, 1, 1)  # noqa: DTZ001  # SQL's date and time types know no zone


def time_bytes(scale: int) -> int:
    """How many bytes a time of so many fractional digits takes."""
    return 3 if scale <= 2 else 4 if scale <= 4 else 5  # noqa: PLR2004  # the type's own table


def encode_date(value: dt.date) -> bytes:
    """Date: days since the year 1."""
    return (value.toordinal() - 1).to_bytes(3, "little")


def encode_time(value: dt.time, scale: int) -> bytes:
    """time: units of 10 to the minus `scale` seconds; finer digits are cut off."""
    return _encode_clock(_clock_us(value), scale)


def encode_datetime2(value: dt.datetime, scale: int) -> bytes:
    """datetime2: time, then date."""
    return encode_time(value.time(), scale) + encode_date(value.date())


def encode_datetimeoffset(value: dt.datetime, scale: int) -> bytes:
    """datetimeoffset: UTC time and date, then the offset in minutes."""
    offset = value.utcoffset()
    if offset is None:
        raise ValueError(f"a datetimeoffset needs a zone: {value!r}")
    minutes = offset // dt.timedelta(minutes=1)
    # Whole numbers, since UTC may lie in a year that Python's datetime does not have.
    total_us = (value.toordinal() - 1) * DAY_US + _clock_us(value.time()) - minutes * _MINUTE_US
    days, clock_us = divmod(total_us, DAY_US)
    return _encode_clock(clock_us, scale) + days.to_bytes(3, "little") + struct.pack("<h", minutes)


def encode_datetime(value: dt.datetime) -> bytes:
    """datetime: days since 1900 and three-hundredths of a second, rounded."""
    ticks = (_clock_us(value.time()) * _TICKS_A_SECOND + 500_000) // 10**6
    days, ticks = value.toordinal() - _EPOCH_1900 + ticks // (86_400 * _TICKS_A_SECOND), ticks % (86_400 * _TICKS_A_SECOND)
    return struct.pack("<iI", days, ticks)


def decode_date(raw: bytes) -> dt.date:
    """A date parameter."""
    return dt.date.fromordinal(int.from_bytes(raw, "little") + 1)


def decode_time(raw: bytes, scale: int) -> dt.time:
    """A time parameter."""
    return (_MIDNIGHT + dt.timedelta(microseconds=_decode_clock(raw, scale))).time()


def decode_datetime2(raw: bytes, scale: int) -> dt.datetime:
    """A datetime2 parameter."""
    size = time_bytes(scale)
    return dt.datetime.combine(decode_date(raw[size:]), decode_time(raw[:size], scale))


def decode_datetimeoffset(raw: bytes, scale: int) -> dt.datetime:
    """A datetimeoffset parameter, in the zone that the client sent."""
    size = time_bytes(scale)
    (minutes,) = struct.unpack("<h", raw[size + 3 :])
    local_us = int.from_bytes(raw[size : size + 3], "little") * DAY_US + _decode_clock(raw[:size], scale) + minutes * _MINUTE_US
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    return (_MIDNIGHT + dt.timedelta(microseconds=local_us)).replace(tzinfo=zone)


def decode_datetime(raw: bytes) -> dt.datetime:
    """A datetime (8 bytes) or smalldatetime (4 bytes) parameter; datetime to the millisecond, as servers show it."""
    if len(raw) == 4:  # noqa: PLR2004  # smalldatetime: days and minutes
        days, minutes = struct.unpack("<HH", raw)
        clock = dt.timedelta(minutes=minutes)
    else:
        days, ticks = struct.unpack("<iI", raw)
        clock = dt.timedelta(milliseconds=(ticks * 10 + 1) // 3)
    return _MIDNIGHT + dt.timedelta(days=_EPOCH_1900 - 1 + days) + clock


def _clock_us(value: dt.time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond


def _encode_clock(clock_us: int, scale: int) -> bytes:
    units: int = clock_us * 10**scale // 10**MICROSECOND_DIGITS
    return units.to_bytes(time_bytes(scale), "little")


def _decode_clock(raw: bytes, scale: int) -> int:
    clock_us: int = int.from_bytes(raw, "little") * 10**MICROSECOND_DIGITS // 10**scale
    return clock_us
