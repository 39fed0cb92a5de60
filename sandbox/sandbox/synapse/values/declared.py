"""Types as they are declared: what a pool knows, keeps, and shows in its catalogue.

Source: learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-data-types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.synapse.refusals.table_errors import bad_scale, precision_too_large, too_long_type, unknown_type
from sandbox.tds.session import SqlType, TypeName

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader

MAX_PRECISION: Final = 38  # digits a decimal holds
MAX_SCALE: Final = 7  # fractional digits of a second
DEFAULT_COLLATION: Final = "SQL_Latin1_General_CP1_CI_AS"  # the pool's, where a column names none

_DUCK: Final = {
    "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "UTINYINT", "bit": "BOOLEAN", "float": "DOUBLE", "real": "REAL",
    "money": "DECIMAL(19,4)", "smallmoney": "DECIMAL(10,4)", "date": "DATE", "time": "TIME", "datetime2": "TIMESTAMP", "datetime": "TIMESTAMP",
    "smalldatetime": "TIMESTAMP", "datetimeoffset": "STRUCT(utc TIMESTAMP, minutes SMALLINT)", "uniqueidentifier": "UUID",
}  # fmt: skip
_TEXT_CHARS: Final = {"nvarchar": 4000, "nchar": 4000, "varchar": 8000, "char": 8000}
_BINARY_BYTES: Final = {"varbinary": 8000, "binary": 8000}
_SCALED: Final = {"time", "datetime2", "datetimeoffset"}
_SYNONYMS: Final = {"numeric": "decimal", "integer": "int", "dec": "decimal", "sysname": "nvarchar"}
_WIRE: Final[dict[str, TypeName]] = {
    "nchar": "nvarchar", "char": "varchar", "binary": "varbinary", "smallmoney": "money", "smalldatetime": "datetime",
}  # fmt: skip
_SYSTEM_TYPE_ID: Final = {  # sys.types.system_type_id, the numbers of SQL Server
    "uniqueidentifier": 36, "date": 40, "time": 41, "datetime2": 42, "datetimeoffset": 43, "tinyint": 48, "smallint": 52, "int": 56,
    "smalldatetime": 58, "real": 59, "money": 60, "datetime": 61, "float": 62, "bit": 104, "decimal": 106, "smallmoney": 122, "bigint": 127,
    "varbinary": 165, "varchar": 167, "binary": 173, "char": 175, "nvarchar": 231, "nchar": 239,
}  # fmt: skip
_FIXED_BYTES: Final = {
    "uniqueidentifier": 16, "date": 3, "time": 5, "datetime2": 8, "datetimeoffset": 10, "tinyint": 1, "smallint": 2, "int": 4,
    "smalldatetime": 4, "real": 4, "money": 8, "datetime": 8, "float": 8, "bit": 1, "decimal": 17, "smallmoney": 4, "bigint": 8,
}  # fmt: skip
_PRECISIONS: Final = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19, "real": 24, "float": 53, "money": 19, "smallmoney": 10, "bit": 1}


@dataclass(frozen=True, slots=True)
class DeclaredType:
    """One type with its numbers; `length` None means max. Character lengths count UTF-16 units or bytes, as declared."""

    name: str
    length: int | None = None
    precision: int = 0
    scale: int = 0
    collation: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether it holds characters."""
        return self.name in _TEXT_CHARS

    @property
    def is_binary(self) -> bool:
        """Whether it holds bytes."""
        return self.name in _BINARY_BYTES

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the whole numbers."""
        return self.name in {"tinyint", "smallint", "int", "bigint"}

    @property
    def is_max(self) -> bool:
        """Whether it is declared (max), which no columnstore takes."""
        return (self.is_text or self.is_binary) and self.length is None

    @property
    def utf8(self) -> bool:
        """Whether a varchar keeps any character, as the _UTF8 collations do."""
        return (self.collation or DEFAULT_COLLATION).upper().endswith("_UTF8")

    @property
    def ignores_case(self) -> bool:
        """Whether its collation compares `a` and `A` as equal."""
        return self.is_text and "_CI" in (self.collation or DEFAULT_COLLATION).upper()

    def duck(self, *, collate: bool = True) -> str:
        """DuckDB's type, with the collation where a column is made."""
        if self.is_text:
            return "VARCHAR COLLATE NOCASE" if collate and self.ignores_case else "VARCHAR"
        if self.is_binary:
            return "BLOB"
        return f"DECIMAL({self.precision},{self.scale})" if self.name == "decimal" else _DUCK[self.name]

    def wire(self) -> SqlType:
        """The type as the wire shows it."""
        name: TypeName = _WIRE.get(self.name, self.name)  # type: ignore[arg-type]  # every other name is the wire's
        precision = self.precision if self.name == "decimal" else 0
        return SqlType(name, self.length if self.is_text or self.is_binary else None, precision, self.scale)

    def spelled(self) -> str:
        """T-SQL's text, as a message or a catalogue shows it."""
        if self.is_text or self.is_binary:
            return f"{self.name}({'max' if self.length is None else self.length})"
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return f"{self.name}({self.scale})" if self.name in _SCALED else self.name

    @property
    def system_type_id(self) -> int:
        """sys.types.system_type_id."""
        return _SYSTEM_TYPE_ID[self.name]

    @property
    def max_length_bytes(self) -> int:
        """sys.columns.max_length: bytes, -1 for (max), two a character for the n-types."""
        if self.is_text or self.is_binary:
            return -1 if self.length is None else self.length * (2 if self.name[0] == "n" else 1)
        return _FIXED_BYTES[self.name]

    @property
    def fixed_bytes(self) -> int:
        """What it takes in every row; nothing for variable lengths [sql/t-sql/data-types/decimal-and-numeric-transact-sql, "Storage bytes"]."""
        if self.is_text or self.is_binary:
            return 0 if self.name.startswith(("var", "nvar")) else self.max_length_bytes
        if self.name == "decimal":
            return next(size for most, size in ((9, 5), (19, 9), (28, 13), (MAX_PRECISION, 17)) if self.precision <= most)
        return _FIXED_BYTES[self.name]

    @property
    def digits(self) -> int:
        """sys.columns.precision."""
        return self.precision if self.name == "decimal" else _PRECISIONS.get(self.name, 0)


