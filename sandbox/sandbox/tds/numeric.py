"""decimal and money as TDS carries them (MS-TDS 2.2.5.5.1.5 and 2.2.5.5.1.7)."""

from __future__ import annotations

import struct
from decimal import ROUND_HALF_UP, Context, Decimal

MONEY_DIGITS = 4
DEFAULT_PRECISION = 18  # of a decimal that names none
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)  # far beyond 38 digits, so that only the last step rounds
_SIZES = ((9, 5), (19, 9), (28, 13), (38, 17))  # precision up to -> bytes, sign included


def decimal_bytes(precision: int) -> int:
    """How many bytes a decimal of so many digits takes. Raises ValueError beyond 38."""
    for digits, size in _SIZES:
        if precision <= digits:
            return size
    raise ValueError(f"decimal({precision}) has more than 38 digits")


def encode_decimal(value: Decimal, precision: int, scale: int) -> bytes:
    """Sign and magnitude; digits beyond the scale are rounded away from zero, as SQL Server does.

    Raises OverflowError for a value of more digits than the type has.
    """
    units = _units(value, scale)
    if abs(units) >= 10**precision:
        raise OverflowError(f"{value} does not fit decimal({precision}, {scale})")
    return bytes([0 if units < 0 else 1]) + abs(units).to_bytes(decimal_bytes(precision) - 1, "little")


def decode_decimal(raw: bytes, scale: int) -> Decimal:
    """A decimal parameter, with exactly its scale."""
    units = int.from_bytes(raw[1:], "little")
    return Decimal(units if raw[0] else -units).scaleb(-scale, _EXACT)


def encode_money(value: Decimal) -> bytes:
    """Money: ten-thousandths, the higher half first."""
    units = _units(value, MONEY_DIGITS)
    return struct.pack("<iI", units >> 32, units & 0xFFFFFFFF)


def decode_money(raw: bytes) -> Decimal:
    """A money (8 bytes) or smallmoney (4 bytes) parameter."""
    if len(raw) == 4:  # noqa: PLR2004  # smallmoney
        (units,) = struct.unpack("<i", raw)
    else:
        high, low = struct.unpack("<iI", raw)
        units = (high << 32) | low
    return Decimal(units).scaleb(-MONEY_DIGITS, _EXACT)


def _units(value: Decimal, scale: int) -> int:
    return int(Decimal(value).scaleb(scale, _EXACT).to_integral_value(context=_EXACT))
