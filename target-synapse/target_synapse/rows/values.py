"""One value of a record as one field of a CSV part, exactly, or a ValueError with the reason why that cannot be.

NULL is an empty field. COPY INTO makes NULL of an empty field too, and whether it keeps a quoted empty one as '' is not documented, so
text that is empty or begins with ESCAPE is written with one ESCAPE before it; the INSERT out of the staging table takes it off again.
"""

from __future__ import annotations

import base64
import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from target_synapse.rows.types import BIGINT_MAX, BIGINT_MIN, MONEY_AS_DECIMAL, SCALED, SqlType
from target_synapse.sql.quoting import utf16_units

if TYPE_CHECKING:
    from collections.abc import Callable

ESCAPE = "\ue000"  # the first private-use character: no text means anything by it
ESCAPE_CODE = ord(ESCAPE)
RANGES = {"tinyint": (0, 255), "smallint": (-(2**15), 2**15 - 1), "int": (-(2**31), 2**31 - 1), "bigint": (BIGINT_MIN, BIGINT_MAX)}
# https://learn.microsoft.com/sql/t-sql/data-types/money-and-smallmoney-transact-sql
MONEY_RANGES = {
    "money": (Decimal("-922337203685477.5808"), Decimal("922337203685477.5807")),
    "smallmoney": (Decimal("-214748.3648"), Decimal("214748.3647")),
}
BEYOND_REAL = (2 - 2**-24) * 2.0**127  # rounds to what is no number any more; real is IEEE 754's binary32, whose largest is (2 - 2**-23) * 2**127
MAX_OFFSET = timedelta(hours=14)  # https://learn.microsoft.com/sql/t-sql/data-types/datetimeoffset-transact-sql
BASE64 = re.compile("[A-Za-z0-9+/]*={0,2}")
FRACTION = re.compile(r"\.(\d+)")
WIDE = Context(prec=100)  # Python's own context would round beyond 28 digits
MICROSECOND_DIGITS, SQL_DIGITS = 6, 7  # what Python holds, and what datetime2(7) and time(7) hold

type_json = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class TooLongError(ValueError):
    """Text of more units than its column holds."""


def field_encoder(kind: SqlType, *, truncated: Callable[[], None] | None = None) -> Callable[[Any], str]:
    """The function that writes values, not None, for a column of this type.

    With `truncated`, over-long text is cut and the function is called for each; without, TooLongError is raised.
    """
    if kind.is_text:
        return _text_encoder(kind, truncated)
    if kind.name in RANGES:
        low, high = RANGES[kind.name]
        return lambda value: _integer(value, low, high)
    if kind.name == "decimal":
        return lambda value: _decimal(value, kind)
    if kind.is_money:
        return lambda value: _money(value, kind)
    if kind.is_binary:
        return lambda value: _binary(value, kind)
    try:
        encode = PLAIN[kind.name]
    except KeyError:
        raise ValueError(f"values of type {kind} cannot be loaded") from None
    return encode if kind.name not in SCALED or kind.scale == SQL_DIGITS else lambda value: encode(_as_fine_as(value, kind))


def is_loadable(kind: SqlType) -> bool:
    """Whether values of the type can be written."""
    return kind.is_text or kind.is_money or kind.is_binary or kind.name in (*RANGES, "decimal", *PLAIN)


def _text_encoder(kind: SqlType, truncated: Callable[[], None] | None) -> Callable[[Any], str]:
    limit, counted = kind.length, utf16_units if kind.name.startswith("n") else _bytes

    def encode(value: Any) -> str:
        text = value if isinstance(value, str) else type_json.encode(value).decode()
        if limit is not None and len(text) * 4 > limit and (length := counted(text)) > limit:
            if truncated is None:
                raise TooLongError(f"text of {length} characters in a column of {kind}")
            truncated()
            text = _cut(text, limit, counted)
        if not text or text[0] == ESCAPE:
            text = ESCAPE + text
        return f'"{text.replace(chr(34), chr(34) * 2)}"'

    return encode


def _cut(text: str, limit: int, counted: Callable[[str], int]) -> str:
    text = text[:limit]
    while counted(text) > limit:
        text = text[:-1]
    return text


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _integer(value: Any, low: int, high: int) -> str:
    whole = value if type(value) is int else _whole(value)
    if not low <= whole <= high:
        raise ValueError(f"{whole} is not between {low} and {high}")
    return str(whole)


def _whole(value: Any) -> int:
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(f"{value!r} is no whole number")


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise ValueError(f"{value!r} is no number")  # noqa: TRY004 - one kind of error says that a value does not fit
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{value} is not finite")
    return number


