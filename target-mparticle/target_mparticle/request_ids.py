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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NAMESPACE = uuid.UUID("5b9f7a53-0f9c-5d0e-9a35-6c1f6f0c7d11")
VERSION = "v1"  # of the way ids are made: another one would send everything once more
EXACT_FRACTION_DIGITS = 6  # a finer time would be cut by `datetime`


def row_digest(record: Mapping[str, Any], date_times: Collection[str] = ()) -> str:
    """A digest of a row: independent of the order of columns, of how a number is spelt, and of how the columns `date_times` spell a moment."""
    plain = {
        name: _moment(value) if name in date_times and isinstance(value, str) else _plain(value)
        for name, value in record.items()
        if not name.startswith("_sdc_")  # these say when the row was moved, not what it is
    }
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def request_id(stream: str, fingerprint: str, digest: str, *, run_label: str | None = None, part: int = 0) -> str:
    """The id of a batch; `part` counts the batches of one row from 0."""
    names = [VERSION, stream, fingerprint, digest, run_label or "", str(part)]
    return str(uuid.uuid5(NAMESPACE, json.dumps(names)))


def message_id(stream: str, record: Mapping[str, Any], keys: Sequence[str], otherwise: str) -> str:
    """The id of an event: from the stream's key columns, or without any from its batch's id."""
    name = json.dumps([stream, [_plain(record.get(key)) for key in keys]]) if keys else otherwise
    return str(uuid.uuid5(NAMESPACE, name))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return {"number": _number(value)}
    if isinstance(value, dict):
        return {"object": {str(name): _plain(each) for name, each in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return {type(value).__name__: value.hex() if isinstance(value, (bytes, bytearray)) else str(value)}


def _number(value: float | Decimal) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        return str(exact)
    sign, digits, exponent = exact.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    short = written.rstrip("0")
    if not short:
        return "0"
    return f"{'-' if sign else ''}{short}e{int(exponent) + len(written) - len(short)}"


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
