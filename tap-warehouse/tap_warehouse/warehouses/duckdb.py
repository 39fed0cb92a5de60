"""A DuckDB file, opened for reading."""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from singer_commons.accounts import Calls
from singer_commons.columnar.columns import reading
from singer_commons.columnar.encoder import encoded
from singer_commons.columnar.json_sql import Member, line
from singer_commons.errors import ConfigurationError

from tap_warehouse.ahead import aside, read_ahead
from tap_warehouse.errors import QueryError
from tap_warehouse.warehouses.duckdb_memory import only_reads, set_limit, uncached
from tap_warehouse.warehouses.duckdb_types import column

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from typing import TypeVar

    import pyarrow as pa
    from singer_commons.columnar.json_sql import Envelope

    from tap_warehouse.query import Query
    from tap_warehouse.types import Column

    Answer = TypeVar("Answer")

BATCH_ROWS = 16_384
OUT_OF_MEMORY = "Out of Memory Error"  # how DuckDB begins what it says then, whoever hands it on
THREADS = 2  # each holds the lines of a row group (122,880 rows) while it works: some 45 MB where they are of 350 bytes
MEMORY_MB = 128  # of the tap's own 400 MB: the rest is Python, Arrow and the encoder
LONG_ROWS_MB = 512  # for rows so long, or so many columns, that a few thousand rows do not fit into that
logger = logging.getLogger("tap-warehouse")


def connect(settings: Mapping[str, Any]) -> DuckDB:
    """Open the file at `duckdb.path`. Raises ConfigurationError if there is none or it cannot be read."""
    given = settings["duckdb"]
    path = given["path"]
    if not Path(path).is_file():
        raise ConfigurationError(f"there is no DuckDB file at {path}", hint="look at `duckdb.path`; a relative path starts at the working directory")
    try:
        connection = aside(lambda: _opened(path, given))
    except duckdb.Error as error:
        hint = (
            "another program may be writing to it"
            if "lock" in str(error).lower()
            else "is it a DuckDB file, written by this version or an older one?"
        )
        raise ConfigurationError(f"cannot open the DuckDB file {path}: {_first_line(error)}", hint=hint) from error
    return DuckDB(connection, given.get("memory_mb"))


def _opened(path: str, given: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path), read_only=True, config={"threads": int(given.get("threads") or THREADS)})
    connection.execute("SET timezone='UTC'")
    connection.execute("SET arrow_large_buffer_size=true")
    # A sort by the iterator would else hold the whole table: beyond this it goes on in a folder for temporary files.
    set_limit(connection, given.get("memory_mb") or MEMORY_MB)
    connection.execute(f"SET temp_directory='{_spill_folder()}'")
    return connection


