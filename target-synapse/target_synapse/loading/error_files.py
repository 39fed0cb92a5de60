"""Rows that COPY INTO could not load: what it wrote about them, read back as rows with reasons.

COPY INTO writes `<folder>/_rejectedrows/<time>/` with files whose names hold `.Row` and `.Error`, in pairs that are equal but for that
(https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, ERRORFILE). What stands in them is not documented: here a row is a line of the
staged CSV, and the n-th line of the other file is the reason of the n-th row; where these differ in number, each row gets all reasons.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from singer_commons.errors import DestinationError

from target_synapse.rows.records import fields_of
from target_synapse.rows.values import ESCAPE, RANGES
from target_synapse.sql.copy_into import ErrorFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_synapse.rows.types import SqlType
    from target_synapse.sql.ddl import Column
    from target_synapse.staging.store import StagingStore
    from target_synapse.ways import Staged

FOLDER = "rejected"  # beside the parts of a batch
COPY_REJECTED = "COPY_REJECTED"  # the code of such rows
UNREAD = "_line"  # in place of properties, for a line that is no row of the batch
MAX_REASON_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the pool refused: its values by column, as far as its line can be read, and the pool's words."""

    values: Mapping[str, Any]
    reason: str


class ErrorFolder:
    """The place for one try of a batch: a try that was cut off may have left files, which say nothing about the next."""

    def __init__(self, store: StagingStore, staged: Staged) -> None:
        self._store, self._staged = store, staged
        self._all_tries = f"{staged.files[0].rpartition('/')[0]}/{FOLDER}-"
        self._path = f"{self._all_tries}{uuid.uuid4().hex}"

    def option(self, max_rows: int) -> ErrorFiles:
        """What COPY INTO is told."""
        return ErrorFiles(self._store.address(self._path), max_rows, self._store.error_credential())

    def harvest(self) -> list[Refused]:
        """The rows that were refused. Raises DestinationError if a file of reasons has no rows."""
        paths = [path for path, _ in self._store.listed(f"{self._path}/")]
        reasons = {path.replace(".Error", ".Row"): path for path in paths if ".Error" in path.rpartition("/")[2]}
        rows = [path for path in paths if ".Row" in path.rpartition("/")[2]]
        if missing := set(reasons) - set(rows):
            raise DestinationError(f"the pool wrote {', '.join(sorted(reasons[one] for one in missing))} without the rows", hint="run again")
        return [one for path in rows for one in self._read(path, reasons.get(path))]

    def clear(self) -> None:
        """Remove what this try and those before it have left."""
        self._store.remove([path for path, _ in self._store.listed(self._all_tries)])

    def _read(self, path: str, reasons_path: str | None) -> list[Refused]:
        rows = refused_rows(_text(self._store.get(path)), self._staged.columns)
        told = [line for line in _text(self._store.get(reasons_path)).splitlines() if line.strip()] if reasons_path else []
        if len(told) != len(rows):
            told = ["; ".join(told) or "the pool gave no reason"] * len(rows)
        return [Refused(values, reason[:MAX_REASON_CHARS]) for values, reason in zip(rows, told, strict=True)]


def refused_rows(text: str, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The rows of lines of staged CSV, by their columns' names. A line that has other fields than these and the row's place is kept as it is."""
    readers = [(column.name, _reader(column.type)) for column in columns]
    return [_record(fields, readers) for fields in fields_of(io.StringIO(text, newline=""), strict=False) if fields]


def _record(fields: Sequence[str], readers: Sequence[tuple[str, Callable[[str], Any]]]) -> dict[str, Any]:
    if len(fields) != len(readers) + 1:
        return {UNREAD: ",".join(fields)}
    return {name: read(field) if field else None for (name, read), field in zip(readers, fields, strict=False)}


def _reader(kind: SqlType) -> Callable[[str], Any]:
    if kind.is_text or kind.is_binary:
        return lambda field: field.removeprefix(ESCAPE)
    if kind.name in RANGES:
        return lambda field: _number(field, int)
    if kind.name == "bit":
        return lambda field: {"1": True, "0": False}.get(field, field)
    if kind.name in {"decimal", "float", "real"}:
        return lambda field: _number(field, Decimal)
    return str


def _number(field: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(field)
    except (ValueError, InvalidOperation):  # which may be why it was refused
        return field


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace")
