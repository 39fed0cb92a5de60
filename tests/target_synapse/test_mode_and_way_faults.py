"""Each write mode on each way into the pool: cut off at COMMIT, and killed within the transaction."""

from __future__ import annotations

import pytest
from synapse_support.dying import DeathAt, Killed, killed_by
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS

MODES = {
    "append": {"load_method": "append-only"},
    "delete_insert": {"load_method": "upsert"},
    "merge": {"load_method": "upsert", "upsert_with": "merge"},
    "overwrite": {"load_method": "overwrite"},
    "history": {"load_method": "history"},
}
LINES = [
    schema_line(USERS),
    record(id=1, name="a"),
    record(id=2, name="b"),
    state({"at": 1}),
    record(id=1, name="A"),
    record(id=3, name="c"),
    state({"at": 2}),
]
NEWEST = [(1, "A"), (2, "b"), (3, "c")]
RIGHT = {"append": sorted([*NEWEST, (1, "a")]), "history": [(1, "A", 1), (1, "a", 0), (2, "b", 1), (3, "c", 1)]}
OLD = [(9, "old")]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.fixture
def rows(pool, schema):
    """What is in the table, and of a history whether it holds still."""

    def read(mode):
        still = ", CASE WHEN [_sdc_valid_to] IS NULL THEN 1 ELSE 0 END" if mode == "history" else ""
        return sorted(pool.rows(f"SELECT [id], [name]{still} FROM [{schema}].[users]"))

    return read


@pytest.mark.slow
@pytest.mark.parametrize("way", [name for name in WAYS if name != "copy"])
@pytest.mark.parametrize("mode", MODES)
def test_commits_without_an_answer_are_looked_up(mode, way, load_here, rows, pool):
    """The first does not land, the second does."""
    pool.fault("disconnect_before", "^COMMIT")
    pool.fault("disconnect_after", "^COMMIT", skip=1)  # behind the first, which is made again
    states = load_here(LINES, batch_size_rows=2, **WAYS[way], **MODES[mode])
    wanted = [{"at": 2}] if mode == "overwrite" else [{"at": 1}, {"at": 2}]
    assert (states, rows(mode), pool.order(waiting=True)) == (wanted, RIGHT.get(mode, NEWEST), [])


@pytest.mark.slow
@pytest.mark.parametrize("way", [name for name in WAYS if name != "copy"])
@pytest.mark.parametrize("mode", MODES)
def test_killed_within_the_second_transaction_and_run_again_the_rows_are_right(mode, way, load_here, rows, schema, monkeypatch):
    before, changes = [], {"batch_size_rows": 2, **WAYS[way], **MODES[mode]}
    if mode == "overwrite":
        before = OLD
        load_here([LINES[0], record(id=9, name="old")], **WAYS[way])
    with pytest.raises(Killed), killed_by(monkeypatch, DeathAt(f"INSERT INTO [{schema}].[_sdc_load_ledger]", 2)):
        load_here(LINES, **changes)
    states = load_here.states
    assert states == ([] if before else [{"at": 1}])
    if before:
        assert rows(mode) == before  # readers see the old table until the new one is whole
    states = load_here([LINES[0], *LINES[LINES.index(state(states[-1])) + 1 :]] if states else LINES, **changes)
    assert (states, rows(mode)) == ([{"at": 2}], RIGHT.get(mode, NEWEST))
