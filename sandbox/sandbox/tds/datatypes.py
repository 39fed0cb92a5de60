"""sp_datatype_info: the types a pool has, as drivers ask for them right after the login.

Columns: https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-datatype-info-transact-sql.
Types: those of a dedicated pool (synapse.md 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds.session import Column, Rows, SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL_TYPES = 0  # what a client asks for that wants the whole list

_NAME, _SMALL, _INT = SqlType("nvarchar", 128), SqlType("smallint"), SqlType("int")
_COLUMNS = (
    Column("TYPE_NAME", _NAME, nullable=False), Column("DATA_TYPE", _SMALL, nullable=False), Column("PRECISION", _INT),
    Column("LITERAL_PREFIX", SqlType("varchar", 32)), Column("LITERAL_SUFFIX", SqlType("varchar", 32)),
    Column("CREATE_PARAMS", SqlType("varchar", 32)), Column("NULLABLE", _SMALL, nullable=False),
    Column("CASE_SENSITIVE", _SMALL, nullable=False), Column("SEARCHABLE", _SMALL, nullable=False), Column("UNSIGNED_ATTRIBUTE", _SMALL),
    Column("MONEY", _SMALL, nullable=False), Column("AUTO_INCREMENT", _SMALL), Column("LOCAL_TYPE_NAME", _NAME),
    Column("MINIMUM_SCALE", _SMALL), Column("MAXIMUM_SCALE", _SMALL), Column("SQL_DATA_TYPE", _SMALL, nullable=False),
    Column("SQL_DATETIME_SUB", _SMALL), Column("NUM_PREC_RADIX", _INT), Column("INTERVAL_PRECISION", _SMALL),
    Column("USERTYPE", _SMALL),
)  # fmt: skip

# name, ODBC type, precision, literal prefix, literal suffix, create parameters, searchable
_TEXTS = (
    ("char", 1, 8000, "'", "'", "length", 3), ("varchar", 12, 8000, "'", "'", "max length", 3),
    ("nchar", -8, 4000, "N'", "'", "length", 3), ("nvarchar", -9, 4000, "N'", "'", "max length", 3),
    ("binary", -2, 8000, "0x", None, "length", 2), ("varbinary", -3, 8000, "0x", None, "max length", 2),
    ("uniqueidentifier", -11, 36, "'", "'", None, 2),
)  # fmt: skip
# name, ODBC type, precision, maximum scale, create parameters, radix, is money, is unsigned
_NUMBERS = (
    ("bit", -7, 1, 0, None, None, 0, None), ("tinyint", -6, 3, 0, None, 10, 0, 1), ("smallint", 5, 5, 0, None, 10, 0, 0),
    ("int", 4, 10, 0, None, 10, 0, 0), ("bigint", -5, 19, 0, None, 10, 0, 0), ("decimal", 3, 38, 38, "precision,scale", 10, 0, 0),
    ("numeric", 2, 38, 38, "precision,scale", 10, 0, 0), ("real", 7, 24, None, None, 2, 0, 0), ("float", 6, 53, None, None, 2, 0, 0),
    ("smallmoney", 3, 10, 4, None, 10, 1, 0), ("money", 3, 19, 4, None, 10, 1, 0),
)  # fmt: skip
# name, ODBC type, precision, maximum scale, create parameters, verbose ODBC type, its sub-code
_TIMES = (
    ("date", 91, 10, None, None, 9, 1), ("time", -154, 16, 7, "scale", -154, 0), ("datetime2", 93, 27, 7, "scale", 9, 3),
    ("datetime", 93, 23, 3, None, 9, 3), ("smalldatetime", 93, 16, 0, None, 9, 3), ("datetimeoffset", -155, 34, 7, "scale", -155, 0),
)  # fmt: skip


def datatype_info(wanted: int) -> Rows:
    """The types of one ODBC type number, or all for 0, ordered by it and then by closeness, as documented.

    The order counts: pyodbc sends a datetime with as many digits as the first type of its kind has.
    """
    rows = sorted(_rows(), key=lambda row: int(str(row[1])))
    return Rows(_COLUMNS, [row for row in rows if wanted in {ALL_TYPES, row[1]}])


def _rows() -> Iterator[tuple[object, ...]]:
    for name, odbc, precision, prefix, suffix, create, searchable in _TEXTS:
        case = 0  # the collation is case-insensitive
        yield (name, odbc, precision, prefix, suffix, create, 1, case, searchable, None, 0, None, name, None, None, odbc, None, None, None, 0)
    for name, odbc, precision, scale, create, radix, money, unsigned in _NUMBERS:
        sign = "$" if money else None
        low = None if scale is None else 0 if create else scale
        yield (name, odbc, precision, sign, None, create, 1, 0, 2, unsigned, money, 0, name, low, scale, odbc, None, radix, None, 0)
    for name, odbc, precision, scale, create, verbose, sub in _TIMES:
        low = None if scale is None else 0 if create else scale
        yield (name, odbc, precision, "'", "'", create, 1, 0, 3, None, 0, None, name, low, scale, verbose, sub, None, None, 0)
