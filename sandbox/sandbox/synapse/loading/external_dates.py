"""DATE_FORMAT of an external file format: a date's text in year-month-day order [create-external-file-format-transact-sql, "DATE_FORMAT"]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sandbox.synapse.refusals.errors import unknown_here
from sandbox.synapse.values.conversion import sql_text

if TYPE_CHECKING:
    from sandbox.synapse.values.declared import DeclaredType

_MOMENTS: Final = {"date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset"}
_TOKEN: Final = re.compile(r"yyyy|MM|M|dd|d|HH|H|mm|m|ss|s|f+|zzz|(?P<other>[A-Za-z]+)|(?P<sign>.)", re.DOTALL)
_PATTERNS: Final = {
    "yyyy": r"(\d{4})", "MM": r"(\d{2})", "M": r"(\d{1,2})", "dd": r"(\d{2})", "d": r"(\d{1,2})", "HH": r"(\d{2})", "H": r"(\d{1,2})",
    "mm": r"(\d{2})", "m": r"(\d{1,2})", "ss": r"(\d{2})", "s": r"(\d{1,2})", "zzz": r"([+-]\d{2}:\d{2})",
}  # fmt: skip


def iso_text(field: str, kind: DeclaredType, date_format: str) -> str:
    """DuckDB's expression for the field as an ISO text; one that is not of the format becomes a text that no type takes."""
    if kind.name not in _MOMENTS or not date_format:
        return field
    pattern, groups = "", dict[str, int]()
    for found in _TOKEN.finditer(date_format):
        token = found.group()
        if found.group("other"):
            raise unknown_here(f"'{token}' in DATE_FORMAT")
        if found.group("sign"):
            pattern += re.escape(token)
            continue
        key = "f" if token[0] == "f" else token if token == "zzz" else token[0] if token[0] != "y" else "y"
        groups[key] = len(groups) + 1
        pattern += rf"(\d{{1,{len(token)}}})" if key == "f" else _PATTERNS[token]

    def part(key: str, absent: str) -> str:
        return f"\\{groups[key]}" if key in groups else absent

    clock = f"{part('H', '00')}:{part('m', '00')}:{part('s', '00')}" + (f".{part('f', '')}" if "f" in groups else "")
    day = f"{part('y', '1900')}-{part('M', '01')}-{part('d', '01')}"
    whole = {"date": day, "time": clock}.get(kind.name, f"{day} {clock}" + (f" {part('zzz', '')}" if "zzz" in groups else ""))
    return (
        f"CASE WHEN {field} IS NULL OR NOT regexp_full_match({field}, {sql_text(pattern)}) THEN 'not of ' || {field} "
        f"ELSE regexp_replace({field}, {sql_text(pattern)}, {sql_text(whole)}) END"
    )
