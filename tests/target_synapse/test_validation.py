"""Which rows are checked against their SCHEMA before they are loaded, and by which of its rules."""

import json
from pathlib import Path

import pytest
from synapse_support.messages import record, schema_line

RULES = {
    "id": {"type": "integer", "minimum": 1},
    "code": {"type": ["null", "string"], "pattern": "^[a-z]+$", "maxLength": 9},
    "kind": {"type": "string", "enum": ["a", "b"]},
    "share": {"type": ["null", "number"], "multipleOf": 0.01, "minimum": 0.1, "maximum": 0.9},
    "tags": {"type": ["null", "array"], "items": {"type": "string", "pattern": "^x"}, "uniqueItems": True},
}
GOOD = [
    {"id": 1, "code": "ab", "kind": "a", "share": 0.1, "tags": ["x", "xy"]},
    {"id": 2, "code": None, "kind": "b", "share": 0.9},
]
BAD = [
    ({"id": 3, "code": "A1", "kind": "a"}, "code"),
    ({"id": 4, "kind": "c"}, "kind"),
    ({"id": 5, "kind": "a", "share": 0.91}, "share"),
    ({"id": 6, "kind": "a", "share": 0.05}, "share"),
    ({"id": 7, "share": 0.5}, None),
    ({"id": 8, "kind": "a", "tags": ["y"]}, "tags.0"),
    ({"id": 9, "kind": "a", "tags": ["x", "x"]}, "tags"),
    ({"id": 0, "kind": "a"}, "id"),
]


@pytest.mark.parametrize("many", [1, 100], ids=["by rows", "by columns"])
def test_rows_that_break_a_rule_are_rejected_each_with_its_line_and_field(many, load_here, table, settings):
    rows = [record(**row) for row in (*GOOD * many, *(row for row, _ in BAD))]
    load_here([schema_line(RULES, [], required=["kind"]), *rows], max_rejected_rows=len(BAD))
    assert table("users", "DISTINCT id") == [(1,), (2,)]
    told = [json.loads(line) for line in Path(settings["rejects_path"]).read_text().splitlines()]
    first = 2 + len(GOOD) * many  # behind SCHEMA and the good rows
    expected = [("NOT_AS_DECLARED", "users", first + number, row, field) for number, (row, field) in enumerate(BAD)]
    assert [(one["code"], one["stream"], one["line"], one["record"], one["field"]) for one in told] == expected


def test_without_validation_only_what_a_column_cannot_hold_is_rejected(load_here, table, rejects):
    broken = [record(**row) for row, _ in BAD if row["id"]]
    load_here([schema_line(RULES, required=["kind"]), *broken, record(id="x", kind="a")], validate_records=False, max_rejected_rows=1)
    assert table("users", "id") == [(row["id"],) for row, _ in BAD if row["id"]]
    assert [field for _, field, _ in rejects()] == ["id"]
