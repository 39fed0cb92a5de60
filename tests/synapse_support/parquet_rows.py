"""Rows of every type that goes into a table by copying its file, and Parquet files of them."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

PROPERTIES = {
    "id": {"type": ["null", "integer"], "x-sql-datatype": "bigint", "minimum": -(2**63), "maximum": 2**63 - 1},
    "small": {"type": ["null", "integer"], "x-sql-datatype": "smallint", "minimum": -(2**15), "maximum": 2**15 - 1},
    "name": {"type": ["null", "string"], "x-sql-datatype": "varchar"},
    "amount": {"type": ["null", "number"], "x-sql-datatype": "decimal(12,2)"},
    "share": {"type": ["null", "number"], "x-sql-datatype": "double"},
    "is_good": {"type": ["null", "boolean"]},
    "day": {"type": ["null", "string"], "format": "date", "x-sql-datatype": "date"},
    "written_day": {"type": ["null", "string"], "format": "date", "x-sql-datatype": "date"},
    "second": {"type": ["null", "string"], "format": "date-time", "x-sql-datatype": "timestamp"},
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
    "written_day": pa.string(),
    "second": pa.timestamp("ms", "UTC"),
    "at": pa.string(),
    "clock": pa.string(),
    "uid": pa.string(),
}
USER_KINDS = {"id": pa.int64(), "name": pa.string()}
ROWS = [
    {
        "id": 2**63 - 1,
        "small": -(2**15),
        "name": "",
        "amount": Decimal("-1234567890.10"),
        "share": 0.1,
        "is_good": True,
        "day": dt.date(1582, 10, 15),
        "written_day": "0001-01-01",
        "second": dt.datetime(2024, 2, 29, 23, 59, 59, 999000, tzinfo=dt.UTC),
        "at": "0001-01-01T00:00:00.000001Z",
        "clock": "23:59:59.999999",
        "uid": "9f1d5b0c-6f0a-4a39-8d0e-3d3a4b1f2c11",
    },
    {"id": 1},
    {
        "id": -(2**63),
        "small": 2**15 - 1,
        "name": "naïve 😀 \x00'\n x ",
        "amount": Decimal("0.01"),
        "share": -0.0,
        "is_good": False,
        "day": dt.date(9999, 12, 31),
        "written_day": "9999-12-31",
        "second": dt.datetime(1582, 10, 15, tzinfo=dt.UTC),
        "at": "9999-12-31T23:59:59.999999+00:00",
        "clock": "00:00:00.000000",
        "uid": "00000000-0000-0000-0000-000000000000",
    },
]


def parquet(rows=ROWS, kinds=KINDS, **options):
    """A file, as bytes."""
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}), sink, **options)
    return sink.getvalue()


def batch(*addresses, form="parquet", stream="t", **more):
    """A BATCH message."""
    return {"type": "BATCH", "stream": stream, "encoding": {"format": form, "compression": "snappy"}, "manifest": list(addresses), **more}
