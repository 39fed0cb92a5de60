"""The connection is cut, and the process killed, at each statement: a record's elements are in their tables whenever it is, and no others."""

from __future__ import annotations

import pytest
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import state
from synapse_support.orders import CHILDREN, TABLES, TEXT, order, orders_line

GONE = {"_sdc_deleted_at": "2024-01-02T03:04:05Z"}
METHODS = {
    "delete_insert": ({"hard_delete": True}, ("id",)),
    "merge": ({"upsert_with": "merge", "hard_delete": True}, ("id",)),
    "append": ({"load_method": "append-only"}, ()),
    "overwrite": ({"load_method": "overwrite"}, ("id",)),
}
BATCHES = [
    [order(1, "a", "b", items=[("s", "n")]), order(2, "c")],
    [order(1, "d"), order(2, **GONE)],
    [order(1, items=[("t", "m")]), order(3, "e", "f")],
]


def lines_of(keys, *, gone):
    lines = [orders_line(keys, **({"_sdc_deleted_at": TEXT} if gone else {}))]
    for number, rows in enumerate(BATCHES, start=1):
        lines += [{**one, "record": {name: value for name, value in one["record"].items() if gone or name not in GONE}} for one in rows]
        lines.append(state({"at": number}))
    return lines


RIGHT = {
    "upsert": ([1, 3], ["e", "f"], ["t"], ["m"]),
    "overwrite": ([1, 2, 3], ["e", "f"], ["t"], ["m"]),
    "append": ([1, 1, 1, 2, 2, 3], ["a", "b", "c", "d", "e", "f"], ["s", "t"], ["m", "n"]),
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.fixture
def content(table):
    """The key of each record, and of each element what it says."""

    def read():
        columns = ("[id]", "[value]", "[sku]", "[value]")
        return tuple(sorted(value for (value,) in table(name, column)) for name, column in zip(TABLES, columns, strict=True))

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


@pytest.fixture
def emptied(pool, schema):
    """Takes the tables away."""

    def drop():
        for name in TABLES:
            pool.connection.execute(f"IF OBJECT_ID(N'[{schema}].[{name}]', N'U') IS NOT NULL DROP TABLE [{schema}].[{name}]")

    return drop


@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("method", ["delete_insert", pytest.param("merge", marks=pytest.mark.slow), "append"])
def test_a_commit_without_an_answer_is_looked_up(method, kind, load_here, content, pool):
    settings, keys, right = method_of(method)
    pool.fault(kind, "^COMMIT", skip=1)
    assert load_here(lines_of(keys, gone="hard_delete" in settings), batch_size_rows=2, **settings) == [{"at": 1}, {"at": 2}, {"at": 3}]
    assert (content(), pool.order(waiting=True)) == (right, [])


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_killed_at_any_statement_a_record_has_its_elements_and_the_next_run_makes_all_right(
    method, load_here, content, orphans, emptied, monkeypatch
):
    """Some statements of a load, with a step that comes to other ones with each method."""
    settings, keys, right = method_of(method)
    lines = lines_of(keys, gone="hard_delete" in settings)
    step = {"delete_insert": 11, "merge": 11, "append": 13, "overwrite": 17}[method]
    for statement in range(30, 400, step):
        done = bool(statement % 2)
        try:
            with killed_after(monkeypatch, statement, done=done):
                load_here(lines, batch_size_rows=2, **settings)
        except Killed:
            states = load_here.states
        else:
            break
        assert orphans(keys) == 0, statement
        left = [lines[0], *lines[lines.index(state(states[-1])) + 1 :]] if states else lines
        load_here(left, batch_size_rows=2, **settings)
        assert content() == right, statement
        emptied()
    assert statement > 60
    assert content() == right


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("method", METHODS)
def test_a_connection_that_is_lost_at_any_statement_is_made_up_for(method, kind, load_here, content, emptied, pool):
    settings, keys, right = method_of(method)
    for statement in range(25, 400, {"disconnect_before": 19, "disconnect_after": 17}[kind]):
        emptied()
        pool.fault(kind, skip=statement)
        states = load_here(lines_of(keys, gone="hard_delete" in settings), batch_size_rows=2, **settings)
        is_through = bool(pool.order(waiting=True))
        pool.order(clear=True)
        assert (states[-1], content()) == ({"at": 3}, right), statement
        if is_through:
            break
    assert is_through


@pytest.mark.parametrize(
    "step", ["RENAME OBJECT", r"RENAME OBJECT \[{schema}\]\.\[orders__items\]", pytest.param("step=close", marks=pytest.mark.slow)]
)
def test_a_swap_that_was_decided_is_ended_for_all_tables_by_the_next_run(step, load_here, content, pool, schema):
    settings, keys, right = method_of("overwrite")
    load_here([orders_line(), order(9, "old", items=[("old", "old")]), state({"at": 0})], **settings)
    pool.fault("error", step.format(schema=schema), number=40613, times=6)
    with pytest.raises(Exception, match="40613"):
        load_here(lines_of(keys, gone=False), **settings)
    pool.order(clear=True)
    load_here([orders_line(), state({"at": 4})], nested_data="child_tables")
    assert content() == right
    left = f"SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND LEFT(TABLE_NAME, 8) IN (N'_sdc_new', N'_sdc_old')"
    assert pool.rows(left) == [(0,)]