def _decimal(value: Any, kind: SqlType) -> str:
    number = _number(value)
    if number and number.adjusted() >= kind.precision - kind.scale:
        raise ValueError(f"{value} has too many digits for {kind}")
    if number != (rounded := number.quantize(Decimal(1).scaleb(-kind.scale), context=WIDE)):
        raise ValueError(f"{value} has more than {kind.scale} places, too many for {kind}")
    return format(abs(rounded) if rounded == 0 else rounded, "f")  # a decimal column knows no -0


def _money(value: Any, kind: SqlType) -> str:
    written = _decimal(value, MONEY_AS_DECIMAL)
    low, high = MONEY_RANGES[kind.name]
    if not low <= Decimal(written) <= high:
        raise ValueError(f"{value} is not between {low} and {high}")
    return written


def _binary(value: Any, kind: SqlType) -> str:
    """Hexadecimal digits of what base64 stands for; as text, since no bytes are not NULL."""
    text = _string(value)
    if len(text) % 4 or not BASE64.fullmatch(text):
        raise ValueError("text that is no base64")
    held = base64.b64decode(text)
    if kind.length is not None and len(held) > kind.length:
        raise TooLongError(f"{len(held)} bytes in a column of {kind}")
    return f'"{held.hex().upper() or ESCAPE}"'


def _float(value: Any) -> str:
    number = float(_number(value))
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{value} is too large for float")
    return repr(number)


def _real(value: Any) -> str:
    written = _float(value)
    if abs(float(written)) >= BEYOND_REAL:
        raise ValueError(f"{value} is too large for real")
    return written


def _bit(value: Any) -> str:
    if value not in (True, False, 0, 1):
        raise ValueError(f"{value!r} is no boolean")
    return "1" if value else "0"


def _uuid(value: Any) -> str:
    return str(uuid.UUID(str(value)))


def _date(value: Any) -> str:
    if isinstance(value, str) and len(value) > len("2024-01-02"):
        moment = datetime.fromisoformat(value)
        if moment.time() != time():
            raise ValueError(f"{value!r} is a time of day, not only a date")
        return moment.date().isoformat()
    return (value if isinstance(value, date) else date.fromisoformat(_string(value))).isoformat()


def _datetime(value: Any) -> str:
    """UTC; a value without an offset is UTC already."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_string(value))
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{value} is, in UTC, outside the years 1 to 9999") from None
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds") + _seventh_digit(value)


def _moment(value: Any) -> str:
    """With the offset that it came with; a value without one is UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_string(value))
    offset = moment.utcoffset() or timedelta()
    if abs(offset) > MAX_OFFSET or offset % timedelta(minutes=1):
        raise ValueError(f"{value} has an offset that is over 14 hours, or not of whole minutes")
    _datetime(value)  # must be there in UTC, too
    minutes = abs(offset) // timedelta(minutes=1)
    written = moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds") + _seventh_digit(value)
    return f"{written} {'-' if offset < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _time(value: Any) -> str:
    moment = value if isinstance(value, time) else time.fromisoformat(_string(value))
    if moment.tzinfo is not None:
        moment = datetime.combine(date(2000, 1, 1), moment).astimezone(UTC).time()
    return moment.isoformat(timespec="microseconds") + _seventh_digit(value)


def _as_fine_as(value: Any, kind: SqlType) -> Any:
    """The value itself. Raises ValueError if its column would round it."""
    match = FRACTION.search(str(value))
    if match and match[1][kind.scale :].strip("0"):
        raise ValueError(f"{value} is finer than a column of {kind} holds")
    return value


def _seventh_digit(value: Any) -> str:
    """The digit that Python's types leave out. Raises ValueError if there are more that count."""
    match = FRACTION.search(value) if isinstance(value, str) and len(value) > MICROSECOND_DIGITS else None
    beyond = match[1][MICROSECOND_DIGITS:].rstrip("0") if match else ""
    if len(beyond) > SQL_DIGITS - MICROSECOND_DIGITS:
        raise ValueError(f"{value!r} is finer than 100 nanoseconds")
    return beyond


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - one kind of error says that a value does not fit
    return value


PLAIN: dict[str, Callable[[Any], str]] = {
    "float": _float, "real": _real, "bit": _bit, "date": _date, "time": _time, "uniqueidentifier": _uuid,
    "datetime2": _datetime, "datetimeoffset": _moment,
}  # fmt: skip
