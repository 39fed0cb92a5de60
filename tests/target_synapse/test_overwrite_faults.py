"""Cut off and killed at each step of the change of tables: readers find the old table or the new one, and the next run brings it to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from singer_commons.errors import DestinationError
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.loading.leftovers import Leftovers
from target_synapse.pool.connection import Pool
from target_synapse.pool.patience import TransientSqlError
from target_synapse.sql.ledger import ledger_table
from target_synapse.staging.store import StagingStore
from target_synapse.tables.naming import TableName
from target_synapse.tables.swaps import Swaps

pytestmark = pytest.mark.slow

OVERWRITE = {"load_method": "overwrite"}
OLD, NEW = [(1, "old")], [(2, "new"), (3, "new")]
LINES = [schema_line(USERS), record(id=2, name="new"), record(id=3, name="new"), state({"at": "end"})]
STEPS = {
    "the new table": r"CREATE TABLE \[{schema}\]\.\[_sdc_new",
    "its rows": r"INSERT INTO \[{schema}\]\.\[_sdc_new",
    "its rights": r"SELECT p\.state_desc",
    "the decision": r"N'OVERWRITE _sdc_new",
    "the first rename": r"RENAME OBJECT \[{schema}\]\.\[users\]",
    "the second rename": r"RENAME OBJECT \[{schema}\]\.\[_sdc_new",
    "the end of the old table": r"DROP TABLE \[{schema}\]\.\[_sdc_old",
    "the end of the entry": r"step=close",
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.fixture
def tables(pool, schema):
    def read(of=None):
        sql = f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{of or schema}' AND TABLE_NAME <> N'_sdc_load_ledger' ORDER BY 1"
        return [name for (name,) in pool.rows(sql)]

    return read


@pytest.fixture
def _old(load_here):
    load_here([schema_line(USERS), record(id=1, name="old")])


@pytest.mark.usefixtures("_old")
@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_lost_connection_is_made_up_for(step, kind, load_here, table, tables, pool, schema):
    pool.fault(kind, STEPS[step].format(schema=schema))
    assert load_here(LINES, **OVERWRITE) == [{"at": "end"}]
    assert (table("users"), tables(), pool.order(waiting=True)) == (NEW, ["users"], [])


@pytest.mark.usefixtures("_old")
@pytest.mark.parametrize("step", ["its rows", "its rights", "the decision"])
def test_a_refusal_before_the_decision_leaves_the_old_table_and_nothing_else(step, load_here, table, tables, pool, schema):
    pool.fault("error", STEPS[step].format(schema=schema), number=229)
    with pytest.raises(DestinationError):
        load_here(LINES, **OVERWRITE)
    assert (load_here.states, table("users"), tables()) == ([], OLD, ["users"])


@pytest.mark.usefixtures("_old")
@pytest.mark.parametrize("step", ["the first rename", "the second rename"])
@pytest.mark.parametrize("method", ["overwrite", "upsert"])
def test_a_swap_that_was_decided_is_ended_by_the_next_run_whatever_its_method(method, step, load_here, table, tables, pool, schema):
    pool.fault("error", STEPS[step].format(schema=schema), number=40613, times=6)
    with pytest.raises(TransientSqlError):
        load_here(LINES, **OVERWRITE)
    assert (load_here.states, "users" in tables()) == ([], step == "the first rename")
    pool.order(clear=True)
    load_here([schema_line(USERS), record(id=9, name="later"), state({"at": 9})], load_method=method)
    assert (table("users"), tables()) == ([(9, "later")] if method == "overwrite" else [*NEW, (9, "later")], ["users"])


@pytest.mark.usefixtures("_old")
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("first", range(10))
def test_killed_at_any_statement_readers_find_one_of_the_two_tables_or_the_next_run_does(first, done, load_here, table, tables, monkeypatch):
    """Every tenth statement of a load, from the `first` on."""
    for statement in range(first + 1, 200, 10):
        try:
            with killed_after(monkeypatch, statement, done=done):
                load_here(LINES, **OVERWRITE)
        except Killed:
            if "users" in tables():
                assert table("users") in (OLD, NEW)
        else:
            break
        assert load_here([schema_line(USERS), record(id=1, name="old"), state({"at": 1})], **OVERWRITE) == [{"at": 1}]
        assert table("users") == OLD
    assert statement > 25
    assert table("users") == NEW


def sweep(pool, settings, schema, *, later=timedelta(0)):
    reading = Pool(settings)
    swaps, store = Swaps(reading, ledger_table(schema), "sweeper"), StagingStore(settings)
    Leftovers(reading, store, schema, swaps, after_hours=2, now=lambda: datetime.now(UTC) + later).sweep_tables(schema)
    reading.close()
    store.close()


@pytest.mark.usefixtures("_old")
def test_new_tables_of_dead_runs_are_swept_up_and_those_of_living_ones_are_not(load_here, table, tables, pool, schema, settings, monkeypatch):
    with pytest.raises(Killed), killed_after(monkeypatch, 33, done=True):
        load_here([*LINES[:2], state({"at": 2}), *LINES[2:]], batch_size_rows=1, **OVERWRITE)
    (new, *_) = tables()
    assert new.startswith("_sdc_new")
    sweep(pool, settings, schema, later=timedelta(hours=1))
    assert new in tables()
    sweep(pool, settings, schema, later=timedelta(hours=3))
    assert new in tables(), "rows were loaded into it a moment ago: its run may still be at work"
    pool.connection.execute(f"UPDATE [{schema}].[_sdc_load_ledger] SET [committed_at] = DATEADD(hour, -3, SYSUTCDATETIME())")
    sweep(pool, settings, schema, later=timedelta(hours=3))
    assert (table("users"), tables()) == (OLD, ["users"])


@pytest.mark.usefixtures("_old")
def test_a_swap_that_a_dead_run_decided_is_ended_by_a_sweep_even_if_its_stream_never_comes_again(load_here, table, tables, pool, schema, settings):
    pool.fault("error", STEPS["the second rename"].format(schema=schema), number=40613, times=6)
    with pytest.raises(TransientSqlError):
        load_here(LINES, **OVERWRITE)
    sweep(pool, settings, schema, later=timedelta(hours=3))
    assert "users" not in tables(), "a young one may be another run's, which is at it"
    pool.connection.execute(f"UPDATE [{schema}].[_sdc_load_ledger] SET [committed_at] = DATEADD(hour, -3, SYSUTCDATETIME())")
    sweep(pool, settings, schema)
    assert (table("users"), tables()) == (NEW, ["users"])


def test_a_swap_can_be_ended_any_number_of_times(load_here, table, tables, pool, schema, settings):
    load_here([schema_line(USERS), record(id=1, name="old")])
    reading = Pool(settings)
    for _ in range(2):
        Swaps(reading, ledger_table(schema), "r").finish("none", TableName(schema, "users"), TableName(schema, "_sdc_new_x"))
    reading.close()
    assert (table("users"), tables()) == (OLD, ["users"])
