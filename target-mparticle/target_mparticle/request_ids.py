"""`source_request_id`: the same for the same version of a row, so that mParticle drops what it already has.

mParticle keeps ids for 30 to 60 days, for each key (docs.mparticle.com/developers/server/json-reference). So an id holds the whole row
with its iterator (a value that goes from A to B and back to A is a new version) and the mapping (a corrected one sends anew). A stream
of user attributes without an iterator has nothing that tells two equal versions apart: its ids also hold the label of the run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _escaped
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NAMESPACE = uuid.UUID("5b9f7a53-0f9c-5d0e-9a35-6c1f6f0c7d11")
VERSION = "v1"  # of the way ids are made: another one would send everything once more
EXACT_FRACTION_DIGITS = 6  # a finer time would be cut by `datetime`
VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # the two bits of RFC 9562, section 4.1
CONSTANTS = {None: "null", True: "true", False: "false"}
MAX_ORDERS = 100

_sorted_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class RowDigests:
    """Digests of rows: independent of the order of columns, of how a number is spelt, and of how the columns `date_times` spell a moment.

    A digest is the SHA-256 of the row as JSON with sorted names, in which numbers are objects of their exact digits.
    """

    def __init__(self, date_times: Collection[str] = ()) -> None:
        self._date_times = frozenset(date_times)
        self._orders: dict[tuple[str, ...], list[tuple[str, str, bool]]] = {}  # rows of a stream have few sets of columns, most often one

    def of(self, record: Mapping[str, Any]) -> str:
        """The digest of a row."""
        names = tuple(record)
        order = self._orders.get(names)
        if order is None:
            order = self._ordered(names)
            if len(self._orders) < MAX_ORDERS:
                self._orders[names] = order
        parts = [
            prefix + (_escaped(value) if type(value := record[name]) is str and not is_moment else _spelt(value, is_moment=is_moment))
            for name, prefix, is_moment in order
        ]
        return hashlib.sha256(f"{{{','.join(parts)}}}".encode("ascii")).hexdigest()

    def _ordered(self, names: Sequence[str]) -> list[tuple[str, str, bool]]:
        # `_sdc_` columns say when the row was moved, not what it is.
        return [(name, f"{_escaped(name)}:", name in self._date_times) for name in sorted(names) if not name.startswith("_sdc_")]


class RequestIds:
    """Ids of the batches of a stream under one mapping."""

    def __init__(self, stream: str, fingerprint: str, run_label: str | None = None) -> None:
        self._before = json.dumps([VERSION, stream, fingerprint])[:-1] + ', "'
        self._behind = f'", {json.dumps(run_label or "")}, "'

    def of(self, digest: str, part: int = 0) -> str:
        """The id of a batch of the row with this digest; `part` counts the batches of one row from 0."""
        return _uuid5(f'{self._before}{digest}{self._behind}{part}"]')


def message_id(stream: str, record: Mapping[str, Any], keys: Sequence[str], otherwise: str) -> str:
    """The id of an event: from the stream's key columns, or without any from its batch's id."""
    return _uuid5(json.dumps([stream, [_plain(record.get(key)) for key in keys]]) if keys else otherwise)


def _uuid5(name: str) -> str:
    """`str(uuid.uuid5(NAMESPACE, name))`, without the object in between (RFC 9562, section 5.5)."""
    digest = hashlib.sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


def _spelt(value: Any, *, is_moment: bool) -> str:
    kind = type(value)
    if kind is str:
        return _escaped(_moment(value) if is_moment else value)
    if kind is int or kind is Decimal:
        return f'{{"number":"{_number(value)}"}}'
    return CONSTANTS[value] if value is None or kind is bool else _sorted_json(_plain(value))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return {"number": _number(value)}
    if isinstance(value, dict):
        return {"object": {str(name): each if type(each) is str else _plain(each) for name, each in value.items()}}
    if isinstance(value, (list, tuple)):
        return [each if type(each) is str else _plain(each) for each in value]
    return str(value) if isinstance(value, str) else {type(value).__name__: value.hex() if isinstance(value, (bytes, bytearray)) else str(value)}


def _number(value: float | Decimal) -> str:
    """The digits without zeros at either end, and the power of ten of the last of them: `125e-1` for 12.50."""
    text = str(value) if isinstance(value, (int, Decimal)) else repr(value)
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = digits.partition(".")
    if not (whole + fraction).isdecimal():
        return _number_by_parts(value)
    written = (whole + fraction).lstrip("0")
    short = written.rstrip("0")
    return f"{sign}{short}e{len(written) - len(short) - len(fraction)}" if short else "0"


def _number_by_parts(value: float | Decimal) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        return str(exact)
    sign, digits, exponent = exact.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    short = written.rstrip("0")
    return f"{'-' if sign else ''}{short}e{int(exponent) + len(written) - len(short)}" if short else "0"


def _moment(iso: str) -> str:
    fraction = iso.partition(".")[2]
    if len(fraction) - len(fraction.lstrip("0123456789")) > EXACT_FRACTION_DIGITS:
        return iso
    try:
        moment = dt.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    try:
        return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
    except OverflowError:
        return iso
