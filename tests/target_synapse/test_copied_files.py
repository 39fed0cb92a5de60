"""Parquet files of BATCH messages that go straight to COPY INTO: the same table as by reading them, and a reason for each that is read."""

from __future__ import annotations

import datetime as dt
import io
import logging
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sandbox.blob.service import CONTAINER
from synapse_support.messages import record, schema_line, state

PROPERTIES = {
    "id": {"type": ["null", "integer"], "x-sql-datatype": "bigint", "minimum": -(2**63), "maximum": 2**63 - 1},
    "small": {"type": ["null", "integer"], "x-sql-datatype": "smallint", "minimum": -(2**15), "maximum": 2**15 - 1},
    "name": {"type": ["null", "string"], "x-sql-datatype": "varchar"},
    "amount": {"type": ["null", "number"], "x-sql-datatype": "decimal(12,2)"},
    "share": {"type": ["null", "number"], "x-sql-datatype": "double"},
    "is_good": {"type": ["null", "boolean"]},
    "day": {"type": ["null", "string"], "format": "date", "x-sql-datatype": "date"},
    "at": {"type": ["null", "string"], "format": "date-time", "x-sql-datatype": "timestamptz"},
    "clock": {"type": ["null", "string"], "format": "time", "x-sql-datatype": "time"},
    "uid": {"type": ["null", "string"], "format": "uuid", "x-sql-datatype": "uuid"},
}
KINDS = {
    "id": pa.int64(),
    "small": pa.int16(),
    "name": pa.string(),
    "amount": pa.decimal128(12, 2),
    "share": pa.float64(),
    "is_good": pa.bool_(),
    "day": pa.date32(),
    "at": pa.string(),
    "clock": pa.string(),
    "uid": pa.string(),
}
ROWS = [
    {
        "id": 2**63 - 1, "small": -(2**15), "name": "", "amount": Decimal("-1234567890.10"), "share": 0.1, "is_good": True, "day": dt.date(1582, 10, 15),
        "at": "0001-01-01T00:00:00.000001Z", "clock": "23:59:59.999999", "uid": "9f1d5b0c-6f0a-4a39-8d0e-3d3a4b1f2c11",
    },
    {"id": 1, **dict.fromkeys([name for name in KINDS if name != "id"])},
    {
        "id": -(2**63), "small": 2**15 - 1, "name": "naïve 😀 \x00'\n x ", "amount": Decimal("0.01"), "share": -0.0, "is_good": False,
        "day": dt.date(9999, 12, 31), "at": "9999-12-31T23:59:59.999999+00:00", "clock": "00:00:00.000000", "uid": "00000000-0000-0000-0000-000000000000",
    },
]  # fmt: skip


def parquet(rows, kinds=None, **options):
    kinds = kinds or KINDS
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}), sink, **options)
    return sink.getvalue()


@pytest.fixture
def put(azurite, schema):
    """Puts a file into the container; gives its address."""

    def put_there(name, content, **options):
        path = f"{schema}-taps/{name}"
        with azurite.client() as client:
            client.get_blob_client(CONTAINER, path).upload_blob(content, overwrite=True, **options)
        return f"az://{CONTAINER}/{path}"

    return put_there


@pytest.fixture
def told(caplog):
    """Why files were read, as the log says it."""
    caplog.set_level(logging.INFO)
    return lambda: [one.getMessage().partition("since ")[2] for one in caplog.records if "is read, and not copied" in one.getMessage()]


def batch(*addresses, form="parquet", stream="t", **more):
    return {"type": "BATCH", "stream": stream, "encoding": {"format": form, "compression": "snappy"}, "manifest": list(addresses), **more}


def copies(pool, schema):
    return [one for one in pool.statements("FILE_TYPE = 'PARQUET'") if f"[{schema}]." in one]


@pytest.mark.parametrize("keys", [(), ("id",)])
def test_a_copied_file_gives_the_table_that_reading_it_gives(keys, load_here, pool, schema, table, put, told, tmp_path):
    address = put("a.parquet", parquet(ROWS))
    (tmp_path / "a.parquet").write_bytes(parquet(ROWS))
    line, before = schema_line(PROPERTIES, keys=keys, stream="t"), record(stream="t", id=1, name="before")
    assert load_here([line, before, state({"at": 0}), batch(address), state({"at": 1})], batch_files="copy") == [{"at": 0}, {"at": 1}]
    assert (told(), len(copies(pool, schema))) == ([], 1)
    assert load_here.rows["t"] == {"read": 4, "loaded": 4, "rejected": 0, "copied in files": 3, "replaced in batch": 0}
    copied = table("t", order="[id], [name]")
    pool.connection.execute(f"DROP TABLE [{schema}].[t]")
    load_here([line, before, state({"at": 0}), batch((tmp_path / "a.parquet").as_uri()), state({"at": 1})])
    assert table("t", order="[id], [name]") == copied
    assert len(copied) == 4 - len(keys)