class DuckDB:
    """A read-only connection to a DuckDB file. `memory_mb` is what a query may take; without it some, or more where it does not fit into that."""

    tells_case = False

    def __init__(self, connection: duckdb.DuckDBPyConnection, memory_mb: int | None = None) -> None:
        self._connection = connection
        self._tries_mb = (memory_mb,) if memory_mb else (MEMORY_MB, LONG_ROWS_MB)
        self.calls = Calls()

    def columns(self, sql: str) -> list[Column]:
        """See Warehouse."""
        # Described by itself: DuckDB renames columns of a sub-query that are there twice.
        return [column(row[0], row[1]) for row in self._rows(f"DESCRIBE (\n{sql}\n)", [])]

    def is_read_only(self) -> bool:
        """See Warehouse."""
        return str(self._rows("SELECT current_setting('access_mode')", [])[0][0]).lower() == "read_only"

    def writable_tables(self) -> int:
        """See Warehouse: a file has no roles."""
        return 0

    def clock(self) -> datetime:
        """See Warehouse."""
        since = int(self._rows("SELECT epoch_us(now())", [])[0][0])  # a zoned value would ask for pytz
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since)

    def count(self, query: Query) -> int:
        """See Warehouse."""
        return int(self._rows(query.text, query.values)[0][0])

    def placeholder(self, number: int, _value: Any) -> str:
        """See Warehouse."""
        # Variables are bound like parameters, and unlike them let the result be streamed as Arrow without a copy (duckdb 2.0.0).
        return f"getvariable('tap_warehouse_{number}')"

    def batches(self, query: Query, columns: Sequence[Column]) -> Generator[pa.RecordBatch, None, None]:
        """See Warehouse."""
        names = [one.name for one in columns]
        for batch in self._read(query.text, query.values):
            yield batch.rename_columns(names)

    def lines(self, query: Query, columns: Sequence[Column], envelope: Envelope) -> Generator[pa.RecordBatch, None, None]:
        """See Warehouse. Made by the query itself, where the columns allow: half the CPU time of a way through Arrow and a second DuckDB."""
        raw_json = {one.name for one in columns if one.raw_json}
        schema = self._schema(query, [one.name for one in columns])
        readings = {field.name: reading(field.type) for field in schema}
        if any(how.made and name not in raw_json for name, how in readings.items()):
            yield from encoded(self.batches(query, columns), envelope, raw_json)
            return
        members = [Member(name, f"c{number}", how.kind, name in raw_json) for number, (name, how) in enumerate(readings.items())]
        made = line(envelope, members, datetime.now(UTC).isoformat())
        # The rows are put in order below: an ORDER BY beside it would sort the lines, which are longer than the columns.
        yield from self._read(f"SELECT {made} FROM ({query.text}) AS rows({', '.join(one.sql for one in members)})", query.values)  # noqa: S608 - of a wrapped query, quoted names and literals

    def _schema(self, query: Query, names: Sequence[str]) -> pa.Schema:
        """The Arrow schema of a query's rows, found without reading one."""
        return self._answer(query.values, lambda cursor: cursor.sql(query.text).limit(0).to_arrow_table().rename_columns(list(names)).schema)

    def _read(self, text: str, values: Sequence[Any]) -> Generator[pa.RecordBatch, None, None]:
        for memory_mb, more_mb in zip_longest(self._tries_mb, self._tries_mb[1:]):
            has_begun = False
            try:
                with closing(self._read_within(memory_mb, text, values)) as batches:
                    for batch in batches:
                        has_begun = True
                        yield batch
            except (duckdb.Error, RuntimeError, OSError, ValueError) as error:  # in mid-stream they come through Arrow, as its own
                lacks_memory = OUT_OF_MEMORY in str(error)
                if has_begun or not lacks_memory or more_mb is None:
                    hint = f"set `duckdb.memory_mb`, which was {memory_mb}, to more" if lacks_memory else None
                    raise QueryError(f"DuckDB broke off: {_first_line(error)}", hint=hint) from error
                logger.info("The first rows do not fit into %d MB of memory; trying %d MB", memory_mb, more_mb)
            else:
                return

    def _read_within(self, memory_mb: int, text: str, values: Sequence[Any]) -> Generator[pa.RecordBatch, None, None]:
        self.calls.called()

        def read() -> Iterable[pa.RecordBatch]:
            self._bind(cursor, values, memory_mb)
            may_let_go = only_reads(cursor, text)
            batches = cursor.sql(text).to_arrow_reader(BATCH_ROWS)
            return uncached(batches, beside, memory_mb) if may_let_go else batches

        with closing(self._connection.cursor()) as cursor, closing(self._connection.cursor()) as beside:
            yield from read_ahead(read, cursor.interrupt)

    def close(self) -> None:
        """See Warehouse."""
        self._connection.close()

    def _bind(self, cursor: duckdb.DuckDBPyConnection, values: Sequence[Any], memory_mb: int) -> None:
        set_limit(cursor, memory_mb)  # a query before it may have been given more
        cursor.execute("SET timezone='UTC'")
        cursor.execute("SET arrow_large_buffer_size=true")
        for number, value in enumerate(values, 1):
            cursor.execute(f"SET VARIABLE tap_warehouse_{number} = ?", [value])

    def _rows(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._answer(values, lambda cursor: cursor.execute(text).fetchall())

    def _answer(self, values: Sequence[Any], ask: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """What a short question gives; asked in another thread, since of a signal's exception DuckDB makes a RuntimeError of its own."""
        self.calls.called()

        def asked() -> Iterable[Answer]:
            self._bind(cursor, values, self._tries_mb[0])
            yield ask(cursor)

        with closing(self._connection.cursor()) as cursor:
            try:
                (answer,) = read_ahead(asked, cursor.interrupt)
            except duckdb.Error as error:
                raise QueryError(f"DuckDB refused the query: {_first_line(error)}") from error
        return answer


def _spill_folder() -> str:
    """Where DuckDB keeps what does not fit into memory; it makes the folder when it needs it, and removes it at its end."""
    return str(Path(tempfile.gettempdir()) / f"tap-warehouse-{os.getpid()}").replace("'", "''")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
