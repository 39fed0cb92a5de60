"""T-SQL's conversions as DuckDB expressions: what is cut, what is rounded, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.synapse.values.declared import DeclaredType

# The characters of code page 1252, which the varchar of the default collation holds; anything else becomes `?`, silently.
_CP1252: Final = r"\x00-\x7F\x{A0}-\x{FF}" + bytes(range(0x80, 0xA0)).decode("cp1252", "ignore")
_UNITS_US: Final = {0: 1_000_000, 1: 100_000, 2: 10_000, 3: 1_000, 4: 100, 5: 10}  # microseconds of a last digit
_ALL_YEARS: Final = ("0001-01-01", "10000-01-01")
_YEARS: Final = {"datetime": ("1753-01-01", "10000-01-01"), "smalldatetime": ("1900-01-01", "2079-06-07")}

MACROS: Final = (
    # UTF-16 code units, which nvarchar's lengths count: two for a character beyond the basic plane.
    r"utf16(x) AS CASE WHEN strlen(x) = length(x) THEN length(x) ELSE length(x) + length(regexp_replace(x, '[^\x{10000}-\x{10FFFF}]', '', 'g')) END",
    # Cut to n units; a mark before each wide character keeps a pair from being cut in two. A wide character is the mark, so no text has one elsewhere.
    (
        "cut_utf16(x, n) AS CASE WHEN strlen(x) <= n THEN x WHEN utf16(x) = length(x) THEN left(x, n) ELSE regexp_replace(left(regexp_replace("
        r"x, '([\x{10000}-\x{10FFFF}])', chr(1114111) || '\1', 'g'), n), '\x{10FFFF}([\x{10000}-\x{10FFFF}])|\x{10FFFF}$', '\1', 'g') END"
    ),
    f"cp1252(x) AS CASE WHEN strlen(x) = length(x) THEN x ELSE regexp_replace(x, '[^{_CP1252}]', '?', 'g') END",
    (
        "fit(x, units, n, place) AS CASE WHEN x IS NULL OR strlen(x) <= n OR units <= n THEN x ELSE error('~2628~String or binary data would be "
        "truncated in ' || place || '. Truncated value: ''' || left(x, n) || '''.~') END"
    ),
    (
        "fit_bytes(x, n, place) AS CASE WHEN x IS NULL OR octet_length(x) <= n THEN x ELSE error('~2628~String or binary data would be truncated in ' "
        "|| place || '.~') END"
    ),
    # UNICODE: the first UTF-16 unit, NULL for an empty text.
    "first_unit(x) AS CASE WHEN x = '' THEN NULL WHEN unicode(x) < 65536 THEN unicode(x) ELSE 55296 + (unicode(x) - 65536) // 1024 END",
    # REPLACE where the collation ignores the case.
    r"replace_ci(x, y, z) AS CASE WHEN y = '' THEN x ELSE regexp_replace(x, regexp_escape(y), replace(z, '\', '\\'), 'gi') END",
    "not_zero(x) AS CASE WHEN x = 0 THEN error('~8134~Divide by zero error encountered.~') ELSE x END",
    "floored(us, unit) AS us - ((us % unit) + unit) % unit",
    "round_us(ts, unit) AS make_timestamp(floored(epoch_us(ts) + unit // 2, unit))",
    # datetime counts in three-hundredths of a second, shown as .000, .003 and .007.
    (
        "round_ticks(ts) AS make_timestamp(floored(epoch_us(ts), 1000000) + CAST(round(round(((epoch_us(ts) % 1000000 + 1000000) % 1000000) * 3 / 10000) "
        "* 10 / 3) AS BIGINT) * 1000)"
    ),
    (
        "between_years(ts, low, high) AS CASE WHEN ts IS NULL OR (ts >= low AND ts < high) THEN ts ELSE error('~242~The conversion of a data type to a "
        "datetime data type resulted in an out-of-range value.~') END"
    ),
    (
        r"dto_minutes(x) AS CASE WHEN regexp_matches(x, '[+-]\d{2}:\d{2}$') THEN CAST(x[-6:-6] || '1' AS SMALLINT) * "
        "(CAST(x[-5:-4] AS SMALLINT) * 60 + CAST(x[-2:] AS SMALLINT)) ELSE 0 END"
    ),
    (
        r"dto(x) AS CASE WHEN x IS NULL THEN NULL ELSE struct_pack(utc := CAST(regexp_replace(x, '\s*(Z|[+-]\d{2}:\d{2})$', '') AS TIMESTAMP) "
        "- to_minutes(dto_minutes(x)), minutes := CAST(dto_minutes(x) AS SMALLINT)) END"
    ),
    "dto_local(x) AS x.utc + to_minutes(x.minutes)",
    (
        "dto_text(x) AS strftime(dto_local(x), '%Y-%m-%d %H:%M:%S.%f') || '0 ' || CASE WHEN x.minutes < 0 THEN '-' ELSE '+' END || "
        "format('{:02d}:{:02d}', abs(x.minutes) // 60, abs(x.minutes) % 60)"
    ),
)


def sql_text(value: str) -> str:
    """A DuckDB string literal."""
    return "'" + value.replace("'", "''") + "'"


def as_text(expression: str, source: DeclaredType | None) -> str:
    """What T-SQL prints for a value of that type."""
    name = source.name if source else "nvarchar"
    if name == "bit":
        return f"CASE WHEN {expression} THEN '1' WHEN NOT {expression} THEN '0' END"
    if name in {"datetime2", "datetime", "smalldatetime"}:
        scale = source.scale if source and name == "datetime2" else 3
        return f"left(strftime({expression}, '%Y-%m-%d %H:%M:%S.%f') || '0', {20 + scale if scale else 19})"
    if name == "datetimeoffset":
        return f"dto_text({expression})"
    if name == "uniqueidentifier":
        return f"upper(CAST({expression} AS VARCHAR))"
    return f"CAST({expression} AS VARCHAR)"


def _to_text(expression: str, target: DeclaredType, source: DeclaredType | None, place: str | None) -> str:
    text = as_text(expression, source)
    narrow = target.name in {"varchar", "char"} and not target.utf8
    if narrow:
        text = f"cp1252({text})"
    if target.length is None:
        return text
    if place is None:  # an explicit CAST cuts, and says nothing [sql/t-sql/functions/cast-and-convert-transact-sql, "Truncating"]
        text = f"left({text}, {target.length})" if narrow else f"cut_utf16({text}, {target.length})"
    else:
        units = f"length({text})" if narrow else f"strlen({text})" if target.utf8 and target.name[0] != "n" else f"utf16({text})"
        text = f"fit({text}, {units}, {target.length}, {sql_text(place)})"
    return f"rpad({text}, {target.length}, ' ')" if target.name in {"char", "nchar"} else text


def _to_moment(expression: str, target: DeclaredType, source: DeclaredType | None) -> str:
    value = f"dto_local({expression})" if source and source.name == "datetimeoffset" else f"CAST({expression} AS TIMESTAMP)"
    low, high = _YEARS.get(target.name, _ALL_YEARS)
    return rounded_moment(f"between_years({value}, TIMESTAMP '{low}', TIMESTAMP '{high}')", target)


def rounded_moment(value: str, target: DeclaredType) -> str:
    """A moment that is within the type's years, as exact as the type holds it."""
    if target.name == "datetime":
        return f"round_ticks({value})"
    if target.name == "smalldatetime":
        return f"round_us({value}, 60000000)"
    return f"round_us({value}, {_UNITS_US[target.scale]})" if target.scale in _UNITS_US else value


