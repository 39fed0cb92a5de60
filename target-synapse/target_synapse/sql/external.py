"""PolyBase's objects as text: credential, data source, file format and external table, and the INSERT that reads it.

https://learn.microsoft.com/sql/t-sql/statements/create-external-table-transact-sql and its neighbours, in the syntax of dedicated pools. Every column of
an external table is text here, and the INSERT casts: what T-SQL makes of a text is documented, what PolyBase makes of one is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_synapse.rows.types import BIGINT
from target_synapse.sql.quoting import labelled, literal, plain_literal, quoted
from target_synapse.sql.staged import staged_type
from target_synapse.ways.unquoted import RESTORING, SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.rows.types import SqlType
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName

# Binary: in other collations private-use characters weigh nothing, and REPLACE compares by the collation of its input
# (https://learn.microsoft.com/sql/t-sql/functions/replace-transact-sql).
COLLATION = "Latin1_General_100_BIN2"
MAX_CHARS = (
    4_000  # of a column: (max) types are not loadable (https://learn.microsoft.com/azure/data-factory/connector-azure-sql-data-warehouse, "PolyBase")
)
MAX_ROW_BYTES = (
    1_000_000  # by the declared widths (https://learn.microsoft.com/azure/synapse-analytics/sql/develop-tables-data-types: "cannot exceed 1 MB")
)
GROWTH = 2  # at most so many characters stand for one (`ways.unquoted`)
# Characters of the longest text that `values` writes for a type.
WIDTHS = {
    "tinyint": 3, "smallint": 6, "int": 11, "bigint": 20, "decimal": 42, "float": 32, "real": 32, "bit": 1, "date": 10, "time": 16, "datetime2": 27,
    "datetimeoffset": 34, "uniqueidentifier": 36,
}  # fmt: skip
SOURCES, FORMATS, CREDENTIALS = "sys.external_data_sources", "sys.external_file_formats", "sys.database_scoped_credentials"


def create_credential(name: str, identity: str, secret: str | None) -> str:
    """Make the credential if it is not there. The database needs a master key for it."""
    opens = f", SECRET = {plain_literal(secret)}" if secret else ""
    return _if_missing(CREDENTIALS, name, f"CREATE DATABASE SCOPED CREDENTIAL {quoted(name)} WITH IDENTITY = {plain_literal(identity)}{opens}")


def create_source(name: str, location: str, credential: str) -> str:
    """Make the data source if it is not there."""
    create = (
        f"CREATE EXTERNAL DATA SOURCE {quoted(name)} WITH (TYPE = HADOOP, LOCATION = {plain_literal(location)}, CREDENTIAL = {quoted(credential)})"
    )
    return _if_missing(SOURCES, name, create)


def create_format(name: str) -> str:
    """Make the file format if it is not there: text without quotes, since PolyBase knows no quote inside of quotes."""
    create = (
        f"CREATE EXTERNAL FILE FORMAT {quoted(name)} WITH (FORMAT_TYPE = DELIMITEDTEXT, "
        f"FORMAT_OPTIONS (FIELD_TERMINATOR = '0x{ord(SEPARATOR):02X}', USE_TYPE_DEFAULT = FALSE, ENCODING = 'UTF8'), "
        "DATA_COMPRESSION = 'org.apache.hadoop.io.compress.GzipCodec')"
    )
    return _if_missing(FORMATS, name, create)


def create_table(table: TableName, columns: Sequence[Column], folder: str, *, source: str, file_format: str) -> str:
    """Make an external table over the files of a folder. No row may be rejected: a load brings all of its rows or fails."""
    definitions = ",\n  ".join(f"{quoted(one.name)} nvarchar({width(one.type)}) NULL" for one in columns)
    return (
        f"CREATE EXTERNAL TABLE {table} (\n  {definitions}\n)\n"
        f"WITH (LOCATION = {plain_literal(folder)}, DATA_SOURCE = {quoted(source)}, FILE_FORMAT = {quoted(file_format)}, "
        "REJECT_TYPE = VALUE, REJECT_VALUE = 0)"
    )


def insert_all(staging: TableName, table: TableName, columns: Sequence[Column], *, label: str) -> str:
    """Bring the rows of the external table into the staging table, each text as it was."""
    names = ", ".join(quoted(one.name) for one in columns)
    values = ",\n  ".join(_restored(one) for one in columns)
    return labelled(f"INSERT INTO {staging} ({names})\nSELECT {values}\nFROM {table}", label)


def drop_table(table: TableName) -> str:
    """Drop the external table if it is there."""
    return f"IF OBJECT_ID({literal(str(table))}) IS NOT NULL DROP EXTERNAL TABLE {table}"


def drop_format(name: str) -> str:
    """Drop the file format if it is there."""
    return _if_there(FORMATS, name, f"DROP EXTERNAL FILE FORMAT {quoted(name)}")


def drop_source(name: str) -> str:
    """Drop the data source if it is there."""
    return _if_there(SOURCES, name, f"DROP EXTERNAL DATA SOURCE {quoted(name)}")


def drop_credential(name: str) -> str:
    """Drop the credential if it is there."""
    return _if_there(CREDENTIALS, name, f"DROP DATABASE SCOPED CREDENTIAL {quoted(name)}")


def select_tables(prefix: str) -> str:
    """Schema and name of the external tables whose name begins with the prefix."""
    return (
        "SELECT s.name, t.name FROM sys.external_tables AS t INNER JOIN sys.schemas AS s ON s.schema_id = t.schema_id\n"
        f"WHERE LEFT(t.name, {len(prefix)}) = {literal(prefix)}"
    )


def select_names(view: str, prefix: str) -> str:
    """The names in a catalogue view that begin with the prefix."""
    return f"SELECT name FROM {view} WHERE LEFT(name, {len(prefix)}) = {literal(prefix)}"


def carried(kind: SqlType) -> SqlType:
    """The type whose values a column of an external table can hold; bytes are two characters each there (`staged`)."""
    if not (kind.is_text or kind.is_binary):
        return kind
    most = MAX_CHARS // 2 if kind.is_binary else MAX_CHARS
    return kind if kind.length is not None and kind.length <= most else replace(kind, length=most)


def width(kind: SqlType) -> int:
    """Characters of an external column for the type; a text may be longer than it was, by an escape."""
    if kind.is_text or kind.is_binary:
        return min(GROWTH * (kind.length or MAX_CHARS) + 1, MAX_CHARS)
    return WIDTHS[staged_type(kind).name]


def row_bytes(columns: Sequence[Column]) -> int:
    """Bytes of a row by its declared widths."""
    return sum(2 * width(one.type) for one in columns) + 2 * width(BIGINT)


def _restored(column: Column) -> str:
    name, kind = quoted(column.name), staged_type(column.type)
    if not kind.is_text:
        return f"CAST({name} AS {kind})"
    made = f"{name} COLLATE {COLLATION}"
    for staged, text in RESTORING:
        made = f"REPLACE({made}, {_characters(staged)}, {_characters(text)})"
    return made


def _characters(text: str) -> str:
    return " + ".join(f"NCHAR({ord(one)})" for one in text)


def _if_missing(view: str, name: str, create: str) -> str:
    return f"IF NOT EXISTS (SELECT 1 FROM {view} WHERE name = {literal(name)}) {create}"


def _if_there(view: str, name: str, drop: str) -> str:
    return f"IF EXISTS (SELECT 1 FROM {view} WHERE name = {literal(name)}) {drop}"
