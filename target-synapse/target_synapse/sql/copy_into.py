r"""COPY INTO as text: listed files, gz CSV or Parquet, into a staging table.

https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql. Files are listed, since wildcards would also take parts of another run,
and the page advises it. The row terminator is written in hexadecimal: `\n` would silently become `\r\n`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_commons.secrets import MASK

from target_synapse.sql.quoting import labelled, plain_literal, quoted
from target_synapse.staging.expiry import expiry_of
from target_synapse.tables.naming import ROW_COLUMN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_synapse.sql.ddl import Column
    from target_synapse.tables.naming import TableName


PARQUET_SUFFIX = ".parquet"
CSV = (
    "FILE_TYPE = 'CSV', {credential}COMPRESSION = 'Gzip', FIELDQUOTE = '\"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', "
    "ENCODING = 'UTF8', DATEFORMAT = 'ymd', {errors}"
)
PARQUET = "FILE_TYPE = 'PARQUET', {credential}COMPRESSION = 'Snappy'"
KEY, SIGNATURE, IDENTITY = "Storage Account Key", "Shared Access Signature", "Managed Identity"


class Credential:
    """How the pool gets at the files: a name that COPY INTO knows, and the secret to it. Without a name the session's own user reads them."""

    def __init__(self, identity: str, secret: str = "") -> None:
        self.identity, self._secret = identity, secret

    @property
    def secret(self) -> str:
        """What opens the store; empty for an identity that needs none."""
        return self._secret

    @property
    def expiry(self) -> datetime | None:
        """When a signature ends, if it is one and says so."""
        return expiry_of(self._secret) if self.identity == SIGNATURE else None

    @property
    def masked(self) -> Credential:
        """The same without what opens anything, for a plan: no signature is minted for one."""
        return Credential(self.identity, "" if self.identity in ("", IDENTITY) else MASK)

    def option(self) -> str:
        """The option of COPY INTO, with a comma behind it; empty without a name."""
        if not self.identity:
            return ""
        secret = f", SECRET = {plain_literal(self.secret)}" if self.secret else ""
        return f"CREDENTIAL = (IDENTITY = {plain_literal(self.identity)}{secret}), "


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
    described = PARQUET if all(file.endswith(PARQUET_SUFFIX) for file in files) else CSV
    statement = (
        f"COPY INTO {table} ({names})\n"
        f"FROM {', '.join(plain_literal(file) for file in files)}\n"
        f"WITH ({described.format(credential=credential.option(), errors=_errors(errors))})"
    )
    return labelled(statement, label)


def copy_parquet(table: TableName, fields: Sequence[tuple[str, int]], file: str, credential: Credential, *, compression: str, label: str) -> str:
    """Load some columns of one Parquet file: each with the number that its field has in the file."""
    names = ", ".join(f"{quoted(name)} {number}" for name, number in fields)
    packed = f", COMPRESSION = {plain_literal(compression)}" if compression else ""
    described = f"FILE_TYPE = 'PARQUET', {credential.option()}".removesuffix(", ")
    return labelled(f"COPY INTO {table} ({names})\nFROM {plain_literal(file)}\nWITH ({described}{packed})", label)


def _errors(errors: ErrorFiles | None) -> str:
    if errors is None:
        return "MAXERRORS = 0"
    opened_by = f"ERRORFILE_{errors.credential.option()}" if errors.credential.identity else ""
    return f"ERRORFILE = {plain_literal(errors.folder)}, {opened_by}MAXERRORS = {errors.max_rows}"
