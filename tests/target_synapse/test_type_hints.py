"""What a tap's `x-sql-datatype` is taken to mean, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_synapse.rows.type_hints import hinted
from target_synapse.tables.ensure import wanted_type

SURE = [
    ("DECIMAL(12, 2)", "decimal(12,2)"),
    ("numeric(38,0)", "decimal(38,0)"),
    ("numeric", "decimal(38,18)"),
    ("number", "decimal(38,0)"),
    ("NUMBER(10,2)", "decimal(10,2)"),
    ("boolean", "bit"),
    ("double precision", "float"),
    ("float(53)", "float"),
    ("float4", "real"),
    ("tinyint", "smallint"),
    ("integer", "int"),
    ("int8", "bigint"),
    ("hugeint", "decimal(38,0)"),
    ("timestamp", "datetime2(7)"),
    ("timestamptz", "datetime2(7)"),
    ("timestamp(6) with time zone", "datetime2(7)"),
    ("timestamp without time zone", "datetime2(7)"),
    ("datetime2(3)", "datetime2(3)"),
    ("datetimeoffset", "datetimeoffset(7)"),
    ("time", "time(7)"),
    ("date", "date"),
    ("varchar(20)", "nvarchar(20)"),
    ("character varying(20)", "nvarchar(20)"),
    ("varchar(4001)", "nvarchar(max)"),
    ("varchar(max)", "nvarchar(max)"),
    ("uuid", "uniqueidentifier"),
    ("jsonb", "nvarchar(max)"),
]
UNSURE = ["varchar", "text", "binary", "bytea", "geometry", "decimal(39,0)", "decimal(5,6)", "varchar(0)", "datetime2(9)", "", "()", "bigint; DROP"]


@pytest.mark.parametrize(("hint", "expected"), SURE)
def test_a_hint_that_is_sure_decides(hint, expected):
    assert str(wanted_type({"type": "string", "x-sql-datatype": hint})) == expected


@pytest.mark.parametrize("hint", UNSURE)
def test_the_schema_decides_where_a_hint_is_not_sure(hint):
    assert hinted(hint) is None
    assert str(wanted_type({"type": "string", "maxLength": 9, "x-sql-datatype": hint})) == "nvarchar(9)"


@pytest.mark.parametrize("hint", ["money", "varbinary(16)", "smalldatetime"])
def test_the_schema_decides_where_values_of_the_hinted_type_cannot_be_loaded(hint):
    assert str(wanted_type({"type": "string", "maxLength": 9, "x-sql-datatype": hint})) == "nvarchar(9)"


def test_money_and_bytes_are_sure_where_the_schema_says_how_they_come():
    assert str(wanted_type({"type": ["null", "number"], "x-sql-datatype": "smallmoney"})) == "smallmoney"
    assert str(wanted_type({"type": "string", "contentEncoding": "base64", "x-sql-datatype": "varbinary(16)"})) == "varbinary(16)"
    assert str(wanted_type({"x-sql-datatype": "money"})) == "nvarchar(4000)"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "date-time"}, "datetimeoffset(7)"),
        ({"type": "string", "format": "date-time", "x-sql-datatype": "TIMESTAMP  with time zone"}, "datetimeoffset(7)"),
        ({"type": "string", "format": "date-time", "x-sql-datatype": "timestamp"}, "datetime2(7)"),
        ({"type": "string", "format": "date"}, "date"),
    ],
)
def test_offsets_are_kept_where_that_is_asked_for_and_the_source_has_them(schema, expected):
    assert str(wanted_type(schema, {"timestamp_type": "datetimeoffset"})) == expected


@pytest.mark.parametrize("schema", [{"type": "integer", "x-sql-datatype": 5}, {"type": "integer"}, True, None])
def test_a_schema_without_a_hint_in_words_is_read_as_it_is(schema):
    assert str(wanted_type(schema)) == ("bigint" if isinstance(schema, dict) else "nvarchar(4000)")


@given(st.text())
def test_no_hint_is_a_failure(hint):
    assert str(wanted_type({"x-sql-datatype": hint}))
