"""The connection is cut, and the process killed, at each statement: a record's elements are in their tables whenever it is, and no others."""

from __future__ import annotations

import pytest
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import record, schema_line, state
from synapse_support.orders import CHILDREN
from target_synapse.pool.patience import TransientSqlError

TEXT = {"type": ["null", "string"]}
ITEM = {"type": "object", "properties": {"notes": {"type": "array", "items": TEXT}}}
PROPERTIES = {"id": {"type": "integer"}, "items": {"type": "array", "items": ITEM}}
TABLES = ("orders", "orders__items", "orders__items__notes")
GONE = {"_sdc_deleted_at": "2024-01-02T03:04:05Z"}
METHODS = {
    "delete_insert": ({"hard_delete": True}, ("id",)),
    "merge": ({"upsert_with": "merge", "hard_delete": True}, ("id",)),
    "append": ({"load_method": "append-only"}, ()),
    "overwrite": ({"load_method": "overwrite"}, ("id",)),
}
# Keys, and the notes of each item; a key alone is of a record that is gone.
BATCHES = [[(1, ["a", "b"], []), (2, ["c"])], [(1, ["d"]), (2,), (3, ["e", "f"])]]


def lines_of(keys, *, gone):
    lines = [schema_line({**PROPERTIES, **({"_sdc_deleted_at": TEXT} if gone else {})}, keys=keys, stream="orders")]
    for number, rows in enumerate(BATCHES, start=1):
        for key, *notes in rows:
            lines.append(record("orders", id=key, items=[{"notes": one} for one in notes], **(GONE if gone and not notes else {})))
        lines.append(state({"at": number}))
    return lines


RIGHT = {
    "upsert": ([1, 3], 2, ["d", "e", "f"]),
    "overwrite": ([1, 2, 3], 2, ["d", "e", "f"]),
    "append": ([1, 1, 2, 2, 3], 5, ["a", "b", "c", "d", "e", "f"]),
}
STATES = [{"at": 1}, {"at": 2}]
# How many statements a load has: some 25 before its end the second batch is staged and moved; an overwrite swaps three tables behind that.
STATEMENTS = {"delete_insert": 70, "merge": 72, "append": 67, "overwrite": 99}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.fixture
def content(table):
    """The key of each record, how many items there are, and what the notes say."""

    def read():
        keys, notes = (sorted(value for (value,) in table(name, column)) for name, column in ((TABLES[0], "[id]"), (TABLES[2], "[value]")))
        return keys, len(table(TABLES[1])), notes

    return read


@pytest.fixture
def orphans(pool, schema):
    """How many rows of child tables have no record."""

    def count(keys):
        theirs, ours = ("_sdc_source_key_id", "id") if keys else ("_sdc_source_record_id", "_sdc_record_id")
        there = [name for (name,) in pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}'")]
        if not set(TABLES) <= set(there):
            return 0
        without = f"NOT EXISTS (SELECT 1 FROM [{schema}].[orders] AS o WHERE o.[{ours}] = c.[{theirs}])"
        return sum(pool.rows(f"SELECT COUNT(*) FROM [{schema}].[{name}] AS c WHERE {without}")[0][0] for name in TABLES[1:])

    return count


def method_of(name):
    settings, keys = METHODS[name]
    return {**settings, **CHILDREN}, keys, RIGHT.get(name, RIGHT["upsert"])


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("delete_insert", "disconnect_after"),
        pytest.param("append", "disconnect_after", marks=pytest.mark.slow),
    ],
)
def test_a_commit_without_an_answer_is_looked_up(method, kind, load_here, content, pool):
    settings, keys, right = method_of(method)
    pool.fault(kind, "^COMMIT", skip=1)
    assert load_here(lines_of(keys, gone="hard_delete" in settings), batch_size_rows=2, **settings) == STATES
    assert (content(), pool.order(waiting=True)) == (right, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "before_end"), [("delete_insert", 11), ("delete_insert", 16), ("merge", 11), ("append", 12), ("overwrite", 11), ("overwrite", 18)]
)
def test_killed_at_some_statement_a_record_has_its_elements_and_the_next_run_makes_all_right(
    method, before_end, load_here, content, orphans, monkeypatch
):
    settings, keys, right = method_of(method)
    lines = lines_of(keys, gone="hard_delete" in settings)
    with pytest.raises(Killed), killed_after(monkeypatch, STATEMENTS[method] - before_end, done=bool(before_end % 2)):
        load_here(lines, batch_size_rows=2, **settings)
    assert orphans(keys) == 0
    states = load_here.states
    load_here([lines[0], *lines[lines.index(state(states[-1])) + 1 :]] if states else lines, batch_size_rows=2, **settings)
    assert content() == right


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "before_end", "kind"),
    [
        ("delete_insert", 14, "disconnect_before"),
        ("merge", 13, "disconnect_after"),
        ("append", 12, "disconnect_before"),
        ("overwrite", 16, "disconnect_after"),
    ],
)
def test_a_connection_that_is_lost_at_some_statement_is_made_up_for(method, before_end, kind, load_here, content, pool):
    settings, keys, right = method_of(method)
    pool.fault(kind, skip=STATEMENTS[method] - before_end)
    states = load_here(lines_of(keys, gone="hard_delete" in settings), batch_size_rows=2, **settings)
    assert (states[-1], content(), pool.order(waiting=True)) == (STATES[-1], right, [])


@pytest.mark.slow
@pytest.mark.parametrize("step", [r"RENAME OBJECT \[{schema}\]\.\[orders__items\]", "RENAME OBJECT"])
def test_a_swap_that_was_decided_is_ended_for_all_tables_by_the_next_run(step, load_here, content, pool, schema):
    settings, keys, right = method_of("overwrite")
    line, *lines = lines_of(keys, gone=False)
    load_here([line, record("orders", id=9, items=[{"notes": ["old"]}]), state({"at": 0})], **settings)
    pool.fault("error", step.format(schema=schema), number=40613, times=6)
    with pytest.raises(TransientSqlError):
        load_here([line, *lines], **settings)
    pool.order(clear=True)
    load_here([line, state({"at": 4})], nested_data="child_tables")
    assert content() == right
    left = f"SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND LEFT(TABLE_NAME, 8) IN (N'_sdc_new', N'_sdc_old')"
    assert pool.rows(left) == [(0,)]
