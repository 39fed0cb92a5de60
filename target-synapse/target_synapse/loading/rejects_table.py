"""`_sdc_rejected`: rejected rows as a table beside the ledger, in the fields of the rejects file (docs/rejects.md).

Rows gather until `sync`, which every batch calls before its own rows are committed; beyond KEPT_BYTES they do so in a temporary file, since the pool may be
busy with a delivery, and memory must not follow how many are refused. A statement that is repeated after a lost answer adds nothing twice: it looks for its first
row.
"""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import msgspec
from singer_commons.errors import SuiteError
from singer_commons.secrets import known_secrets

from target_synapse.rows.types import DATETIME, TEXT_4000, TEXT_MAX, SqlType
from target_synapse.sql.ddl import Column, TableShape, create_table, if_missing
from target_synapse.sql.quoting import labelled, literal, quoted
from target_synapse.tables.naming import TableName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from singer_commons.planning import RejectsSeen
    from singer_commons.rejects import RejectsFile

    from target_synapse.pool.connection import Pool

REJECTED = "_sdc_rejected"
COLUMNS = (
    Column("reject_id", SqlType("nvarchar", 64)),
    Column("rejected_at", DATETIME),
    Column("run_id", SqlType("nvarchar", 64)),
    Column("stream", TEXT_4000),
    Column("key", TEXT_MAX),
    Column("code", SqlType("nvarchar", 64)),
    Column("reason", TEXT_MAX),
    Column("field", TEXT_4000),
    Column("record", TEXT_MAX),
)
# A statement holds 20,000 literals at most (https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits).
ROWS_A_STATEMENT = 500
BYTES_A_STATEMENT = 2**20  # a row that is longer alone goes alone
KEPT_BYTES = 8 * 2**20  # of rows that wait for a `sync`, in memory
SHORT_CHARS = 4000

Row = tuple[str, ...]
_encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
_rows = msgspec.json.Decoder(tuple[str, ...])


def rejected_table(schema: str) -> TableName:
    """The table of a schema."""
    return TableName(schema, REJECTED)


def create_rejected(table: TableName) -> str:
    """Make the table if it is not there: a heap, as it holds text of any length."""
    return if_missing(table, create_table(table, COLUMNS, TableShape()))


def insert_rejected(table: TableName, rows: Sequence[Row], *, label: str) -> str:
    """Add rows, which are literals, unless the first of them is there: multi-row VALUES is nothing that a pool takes."""
    names = ", ".join(quoted(one.name) for one in COLUMNS)
    first = ", ".join(f"{value} AS {quoted(one.name)}" for value, one in zip(rows[0], COLUMNS, strict=True))
    selected = "\nUNION ALL ".join([f"SELECT {first}", *(f"SELECT {', '.join(row)}" for row in rows[1:])])
    there = f"SELECT 1 FROM {table} WHERE [reject_id] = {rows[0][0]}"  # noqa: S608 - literals, of `write`
    return labelled(f"INSERT INTO {table} ({names})\nSELECT {names} FROM (\n{selected}\n) AS r\nWHERE NOT EXISTS ({there})", label)


class RejectsTable:
    """Takes rejected rows as `singer_commons.rejects.RejectsFile` does. `pool` is asked for at a `sync` that has rows."""

    def __init__(self, pool: Callable[[], Pool], table: TableName, run_id: str) -> None:
        self._pool, self._table, self._run_id = pool, table, run_id
        self._rows = Waiting()
        self._lock = threading.Lock()  # rows are refused while they are read, and by a delivery in its own thread
        self.path = f"table {table}"

    def write(
        self,
        stream: str,
        record: Mapping[str, Any],
        *,
        code: str,
        reason: str,
        keys: Sequence[str] = (),
        field: str | None = None,
        line: int | None = None,  # noqa: ARG002 - as RejectsFile's
    ) -> None:
        """Take one row. It is durable after the next `sync`. The table has no place for its line: the input is gone when the table is read."""
        texts = (
            uuid.uuid4().hex, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}", self._run_id, stream[:SHORT_CHARS],
            _json({name: record.get(name) for name in keys}), code, known_secrets()(reason), field and field[:SHORT_CHARS], _json(record),
        )  # fmt: skip
        row = tuple("NULL" if text is None else literal(_speakable(text)) for text in texts)
        with self._lock:
            self._rows.add(row)

    def sync(self) -> None:
        """Insert what has come. Raises DestinationError, or TransientSqlError."""
        with self._lock:
            rows, self._rows = self._rows, Waiting()
        try:
            for some in _statements(rows.taken()):
                sql = insert_rejected(self._table, some, label=f"target-synapse run={self._run_id} step=reject")
                pool = self._pool()
                pool.repeated(lambda pool=pool, sql=sql: pool.execute(sql, doing=f"cannot write rejected rows into {self._table}"))  # type: ignore[misc]  # mypy knows no lambda's defaults
        finally:
            rows.close()

    def close(self) -> None:
        """Let go of rows that no `sync` took: they have no STATE behind them, and come again."""
        self._rows.close()


class Waiting:
    """Rows in their order, in memory up to KEPT_BYTES, then in a file that has no name and ends with the process."""

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] | None = None

    def add(self, row: Row) -> None:
        """Take a row. Raises SuiteError where the disk is full."""
        try:
            if self._file is None:
                self._file = SpooledTemporaryFile(KEPT_BYTES)  # noqa: SIM115 - open until `close`
            self._file.write(_encoder.encode(row) + b"\n")
        except OSError as error:
            raise SuiteError(f"rejected rows cannot wait for their batch on this disk: {error.strerror}", hint="make room, or set TMPDIR") from error

    def taken(self) -> Iterator[Row]:
        """All rows, one after the other."""
        if self._file is not None:
            self._file.seek(0)
            yield from map(_rows.decode, self._file)

    def close(self) -> None:
        """Forget them."""
        if self._file is not None:
            self._file.close()


class Rejects:
    """Rejected rows to the file, to the table, or to both."""

    def __init__(self, *places: RejectsFile | RejectsSeen | RejectsTable) -> None:
        self._places = places
        self.path = " and ".join(str(one.path) for one in places)

    def write(self, stream: str, record: Mapping[str, Any], **told: Any) -> None:
        """Take one row, with what RejectsFile's is told. It is durable after the next `sync`."""
        for place in self._places:
            place.write(stream, record, **told)

    def sync(self) -> None:
        """Make all rows durable."""
        for place in self._places:
            place.sync()

    def close(self) -> None:
        """Close the file."""
        for place in self._places:
            place.close()


def _statements(rows: Iterable[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    size_bytes = 0
    for row in rows:
        length = sum(map(len, row))
        if some and (len(some) >= ROWS_A_STATEMENT or size_bytes + length > BYTES_A_STATEMENT):
            yield some
            some, size_bytes = [], 0
        some.append(row)
        size_bytes += length
    if some:
        yield some


def _json(value: Mapping[str, Any]) -> str:
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which may be why the row was rejected: json escapes it
        return json.dumps(value, default=str)


def _speakable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
