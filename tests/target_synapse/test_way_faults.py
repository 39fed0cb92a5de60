"""Cut off and killed at every statement and every call, on each way into the pool: the rows are right, and so is STATE, and nothing stays behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sandbox.http.faults import Fault
from singer_commons.errors import DestinationError
from synapse_support.dying import Killed, NewDeath, killed_by
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.striking import Strikes, calls_watched, watched
from synapse_support.ways import WAYS
from target_synapse.loading.leftovers import Leftovers
from target_synapse.pool.connection import Pool
from target_synapse.ways.choice import chosen, needs_storage

OTHER_WAYS = {**{name: way for name, way in WAYS.items() if way}, "parquet": {"stage_format": "parquet"}}
BATCH_ROWS = 4
LINES = [
    schema_line(USERS),
    schema_line(USERS, keys=(), stream="events"),
    record(id=1, name="a"),
    record(id=2, name="b"),
    record("events", id=1, name="came"),
    record("events", id=1, name="came"),
    state({"at": 1}),
    record(id=1, name="A"),
    record(id=3, name=""),
    state({"at": 2}),
]
STATES = [{"at": 1}, {"at": 2}]
RIGHT = {"users": [(1, "A"), (2, "b"), (3, "")], "events": [(1, "came"), (1, "came")]}
OWN = (*RIGHT, "_sdc_load_ledger")
EXTERNAL = ("external_tables", "external_data_sources", "external_file_formats", "database_scoped_credentials")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("singer_commons.http.HttpClient._counted_sleep", lambda _self, _wait_s: None)


@pytest.fixture
def begin(pool, schema):
    """Has a load begin in an empty database."""
    return lambda: pool.order(drop=schema)


@pytest.fixture
def content(pool, schema):
    """The rows of each table."""
    return lambda: {name: sorted(pool.rows(f"SELECT [id], [name] FROM [{schema}].[{name}]")) for name in RIGHT}


@pytest.fixture
def left(pool, schema, staged):
    """What stays behind: tables, PolyBase's objects and files."""

    def read():
        own = ", ".join(f"N'{name}'" for name in OWN)
        tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME NOT IN ({own})")
        return [*tables, *(row for view in EXTERNAL for row in pool.rows(f"SELECT name FROM sys.{view}")), *staged()]

    return read


@pytest.fixture
def sweep(settings, schema):
    """Sweeps up as a run does that begins hours later."""

    def run(way):
        from target_synapse.staging.store import StagingStore  # noqa: PLC0415 - as the target has it

        config = {name: value for name, value in {**settings, **way}.items() if value is not None}
        pool, remote = Pool(config), StagingStore(config) if needs_storage(config) else None
        _, store = chosen(config, pool, remote, "sweeper")
        leftovers = Leftovers(pool, store, schema, after_hours=2, now=lambda: datetime.now(UTC) + timedelta(hours=3))
        leftovers.sweep_files()
        leftovers.sweep_external()
        leftovers.sweep_tables(schema)
        pool.close()
        store.close()

    return run


@pytest.mark.slow
@pytest.mark.timeout(600)  # ten seconds, where nothing else runs
@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
@pytest.mark.parametrize("name", OTHER_WAYS)
def test_a_connection_that_is_lost_at_any_statement_is_made_up_for(name, kind, begin, load_here, content, left, pool, monkeypatch):
    # So few apart that a piece of work, of which polybase's are the longest, still comes to its end within its tries.
    strikes = Strikes.at_statements(pool, kind, apart=6 if name == "polybase" else 4)
    for struck in strikes.until_all_are_struck():
        begin()
        with watched(monkeypatch, strikes):
            states = load_here(LINES, batch_size_rows=BATCH_ROWS, **OTHER_WAYS[name])
        assert (states, content(), left()) == (STATES, RIGHT, []), struck
    assert strikes.idle <= set(strikes.struck)  # what has nothing to do at one time has at another
    assert len(strikes.struck) > 20


@pytest.mark.slow
@pytest.mark.timeout(600)  # ten seconds, where nothing else runs
@pytest.mark.parametrize(("done", "again"), [(False, "from the start"), (True, "from the last state")], ids=["before", "after"])
@pytest.mark.parametrize("name", [name for name in OTHER_WAYS if name != "parquet"])
def test_killed_at_any_step_and_run_again_the_rows_are_right(name, done, again, load_here, content, left, sweep, monkeypatch):
    """Each run but the last is killed at a step that none before it came to, and what it left is for the next.

    Behind one statement the pool is as it is before the next: each of its conditions is met by a run from the start and by one from the last state.
    """
    known, states, is_killed = [], [], True
    while is_killed:
        lines = [*LINES[:2], *LINES[LINES.index(state(states[-1])) + 1 :]] if states and again == "from the last state" else LINES
        try:
            with killed_by(monkeypatch, NewDeath(known, done=done)):
                load_here(lines, batch_size_rows=BATCH_ROWS, **OTHER_WAYS[name])
        except Killed:
            states += load_here.states
        else:
            is_killed = False
    assert (content(), (states + load_here.states)[-1]) == (RIGHT, STATES[-1])
    assert len(known) > 25
    sweep(OTHER_WAYS[name])
    assert left() == []


CALLS = {
    "lost before": {"cut": True},
    "lost after": {"cut": True, "after_effect": True},
    "429": {"status": 429, "headers": {"Retry-After": "0"}},
    "500": {"status": 500},
    "500 after": {"status": 500, "after_effect": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CALLS)
def test_a_call_of_the_pipelines_that_fails_is_made_up_for(kind, begin, load_here, content, left, pipelines, monkeypatch):
    strikes = Strikes(lambda _url: pipelines.faults.plan(Fault(**CALLS[kind])), apart=2)
    for struck in strikes.until_all_are_struck():
        begin()
        pipelines.stand.runs.clear()
        with calls_watched(monkeypatch, strikes):
            states = load_here(LINES, batch_size_rows=BATCH_ROWS, **WAYS["adf"])
        assert (states, content(), left(), pipelines.faults.to_json()) == (STATES, RIGHT, [], []), struck
        assert len(pipelines.stand.runs) == 3  # one for each batch of a stream
    assert sorted(url.partition("?")[0].rpartition("/factories/")[2] for url in strikes.struck) == [
        "f/pipelineruns/0",
        "f/pipelines/load/createRun",
        "f/queryPipelineRuns",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", CALLS)
def test_a_call_that_cancels_a_pipeline_is_made_again_if_it_fails(kind, load_here, left, pipelines):
    pipelines.stand.change({"next": ["hold"]})
    pipelines.faults.plan(Fault(path="*/cancel", **CALLS[kind]))
    with pytest.raises(DestinationError, match="and was cancelled"):
        load_here(LINES, adf_timeout_minutes=0.002, **WAYS["adf"])
    (run,) = pipelines.stand.runs.values()
    assert (run.cancelled.is_set(), left(), load_here.states, pipelines.faults.to_json()) == (True, [], [], [])