BIGINT, INT, BIT = DeclaredType("bigint"), DeclaredType("int"), DeclaredType("bit")
SYSNAME = DeclaredType("nvarchar", 128)


def declared(name: str, numbers: list[str], *, column: str, default_length: int = 1) -> DeclaredType:
    """Check one type with its numbers in parentheses. Raises 2715, 131, 2750 or 1002."""
    name = _SYNONYMS.get(name.lower(), name.lower())
    if name in _TEXT_CHARS or name in _BINARY_BYTES:
        return _sized(name, numbers, column, default_length)
    if name == "decimal":
        return _decimal(numbers, column)
    if name not in _DUCK:
        raise unknown_type(column, name)
    if name == "float" and numbers and int(numbers[0]) <= 24:  # noqa: PLR2004  # float(1) to float(24) is real
        return DeclaredType("real")
    if name in _SCALED:
        scale = int(numbers[0]) if numbers else MAX_SCALE
        if scale > MAX_SCALE:
            raise bad_scale(column, scale)
        return DeclaredType(name, scale=scale)
    return DeclaredType(name, scale=4 if name.endswith("money") else 0)


def _sized(name: str, numbers: list[str], column: str, default_length: int) -> DeclaredType:
    most = _TEXT_CHARS.get(name) or _BINARY_BYTES[name]
    if numbers and numbers[0].lower() == "max":
        if not name.startswith(("nvar", "var")):
            raise unknown_type(column, f"{name}(max)")
        return DeclaredType(name, None)
    length = int(numbers[0]) if numbers else default_length
    if not 1 <= length <= most:
        raise too_long_type(column, length, most)
    return DeclaredType(name, length)


def _decimal(numbers: list[str], column: str) -> DeclaredType:
    precision, scale = int(numbers[0]) if numbers else 18, int(numbers[1]) if len(numbers) > 1 else 0
    if not 1 <= precision <= MAX_PRECISION:
        raise precision_too_large(column, precision)
    if scale > precision:
        raise bad_scale(column, scale)
    return DeclaredType("decimal", precision=precision, scale=scale)


def read_type(reader: Reader, *, column: str, default_length: int = 1) -> DeclaredType:
    """Read `nvarchar(4000)`, `decimal(38, 10)` and so on."""
    name = reader.identifier()
    if reader.accept("."):  # [sys].[nvarchar]
        name = reader.identifier()
    inside = reader.parenthesised().text() if reader.sees("(") else ""
    return declared(name, [part.strip() for part in inside.split(",") if part.strip()], column=column, default_length=default_length)


def from_duck(name: str) -> DeclaredType:
    """The nearest declared type of a DuckDB result column that no declaration stands behind."""
    if name.startswith("DECIMAL"):
        precision, scale = (int(number) for number in re.findall(r"\d+", name))
        return DeclaredType("decimal", precision=precision, scale=scale)
    if name.startswith("STRUCT"):
        return DeclaredType("datetimeoffset", scale=MAX_SCALE)
    if name in {"HUGEINT", "UBIGINT", "UINTEGER"}:
        return DeclaredType("decimal", precision=MAX_PRECISION)
    simple = {
        "BIGINT": "bigint", "INTEGER": "int", "SMALLINT": "smallint", "TINYINT": "smallint", "UTINYINT": "tinyint", "USMALLINT": "int",
        "BOOLEAN": "bit", "DOUBLE": "float", "FLOAT": "real", "DATE": "date", "TIME": "time", "UUID": "uniqueidentifier", '"NULL"': "int",
    }  # fmt: skip
    if name.startswith("TIMESTAMP"):
        return DeclaredType("datetime2", scale=MAX_SCALE)
    if name == "BLOB":
        return DeclaredType("varbinary", None)
    found = simple.get(name)
    return DeclaredType(found, scale=MAX_SCALE if found == "time" else 0) if found else DeclaredType("nvarchar", None)
