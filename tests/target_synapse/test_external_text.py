"""Columns of an external table: wide enough for whatever is written for their type, and for no more than PolyBase loads."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_synapse.rows.records import RowWriter
from target_synapse.rows.types import parsed
from target_synapse.rows.values import MONEY_RANGES, RANGES
from target_synapse.sql import external
from target_synapse.sql.ddl import Column
from target_synapse.sql.staged import staged_type
from target_synapse.tables.ensure import LoadPlan
from target_synapse.ways.unquoted import STANDS_FOR, unquoted

LONGEST = {
    **{kind: min(RANGES[kind], key=lambda value: (-len(str(value)), value)) for kind in RANGES},
    "decimal(38,0)": -(10**38 - 1),
    "decimal(38,38)": Decimal("-0." + "9" * 38),
    "decimal(38,10)": Decimal("-" + "9" * 28 + "." + "9" * 10),
    "float": -1.7976931348623157e-308,
    "real": -1.1754943508222875e-38,
    "bit": True,
    "date": "9999-12-31",
    "time(7)": "23:59:59.9999999",
    "datetime2(7)": "9999-12-31T23:59:59.9999999",
    "datetimeoffset(7)": "9999-12-31T09:59:59.9999999-14:00",
    "uniqueidentifier": "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12,
    "money": MONEY_RANGES["money"][0],
    "smallmoney": MONEY_RANGES["smallmoney"][0],
    "nvarchar(10)": "\n\r\ue00a\ue000😀xxxx",
    "nvarchar(4000)": "\n" * 4_000,
    "varchar(8000)": "é" * 2_000,
    "varbinary(100)": base64.b64encode(b"\xff" * 100).decode(),
    "varbinary(max)": base64.b64encode(b"\xff" * 2_000).decode(),
}


@pytest.mark.parametrize("kind", LONGEST)
def test_the_longest_value_of_a_type_has_room(kind):
    held = external.carried(parsed(kind))
    writer = RowWriter(LoadPlan(None, {"a": Column("a", held)}, []))
    line = b"".join(writer.line({"a": LONGEST[kind]}, 1))
    field = bytes(unquoted(memoryview(line), max_units=external.MAX_CHARS)).decode().split("\x1f")[0]
    assert 0 < len(field.encode("utf-16-le")) // 2 <= external.width(held) <= external.MAX_CHARS


@given(st.text(st.sampled_from([*STANDS_FOR, *STANDS_FOR.values(), "\ue001", "a"]), max_size=10))
def test_no_text_outgrows_its_column(text):
    kind = parsed("nvarchar(10)")
    writer = RowWriter(LoadPlan(None, {"a": Column("a", kind)}, []))
    field = bytes(unquoted(memoryview(b"".join(writer.line({"a": text}, 1))), max_units=4_000)).decode().split("\x1f")[0]
    assert len(field) <= external.width(kind)


def test_text_and_bytes_are_carried_as_far_as_they_are_not_max():
    kinds = ["nvarchar(max)", "nvarchar(4000)", "nvarchar(7)", "varchar(8000)", "varbinary(max)", "varbinary(8000)", "varbinary(10)", "bigint"]
    assert [str(external.carried(parsed(kind))) for kind in kinds] == [
        "nvarchar(4000)", "nvarchar(4000)", "nvarchar(7)", "varchar(4000)", "varbinary(2000)", "varbinary(2000)", "varbinary(10)", "bigint",
    ]  # fmt: skip


def test_what_is_staged_as_text_is_restored_and_all_else_cast():
    columns = [Column(kind, parsed(kind)) for kind in ("bigint", "money", "varbinary(10)")]
    made = external.insert_all("[stg]", "[ext]", columns, label="x")
    assert "CAST([bigint] AS bigint)" in made
    assert f"CAST([money] AS {staged_type(parsed('money'))})" in made
    assert "REPLACE([varbinary(10)] COLLATE" in made.replace("REPLACE(" * 8, "")
