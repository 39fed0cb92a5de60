"""Which SQL type a property gets, row by row, and what may become of a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from target_synapse.rows import types
from target_synapse.rows.types import INTEGERS, SqlType, of_column, of_property, parsed, wide_enough, widened

PROPERTIES = [
    ({"type": "integer"}, "bigint"),
    ({"type": ["null", "integer"]}, "bigint"),
    ({"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, "bigint"),
    ({"type": "integer", "maximum": 2**63}, "decimal(38,0)"),
    ({"type": "integer", "minimum": -(2**64)}, "decimal(38,0)"),
    ({"type": "number"}, "float"),
    ({"type": "number", "multipleOf": 0.01}, "decimal(38,2)"),
    ({"type": "number", "multipleOf": 1e-10}, "decimal(38,10)"),
    ({"type": "number", "multipleOf": 5}, "decimal(38,0)"),
    ({"type": "number", "multipleOf": 1e-40}, "float"),
    ({"type": ["integer", "number"]}, "float"),
    ({"type": "boolean"}, "bit"),
    ({"type": "string"}, "nvarchar(4000)"),
    ({"type": "string", "maxLength": 4000}, "nvarchar(4000)"),
    ({"type": "string", "maxLength": 4001}, "nvarchar(max)"),
    ({"type": "string", "maxLength": 0}, "nvarchar(1)"),
    ({"type": "string", "format": "date-time"}, "datetime2(7)"),
    ({"type": "string", "format": "date"}, "date"),
    ({"type": "string", "format": "time"}, "time(7)"),
    ({"type": "string", "format": "email"}, "nvarchar(4000)"),
    ({"type": "string", "format": "uuid"}, "uniqueidentifier"),
    ({"type": "string", "format": "singer.decimal"}, "decimal(38,18)"),
    ({"type": ["null", "string"], "contentEncoding": "base64"}, "varbinary(8000)"),
    ({"type": "string", "contentEncoding": "base64", "maxLength": 8}, "varbinary(6)"),
    ({"type": "string", "contentEncoding": "base64", "maxLength": 12000}, "varbinary(max)"),
    ({"type": "string", "contentEncoding": "quoted-printable"}, "nvarchar(4000)"),
    ({"anyOf": [{"type": "string", "contentEncoding": "base64"}, {"type": "string"}]}, "nvarchar(4000)"),
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "datetime2(7)"),
    ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]}, "nvarchar(4000)"),
    ({"anyOf": [{"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}]}, "nvarchar(9)"),
    ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "bigint"),
    ({"type": ["null", "string"], "maxLength": 12}, "nvarchar(12)"),
    ({"type": ["string", "integer"]}, "nvarchar(4000)"),
    ({"type": "null"}, "nvarchar(4000)"),
    ({}, "nvarchar(4000)"),
    ({"type": "object"}, "nvarchar(max)"),
    ({"properties": {"a": {}}}, "nvarchar(max)"),
    ({"type": ["null", "array"], "items": {"type": "string"}}, "nvarchar(max)"),
    ({"type": ["object", "string"]}, "nvarchar(max)"),
]


@pytest.mark.parametrize(("schema", "expected"), PROPERTIES, ids=[str(schema) for schema, _ in PROPERTIES])
def test_a_property_gets_the_type(schema, expected):
    assert str(of_property(schema)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "xml",
        "json",
        "text",
        "ntext",
        "decimal(39,0)",
        "decimal(5,6)",
        "nvarchar(4001)",
        "varchar(8001)",
        "nvarchar(0)",
        "nchar(max)",
        "time(8)",
        "int(4)",
        "a b",
        "",
        "bigint; DROP",
    ],
)
def test_a_type_that_no_pool_has_is_refused(text):
    with pytest.raises(ValueError, match=r"has no type|is no SQL type"):
        parsed(text)


def test_columns_are_read_as_the_catalogue_shows_them():
    assert [str(of_column(*row)) for row in [
        ("nvarchar", -1, None, None), ("nvarchar", 40, None, None), ("NUMERIC", None, 12, 3), ("datetime2", None, None, 7), ("time", None, None, 0), ("bigint", None, 19, 0),
    ]] == ["nvarchar(max)", "nvarchar(40)", "decimal(12,3)", "datetime2(7)", "time(0)", "bigint"]  # fmt: skip


WIDENINGS = [
    ("varbinary(10)", "varbinary(20)", "varbinary(20)"),
    ("varbinary(10)", "varbinary(max)", "varbinary(max)"),
    ("smallmoney", "money", "money"),
    ("int", "bigint", "bigint"),
    ("bigint", "decimal(38,0)", "decimal(38,0)"),
    ("bigint", "decimal(10,2)", "decimal(21,2)"),
    ("nvarchar(10)", "nvarchar(20)", "nvarchar(20)"),
    ("nvarchar(10)", "nvarchar(max)", "nvarchar(max)"),
    ("varchar(10)", "nvarchar(10)", "nvarchar(10)"),
    ("decimal(10,2)", "decimal(12,4)", "decimal(12,4)"),
    ("decimal(10,2)", "decimal(10,4)", "decimal(12,4)"),
    ("datetime2(3)", "datetime2(7)", "datetime2(7)"),
    ("real", "float", "float"),
]
CONFLICTS = [
    ("bigint", "nvarchar(4000)"), ("nvarchar(4000)", "bigint"), ("bigint", "float"), ("float", "bigint"), ("float", "decimal(38,2)"),
    ("date", "datetime2(7)"), ("datetime2(7)", "date"), ("bit", "bigint"), ("decimal(38,0)", "decimal(38,2)"), ("nvarchar(10)", "varchar(20)"),
]  # fmt: skip


@pytest.mark.parametrize(("held", "wanted", "expected"), WIDENINGS)
def test_a_column_is_widened(held, wanted, expected):
    assert not wide_enough(parsed(held), parsed(wanted))
    assert str(widened(parsed(held), parsed(wanted))) == expected


@pytest.mark.parametrize(("held", "wanted"), CONFLICTS)
def test_no_alter_column_helps_between(held, wanted):
    assert not wide_enough(parsed(held), parsed(wanted))
    assert widened(parsed(held), parsed(wanted)) is None


DECIMALS = (
    st.tuples(st.integers(1, 38), st.integers(0, 38))
    .filter(lambda one: one[1] <= one[0])
    .map(lambda one: SqlType("decimal", precision=one[0], scale=one[1]))
)
ANY = DECIMALS | st.sampled_from(
    [*INTEGERS, "float", "real", "bit", "date", "nvarchar(5)", "nvarchar(max)", "varchar(9)", "datetime2(3)", "time(7)"]
).map(lambda one: parsed(one) if isinstance(one, str) else one)


@given(ANY, ANY)
def test_a_widened_column_holds_what_both_types_hold(held, wanted):
    wider = widened(held, wanted)
    assert wide_enough(held, held)
    assert wider is None or (wide_enough(wider, held) and wide_enough(wider, wanted))


@given(ANY)
def test_a_type_is_read_back_as_it_is_written(kind):
    assert parsed(str(kind)) == kind


@pytest.mark.parametrize(
    "kind",
    [
        types.TEXT_MAX,
        types.TEXT_4000,
        types.BIGINT,
        types.FLOAT,
        types.BIT,
        types.DATE,
        types.DATETIME,
        types.TIME,
        SqlType("decimal", precision=38, scale=9),
        SqlType("decimal", precision=5),
        SqlType("datetime2", scale=0),
        SqlType("varbinary", 8_000),
    ],
    ids=str,
)
def test_a_type_that_is_described_is_read_back_as_itself(kind):
    assert types.of_column(*types.described(kind)) == kind
