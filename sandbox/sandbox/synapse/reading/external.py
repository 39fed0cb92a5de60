"""Reads PolyBase's statements, in the Synapse syntax of their pages [sql/t-sql/statements/create-external-*, create-database-scoped-credential-*]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.objects import CredentialDef, ExternalPlace, FormatDef, SourceDef, TableDef
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.synapse.reading.table import check_columns, read_column
from sandbox.synapse.refusals import load_errors
from sandbox.synapse.refusals.errors import unknown_here, unsupported

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader

_GZIP, _SNAPPY = "org.apache.hadoop.io.compress.GzipCodec", "org.apache.hadoop.io.compress.SnappyCodec"
_CODECS: Final = {"DELIMITEDTEXT": {_GZIP}, "PARQUET": {_GZIP, _SNAPPY}}
_TEXT_OPTIONS: Final = {"FIELD_TERMINATOR", "STRING_DELIMITER", "DATE_FORMAT", "ENCODING"}
MAX_FIRST_ROW: Final = 15  # create-external-file-format-transact-sql, "FIRST_ROW"


def read_create_external(reader: Reader, label: str | None) -> c.Command:
    """CREATE MASTER KEY, DATABASE SCOPED CREDENTIAL, EXTERNAL DATA SOURCE, EXTERNAL FILE FORMAT and EXTERNAL TABLE, behind CREATE."""
    if reader.accept("MASTER", "KEY"):
        if reader.accept("ENCRYPTION", "BY", "PASSWORD", "="):
            reader.string()
        reader.end()
        return d.CreateMasterKey()
    if reader.accept("DATABASE", "SCOPED", "CREDENTIAL"):
        return _credential(reader, alter=False)
    if reader.accept("EXTERNAL", "DATA", "SOURCE"):
        return _source(reader)
    if reader.accept("EXTERNAL", "FILE", "FORMAT"):
        return _format(reader)
    if reader.accept("EXTERNAL", "TABLE"):
        return _table(reader, label)
    raise unknown_here(f"CREATE {reader.peek().upper} {reader.peek(1).upper}")


def _credential(reader: Reader, *, alter: bool) -> d.CreateCredential:
    name = reader.identifier()
    reader.expect("WITH", "IDENTITY", "=")
    identity = reader.string()
    secret = None
    if reader.accept(","):
        reader.expect("SECRET", "=")
        secret = reader.string()
    reader.end()
    return d.CreateCredential(CredentialDef(name, identity, secret), alter)


def _source(reader: Reader) -> d.CreateSource:
    """WITH (LOCATION = '...', CREDENTIAL = c, TYPE = HADOOP): without TYPE it would be a native one, which is a preview."""
    name = reader.identifier()
    reader.expect("WITH")
    inner = reader.parenthesised()
    reader.end()
    location, credential, kind = "", None, ""
    while not inner.done:
        key = inner.take().upper
        inner.expect("=")
        if key == "LOCATION":
            location = inner.string()
        elif key == "CREDENTIAL":
            credential = inner.identifier()
        elif key == "TYPE":
            kind = inner.identifier().upper()
        else:
            inner.index -= 2
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()
    if kind != "HADOOP":
        raise unknown_here(f"external data sources of type {kind or 'native'}")
    return d.CreateSource(SourceDef(name, location, credential))


def _format(reader: Reader) -> d.CreateFormat:
    name = reader.identifier()
    reader.expect("WITH")
    inner = reader.parenthesised()
    reader.end()
    kind, options, compression = "", dict[str, str](), None
    while not inner.done:
        if inner.accept("FORMAT_OPTIONS"):
            options = _format_options(inner.parenthesised())
        elif inner.accept("FORMAT_TYPE", "="):
            kind = inner.identifier().upper()
        elif inner.accept("DATA_COMPRESSION", "="):
            compression = inner.string()
        else:
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()
    if kind in {"ORC", "RCFILE"}:
        raise unknown_here(f"external file formats of type {kind}")
    if kind not in _CODECS:
        raise load_errors.external_option("FORMAT_TYPE", kind)
    if compression is not None and compression not in _CODECS[kind]:
        raise load_errors.external_option("DATA_COMPRESSION", compression)
    if options and kind != "DELIMITEDTEXT":
        raise load_errors.external_option("FORMAT_OPTIONS", kind)
    return d.CreateFormat(FormatDef(name, kind, options, compression))  # type: ignore[arg-type]  # one of the two, as checked


def _format_options(inner: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        key = inner.take().upper
        inner.expect("=")
        if key in _TEXT_OPTIONS:
            found[key] = inner.string()
        elif key == "FIRST_ROW":
            found[key] = str(inner.integer())
            if not 1 <= int(found[key]) <= MAX_FIRST_ROW:
                raise load_errors.external_option(key, found[key])
        elif key == "USE_TYPE_DEFAULT":
            found[key] = inner.take().upper
            if found[key] not in {"TRUE", "FALSE"}:
                raise load_errors.external_option(key, found[key])
        else:
            inner.index -= 2
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()
    if found.get("ENCODING", "UTF8").upper() not in {"UTF8", "UTF16"}:
        raise load_errors.external_option("ENCODING", found["ENCODING"])
    return found


def _table(reader: Reader, label: str | None) -> d.CreateTable:
    name = reader.name()
    table = TableDef((name[-2] if len(name) > 1 else "") or "dbo", name[-1], [], index="HEAP")
    if table.temporary:
        raise unsupported("A temporary external table")
    if not reader.sees("("):
        raise unknown_here("CREATE EXTERNAL TABLE AS SELECT")
    inner = reader.parenthesised()
    while True:
        column, key = read_column(inner)
        if key or column.default is not None or column.identity:
            raise unsupported("A constraint, a DEFAULT or IDENTITY on an external table")  # create-external-table, "Limitations and restrictions"
        if column.type.utf8 and column.type.name in {"varchar", "char"}:
            raise unsupported("A UTF-8 collation on an external table")  # sql/relational-databases/collations/collation-and-unicode-support
        table.columns.append(column)
        if not inner.accept(","):
            break
    inner.end()
    check_columns(table.columns, table.name)
    reader.expect("WITH")
    table.external = _place(reader.parenthesised())
    reader.end()
    return d.CreateTable(table, name, None, label)


def _place(inner: Reader) -> ExternalPlace:
    texts: dict[str, str] = {}
    while not inner.done:
        key = inner.take().upper
        inner.expect("=")
        if key in {"LOCATION", "REJECTED_ROW_LOCATION"}:
            texts[key] = inner.string()
        elif key in {"DATA_SOURCE", "FILE_FORMAT", "REJECT_TYPE"}:
            texts[key] = inner.identifier()
        elif key in {"REJECT_VALUE", "REJECT_SAMPLE_VALUE"}:
            texts[key] = inner.take().text
        else:
            inner.index -= 2
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()
    for needed in ("LOCATION", "DATA_SOURCE", "FILE_FORMAT"):
        if needed not in texts:
            raise load_errors.external_option(needed, "")
    return _checked_place(texts)


def _checked_place(texts: dict[str, str]) -> ExternalPlace:
    """The reject options belong together [create-external-table-transact-sql, "REJECT_TYPE"]."""
    kind: Literal["VALUE", "PERCENTAGE"] = "PERCENTAGE" if texts.get("REJECT_TYPE", "").upper() == "PERCENTAGE" else "VALUE"
    if texts.get("REJECT_TYPE", "VALUE").upper() not in {"VALUE", "PERCENTAGE"}:
        raise load_errors.external_option("REJECT_TYPE", texts["REJECT_TYPE"])
    sample = texts.get("REJECT_SAMPLE_VALUE")
    if (sample is None) == (kind == "PERCENTAGE"):
        raise load_errors.external_option("REJECT_SAMPLE_VALUE", sample or "")
    value = texts.get("REJECT_VALUE", "0")
    try:
        number = float(value) if kind == "PERCENTAGE" else int(value)
    except ValueError as error:
        raise load_errors.external_option("REJECT_VALUE", value) from error
    if number > (100 if kind == "PERCENTAGE" else 2**31 - 1):
        raise load_errors.external_option("REJECT_VALUE", value)
    return ExternalPlace(
        texts["LOCATION"],
        texts["DATA_SOURCE"],
        texts["FILE_FORMAT"],
        kind,
        number,
        int(sample) if sample else None,
        texts.get("REJECTED_ROW_LOCATION"),
    )


def read_alter_database(reader: Reader) -> c.Command:
    """ALTER DATABASE SCOPED CREDENTIAL, and ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL, behind ALTER."""
    if reader.accept("DATABASE", "SCOPED", "CREDENTIAL"):
        return _credential(reader, alter=True)
    if reader.accept("DATABASE", "SCOPED", "CONFIGURATION"):
        reader.expect("SET")
        option = reader.identifier().upper()
        reader.expect("=")
        value = reader.take().upper or reader.peek(-1).text
        reader.end()
        return d.SetCompatibility(value) if option == "DW_COMPATIBILITY_LEVEL" else d.Other()
    raise unknown_here(f"ALTER {reader.peek().upper} {reader.peek(1).upper}")


def read_drop_external(reader: Reader) -> c.Command:
    """DROP of what read_create_external makes, behind DROP."""
    if reader.accept("MASTER", "KEY"):
        reader.end()
        return d.CreateMasterKey(drop=True)
    if reader.accept("EXTERNAL", "TABLE"):
        name = reader.name()
        reader.end()
        return d.DropTable([name], external=True)
    kind: Literal["credential", "source", "format"]
    if reader.accept("DATABASE", "SCOPED", "CREDENTIAL"):
        kind = "credential"
    elif reader.accept("EXTERNAL", "DATA", "SOURCE"):
        kind = "source"
    elif reader.accept("EXTERNAL", "FILE", "FORMAT"):
        kind = "format"
    else:
        raise unknown_here(f"DROP {reader.peek().upper} {reader.peek(1).upper}")
    own = reader.identifier()
    reader.end()
    return d.DropExternal(kind, own)
