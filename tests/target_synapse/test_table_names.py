"""Tables whose names are those of aliases, of ours and of others: a FROM clause may name no two things alike."""

from __future__ import annotations

import re

import pytest
from synapse_support.messages import record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.tables.naming import ALIASES

pytestmark = pytest.mark.slow

TEXT = {"type": ["null", "string"]}
PROPERTIES = {"id": {"type": "string", "maxLength": 20}, "name": TEXT, "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}
ARRAY = {"s": {"type": "array", "items": TEXT}}
GONE = {"_sdc_deleted_at": "2026-01-02T03:04:05Z"}
MODES = {
    "delete_insert": {"hard_delete": True},
    "merge": {"hard_delete": True, "upsert_with": "merge"},
    "history": {"load_method": "history", "hard_delete": True},
    "slices": {"max_transaction_rows": 2, "hard_delete": True},
    "child tables": {"nested_data": "child_tables", "hard_delete": True},
}
KEPT = [("a", "new"), ("b", "old"), ("d", "new")]


def lines_of(names, *, first, more=()):
    """The first rows of each stream, or those that come later."""
    for name in names:
        yield schema_line({**PROPERTIES, **dict(more)}, stream=name)
        values = {one: ["x", "y"] for one in dict(more)}
        if first:
            yield from (record(name, id=key, name="old", **values) for key in "abc")
        else:
            yield from (record(name, id="a", name="new", **values), record(name, id="c", **GONE), record(name, id="d", name="new", **values))
    yield state({"first": first})


def table_of(tables, name):
    """Where a stream's rows are: a name that is an alias of ours is told apart."""
    (found,) = [one for one in tables if one == name or (name in ALIASES and re.fullmatch(f"{name}_[0-9a-f]{{8}}", one))]
    return found


@pytest.fixture
def tables(pool, schema):
    return lambda: [name for (name,) in pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}'")]


@pytest.mark.parametrize("mode", MODES)
def test_a_table_named_as_an_alias_is_loaded_in_every_mode(mode, load_here, table, tables):
    more = ARRAY if "child" in mode else {}
    names = ["s", *ALIASES[:1]] if mode == "delete_insert" else ["s"]
    load_here(lines_of(names, first=True, more=more), **MODES[mode])
    assert load_here(lines_of(names, first=False, more=more), **MODES[mode]) == [{"first": False}]
    for name in names:
        held = table_of(tables(), name)
        rows = table(held, "[id], [name]", order="[id], [name]")
        if mode == "history":
            assert len(rows) == 5, "a's old version, b, c's that ended, and the new ones"
        else:
            assert rows == KEPT
        if more:
            assert len(table(f"{held}__s")) == len([row for row in rows if row[1]]) * 2


@pytest.mark.parametrize("way", ["polybase", "adf"])
def test_a_table_named_as_an_alias_is_loaded_by_every_way(way, load_here, table):
    names = ["s"]
    load_here(lines_of(names, first=True), **WAYS[way], hard_delete=True)
    load_here(lines_of(names, first=False), **WAYS[way], hard_delete=True)
    assert [table(name, "[id], [name]") for name in names] == [KEPT]


def test_rows_of_other_versions_go_from_a_table_named_as_an_alias(load_here, table):
    names = ["p"]
    for version, keys in ((1, "ab"), (2, "b")):
        lines = []
        for name in names:
            lines.append(schema_line({**PROPERTIES, **ARRAY}, stream=name))
            lines += [{**record(name, id=key, s=[key]), "version": version} for key in keys]
            lines.append({"type": "ACTIVATE_VERSION", "stream": name, "version": version})
        load_here(lines, nested_data="child_tables", hard_delete=True)
    assert [(table(name, "[id]"), table(f"{name}__s", "[value]")) for name in names] == [([("b",)], [("b",)])]
