"""What no pool can hold: the README names a rule for each limit, and these are the rules at work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from singer_commons.errors import DestinationError
from synapse_support.messages import record, schema_line, state
from target_synapse.rows.types import MAX_NVARCHAR_CHARS
from target_synapse.sql.ddl import MAX_COLUMNS
from target_synapse.sql.quoting import MAX_NAME_CHARS

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
INTEGER, TEXT = {"type": "integer"}, {"type": "string"}
HEAP = {"string_length": "heap"}


@pytest.fixture
def made(pool, schema):
    sql = "SELECT {0} FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'{1}' AND TABLE_NAME = N'users' ORDER BY ORDINAL_POSITION"
    return lambda what="COLUMN_NAME": [row[0] for row in pool.rows(sql.format(what, schema))]


def test_the_readme_names_the_limits_that_the_code_has():
    limits = README[README.index("## Limits") : README.index("## Nested data")]
    numbers = {int(number.replace(",", "")) for number in re.findall(r"^\| ([0-9,]+) ", limits, flags=re.MULTILINE)}
    assert numbers == {MAX_COLUMNS, 8_060, MAX_NAME_CHARS, MAX_NVARCHAR_CHARS}


def test_a_stream_with_too_many_properties_is_refused_before_a_table_is_made(load_here, made):
    with pytest.raises(DestinationError, match="stream `users` has 1025 properties, a table at most 1024 columns"):
        load_here([schema_line({f"c{number}": INTEGER for number in range(1025)}, [])])
    assert made() == []


def test_a_table_that_would_grow_beyond_its_columns_stays_as_it_is(load_here, made):
    load_here([schema_line({"id": INTEGER, "old": INTEGER})])
    with pytest.raises(DestinationError, match="would have 1025 columns, and may have 1024"):
        load_here([schema_line({"id": INTEGER, **{f"c{number}": INTEGER for number in range(1023)}})])
    assert made() == ["id", "old"]


def test_a_row_that_is_too_wide_even_when_it_is_empty_is_the_pools_to_refuse(load_here, made):
    wide = {f"c{number}": {"type": "number", "multipleOf": 0.01} for number in range(480)}
    with pytest.raises(DestinationError, match=r"cannot make the table .* 8060 bytes\. \(1701\)"):
        load_here([schema_line(wide, [])])
    assert made() == []


def test_every_name_gets_a_column(load_here, made, table):
    names = ["id", "ID", "", "select", "x" * 200, "a b]", " "]
    load_here([schema_line(dict.fromkeys(names, INTEGER)), record(**{name: number for number, name in enumerate(names)})])
    found = [re.sub("_[0-9a-f]{8}$", "_digest", name) for name in made()]
    assert found == ["id", "ID_digest", "__digest", "select", "x" * 119 + "_digest", "a b]", "__digest"]
    assert table("users") == [tuple(range(7))]


def test_long_text_gets_a_heap_where_that_is_asked_for(load_here, made, table, pool, schema):
    load_here([schema_line({"id": INTEGER, "note": TEXT, "key": {"type": "string", "maxLength": 9}}), record(id=1, note="x", key="k")])
    assert made("CHARACTER_MAXIMUM_LENGTH")[1:] == [4000, 9]
    lines = [
        schema_line({"id": INTEGER, "note": TEXT, "key": {"type": "string", "maxLength": 9}}),
        record(id=2, note="y" * 9_000, key="k"),
        state({"at": 2}),
    ]
    assert load_here(lines, **HEAP) == [{"at": 2}]
    assert load_here(lines, **HEAP) == [{"at": 2}]
    assert table("users", "[id], LEN([note])", "[id]") == [(1, 1), (2, 9_000)]
    assert made("CHARACTER_MAXIMUM_LENGTH")[1:] == [-1, 9]
    assert len(list(pool.statements(f"RENAME OBJECT [{schema}].[users]"))) == 1
    assert pool.rows(f"SELECT type_desc FROM sys.indexes WHERE object_id = OBJECT_ID(N'[{schema}].[users]')") == [("HEAP",)]


def test_a_new_table_for_long_text_is_a_heap_at_once_and_named_lengths_still_hold(load_here, made, rejects):
    properties = {"id": INTEGER, "note": TEXT, "code": {"type": "string", "maxLength": 3}}
    load_here([schema_line(properties), record(id=1, note="y" * 9_000, code="abcd")], max_rejected_rows=1, **HEAP)
    assert made("CHARACTER_MAXIMUM_LENGTH")[1:] == [-1, 3]
    assert [(code, field) for code, field, _ in rejects()] == [("TOO_LONG", "code")]


def test_flattened_objects_are_columns(load_here, made, table):
    properties = {"id": INTEGER, "a": {"type": "object", "properties": {"b": INTEGER, "c": {"type": "object", "properties": {"d": TEXT}}}}}
    load_here([schema_line(properties), record(id=1, a={"b": 2, "c": {"d": "x"}})], flattening_enabled=True, flattening_max_depth=1)
    assert made() == ["id", "a__b", "a__c"]
    assert table("users") == [(1, 2, '{"d":"x"}')]
