"""Files that BATCH messages name arrive like rows on the pipe."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from singer_commons.errors import InputError, TooManyRejectsError
from synapse_support.messages import USERS, record, schema_line, state

PROPERTIES = {
    "id": {"type": "integer"},
    "name": {"type": ["null", "string"]},
    "amount": {"type": ["null", "number"], "multipleOf": 0.01},
    "at": {"type": ["null", "string"], "format": "date-time"},
}
ROWS = [
    {"id": 1, "name": "", "amount": Decimal("1.10"), "at": dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)},
    {"id": 2, "name": None, "amount": None, "at": None},
    {"id": 1, "name": "naïve 😀", "amount": Decimal("0.05"), "at": dt.datetime(1, 1, 1, tzinfo=dt.UTC)},
]
ARRIVED = [(1, "naïve 😀", Decimal("0.05"), dt.datetime(1, 1, 1)), (2, None, None, None)]  # noqa: DTZ001 - as datetime2 comes back


def batch(form, *paths, stream="users"):
    return {"type": "BATCH", "stream": stream, "encoding": {"format": form, "compression": "gzip"}, "manifest": [path.as_uri() for path in paths]}


def json_lines(path):
    text = "".join(json.dumps({**row, "at": row["at"] and row["at"].isoformat()}, default=float) + "\n" for row in ROWS)
    path.write_bytes(gzip.compress(text.encode()))


def arrow_table():
    kinds = {"id": pa.int64(), "name": pa.string(), "amount": pa.decimal128(12, 2), "at": pa.timestamp("us", "UTC")}
    return pa.table({name: pa.array([row[name] for row in ROWS], kind) for name, kind in kinds.items()})


def parquet(path):
    pq.write_table(arrow_table(), path)


def arrow(path):
    table = arrow_table()
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(("form", "write"), [("jsonl", json_lines), ("parquet", parquet), ("arrow", arrow)])
def test_the_rows_of_a_file_arrive(form, write, load_here, table, tmp_path):
    path = tmp_path / "part"
    write(path)
    assert load_here([schema_line(PROPERTIES), batch(form, path), state({"at": 1})]) == [{"at": 1}]
    assert table("users") == ARRIVED
    assert load_here.rows["users"] == {"read": 3, "loaded": 3, "rejected": 0, "replaced in batch": 1}


def test_rows_of_the_pipe_and_of_files_keep_their_order(load_here, table, tmp_path):
    path = tmp_path / "part.parquet"
    parquet(path)
    load_here([schema_line(PROPERTIES), record(id=1, name="before"), record(id=2, name="before"), batch("parquet", path), record(id=2, name="after")])
    assert table("users", "[id], [name]") == [(1, "naïve 😀"), (2, "after")]


def test_a_row_of_a_file_that_its_table_cannot_hold_is_put_aside(load_here, table, rejects, tmp_path):
    path = tmp_path / "part.jsonl"
    rows = [{"id": number, "name": "z" * 4001 if number == 70 else "a"} for number in range(150)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(USERS), batch("jsonl", path)])
    assert [(code, row["id"]) for code, _, row in rejects()] == [("TOO_LONG", 70)]
    assert table("users", "COUNT_BIG(*)") == [(149,)]


def test_a_file_that_is_not_there_ends_the_run_with_nothing_loaded(load_here, tmp_path):
    with pytest.raises(InputError, match="is not there"):
        load_here([schema_line(USERS), batch("jsonl", tmp_path / "gone"), state({"at": 1})])
    assert load_here.states == []
