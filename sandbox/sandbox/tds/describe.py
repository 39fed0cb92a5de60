"""sp_describe_undeclared_parameters: what type each parameter of a statement should have.

Columns: https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-describe-undeclared-parameters-transact-sql.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds import numeric, temporal
from sandbox.tds.columns import ColumnWriter
from sandbox.tds.session import Column, Rows, SqlType

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSNAME, _INT, _BIT = SqlType("nvarchar", 128), SqlType("int"), SqlType("bit")
_COLUMNS = (
    Column("parameter_ordinal", _INT, nullable=False), Column("name", _SYSNAME, nullable=False),
    Column("suggested_system_type_id", _INT, nullable=False), Column("suggested_system_type_name", SqlType("nvarchar", 256)),
    Column("suggested_max_length", SqlType("smallint"), nullable=False), Column("suggested_precision", SqlType("tinyint"), nullable=False),
    Column("suggested_scale", SqlType("tinyint"), nullable=False), Column("suggested_user_type_id", _INT),
    Column("suggested_user_type_database", _SYSNAME), Column("suggested_user_type_schema", _SYSNAME),
    Column("suggested_user_type_name", _SYSNAME), Column("suggested_assembly_qualified_type_name", SqlType("nvarchar", 4000)),
    Column("suggested_xml_collection_id", _INT), Column("suggested_xml_collection_database", _SYSNAME),
    Column("suggested_xml_collection_schema", _SYSNAME), Column("suggested_xml_collection_name", _SYSNAME),
    Column("suggested_is_xml_document", _BIT, nullable=False), Column("suggested_is_case_sensitive", _BIT, nullable=False),
    Column("suggested_is_fixed_length_clr_type", _BIT, nullable=False), Column("suggested_is_input", _BIT, nullable=False),
    Column("suggested_is_output", _BIT, nullable=False), Column("formal_parameter_name", _SYSNAME),
    Column("suggested_tds_type_id", _INT, nullable=False), Column("suggested_tds_length", _INT, nullable=False),
)  # fmt: skip

# sys.types.system_type_id, and the precision of types that have only one.
_SYSTEM_TYPES = {
    "bit": (104, 1), "tinyint": (48, 3), "smallint": (52, 5), "int": (56, 10), "bigint": (127, 19), "real": (59, 24), "float": (62, 53),
    "decimal": (106, 0), "money": (60, 19), "nvarchar": (231, 0), "varchar": (167, 0), "varbinary": (165, 0), "date": (40, 10),
    "time": (41, 0), "datetime": (61, 23), "datetime2": (42, 0), "datetimeoffset": (43, 0), "uniqueidentifier": (36, 0),
}  # fmt: skip
_SIZES = {"bit": 1, "tinyint": 1, "smallint": 2, "int": 4, "bigint": 8, "real": 4, "float": 8, "money": 8, "datetime": 8, "uniqueidentifier": 16}
_MORE_THAN_TIME = {"time": 0, "datetime2": 3, "datetimeoffset": 5}  # bytes of the date, and of the zone
_CLOCK_CHARS = {"time": 8, "datetime2": 19, "datetimeoffset": 26}  # as text, without the fraction: that is their precision
_MAX = -1
_MAX_ON_THE_WIRE = 0xFFFF


def described(parameters: Mapping[str, SqlType]) -> Rows:
    """The procedure's result."""
    return Rows(_COLUMNS, [_row(place, name, sql_type) for place, (name, sql_type) in enumerate(parameters.items(), 1)])


def _row(place: int, name: str, sql_type: SqlType) -> tuple[object, ...]:
    system_type, precision = _SYSTEM_TYPES[sql_type.name]
    size = _size(sql_type)
    if sql_type.name == "decimal":
        precision = sql_type.precision or numeric.DEFAULT_PRECISION
    elif sql_type.name in _CLOCK_CHARS:
        precision = _CLOCK_CHARS[sql_type.name] + (sql_type.scale + 1 if sql_type.scale else 0)
    tds_type, tds_size = ColumnWriter(sql_type).type_info[0], _MAX_ON_THE_WIRE if size == _MAX else size
    types = (system_type, type_text(sql_type), size, precision, sql_type.scale)
    nothing = (None,) * 9  # about user-defined types, assemblies, XML collections
    return (place, name, *types, *nothing, False, False, False, True, False, None, tds_type, tds_size)


def _size(sql_type: SqlType) -> int:
    if sql_type.name in ("nvarchar", "varchar", "varbinary"):
        return _MAX if sql_type.length is None else sql_type.length * (2 if sql_type.name == "nvarchar" else 1)
    if sql_type.name == "decimal":
        return numeric.decimal_bytes(sql_type.precision or numeric.DEFAULT_PRECISION)
    if sql_type.name == "date":
        return 3
    if sql_type.name in _MORE_THAN_TIME:
        return temporal.time_bytes(sql_type.scale) + _MORE_THAN_TIME[sql_type.name]
    return _SIZES[sql_type.name]


def type_text(sql_type: SqlType) -> str:
    """The type as T-SQL writes it: `decimal(38,10)`, `nvarchar(max)`."""
    if sql_type.name in ("nvarchar", "varchar", "varbinary"):
        return f"{sql_type.name}({'max' if sql_type.length is None else sql_type.length})"
    if sql_type.name == "decimal":
        return f"decimal({sql_type.precision or numeric.DEFAULT_PRECISION},{sql_type.scale})"
    return f"{sql_type.name}({sql_type.scale})" if sql_type.name in _MORE_THAN_TIME else sql_type.name
