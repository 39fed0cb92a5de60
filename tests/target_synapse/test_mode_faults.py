"""The connection is cut before and after each statement of merge and history: the rows are right, and so is STATE."""

from __future__ import annotations

import pytest
from synapse_support.messages import USERS, record, schema_line, state

METHODS = {"merge": {"upsert_with": "merge", "hard_delete": True}, "history": {"load_method": "history"}, "delete": {"hard_delete": True}}
GONE = {"_sdc_deleted_at": "2024-01-02T03:04:05Z"}
LINES = [
    schema_line({**USERS, "_sdc_deleted_at": {"type": ["null", "string"]}}),
    record(id=1, name="a"),
    record(id=2, name="b"),
    state({"at": 2}),
    record(id=1, name="A"),
    record(id=2, **GONE),
    record(id=1, name="c"),
    record(id=3, name="d"),
    state({"at": 6}),
]
RIGHT = {
    "merge": [(1, "c"), (3, "d")],
    "delete": [(1, "c"), (3, "d")],
    "history": [(1, "A", 0), (1, "a", 0), (1, "c", 1), (2, "b", 0), (3, "d", 1)],
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.fixture
def rows(pool, schema):
    """What is in the table, and of a history whether it holds still."""

    def read(method):
        still = ", CASE WHEN [_sdc_valid_to] IS NULL THEN 1 ELSE 0 END" if method == "history" else ""
        return sorted(pool.rows(f"SELECT [id], [name]{still} FROM [{schema}].[users]"))

    return read


@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("method", METHODS)
def test_a_commit_without_an_answer_is_looked_up(method, kind, load_here, rows, pool):
    pool.fault(kind, "^COMMIT", skip=1)
    assert load_here(LINES, batch_size_rows=2, **METHODS[method]) == [{"at": 2}, {"at": 6}]
    assert (rows(method), pool.order(waiting=True)) == (RIGHT[method], [])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("first", range(10))
def test_a_connection_that_is_lost_at_any_statement_is_made_up_for(first, method, kind, load_here, rows, pool, schema):
    """Every tenth statement of a load, from the `first` on."""
    for statement in range(first, 100, 10):
        pool.order(drop=schema)
        pool.fault(kind, skip=statement)
        states = load_here(LINES, batch_size_rows=2, **METHODS[method])
        is_through = bool(pool.order(waiting=True))
        pool.order(clear=True)
        assert (states, rows(method)) == ([{"at": 2}, {"at": 6}], RIGHT[method]), statement
        if is_through:
            break
    assert is_through  # at last: each tenth statement before this one was struck
    assert statement > 20
