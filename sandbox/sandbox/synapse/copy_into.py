"""Runs COPY INTO: all files of all locations, or nothing [sql/t-sql/statements/copy-into-transact-sql].

Whether a pool keeps rows of a COPY that failed half-way is not documented; here it keeps none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.synapse import commands as c
from sandbox.synapse import errors
from sandbox.synapse.blobs import Blob, check_credential, located, read_blobs
from sandbox.synapse.catalog import ColumnDef, TableDef, duck_name
from sandbox.synapse.conversion import converted
from sandbox.synapse.csv_files import ROW, CsvFormat, Parsed, count_fields, csv_format, parse_csv, unpacked, write_row
from sandbox.synapse.field_text import fits, ordered_date, stored_field
from sandbox.synapse.parquet_files import read_parquet
from sandbox.synapse.rejects import rejects_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.synapse.session import PoolSession
    from sandbox.tds.session import SqlError

_ROWS = "copy_rows"  # the name under which a file's rows stand in DuckDB


@dataclass(frozen=True, slots=True)
class Loaded:
    """One column that is loaded: which field of the file, and what stands in for NULL (DuckDB's text)."""

    column: ColumnDef
    number: int
    default: str | None

    def filled(self, value: str) -> str:
        """The value with the default for NULL."""
        return f"coalesce({value}, {self.default})" if self.default else value


def run(session: PoolSession, command: c.Copy) -> int:
    """Load, and say how many rows. Raises SqlError; then nothing is loaded."""
    table = session.pool.catalog.table(command.name)
    file_type = command.options.get("FILE_TYPE", "CSV")
    _check_options(command, file_type)
    plan = _plan(session, table, command)
    with session.writing():
        if file_type == "PARQUET":
            return sum(_load_parquet(session, table, plan, blob) for blob in _blobs(session, command))
        layout = csv_format(command.options, session.pool.quoted_empty)
        rejects = rejects_of(command, located(command.locations[0], session.pool.endpoints), session.pool.endpoints, session.pool.identity_key)
        job = _CsvJob(session, table, plan, layout, command)
        try:
            return sum(job.load(blob) for blob in _blobs(session, command))
        finally:
            if rejects:
                rejects.rows += job.rejected
                rejects.write(session.request_id)


def _check_options(command: c.Copy, file_type: str) -> None:
    if file_type == "ORC":
        raise errors.unknown_here("COPY from ORC")
    if file_type != "CSV":
        for option in ("ERRORFILE", "FIELDQUOTE", "FIELDTERMINATOR", "ROWTERMINATOR", "FIRSTROW", "DATEFORMAT", "ENCODING"):
            if option in command.options:
                raise errors.copy_option(option, f"does not go with FILE_TYPE '{file_type}'")
    if command.options.get("AUTO_CREATE_TABLE") == "ON" and (file_type == "CSV" or command.columns or "MAXERRORS" in command.options):
        raise errors.copy_option("AUTO_CREATE_TABLE", "goes with Parquet only, without a column list and MAXERRORS")
    if command.options.get("IDENTITY_INSERT") == "ON":
        raise errors.copy_option("IDENTITY_INSERT", "is ON, and the table has no identity column")
    check_credential(command.credentials.get("CREDENTIAL", {}), file_type=file_type, locations=command.locations)


def _plan(session: PoolSession, table: TableDef, command: c.Copy) -> list[Loaded]:
    """Which field goes where.

    With a column list, a column that may not be NULL needs a DEFAULT, or 105211: its default is NULL otherwise.
    """
    if command.columns is None:
        return [Loaded(column, number, None) for number, column in enumerate(table.columns, 1)]
    plan: list[Loaded] = []
    for place, entry in enumerate(command.columns, 1):
        column = table.column(entry.name)
        default = None
        if entry.default is not None and entry.default.upper() != "NULL":
            (text,), _ = session.translator().parts(f"SELECT {entry.default} AS value")
            default = converted(text, column.type)
        plan.append(Loaded(column, entry.field or place, default))
    listed = {loaded.column.name: loaded for loaded in plan}
    if len(listed) < len(plan):
        raise errors.copy_option("Column_list", "names a column twice")
    for column in table.columns:
        loaded = listed.get(column.name)
        if not column.nullable and (loaded is None or loaded.default is None) and not (loaded is None and column.default):
            raise errors.copy_null(column.name)
    return plan


def _blobs(session: PoolSession, command: c.Copy) -> Iterator[Blob]:
    places = [located(url, session.pool.endpoints) for url in command.locations]
    if len({(place.account_url, place.container) for place in places}) > 1:
        raise errors.copy_option("FROM", "names more than one account or container")
    for place in places:
        for blob in read_blobs(place, command.credentials.get("CREDENTIAL", {}), session.pool.identity_key):
            session.check_cancelled()
            yield blob


def _insert(session: PoolSession, table: TableDef, plan: list[Loaded], values: list[str], rows: pa.Table, *, where: str = "") -> int:
    session.cursor.register(_ROWS, rows)
    try:
        names = ", ".join(duck_name(loaded.column.name) for loaded in plan)
        return session.count(f"INSERT INTO {table.duck} ({names}) SELECT {', '.join(values)} FROM {_ROWS}{where}")
    finally:
        session.cursor.unregister(_ROWS)


def _load_parquet(session: PoolSession, table: TableDef, plan: list[Loaded], blob: Blob) -> int:
    rows = read_parquet(blob.name, blob.data, [(loaded.column, loaded.number) for loaded in plan])
    place = f"table '{session.pool.database}.{table.full_name}', column "
    values = [
        loaded.filled(converted(f"c{loaded.number}", loaded.column.type, loaded.column.type, place=f"{place}'{loaded.column.name}'"))
        for loaded in plan
    ]
    return _insert(session, table, plan, values, rows)


class _CsvJob:
    """The CSV files of one COPY, which share the number of rows that may be rejected."""

    def __init__(self, session: PoolSession, table: TableDef, plan: list[Loaded], layout: CsvFormat, command: c.Copy) -> None:
        self._session, self._table, self._plan, self._layout = session, table, plan, layout
        self.rejected: list[tuple[str, str]] = []
        self._exact = command.columns is None
        self._left = int(command.options.get("MAXERRORS", "0"))
        order = command.options.get("DATEFORMAT", "MDY")  # us_english's [sql/t-sql/statements/set-dateformat-transact-sql]
        self._fields = [ordered_date(f"c{loaded.number}", loaded.column.type, order) for loaded in plan]

    def load(self, blob: Blob) -> int:
        """Load one file. Raises 4863, 4864 or 4832 for the first bad row beyond MAXERRORS."""
        text = unpacked(blob.name, blob.data, self._layout)
        expected = len(self._plan) if self._exact else max(count_fields(text, self._layout), *(loaded.number for loaded in self._plan))
        parsed = parse_csv(text, self._layout, expected)
        bad: list[tuple[int, SqlError]] = [
            (row, errors.copy_ragged(row=row, expected=expected, found=found, file=blob.name)) for row, found, _ in parsed.ragged
        ]
        session = self._session
        checks = [f"WHEN c{loaded.number} IS NOT NULL AND NOT ({fits(field, loaded.column.type)}) THEN {place}"
                  for place, (loaded, field) in enumerate(zip(self._plan, self._fields, strict=True))]  # fmt: skip
        session.cursor.register(_ROWS, parsed.table)
        try:
            found = session.duck(
                f"SELECT * FROM (SELECT {duck_name(ROW)} AS number, CASE {' '.join(checks)} END AS bad FROM {_ROWS}) WHERE bad IS NOT NULL"
            )
            wrong = found.fetchall()
        finally:
            session.cursor.unregister(_ROWS)
        bad += [(row, self._conversion(blob.name, row, self._plan[place])) for row, place in wrong]
        self._note(parsed, bad)
        self._left -= len(bad)
        if self._left < 0:
            raise min(bad, key=lambda entry: entry[0])[1]
        values = [loaded.filled(stored_field(field, loaded.column.type)) for loaded, field in zip(self._plan, self._fields, strict=True)]
        where = f" WHERE {duck_name(ROW)} NOT IN ({', '.join(str(row) for row, _ in wrong)})" if wrong else ""
        return _insert(session, self._table, self._plan, values, parsed.table, where=where)

    def _note(self, parsed: Parsed, bad: list[tuple[int, SqlError]]) -> None:
        """Keep the rejected rows' text with their reasons; a row that was cut into fields is written again."""
        texts = {row: text.rstrip("\r\n") for row, _, text in parsed.ragged}
        wanted = [row for row, _ in bad if row not in texts]
        if wanted:
            for entry in parsed.table.filter(pc.is_in(parsed.table[ROW], pa.array(wanted))).to_pylist():
                row = entry.pop(ROW)
                texts[row] = write_row(entry.values(), self._layout)
        self.rejected += [(texts[row], error.message) for row, error in sorted(bad, key=lambda entry: entry[0])]

    @staticmethod
    def _conversion(file: str, row: int, loaded: Loaded) -> SqlError:
        column = loaded.column
        return errors.copy_conversion(row=row, column=loaded.number, name=column.name, file=file, truncation=column.type.is_text)
