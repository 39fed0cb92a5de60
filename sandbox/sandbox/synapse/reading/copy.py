"""Reads COPY INTO [sql/t-sql/statements/copy-into-transact-sql]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading.table import read_literal
from sandbox.synapse.refusals import load_errors

if TYPE_CHECKING:
    from sandbox.synapse.reading.tokens import Reader

_TEXT_OPTIONS: Final = {
    "FILE_TYPE", "COMPRESSION", "FIELDQUOTE", "FIELDTERMINATOR", "ROWTERMINATOR", "DATEFORMAT", "ENCODING", "IDENTITY_INSERT", "ERRORFILE",
    "AUTO_CREATE_TABLE",
}  # fmt: skip
_NUMBER_OPTIONS: Final = {"MAXERRORS", "FIRSTROW"}
_CREDENTIALS: Final = {"CREDENTIAL", "ERRORFILE_CREDENTIAL"}
_CHOICES: Final = {
    "FILE_TYPE": {"CSV", "PARQUET", "ORC"},
    "COMPRESSION": {"GZIP", "DEFAULTCODEC", "SNAPPY", "NONE"},
    "DATEFORMAT": {"MDY", "DMY", "YMD", "YDM", "MYD", "DYM"},
    "ENCODING": {"UTF8", "UTF16"},
    "IDENTITY_INSERT": {"ON", "OFF"},
    "AUTO_CREATE_TABLE": {"ON", "OFF"},
}


def read_copy(reader: Reader, label: str | None) -> c.Copy:
    """COPY INTO t [(columns)] FROM 'location', ... [WITH (options)]."""
    reader.expect("INTO")
    name = reader.name()
    columns = _columns(reader.parenthesised()) if reader.sees("(") else None
    reader.expect("FROM")
    locations = [reader.string()]
    while reader.accept(","):
        locations.append(reader.string())
    options: dict[str, str] = {}
    credentials: dict[str, dict[str, str]] = {}
    if reader.accept("WITH"):
        _options(reader.parenthesised(), options, credentials)
    reader.end()
    return c.Copy(name, columns, locations, options, credentials, label)


def _columns(inner: Reader) -> list[c.CopyColumn]:
    columns: list[c.CopyColumn] = []
    while True:
        name, default, number = inner.identifier(), None, None
        if inner.accept("DEFAULT"):
            default = read_literal(inner)
        if not inner.done and not inner.sees(","):
            number = inner.integer()
            if number < 1:
                raise load_errors.copy_option("Column_list", "has a field number below 1")
        columns.append(c.CopyColumn(name, number, default))
        if not inner.accept(","):
            break
    inner.end()
    return columns


def _options(inner: Reader, options: dict[str, str], credentials: dict[str, dict[str, str]]) -> None:
    while True:
        key = inner.take()
        inner.expect("=")
        if key.upper in _CREDENTIALS:
            credentials[key.upper] = _credential(inner.parenthesised())
        elif key.upper in _NUMBER_OPTIONS:
            options[key.upper] = str(inner.integer())
        elif key.upper == "FILE_FORMAT":
            options["FILE_FORMAT"] = inner.identifier()
        elif key.upper in _TEXT_OPTIONS:
            options[key.upper] = _choice(key.upper, inner.string())
        else:
            inner.index -= 2  # an unknown option is a parse error at its name, as Microsoft's grammar has it
            raise inner.refusal()
        if not inner.accept(","):
            break
    inner.end()


def _choice(option: str, value: str) -> str:
    allowed = _CHOICES.get(option)
    if allowed and value.upper() not in allowed:
        raise load_errors.copy_option(option, f"('{value}') is not one of {', '.join(sorted(allowed))}")
    return value.upper() if allowed else value


def _credential(inner: Reader) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        key = inner.take().upper
        if key not in {"IDENTITY", "SECRET"}:
            inner.index -= 1
            raise inner.refusal()
        inner.expect("=")
        found[key] = inner.string()
        if not inner.accept(","):
            break
    inner.end()
    return found
