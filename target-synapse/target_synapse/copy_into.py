r"""COPY INTO as text: listed gz CSV files into a staging table.

https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql. Files are listed, since wildcards would also take parts of another run,
and the page advises it. The row terminator is written in hexadecimal: `\n` would silently become `\r\n`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_synapse.naming import ROW_COLUMN
from target_synapse.quoting import labelled, plain_literal, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_synapse.ddl import Column
    from target_synapse.naming import TableName


@dataclass(frozen=True, slots=True)
class Credential:
    """How the pool gets at the files: a name that COPY INTO knows, and the secret to it."""

    identity: str
    secret: str = field(repr=False)


def account_key(key: str) -> Credential:
    """The storage account's key."""
    return Credential("Storage Account Key", key)


def shared_access_signature(token: str) -> Credential:
    """A shared access signature, which must allow to read and to list."""
    return Credential("Shared Access Signature", token.removeprefix("?"))


@dataclass(frozen=True, slots=True)
class ErrorFiles:
    """Where COPY INTO puts rows that it cannot load, how many of them it bears, and what opens that place: no account key."""

    folder: str
    max_rows: int
    credential: Credential


def copy_into(
    table: TableName, columns: Sequence[Column], files: Sequence[str], credential: Credential, *, errors: ErrorFiles | None = None, label: str
) -> str:
    """Load the files, which hold the columns in this order and then the row's number."""
    names = ", ".join(f"{quoted(name)} {place}" for place, name in enumerate([*(one.name for one in columns), ROW_COLUMN], start=1))
    statement = (
        f"COPY INTO {table} ({names})\n"
        f"FROM {', '.join(plain_literal(file) for file in files)}\n"
        f"WITH (FILE_TYPE = 'CSV', CREDENTIAL = {_opened_by(credential)}, COMPRESSION = 'Gzip', FIELDQUOTE = '\"', FIELDTERMINATOR = ',', "
        f"ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', {_errors(errors)})"
    )
    return labelled(statement, label)


def _errors(errors: ErrorFiles | None) -> str:
    if errors is None:
        return "MAXERRORS = 0"
    return f"MAXERRORS = {errors.max_rows}, ERRORFILE = {plain_literal(errors.folder)}, ERRORFILE_CREDENTIAL = {_opened_by(errors.credential)}"


def _opened_by(credential: Credential) -> str:
    return f"(IDENTITY = {plain_literal(credential.identity)}, SECRET = {plain_literal(credential.secret)})"
