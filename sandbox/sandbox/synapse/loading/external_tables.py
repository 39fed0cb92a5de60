"""Reads an external table: text or Parquet into a temporary table of typed rows, with the rows that are rejected counted and written.

Documented [create-external-table-transact-sql, create-external-file-format-transact-sql]: a row is rejected when its number of fields or a value's
type is another than declared; lines end in any of CRLF, CR and LF, also inside of quotes, as Hadoop's line reader has it. A quote cannot be
escaped: what COPY is praised for, PolyBase does not do.
"""

from __future__ import annotations

import io
import re
import uuid
from codecs import BOM_UTF8
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
from azure.core.exceptions import AzureError
from pyarrow import csv

from sandbox.synapse.loading.blobs import open_container, read_blob, refused
from sandbox.synapse.loading.csv_files import CsvFormat, unpacked
from sandbox.synapse.loading.external_dates import iso_text
from sandbox.synapse.loading.external_objects import external_location, list_external
from sandbox.synapse.loading.parquet_files import read_parquet
from sandbox.synapse.objects import ExternalPlace, FormatDef, TableDef, duck_name
from sandbox.synapse.refusals import load_errors
from sandbox.synapse.values.conversion import converted, sql_text
from sandbox.synapse.values.field_text import misfits, stored_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.synapse.objects import ColumnDef
    from sandbox.synapse.session import PoolSession

MAX_ROW_BYTES: Final = 1_000_000  # create-external-table-transact-sql, "Table width limitations": 1 MB by the declared sizes
_LINES: Final = re.compile(r"\r\n|\r|\n")
_EMPTY_LINE: Final = re.compile(r"\A[\r\n]|\n[\r\n]|\r(?:\r|\n[\r\n])")  # pyarrow takes one for a row of nulls
_ROWS: Final = "external_rows"
# What USE_TYPE_DEFAULT = TRUE makes of a field without text: "" for text, 0 for numbers, 1900-01-01 for dates.
_TYPE_DEFAULTS: Final = {"date": "1900-01-01", "time": "00:00:00"}


def name_of(table: TableDef) -> str:
    """The temporary table with a statement's rows, in DuckDB."""
    return f"external_{table.object_id}"


def read(session: PoolSession, table: TableDef) -> None:
    """Make the temporary table. Raises 105002, 105019, 106000 and 107090."""
    place = table.external
    if place is None:
        return
    if sum(column.type.max_length_bytes for column in table.columns if not column.type.is_max) > MAX_ROW_BYTES:
        raise load_errors.external_denied("the width of a row by its declared columns is over 1 MB")
    declared = session.pool.catalog.content.formats.get(place.format.lower())
    if declared is None:
        raise load_errors.no_external_object("file format", place.format)
    parts = [f"{duck_name(column.name)} {column.type.duck()}" for column in table.columns]
    session.duck(f"CREATE OR REPLACE TEMP TABLE {name_of(table)} ({', '.join(parts)})")
    location, right = external_location(session, table, place.location)
    names = list_external(session, table)
    files = ((name, read_blob(location, right, session.pool.identities, name)) for name in names)
    if declared.kind == "PARQUET":
        _read_parquet(session, table, files)
    else:
        _TextReader(session, table, place, declared).read(files)


def _read_parquet(session: PoolSession, table: TableDef, files: Iterator[tuple[str, bytes]]) -> None:
    place = f"table '{table.full_name}'"
    values = [converted(f"c{number}", one.type, one.type, place=place) for number, one in enumerate(table.columns, 1)]
    for name, data in files:
        rows = read_parquet(name, data, [(column, number) for number, column in enumerate(table.columns, 1)])
        _insert(session, table, rows, values)


def _insert(session: PoolSession, table: TableDef, rows: pa.Table, values: list[str]) -> None:
    with session.registered(_ROWS, rows):
        session.duck(f"INSERT INTO {name_of(table)} SELECT {', '.join(values)} FROM {_ROWS}")


@dataclass(frozen=True, slots=True)
class _Bad:
    line: int
    text: str
    reason: str


