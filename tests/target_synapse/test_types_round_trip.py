"""Values of every type of column arrive as they were sent: through CSV, COPY INTO, the staging table and the INSERT out of it."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synapse_support.messages import record, schema_line

pytestmark = pytest.mark.slow

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(["", "\ue000", '"', "\n", ",", "\0", "NULL"])
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
MOMENTS = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31))  # noqa: DTZ001 - the offset comes later
PROPERTIES = {
    "bytes": {"type": ["null", "string"], "contentEncoding": "base64", "maxLength": 40},
    "long_bytes": {"type": ["null", "string"], "contentEncoding": "base64"},
    "price": {"type": ["null", "number"], "x-sql-datatype": "money"},
    "uuid": {"type": ["null", "string"], "format": "uuid"},
    "moment": {"type": ["null", "string"], "format": "date-time", "x-sql-datatype": "timestamptz"},
    "exact": {"type": ["null", "string"], "format": "singer.decimal"},
    "cents": {"type": ["null", "number"], "multipleOf": 0.01},
    "text": {"type": ["null", "string"]},
    "key": {"type": "string", "maxLength": 40},
}
ROWS = st.fixed_dictionaries(
    {
        "bytes": st.none() | st.binary(max_size=30),
        "long_bytes": st.none() | st.binary(max_size=90),
        "price": st.none() | st.integers(-9_223_372_036_854, 9_223_372_036_854).map(lambda units: Decimal(units).scaleb(-4)),
        "uuid": st.none() | st.uuids(),
        "moment": st.none() | st.builds(lambda moment, zone: moment.replace(tzinfo=zone), MOMENTS, OFFSETS),
        "exact": st.none() | st.integers(-(10**27), 10**27).map(lambda units: Decimal(units).scaleb(-18)),
        "cents": st.none() | st.integers(-(10**12), 10**12).map(lambda units: Decimal(units).scaleb(-2)),
        "text": st.none() | TEXT,
    }
)


def sent(row):
    """The values as JSON has them."""
    ways = {
        bytes: lambda value: base64.b64encode(value).decode(),
        uuid.UUID: str,
        dt.datetime: dt.datetime.isoformat,
    }
    made = {name: ways.get(type(value), lambda value: value)(value) for name, value in row.items()}
    return {
        name: str(value) if name == "exact" and value is not None else float(value) if isinstance(value, Decimal) else value
        for name, value in made.items()
    }


def moment_text(moment):
    return None if moment is None else f"{moment.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}0 {moment.isoformat()[-6:]}"


@pytest.mark.parametrize("table_index", ["columnstore", "heap"])
@pytest.mark.parametrize("block_size_rows", [1, 1_000])
def test_every_type_of_column_keeps_its_values(table_index, block_size_rows, load_here, pool, schema):
    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(ROWS, min_size=1, max_size=15))
    def kept(rows):
        pool.order(drop=schema)
        lines = [schema_line(PROPERTIES, ["key"]), *(record(key=f"{place:03}", **sent(row)) for place, row in enumerate(rows))]
        load_here(lines, table_index=table_index, timestamp_type="datetimeoffset", block_size_rows=block_size_rows)
        moment = "CONVERT(nvarchar(40), [moment])"
        columns = ", ".join(moment if name == "moment" else f"[{name}]" for name in PROPERTIES if name != "key")
        arrived = pool.rows(f"SELECT {columns} FROM [{schema}].[users] ORDER BY [key]")
        found = [dict(zip([name for name in PROPERTIES if name != "key"], row, strict=True)) for row in arrived]
        for one, row in zip(found, rows, strict=True):
            one["uuid"] = one["uuid"] and uuid.UUID(one["uuid"])
            row["moment"] = moment_text(row["moment"])
        assert found == rows

    kept()


def test_bytes_too_long_and_text_that_is_no_base64_are_rejected_with_their_field(load_here, rejects, table):
    lines = [schema_line(PROPERTIES, ["key"]), record(key="a", bytes="AAAA" * 11), record(key="b", bytes="no base64"), record(key="c", bytes="AP+r")]
    load_here(lines, max_rejected_rows=2)
    assert [(code, field) for code, field, _ in rejects()] == [("TOO_LONG", "bytes"), ("BAD_VALUE", "bytes")]
    assert table("users", "[key], [bytes]") == [("c", b"\x00\xff\xab")]


def test_bytes_can_be_a_key(load_here, table):
    properties = {"id": {"type": "string", "contentEncoding": "base64", "maxLength": 8}, "n": {"type": "integer"}}
    load_here([schema_line(properties, ["id"]), record(id="AP+r", n=1), record(id="", n=2)])
    load_here([schema_line(properties, ["id"]), record(id="AP+r", n=3), record(id="AP8=", n=4)])
    assert sorted(table("users", "[id], [n]")) == [(b"", 2), (b"\x00\xff", 4), (b"\x00\xff\xab", 3)]
