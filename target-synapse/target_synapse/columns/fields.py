r"""A column of an Arrow table as fields of CSV, in DuckDB's SQL: the bytes of `values.field_encoder`, or a word that only that can tell.

DuckDB is not trusted with what it reads otherwise than Python: it takes `2024-1-2` for a date and drops the offset of a time (duckdb 2.0.0), so the
shape of a text is held against a pattern first. What a field refuses here is not wrong yet: such a row goes the way of single records, which
takes it or says why not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyarrow import types as arrow
from singer_commons.columnar.encoder import payload

from target_synapse.rows.types import BIGINT_MAX, BIGINT_MIN, BINARY, MAX_DECIMAL_DIGITS, MONEY, MONEY_AS_DECIMAL, TEXT
from target_synapse.rows.values import BEYOND_REAL, ESCAPE, ESCAPE_CODE, MAX_OFFSET, MICROSECOND_DIGITS, MONEY_RANGES, RANGES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from target_synapse.rows.types import SqlType

ESCAPE_BYTES = ESCAPE.encode()
FIRST, LAST = "TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"  # of datetime2
WRITTEN = "'%Y-%m-%d %H:%M:%S.%f'"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
OFFSET = "[+-]([01][0-9]|2[0-3]):[0-5][0-9]"
MOMENT = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{CLOCK}(Z|{OFFSET})?"
MIDNIGHT = r"[T ]00:00:00(\.0{1,6})?(Z|\+00:00)?"


@dataclass(frozen=True, slots=True)
class Field:
    """`pieces` are the SQL arguments of a concat(), in which NULL counts as ''; `refused` is SQL that is true for values that are not for columns."""

    pieces: str
    refused: str | None = None
    is_quoted: bool = False  # quotes are to stand around it, whatever the value is


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a column of texts tells. Looking takes 0.13 CPU s for a million rows of five texts, and saves 0.9 in SQL."""

    nulls: bool = True
    quotes: bool = True
    marks: bool = True  # empty texts, and any that hold the escape
    longest_bytes: int = sys.maxsize

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Seen:
        """What is in the column."""
        sizes = pc.min_max(pc.binary_length(column)).as_py()
        data = [bytes(payload(chunk)) for chunk in column.chunks]
        marks = not sizes["min"] or any(ESCAPE_BYTES in one for one in data)
        return cls(column.null_count > 0, any(b'"' in one for one in data), marks, sizes["max"] or 0)


ANYTHING = Seen()


def field(kind: SqlType, held: pa.DataType, name: str, seen: Seen = ANYTHING) -> Field:
    """The field of a column `name`, whose values are `held` by Arrow, for an SQL column. Raises TypeError if no value of the kind can be written."""
    if arrow.is_null(held):
        return Field("''")
    if is_text(held) and kind.name in TEXT:
        return _text(kind, name, seen)
    return WRITERS[kind.name](kind, held, name)


def _text(kind: SqlType, name: str, seen: Seen) -> Field:
    value = f"""replace({name}, '"', '""')""" if seen.quotes else name
    if seen.marks:
        head = f"""CASE WHEN {name} = '' OR starts_with({name}, chr({ESCAPE_CODE})) THEN concat('"', chr({ESCAPE_CODE})) WHEN {name} IS NOT NULL THEN '"' END"""
        pieces = f"""{head}, {value}, CASE WHEN {name} IS NOT NULL THEN '"' END"""
    else:
        pieces = f"""'"' || {value} || '"'""" if seen.nulls else value
    is_quoted = not seen.marks and not seen.nulls
    if kind.length is None or seen.longest_bytes <= kind.length:  # no text has fewer bytes than UTF-16 units
        return Field(pieces, is_quoted=is_quoted)
    over = f"strlen({name}) > {kind.length}"  # the costly count is for the few
    if kind.name.startswith("n"):
        astral = rf"length(regexp_replace({name}, '[^\x{{10000}}-\x{{10FFFF}}]+', '', 'g'))"
        # CASE, since AND has both its sides worked out for all rows.
        over = f"CASE WHEN {over} THEN length({name}) > {kind.length} OR length({name}) + {astral} > {kind.length} END"
    return Field(pieces, over, is_quoted)