def _to_offset(expression: str, source: DeclaredType | None) -> str:
    if source and source.name == "datetimeoffset":
        return expression
    if source and source.name in {"datetime2", "datetime", "smalldatetime", "date"}:
        return (
            f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack(utc := CAST({expression} AS TIMESTAMP), minutes := CAST(0 AS SMALLINT)) END"
        )
    return f"dto(CAST({expression} AS VARCHAR))"


def converted(expression: str, target: DeclaredType, source: DeclaredType | None = None, *, place: str | None = None) -> str:
    """The expression as the target type. `place` (table and column) makes a stored value: too long is refused, not cut."""
    if target.is_text:
        return _to_text(expression, target, source, place)
    if target.is_binary:
        value = f"CAST({expression} AS BLOB)"
        return value if target.length is None or place is None else f"fit_bytes({value}, {target.length}, {sql_text(place)})"
    if target.name in {"datetime2", "datetime", "smalldatetime"}:
        return _to_moment(expression, target, source)
    if target.name == "datetimeoffset":
        return _to_offset(expression, source)
    if target.name == "time" and target.scale in _UNITS_US:
        return f"CAST(round_us(DATE '2000-01-01' + CAST({expression} AS TIME), {_UNITS_US[target.scale]}) AS TIME)"
    if target.is_integer and source and source.name in {"decimal", "float", "real", "money"}:
        expression = f"trunc({expression})"  # T-SQL cuts a fraction off, DuckDB would round it
    if target.name == "date" and source and source.name == "datetimeoffset":
        expression = f"dto_local({expression})"
    return f"CAST({expression} AS {target.duck(collate=False)})"
