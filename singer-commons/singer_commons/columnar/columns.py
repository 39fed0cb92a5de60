"""Columns made ready for DuckDB: what it cannot read, or cannot print exactly, is turned into what it can.

Three ways, by the column's type alone: as it is; as another Arrow type that holds the same values; or as JSON text, made by Arrow or, for the few nested types
left, by Python.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import types
from singer_sdk.singerlib.json import serialize_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAIVE_ZONE = "+00:00"  # behind a timestamp that has no zone, as the SDK writes it
MAX_DECIMAL_DIGITS = 38  # of a 128-bit decimal, in Arrow as in DuckDB
JSON = "arrow.json"  # https://arrow.apache.org/docs/format/CanonicalExtensions.html
KNOWN_TO_DUCKDB = ("arrow.uuid", "arrow.bool8")


@dataclass(frozen=True)
class Reading:
    """How a column is handed to DuckDB: `made` gives its values as `kind`, None leaves them as they are; with `is_json` they are JSON text already."""

    kind: pa.DataType
    made: Callable[[pa.Array], pa.Array] | None = None
    is_json: bool = False

    def of(self, column: pa.Array) -> pa.Array:
        """The column, as it is handed over."""
        return self.made(column) if self.made else column


def reading(kind: pa.DataType) -> Reading:  # noqa: PLR0911 - one line a case
    """How to hand over a column of this type. Raises TypeError if it has no exact JSON."""
    if refused := next(filter(_has_no_json, parts(kind)), None):
        raise TypeError(f"no exact JSON for Arrow {refused}: cast it to text first")
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(kind)
    if types.is_dictionary(kind) and _is_odd(kind.value_type):
        return _behind(reading(kind.value_type), lambda column: column.dictionary_decode())
    if types.is_run_end_encoded(kind):
        return _behind(reading(kind.value_type), _run_end_decoded)
    if types.is_decimal(kind) and _is_odd(kind):
        return Reading(pa.string(), lambda column: column.cast(pa.string()), is_json=True)  # its digits are a JSON number
    if types.is_nested(kind) and any(map(_is_odd, parts(kind))):
        return _by_python(kind)
    if types.is_float16(kind):
        return _cast(pa.float32())
    if types.is_binary_view(kind):
        return _cast(pa.large_binary())
    if _is_zoned_ns(kind):
        return Reading(kind, lambda column: column.cast(pa.timestamp("ns")))  # DuckDB's own zoned type ends at microseconds
    return Reading(kind)


def parts(kind: pa.DataType) -> Iterator[pa.DataType]:
    """The type and all types inside it."""
    yield kind
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        yield from parts(kind.value_type)
    elif isinstance(kind, pa.BaseExtensionType):
        yield from parts(kind.storage_type)
    elif types.is_nested(kind):
        for number in range(kind.num_fields):
            yield from parts(kind.field(number).type)


def _has_no_json(kind: pa.DataType) -> bool:
    return bool(types.is_duration(kind) or types.is_interval(kind) or types.is_union(kind))


def _is_odd(kind: pa.DataType) -> bool:
    """Whether DuckDB cannot read the type, or cannot print it exactly by SQL alone."""
    if types.is_decimal(kind):
        return bool(types.is_decimal256(kind) or kind.scale < 0 or kind.scale == kind.precision == MAX_DECIMAL_DIGITS)
    if types.is_struct(kind):
        names = [part.name.lower() for part in kind]  # DuckDB's names do not tell case apart
        return len(set(names)) < len(names) or not all(names) or any("\0" in name for name in names)
    return bool(
        _is_zoned_ns(kind)
        or isinstance(kind, pa.BaseExtensionType)
        or types.is_float16(kind)
        or types.is_binary_view(kind)
        or types.is_run_end_encoded(kind)
        or (types.is_dictionary(kind) and not types.is_string(kind.value_type))
    )


def _is_zoned_ns(kind: pa.DataType) -> bool:
    return bool(types.is_timestamp(kind) and kind.unit == "ns" and kind.tz)


def _extension(kind: pa.BaseExtensionType) -> Reading:
    if kind.extension_name in KNOWN_TO_DUCKDB:
        return Reading(kind)
    inner = reading(kind.storage_type)
    is_json = inner.is_json or kind.extension_name == JSON
    return Reading(inner.kind, lambda column: inner.of(column.storage), is_json)


def _behind(inner: Reading, first: Callable[[pa.Array], pa.Array]) -> Reading:
    return Reading(inner.kind, lambda column: inner.of(first(column)), inner.is_json)


def _cast(kind: pa.DataType) -> Reading:
    return Reading(kind, lambda column: column.cast(kind))


def _run_end_decoded(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc  # noqa: PLC0415 - its import takes a sixth of what a start of the tap takes

    return pc.run_end_decode(column)


def _by_python(kind: pa.DataType) -> Reading:
    if any(types.is_timestamp(part) and part.unit == "ns" for part in parts(kind)):
        raise TypeError(f"no exact JSON for Arrow {kind}: Python has no nanoseconds, so cast it to text first")

    def made(column: pa.Array) -> pa.Array:
        values = column.to_pylist(maps_as_pydicts="strict")
        return pa.array([None if value is None else serialize_json(_plain(value)) for value in values], pa.large_string())

    return Reading(pa.large_string(), made, is_json=True)


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one line a kind
    """A value as JSON has it, in the same words as DuckDB's lines."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        text = value.astimezone(UTC) if value.tzinfo else value
        return text.replace(tzinfo=None).isoformat(timespec="microseconds") + ("Z" if value.tzinfo else NAIVE_ZONE)
    if isinstance(value, time) and value.microsecond:
        return value.isoformat().rstrip("0")
    return value.isoformat() if isinstance(value, date | time) else value