def _number_as_text(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not arrow.is_integer(held) or not (kind.length is None or kind.length >= len(str(BIGINT_MIN))):
        raise _no_way(kind, held)
    return Field(f"""'"' || CAST({name} AS VARCHAR) || '"'""")


def _integer(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not arrow.is_integer(held):
        raise _no_way(kind, held)
    low, high = RANGES[kind.name]
    is_sure = (low, high) == (BIGINT_MIN, BIGINT_MAX) and not arrow.is_uint64(held)
    return Field(name, None if is_sure else f"{name} NOT BETWEEN {low} AND {high}")


def _decimal(kind: SqlType, held: pa.DataType, name: str) -> Field:
    whole = kind.precision - kind.scale
    if arrow.is_integer(held):
        zeros = f", CASE WHEN {name} IS NOT NULL THEN '.{'0' * kind.scale}' END" if kind.scale else ""
        return Field(f"{name}{zeros}", f"{name} NOT BETWEEN -{10**whole - 1} AND {10**whole - 1}" if whole <= MAX_DECIMAL_DIGITS // 2 else None)
    if not is_text(held) and (not arrow.is_decimal128(held) or held.scale > kind.scale or held.scale < 0):
        raise _no_way(kind, held)
    # Without a digit more, DuckDB prints decimal(2,2) as `.50`.
    precision = min(max(kind.precision, kind.scale + 1), MAX_DECIMAL_DIGITS)
    made = f"TRY_CAST({name} AS DECIMAL({precision}, {kind.scale}))"
    over = f"{made} IS NULL" if precision == kind.precision else f"({made} IS NULL OR abs({made}) >= 1)"
    written = f"CAST({made} AS VARCHAR)"
    if kind.scale == precision:
        written = rf"regexp_replace({written}, '^(-?)\.', '\10.')"
    if is_text(held):  # DuckDB rounds where there are more places
        places = rf"(\.[0-9]{{1,{kind.scale}}})?" if kind.scale else ""
        return Field(written, f"{name} IS NOT NULL AND (NOT regexp_full_match({name}, '-?[0-9]+{places}') OR {over})")
    is_sure = held.precision - held.scale <= whole
    return Field(written, None if is_sure else f"{name} IS NOT NULL AND {over}")


def _money(kind: SqlType, held: pa.DataType, name: str) -> Field:
    made = _decimal(MONEY_AS_DECIMAL, held, name)
    low, high = (f"CAST('{limit}' AS DECIMAL(38,4))" for limit in MONEY_RANGES[kind.name])
    beyond = f"{name} NOT BETWEEN {low} AND {high}"
    return Field(made.pieces, f"({made.refused}) OR {beyond}" if made.refused else beyond)


def _binary(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not is_text(held):
        raise _no_way(kind, held)
    is_whole = f"strlen({name}) % 4 = 0 AND regexp_full_match({name}, '[A-Za-z0-9+/]*={{0,2}}')"
    digits = f"CASE WHEN {is_whole} THEN hex(from_base64({name})) END"
    # Spare bits behind the last byte may be anything to Python's decoder: such text is left to it.
    refused = f"NOT ({is_whole}) OR to_base64(from_base64(CASE WHEN {is_whole} THEN {name} ELSE '' END)) <> {name}"
    if kind.length is not None:
        refused += f" OR strlen({digits}) > {2 * kind.length}"
    text = f"CASE WHEN {name} = '' THEN chr({ESCAPE_CODE}) ELSE {digits} END"
    return Field(f"""'"' || {text} || '"'""", f"{name} IS NOT NULL AND ({refused})")


def _float(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if arrow.is_integer(held):
        return Field(f"CAST({name} AS DOUBLE)")
    if not (arrow.is_float32(held) or arrow.is_float64(held)):
        raise _no_way(kind, held)  # of a decimal, DuckDB's double is not always the nearest
    beyond = f" OR abs({name}) >= {BEYOND_REAL!r}" if kind.name == "real" else ""
    return Field(f"CAST({name} AS DOUBLE)", f"NOT isfinite({name}){beyond}")


def _bit(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not arrow.is_boolean(held):
        raise _no_way(kind, held)
    return Field(f"CASE WHEN {name} THEN '1' WHEN NOT {name} THEN '0' END")


def _uuid(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not is_text(held):
        raise _no_way(kind, held)
    written = f"CAST(TRY_CAST({name} AS UUID) AS VARCHAR)"
    return Field(written, f"{name} IS NOT NULL AND {written} IS DISTINCT FROM lower({name})")


def _date(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if arrow.is_date32(held):
        return Field(f"CAST({name} AS VARCHAR)", f"{name} NOT BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'")
    if not is_text(held):
        raise _no_way(kind, held)
    day = f"left({name}, 10)"
    is_day = f"CAST(TRY_CAST({day} AS DATE) AS VARCHAR) IS NOT DISTINCT FROM {day}"
    is_alone = f"(strlen({name}) = 10 OR regexp_full_match(substr({name}, 11), '{MIDNIGHT}'))"
    return Field(day, f"{name} IS NOT NULL AND NOT ({is_day} AND {is_alone})")


def _moment(kind: SqlType, held: pa.DataType, name: str) -> Field:
    zone = " +00:00" if kind.name == "datetimeoffset" else ""
    tail = f", CASE WHEN {name} IS NOT NULL THEN '{zone}' END" if zone else ""
    if arrow.is_date32(held):
        return Field(f"strftime(CAST({name} AS TIMESTAMP), {WRITTEN}){tail}", f"CAST({name} AS TIMESTAMP) NOT BETWEEN {FIRST} AND {LAST}")
    if arrow.is_timestamp(held) and held.tz is None and held.unit == "ns":
        nanos = f"(((epoch_ns({name}) % 1000) + 1000) % 1000)"
        moment = f"make_timestamp((epoch_ns({name}) - {nanos}) // 1000)"
        seventh = f"CASE WHEN {nanos} > 0 THEN {nanos} // 100 END"
        return Field(f"strftime({moment}, {WRITTEN}), {seventh}{tail}", f"epoch_ns({name}) % {10 ** (9 - kind.scale)} <> 0")
    if arrow.is_timestamp(held) and held.tz is None:
        moment = f"CAST({name} AS TIMESTAMP)"
        finer = f" OR epoch_us({moment}) % {10 ** (MICROSECOND_DIGITS - kind.scale)} <> 0" if kind.scale < MICROSECOND_DIGITS else ""
        return Field(f"strftime({moment}, {WRITTEN}){tail}", f"{moment} NOT BETWEEN {FIRST} AND {LAST}{finer}")
    if not is_text(held):
        raise _no_way(kind, held)  # with a zone it must have been taken to UTC
    return _moment_text(name, kind.scale, keeps_offset=bool(zone))


def _moment_text(name: str, scale: int, *, keeps_offset: bool) -> Field:
    offset = f"regexp_extract({name}, '{OFFSET}$')"
    minutes = f"CAST(concat('0', {offset}[2:3]) AS INTEGER) * 60 + CAST(concat('0', {offset}[5:6]) AS INTEGER)"
    shift = f"CASE WHEN {offset} = '' THEN 0 WHEN {offset}[1] = '-' THEN {minutes} ELSE -({minutes}) END"
    local = f"TRY_CAST(left(regexp_replace({name}, '(Z|{OFFSET})$', ''), 26) AS TIMESTAMP)"
    utc = f"({local} + to_minutes({shift}))"
    refused = f"NOT regexp_full_match({name}, '{MOMENT}') OR {utc} IS NULL OR {utc} NOT BETWEEN {FIRST} AND {LAST} OR {_is_too_fine(name, scale)}"
    if not keeps_offset:
        return Field(f"strftime({utc}, {WRITTEN}), {_seventh(name)}", f"{name} IS NOT NULL AND ({refused})")
    tail = f"' ' || CASE WHEN {offset} IN ('', '-00:00') THEN '+00:00' ELSE {offset} END"
    refused += f" OR {minutes} > {MAX_OFFSET // timedelta(minutes=1)}"
    return Field(f"strftime({local}, {WRITTEN}), {_seventh(name)}, {tail}", f"{name} IS NOT NULL AND ({refused})")


def _time(kind: SqlType, held: pa.DataType, name: str) -> Field:
    if not is_text(held):
        raise _no_way(kind, held)
    fraction = rf"rpad(left(regexp_extract({name}, '\.([0-9]+)', 1), 6), 6, '0')"
    pieces = f"left({name}, 8), CASE WHEN {name} IS NOT NULL THEN '.' END, {fraction}, {_seventh(name)}"
    return Field(pieces, rf"{name} IS NOT NULL AND (NOT regexp_full_match({name}, '{CLOCK}(Z|\+00:00)?') OR {_is_too_fine(name, kind.scale)})")


def _seventh(name: str) -> str:
    """The seventh digit of a fraction, unless it is 0."""
    return rf"nullif(regexp_extract({name}, '\.[0-9]{{6}}([0-9])', 1), '0')"


def _is_too_fine(name: str, scale: int) -> str:
    return rf"regexp_matches({name}, '\.[0-9]{{{scale}}}[0-9]*[1-9]')"


def is_text(held: pa.DataType) -> bool:
    """Whether Arrow holds texts."""
    return bool(arrow.is_string(held) or arrow.is_large_string(held))


def _no_way(kind: SqlType, held: pa.DataType) -> TypeError:
    return TypeError(f"no {kind} of Arrow {held}")


WRITERS: dict[str, Callable[[SqlType, pa.DataType, str], Field]] = {
    **dict.fromkeys(TEXT, _number_as_text), **dict.fromkeys(RANGES, _integer), "decimal": _decimal, **dict.fromkeys(MONEY, _money), **dict.fromkeys(BINARY, _binary), "float": _float, "real": _float, "bit": _bit, "date": _date,
    "datetime2": _moment, "datetimeoffset": _moment, "time": _time, "uniqueidentifier": _uuid,
}  # fmt: skip
