"""Stamps: the three forms in which the service writes a moment, and the one in which we do.

Seen on the wire: ISO-8601 with milliseconds and `Z`, RFC 1123 ("Fri, 02 Jun 2017 15:18:58 GMT", the trigger's answer) and epoch
milliseconds, as a number or as digits (singer-io/tap-autopilot 0.3.0 takes all of them; read 2026-11-21).
"""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = re.compile(r"-?\d+")
_RFC_1123 = re.compile(r"([A-Za-z]{3},\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d{2}(:\d{2})?\s+\S+")


def parsed(value: object) -> datetime | None:
    """The moment that a stamp names, in UTC; None if it names none. Without a zone it is taken as UTC."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float | Decimal):
            return _from_epoch_ms(value)
        if isinstance(value, str):
            return _from_text(value.strip())
    except (ValueError, OverflowError, ArithmeticError):
        return None
    return None


def text(moment: datetime) -> str:
    """A moment as we write it: ISO-8601 in UTC, microseconds, `Z`. Of fixed width, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _from_epoch_ms(value: float | Decimal) -> datetime:
    return EPOCH + timedelta(microseconds=round(Decimal(value) * 1000))


def _from_text(value: str) -> datetime:
    if _DIGITS.fullmatch(value):
        return _from_epoch_ms(int(value))
    moment = email.utils.parsedate_to_datetime(value) if _RFC_1123.fullmatch(value) else datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
