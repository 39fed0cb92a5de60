"""Values of Singer records as values of the Events API: exact, as text where JSON numbers could not hold them, or refused.

Numbers: an integer of 64 bits and a decimal that a double keeps digit by digit go as JSON numbers, any other number as text.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import math
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

SURE_DIGITS = 15  # that a double keeps, whatever they are (DBL_DIG of IEEE 754)
INT64 = range(-(2**63), 2**63)
EARLIEST_MS = 946_684_800_000  # 2000-01-01: an earlier event time is seconds taken for milliseconds, or a zero date
LATEST_AHEAD_MS = 86_400_000  # clocks may differ by a time zone, not by more than a day
NO_UNICODE = "the text holds half of a surrogate pair, which is no Unicode"
ALWAYS_FIT = frozenset((int, bool, type(None)))
TRUE_TEXTS, FALSE_TEXTS = frozenset({"true", "t", "1"}), frozenset({"false", "f", "0"})

_encoder = msgspec.json.Encoder(decimal_format="number")


class BadValueError(ValueError):
    """A value cannot become what its destination takes; the message is the reason."""


def encoded(value: object) -> bytes:
    """Compact UTF-8 JSON. Raises BadValueError for text that is not Unicode and for NaN."""
    refuse_unfit(value)
    return _encoder.encode(value)


def encoded_fit(value: object) -> bytes:
    """The same, for a value whose parts were all looked at: only names may still hold what is no Unicode."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        raise BadValueError(NO_UNICODE) from None


def refuse_unfit(value: object) -> None:
    """Raise BadValueError if a part of the value has no form in JSON."""
    if type(value) in ALWAYS_FIT:
        return
    if isinstance(value, str):
        if not value.isascii():
            _refuse_half_pairs(value)
    elif isinstance(value, (float, Decimal)):
        if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):  # a Decimal may be beyond every float
            raise BadValueError("NaN and infinity have no form in JSON")
    elif isinstance(value, dict):
        _refuse_parts(value)
        _refuse_parts(value.values())
    elif isinstance(value, (list, tuple)):
        _refuse_parts(value)


def _refuse_parts(values: Iterable[object]) -> None:
    for each in values:
        if type(each) is not str or not each.isascii():
            refuse_unfit(each)


def _refuse_half_pairs(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadValueError(NO_UNICODE) from None


def attribute(value: Any) -> Any:
    """A user or event attribute: a scalar, or for a list a list of scalars without its nulls; objects become JSON text."""
    if isinstance(value, (list, tuple)):
        return [each if type(each) is str and each.isascii() else _scalar(each) for each in value if each is not None]
    return _scalar(value)


def scalar(value: Any) -> Any:
    """An attribute that takes no list: a list becomes JSON text, as an object does."""
    return encoded(value).decode() if isinstance(value, (list, tuple)) else _scalar(value)


def _scalar(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _unicode(value)
    if kind is bool:
        return value
    if kind is int:
        return value if value in INT64 else str(value)
    if kind is Decimal:
        return number_of(value)
    if isinstance(value, (dict, list, tuple)):
        return encoded(value).decode()
    refuse_unfit(value)
    return value if isinstance(value, float) else text(value)


def number_of(value: Decimal) -> float | str:
    """A decimal as a double, if that keeps it digit by digit, else as text."""
    written = str(value)
    if len(written) <= SURE_DIGITS and written[-1].isdigit() and "E" not in written:
        return float(written)
    refuse_unfit(value)
    as_float = float(value)
    return as_float if math.isfinite(as_float) and Decimal(repr(as_float)) == value else format(value, "f")


def _unicode(value: str) -> str:
    refuse_unfit(value)
    return value


def text(value: Any) -> str:
    """A value as text: whole numbers without a decimal point, bytes in base64, times as ISO 8601."""
    if type(value) is str:
        return value if value.isascii() else _unicode(value)
    refuse_unfit(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (float, Decimal)):
        exact = Decimal(repr(value)) if isinstance(value, float) else value
        return format(exact.to_integral_value(), "f") if exact == exact.to_integral_value() else format(exact, "f")
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    raise BadValueError(f"a {type(value).__name__} is no single value")


def integer(value: Any) -> int:
    """A whole number of 64 bits, from a number or digits."""
    try:
        exact = Decimal(text(value).strip())
        whole = int(exact)
    except (ArithmeticError, ValueError):
        raise BadValueError("no whole number") from None
    if isinstance(value, bool) or exact != whole or whole not in INT64:
        raise BadValueError("no whole number of 64 bits")
    return whole


def number(value: Any) -> int | float:
    """A number that JSON and a double keep exactly, from a number or digits."""
    try:
        exact = Decimal(text(value).strip())
        found = _scalar(int(exact) if exact == exact.to_integral_value() else exact)
    except (ArithmeticError, ValueError):
        raise BadValueError("no number") from None
    if isinstance(value, bool) or isinstance(found, str):
        raise BadValueError("no number that a JSON number can hold exactly")
    return found  # type: ignore[no-any-return]  # `_scalar` gives a number for a number, or text


def boolean(value: Any) -> bool:
    """True or false, from a boolean, 0 and 1, or their words."""
    word = text(value).strip().lower()
    if word not in TRUE_TEXTS | FALSE_TEXTS:
        raise BadValueError("neither true nor false")
    return word in TRUE_TEXTS


def uuid_text(value: Any) -> str:
    """A UUID with hyphens, in the case it came in."""
    given = text(value).strip()
    try:
        plain = str(uuid.UUID(given))
    except ValueError:
        raise BadValueError("no UUID") from None
    return given if plain == given.lower() else plain


def ip_address(value: Any) -> str:
    """An IPv4 or IPv6 address."""
    try:
        return str(ipaddress.ip_address(text(value).strip()))
    except ValueError:
        raise BadValueError("no IP address") from None


def epoch_ms(value: Any, *, now: dt.datetime | None = None) -> int:
    """Milliseconds since 1970 from a date-time (without a zone: UTC), a date, or such milliseconds; none before 2000 or over a day ahead."""
    try:
        milliseconds = integer(value)
    except BadValueError:
        milliseconds = _ms_of(text(value).strip())
    now_ms = (now or dt.datetime.now(dt.UTC)).timestamp() * 1000
    if not EARLIEST_MS <= milliseconds <= now_ms + LATEST_AHEAD_MS:
        raise BadValueError("an event time before 2000 or more than a day ahead (are these seconds, not milliseconds?)")
    return milliseconds


def _ms_of(iso: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(iso)
    except ValueError:
        raise BadValueError("no date-time") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def name_list(value: Any) -> list[str]:
    """A list of attribute names; one text is a list of one."""
    return [text(each) for each in value if each is not None] if isinstance(value, (list, tuple)) else [text(value)]


def json_value(value: Any) -> Any:
    """A list or an object as it stands, or from its JSON text."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise BadValueError("no JSON") from None
    refuse_unfit(value)
    return msgspec.json.decode(_encoder.encode(value))
