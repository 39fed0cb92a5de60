"""What the README says of types is what the code does, and what a pool's table then has."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from synapse_support.messages import record, schema_line
from target_synapse.rows.types import of_column
from target_synapse.tables.ensure import wanted_type

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
TYPES = re.findall(r"^\| `(\{.*?\})` \| `([^`]*)`", README, flags=re.MULTILINE)
UID = "0123abcd-4567-89ab-cdef-0123456789ab"
# What is sent for a column of a type, and what is in the table then.
VALUES = {
    "bigint": (-(2**63), -(2**63)),
    "decimal(38,0)": (2**63, Decimal(2**63)),
    "float": (0.1, 0.1),
    "decimal(38,2)": (1.25, Decimal("1.25")),
    "decimal(12,2)": (1.25, Decimal("1.25")),
    "money": (1.25, Decimal("1.25")),
    "decimal(38,18)": ("0.000000000000000001", Decimal("1e-18")),
    "bit": (True, True),
    "datetime2(7)": ("2026-01-02T03:04:05.123456+02:00", dt.datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=dt.UTC).replace(tzinfo=None)),
    "date": ("2026-01-02", dt.date(2026, 1, 2)),
    "time(7)": ("03:04:05.123456", dt.time(3, 4, 5, 123456)),
    "uniqueidentifier": (UID, UID.upper()),
    "varbinary(8000)": ("AP+r", b"\x00\xff\xab"),
    "varbinary(75)": ("", b""),
}
JSON = {"object": ({"a": [1, None]}, '{"a":[1,null]}'), "array": (["ü", 1], '["ü",1]'), "null": (None, None)}


def value_of(schema, kind):
    return VALUES.get(kind) or JSON.get(schema.get("type") if isinstance(schema.get("type"), str) else "", ("naïve 😀", "naïve 😀"))


def in_table(schema, kind, index):
    """The column's type in a table of this index, as the notes beside the rows say."""
    text = schema.get("type") in ("object", "array") or "maxLength" not in schema
    if index == "heap" and kind in {"nvarchar(4000)", "varbinary(8000)"} and text:
        return kind.partition("(")[0] + "(max)"
    return "nvarchar(4000)" if index == "columnstore" and kind == "nvarchar(max)" else kind


@pytest.mark.parametrize(("schema", "expected"), TYPES, ids=[schema for schema, _ in TYPES])
def test_the_types_table_says_what_a_property_becomes(schema, expected):
    assert str(wanted_type(json.loads(schema))) == expected


def test_the_types_table_is_there():
    assert len(TYPES) >= 12


@pytest.mark.parametrize("index", ["heap", "columnstore"])
def test_a_table_of_a_pool_has_every_row_of_the_types_table_and_its_value(index, load_here, pool, schema):
    rows = [(f"p{place:02}", json.loads(text), kind) for place, (text, kind) in enumerate(TYPES)]
    sent = record(**{name: value_of(declared, kind)[0] for name, declared, kind in rows})
    load_here([schema_line({name: declared for name, declared, _ in rows}, keys=()), sent], table_index=index)
    columns = "COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION)"
    found = pool.rows(f"SELECT {columns} FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'users'")
    assert {name: str(of_column(*kind)) for name, *kind in found} == {name: in_table(declared, kind, index) for name, declared, kind in rows}
    assert pool.rows(f"SELECT * FROM [{schema}].[users]") == [tuple(value_of(declared, kind)[1] for _, declared, kind in rows)]
