"""What text of a CSV field each type takes, as DuckDB conditions; only forms that are documented or plain T-SQL literals.

Not documented, so read narrowly: bit takes 0 and 1 alone; varbinary takes hexadecimal digits, with or without 0x; a
datetimeoffset is written `YYYY-MM-DD hh:mm:ss.ffffff +00:00`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.values.conversion import converted, rounded_moment, sql_text

if TYPE_CHECKING:
    from sandbox.synapse.values.declared import DeclaredType

_CLOCK: Final = r"\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?"
_PATTERNS: Final = {
    "decimal": r"\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*",
    "float": r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*",
    "date": r"\d{4}-\d{1,2}-\d{1,2}",
    "time": _CLOCK,
    "datetime2": rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T]{_CLOCK})?Z?",
    "datetimeoffset": rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T]{_CLOCK})?\s*([+-]\d{{2}}:\d{{2}}|Z)?",
    "varbinary": r"(0[xX])?([0-9A-Fa-f]{2})*",
}
_SAME_AS: Final = {
    "money": "decimal", "smallmoney": "decimal", "real": "float", "datetime": "datetime2", "smalldatetime": "datetime2", "binary": "varbinary",
}  # fmt: skip
_RANGES: Final = {
    "datetime": ("1753-01-01", "10000-01-01"),
    "smalldatetime": ("1900-01-01", "2079-06-06"),
    "datetime2": ("0001-01-01", "10000-01-01"),
}
_WRITTEN: Final = "%Y-%m-%d %H:%M:%S.%f"  # what a moment looks like that needs no pattern
_WRITTEN_BYTES: Final = 26
_DATED: Final = {"date", "datetime", "smalldatetime", "datetime2", "datetimeoffset"}


def _ordered_date(field: str, kind: DeclaredType, date_format: str) -> str:
    """The field with a date in DATEFORMAT's order turned into year-month-day; ISO dates are taken under any DATEFORMAT."""
    if kind.name not in _DATED or not date_format:
        return field
    digits = {"Y": r"(\d{4})", "M": r"(\d{1,2})", "D": r"(\d{1,2})"}
    places = "-".join(f"\\{date_format.index(letter) + 1}" for letter in "YMD")
    pattern = "^" + "[-/.]".join(digits[letter] for letter in date_format)
    changed = f"regexp_replace({field}, {sql_text(pattern)}, {sql_text(places)})"
    # LIKE is a third of the pattern's CPU; where it holds, only YDM's order could still change a text, one with digits out of place.
    iso = f"regexp_matches({field}, '^\\d{{4}}-\\d{{2}}-\\d{{2}}')" if date_format == "YDM" else f"{field} LIKE '____-__-__%'"
    return f"CASE WHEN {iso} THEN {field} ELSE {changed} END"


def misfits(field: str, kind: DeclaredType, date_format: str = "") -> str:
    """Whether the text is none of the type, in DATEFORMAT's order if one is named. `field` is not NULL."""
    if not kind.is_text:
        other = f"NOT coalesce({_fits(_ordered_date(field, kind, date_format), kind)}, FALSE)"  # a cast that fails has no value to compare
        return f"CASE WHEN {_is_written(field, kind)} THEN FALSE ELSE {other} END" if kind.name in _RANGES else other
    if kind.length is None:
        return "FALSE"
    units = f"strlen({field})" if kind.utf8 and kind.name[0] != "n" else f"utf16({field})" if kind.name[0] == "n" else f"length({field})"
    return f"(strlen({field}) > {kind.length} AND {units} > {kind.length})"  # bytes first: they are counted already


def _is_written(field: str, kind: DeclaredType) -> str:
    """Whether the text is to the letter what DuckDB writes for a moment of the type's years, which takes half the CPU of the pattern.

    Such texts stand in the order of their moments, and mean the same in any DATEFORMAT.
    """
    low, high = _RANGES[kind.name]
    within = f"{field} >= '{low}' AND {field} < '{high if len(high) == len(low) else ':'}'"
    return f"strlen({field}) = {_WRITTEN_BYTES} AND {within} AND strftime(TRY_CAST({field} AS TIMESTAMP), '{_WRITTEN}') = {field}"


def _fits(field: str, kind: DeclaredType) -> str:
    name = _SAME_AS.get(kind.name, kind.name)
    if kind.name == "bit":
        return f"{field} IN ('0', '1')"
    if kind.name == "uniqueidentifier":
        return f"TRY_CAST({field} AS UUID) IS NOT NULL"
    pattern = r"\s*[+-]?\d+\s*" if kind.is_integer else _PATTERNS[name]
    match = f"regexp_full_match({field}, {sql_text(pattern)})"
    if kind.is_binary:
        return match if kind.length is None else f"{match} AND (strlen(regexp_replace({field}, '^0[xX]', '')) // 2) <= {kind.length}"
    if kind.name == "datetimeoffset":
        return f"{match} AND TRY_CAST(regexp_replace({field}, '\\s*(Z|[+-]\\d{{2}}:\\d{{2}})$', '') AS TIMESTAMP) IS NOT NULL"
    cast = f"TRY_CAST({field} AS {kind.duck(collate=False)})"
    if kind.name in _RANGES:
        low, high = _RANGES[kind.name]
        within = f"{cast} BETWEEN TIMESTAMP '{low}' AND TIMESTAMP '{high}' - INTERVAL 1 MICROSECOND"  # which casts once
        return f"CASE WHEN {match} THEN {within} ELSE FALSE END"
    return f"{match} AND {cast} IS NOT NULL"


def stored_field(field: str, kind: DeclaredType, date_format: str = "") -> str:
    """The text as the type, once it is known to fit."""
    field = _ordered_date(field, kind, date_format)
    if kind.is_binary:
        return f"from_hex(regexp_replace({field}, '^0[xX]', ''))"
    if kind.name in _RANGES:
        return rounded_moment(f"CAST({field} AS TIMESTAMP)", kind)
    return converted(field, kind)