class _TextReader:
    """The delimited files of one external table, which share the number of rows that may be rejected."""

    def __init__(self, session: PoolSession, table: TableDef, place: ExternalPlace, declared: FormatDef) -> None:
        self._session, self._table, self._place, self._format = session, table, place, declared
        self._terminator = _signs(declared.options.get("FIELD_TERMINATOR", "|"))
        self._quote = _signs(declared.options.get("STRING_DELIMITER", ""))
        self._defaults = declared.options.get("USE_TYPE_DEFAULT", "FALSE") == "TRUE"
        self._seen = self._rejected = 0

    def read(self, files: Iterator[tuple[str, bytes]]) -> None:
        """Read all files. Raises 107090 when too many rows are rejected; what was rejected until then is written."""
        noted: list[_Bad] = []
        try:
            for name, data in files:
                self._file(name, data, noted)
        finally:
            if noted and self._place.rejected_row_location is not None:
                self._write(noted, self._place.rejected_row_location)

    def _file(self, name: str, data: bytes, noted: list[_Bad]) -> None:
        gzipped = self._format.compression is not None and name.endswith(".gz")
        encoding = "utf-16" if self._format.options.get("ENCODING", "UTF8").upper() == "UTF16" else "utf-8-sig"
        text = unpacked(name, data, CsvFormat(encoding=encoding, compression="GZIP" if gzipped else "NONE")).decode()
        first = int(self._format.options.get("FIRST_ROW", "1"))
        bad: list[_Bad] = []
        whole = self._read_quickly(text, first)
        if whole is None:
            rows, bad = self._cut(_lines_of(text), first)
            whole = _numbered([[fields[place] for _, fields in rows] for place in range(len(self._table.columns))], [number for number, _ in rows])
        count = whole.num_rows + len(bad)
        bad += self._converted(whole, text)
        bad.sort(key=lambda one: one.line)
        self._count(name, count, bad, first, noted)

    def _read_quickly(self, text: str, first: int) -> pa.Table | None:
        """The rows of a file without quotes whose lines all have the declared fields; None for any other. pyarrow ends lines where Hadoop's reader does."""
        names = [f"c{number}" for number in range(1, len(self._table.columns) + 1)]
        if self._quote or len(self._terminator) != 1 or not self._terminator.isascii() or first > 1 or not text or _EMPTY_LINE.search(text):
            return None
        if text.startswith(BOM_UTF8.decode()):  # a character of the first field, which pyarrow would leave out
            return None
        try:
            table = csv.read_csv(
                io.BytesIO(text.encode()),
                csv.ReadOptions(column_names=names, use_threads=False, block_size=max(1 << 20, min(len(text) * 4 + 1, 1 << 26))),
                csv.ParseOptions(delimiter=self._terminator, quote_char=False, ignore_empty_lines=False),
                csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]),
            )
        except pa.ArrowInvalid:
            return None
        return table.append_column("line", pa.array(range(1, table.num_rows + 1), pa.int64()))

    def _cut(self, lines: list[str], first: int) -> tuple[list[tuple[int, list[str | None]]], list[_Bad]]:
        rows: list[tuple[int, list[str | None]]] = []
        bad: list[_Bad] = []
        for number, line in enumerate(lines[first - 1 :], first):
            fields = _fields(line, self._terminator, self._quote)
            if fields is None:
                bad.append(_Bad(number, line, "Could not find a delimiter after string delimiter"))
            elif len(fields) != len(self._table.columns):
                words = "Not enough columns in this line" if len(fields) < len(self._table.columns) else "Too many columns in the line"
                bad.append(_Bad(number, line, words))
            else:
                rows.append((number, fields))
        return rows, bad

    def _converted(self, whole: pa.Table, text: str) -> list[_Bad]:
        """Store the rows whose values are of their types, and hand back the others."""
        table, session = self._table, self._session
        names = whole.column_names[:-1]
        date_format = self._format.options.get("DATE_FORMAT", "")
        fields = [iso_text(name, one.type, date_format) for name, one in zip(names, table.columns, strict=True)]
        checks = " ".join(f"WHEN {_wrong(field, one)} THEN {place}" for place, (field, one) in enumerate(zip(fields, table.columns, strict=True)))
        with session.registered(_ROWS, whole):
            wrong = session.duck(f"SELECT line, bad FROM (SELECT line, CASE {checks} END AS bad FROM {_ROWS}) WHERE bad IS NOT NULL").fetchall()
            values = [self._value(field, one) for field, one in zip(fields, table.columns, strict=True)]
            keep = f" WHERE line NOT IN ({', '.join(str(line) for line, _ in wrong)})" if wrong else ""
            session.duck(f"INSERT INTO {name_of(table)} SELECT {', '.join(values)} FROM {_ROWS}{keep}")
        lines = _lines_of(text) if wrong else []
        values_of = {line: whole.column(place)[pc.index(whole["line"], line).as_py()].as_py() for line, place in wrong}
        return [_Bad(line, lines[line - 1], _reason(table.columns[place], place, values_of[line])) for line, place in wrong]

    def _value(self, field: str, column: ColumnDef) -> str:
        stored = stored_field(field, column.type)
        if not self._defaults:
            return stored
        kind = column.type
        default = (
            "" if kind.is_text or kind.is_binary else _TYPE_DEFAULTS.get(kind.name, "1900-01-01" if kind.name.startswith(("date", "small")) else "0")
        )
        if kind.name in {"smallint", "smallmoney"}:
            default = "0"
        return f"coalesce({stored}, {stored_field(sql_text(default), kind)})"

    def _count(self, name: str, rows: int, bad: list[_Bad], first: int, noted: list[_Bad]) -> None:
        place = self._place
        for one in bad:
            noted.append(one)
            self._rejected += 1
            if place.reject_type == "VALUE" and self._rejected > place.reject_value:
                raise self._refusal(name, f"{place.reject_value:g} rows", self._seen + one.line - first + 1, noted[0])
        before = self._seen
        self._seen += rows
        if place.reject_type == "PERCENTAGE" and place.reject_sample_rows:
            for end in range(place.reject_sample_rows, self._seen + 1, place.reject_sample_rows):
                rejected = self._rejected - sum(1 for one in bad if before + one.line - first + 1 > end)
                if end > before and 100 * rejected / end > place.reject_value:
                    raise self._refusal(name, f"{place.reject_value:g} %", end, noted[0])

    def _refusal(self, name: str, most: str, processed: int, first: _Bad) -> Exception:
        return load_errors.reject_threshold(most=most, rejected=self._rejected, processed=processed, first=f"(/{name}) {first.reason}")

    def _write(self, noted: list[_Bad], folder: str) -> None:
        """`<folder>/_rejectedrows/<YYYYMMDD-HHMMSS>/`, a reason and a data file with the query's id and one suffix."""
        location, right = external_location(self._session, self._table, folder)
        query, suffix = self._session.request_id, uuid.uuid4()
        base = "/".join(part for part in (location.path, "_rejectedrows", f"{datetime.now(UTC):%Y%m%d-%H%M%S}") if part)
        try:
            with open_container(location, right, self._session.pool.identities) as client:
                client.upload_blob(f"{base}/{query}_{suffix}.txt", "".join(one.text + "\n" for one in noted))
                client.upload_blob(f"{base}/{query}_{suffix}_reason.txt", "".join(f"{one.reason}\n" for one in noted))
        except (AzureError, ValueError) as error:
            raise load_errors.external_denied(refused(location, error).message) from error


