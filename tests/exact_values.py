"""Values as RECORD lines must hold them, by Python alone: what columns are held against."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime, time
from decimal import Context, Decimal

EXACT = Context(prec=500)  # the usual 28 digits would hide what is wrong behind them; a denormal double and a decimal of 76 digits have more


def expected(value):  # noqa: PLR0911 - one line a kind
    """A value as the line must hold it, by Python alone."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        naive = f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}"
        return naive + ("Z" if value.tzinfo else "+00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [expected(one) for one in value]
    if isinstance(value, dict):
        return {name: expected(one) for name, one in value.items()}
    return value


def comparable(value):
    """Numbers by value (1.10 is 1.1), times by what they say (`01:02:03.5`)."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return EXACT.add(Decimal(value), 0).normalize(EXACT)
    if isinstance(value, time):
        return value.isoformat().rstrip("0").rstrip(".:") if value.microsecond else value.isoformat()
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if isinstance(value, dict):
        return {name: comparable(one) for name, one in value.items()}
    return value
