"""Loads the CSV files of one COPY: every field is checked against its column's type before a row goes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.synapse.loading.csv_files import ROW, CsvFormat, Parsed, count_fields, parse_csv, unpacked, write_row
from sandbox.synapse.objects import ColumnDef, TableDef, duck_name
from sandbox.synapse.refusals import load_errors
from sandbox.synapse.tables.made import identity_value
from sandbox.synapse.values.field_text import misfits, stored_field

if TYPE_CHECKING:
    from sandbox.synapse.loading.blobs import Blob
    from sandbox.synapse.reading import commands as c
    from sandbox.synapse.session import PoolSession
    from sandbox.tds.session import SqlError

ROWS: Final = "copy_rows"  # the name under which a file's rows stand in DuckDB


@dataclass(frozen=True, slots=True)
class Loaded:
    """One column that is loaded: which field of the file, and what stands in for NULL (DuckDB's text)."""

    column: ColumnDef
    number: int
    default: str | None

    @property
    def field(self) -> str:
        """The field in DuckDB's text."""
        return f"c{self.number}"

    def filled(self, value: str) -> str:
        """The value with the default for NULL."""
        return f"coalesce({value}, {self.default})" if self.default else value


def insert_rows(session: PoolSession, table: TableDef, plan: list[Loaded], values: list[str], rows: pa.Table, *, where: str = "") -> int:
    """Put a file's rows into the table; an identity column that no field goes to counts on."""
    names = [duck_name(loaded.column.name) for loaded in plan]
    if table.identity and table.identity not in [loaded.column for loaded in plan]:
        names, values = [*names, duck_name(table.identity.name)], [*values, identity_value(table)]
    with session.registered(ROWS, rows):
        return session.count(f"INSERT INTO {table.duck} ({', '.join(names)}) SELECT {', '.join(values)} FROM {ROWS}{where}")


class CsvJob:
    """The CSV files of one COPY, which share the number of rows that may be rejected."""

    def __init__(self, session: PoolSession, table: TableDef, plan: list[Loaded], layout: CsvFormat, command: c.Copy) -> None:
        self._session, self._table, self._plan, self._layout = session, table, plan, layout
        self.rejected: list[tuple[str, str]] = []
        self._exact = command.columns is None
        self._left = int(command.options.get("MAXERRORS", "0"))
        self._order = command.options.get("DATEFORMAT", session.date_format)

    def load(self, blob: Blob) -> int:
        """Load one file. Raises 4863, 4864 or 4832 for the first bad row beyond MAXERRORS."""
        data = unpacked(blob.name, blob.data, self._layout)
        expected = len(self._plan) if self._exact else max(count_fields(data, self._layout), *(loaded.number for loaded in self._plan))
        parsed = parse_csv(data, self._layout, expected)
        bad: list[tuple[int, SqlError]] = [
            (row, load_errors.copy_ragged(row=row, expected=expected, found=found, file=blob.name)) for row, found, _ in parsed.ragged
        ]
        session = self._session
        checks = [f"WHEN {loaded.field} IS NOT NULL AND {misfits(loaded.field, loaded.column.type, self._order)} THEN {place}"
                  for place, loaded in enumerate(self._plan)]  # fmt: skip
        with session.registered(ROWS, parsed.table):
            found = session.duck(
                f"SELECT * FROM (SELECT {duck_name(ROW)} AS number, CASE {' '.join(checks)} END AS bad FROM {ROWS}) WHERE bad IS NOT NULL"
            )
            wrong = found.fetchall()
        bad += [(row, self._conversion(blob.name, row, self._plan[place])) for row, place in wrong]
        self._note(parsed, bad)
        self._left -= len(bad)
        if self._left < 0:
            raise min(bad, key=lambda entry: entry[0])[1]
        values = [loaded.filled(stored_field(loaded.field, loaded.column.type, self._order)) for loaded in self._plan]
        where = f" WHERE {duck_name(ROW)} NOT IN ({', '.join(str(row) for row, _ in wrong)})" if wrong else ""
        return insert_rows(session, self._table, self._plan, values, parsed.table, where=where)

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
        return load_errors.copy_conversion(row=row, column=loaded.number, name=column.name, file=file, truncation=column.type.is_text)