def _wrong(field: str, column: ColumnDef) -> str:
    if column.nullable:
        return f"{field} IS NOT NULL AND {misfits(field, column.type)}"
    return f"{field} IS NULL OR {misfits(field, column.type)}"


def _reason(column: ColumnDef, place: int, value: str | None) -> str:
    return (
        f"Column ordinal: {place}, Expected data type: {column.type.spelled().upper()}, Offending value: {value or 'NULL'}  (Column Conversion Error), "
        f"Error: Error converting data type NVARCHAR to {column.type.name.upper()}."
    )


def _lines_of(text: str) -> list[str]:
    lines = _LINES.split(text)
    if not lines[-1]:
        lines.pop()
    return lines


def _numbered(columns: list[list[str | None]], lines: list[int]) -> pa.Table:
    names = [*(f"c{number}" for number in range(1, len(columns) + 1)), "line"]
    return pa.Table.from_arrays([*(pa.array(column, pa.string()) for column in columns), pa.array(lines, pa.int64())], names=names)


def _signs(text: str) -> str:
    r"""`0x7E0x7E` is two characters; `\t` is a tab; all else is itself."""
    if re.fullmatch(r"(?:0[xX][0-9a-fA-F]{2})+", text):
        return bytes.fromhex(re.sub("0[xX]", "", text)).decode("latin-1")
    return text.replace("\\t", "\t")


def _fields(line: str, terminator: str, quote: str) -> list[str | None] | None:
    """Cut one line; None if something stands behind a closing quote. A field without text is NULL."""
    if not quote or quote not in line:
        return [part or None for part in line.split(terminator)]
    fields: list[str | None] = []
    place = 0
    while True:
        if line.startswith(quote, place):
            end = line.find(quote, place + len(quote))
            if end < 0:
                return None
            fields.append(line[place + len(quote) : end] or None)
            place = end + len(quote)
            if place == len(line):
                return fields
            if not line.startswith(terminator, place):
                return None
            place += len(terminator)
            continue
        end = line.find(terminator, place)
        if end < 0:
            fields.append(line[place:] or None)
            return fields
        fields.append(line[place:end] or None)
        place = end + len(terminator)
