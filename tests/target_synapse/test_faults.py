"""Killed, cut off and refused at every step of a load: afterwards, the same input leaves exactly the right rows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import command_environment
from singer_commons.errors import DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.pool.patience import TransientSqlError

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).parent / "target-synapse"
HANG_S = 20  # longer than a test waits for the statement to begin, and cut short by the kill


def lines_of(keys):
    """Three batches of two rows; rows 2 and 5 share their key with earlier ones where there are keys."""
    lines = [schema_line(USERS, keys=keys)]
    for number, key in enumerate([1, 2, 2, 3, 1, 4], start=1):
        lines.append(record(id=key, name=f"row {number}"))
        if number % 2 == 0:
            lines.append(state({"at": number}))
    return lines


RIGHT = {
    ("id",): [(1, "row 5"), (2, "row 3"), (3, "row 4"), (4, "row 6")],
    (): [(1, "row 1"), (1, "row 5"), (2, "row 2"), (2, "row 3"), (3, "row 4"), (4, "row 6")],
}
# Where the second batch is when the target is killed: the statement that the pool is made to hang at.
POINTS = {
    "after the upload": r"CREATE TABLE \[{schema}\].\[_sdc_stg",
    "in the middle of COPY": r"COPY INTO \[{schema}\]",
    "after COPY": r"SELECT COUNT_BIG\(\*\) FROM \[{schema}\].\[_sdc_stg",
    "inside the transaction, before the rows": r"INSERT INTO \[{schema}\].\[users\]",
    "inside the transaction, after the rows": r"INSERT INTO \[{schema}\].\[_sdc_load_ledger\]",
    "after the transaction, before STATE": r"DROP TABLE \[{schema}\].\[_sdc_stg",
}

# Likewise, where another way than COPY fills the staging table.
OF_WAYS = {
    "polybase": {
        "before the external table": r"CREATE EXTERNAL TABLE \[{schema}\]",
        "in the middle of reading": r"INSERT INTO \[{schema}\].\[_sdc_stg",
        "before the external table goes": r"DROP EXTERNAL TABLE \[{schema}\].*ext_",
    },
    "adf": {"in the middle of the pipeline": r"COPY INTO \[{schema}\]"},
    "insert": {"in the middle of INSERT": r"INSERT INTO \[{schema}\].\[_sdc_stg"},
}
OTHER_POINTS = [(way, point) for way, points in OF_WAYS.items() for point in (*points, *(one for one in POINTS if one != "in the middle of COPY"))]


@pytest.fixture
def killed_at(settings, tmp_path, pool, schema):
    """Runs the command until the pool hangs at a statement, and kills it there; returns the states that had gone out."""

    def run(point, keys, by=signal.SIGKILL, way="copy"):
        config = tmp_path / "config.json"
        chosen = {name: value for name, value in {**settings, **WAYS[way], "batch_size_rows": 2}.items() if value is not None}
        config.write_text(json.dumps(chosen))
        environment = command_environment()
        process = subprocess.Popen(
            [COMMAND, "--config", config], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        lines = [json.dumps(line) + "\n" for line in lines_of(keys)]
        process.stdin.writelines(lines[:4])
        process.stdin.flush()
        states = [json.loads(process.stdout.readline())]  # the first batch is in its table
        pool.fault("delay", {**POINTS, **OF_WAYS.get(way, {})}[point].format(schema=schema), delay_s=HANG_S)
        process.stdin.writelines(lines[4:])
        process.stdin.close()
        assert pool.order(hanging=HANG_S), "the target never came to this point"
        process.send_signal(by)
        rest = process.stdout.read()
        process.stdout.close()
        told = process.stderr.read()
        process.stderr.close()
        run.ended = (process.wait(10), told.splitlines()[-1:])
        pool.order(clear=True)
        return states + [json.loads(line) for line in rest.splitlines()]

    return run


@pytest.mark.parametrize("keys", RIGHT, ids=["upsert", "append"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again_from_the_start_the_rows_are_right(point, keys, killed_at, load_here, table):
    assert killed_at(point, keys) == [{"at": 2}]
    load_here(lines_of(keys), batch_size_rows=2)
    assert sorted(table("users")) == RIGHT[keys]


@pytest.mark.parametrize("keys", RIGHT, ids=["upsert", "append"])
@pytest.mark.parametrize(("way", "point"), OTHER_POINTS)
def test_killed_on_another_way_and_run_again_the_rows_are_right(way, point, keys, killed_at, load_here, table):
    assert killed_at(point, keys, way=way) == [{"at": 2}]
    load_here(lines_of(keys), batch_size_rows=2, **WAYS[way])
    assert sorted(table("users")) == RIGHT[keys]


def test_killed_on_one_way_and_run_again_on_another_no_row_is_doubled(killed_at, load_here, table):
    killed_at("after the transaction, before STATE", (), way="insert")
    load_here(lines_of(()), batch_size_rows=2)
    assert sorted(table("users")) == RIGHT[()]


@pytest.mark.parametrize("point", ["after COPY", "inside the transaction, after the rows"])
def test_sigterm_in_mid_load_ends_with_143_and_a_true_state_and_the_next_run_is_right(point, killed_at, load_here, table):
    assert killed_at(point, ("id",), by=signal.SIGTERM) == [{"at": 2}]
    assert killed_at.ended == (143, ["target-synapse: ended by SIGTERM; what the last STATE says is done"])
    load_here(lines_of(("id",)), batch_size_rows=2)
    assert sorted(table("users")) == RIGHT[("id",)]


@pytest.mark.parametrize("point", ["after COPY", "inside the transaction, after the rows"])
def test_killed_and_resumed_from_the_last_state_the_rows_are_right(point, killed_at, load_here, table):
    (last,) = killed_at(point, ())
    lines = lines_of(())
    load_here([lines[0], *lines[lines.index(state(last)) + 1 :]], batch_size_rows=2)
    assert sorted(table("users")) == RIGHT[()]


def test_a_run_that_came_to_its_end_is_no_reason_to_leave_out_equal_rows(killed_at, load_here, table):
    killed_at("after COPY", ())
    load_here(lines_of(()), batch_size_rows=2)
    load_here(lines_of(()), batch_size_rows=2)
    assert sorted(table("users")) == sorted(RIGHT[()] * 2)


CUTS = [
    ("disconnect_before", "COPY INTO"),
    ("disconnect_after", "COPY INTO"),
    ("disconnect_before", r"INSERT INTO \[{schema}\].\[users\]"),
    ("disconnect_after", r"INSERT INTO \[{schema}\].\[users\]"),
    ("disconnect_after", r"INSERT INTO \[{schema}\].\[_sdc_load_ledger\]"),
    ("disconnect_before", "^COMMIT"),
    ("disconnect_after", "^COMMIT"),
    ("disconnect_before", "DROP TABLE"),
]


@pytest.fixture
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("keys", RIGHT, ids=["upsert", "append"])
@pytest.mark.parametrize(("kind", "pattern"), CUTS)
def test_a_lost_connection_is_made_up_for(kind, pattern, keys, load_here, table, pool, schema):
    pool.fault(kind, pattern.format(schema=schema))
    states = load_here(lines_of(keys), batch_size_rows=2)
    assert states == [{"at": 2}, {"at": 4}, {"at": 6}]
    assert sorted(table("users")) == RIGHT[keys]
    assert pool.order(waiting=True) == []
    assert pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND LEFT(TABLE_NAME, 8) = N'_sdc_stg'") == []


CUTS_OF_WAYS = [
    ("polybase", "disconnect_before", "CREATE DATABASE SCOPED CREDENTIAL"),
    ("polybase", "disconnect_after", "CREATE DATABASE SCOPED CREDENTIAL"),
    ("polybase", "disconnect_after", "CREATE EXTERNAL DATA SOURCE"),
    ("polybase", "disconnect_after", "CREATE EXTERNAL FILE FORMAT"),
    ("polybase", "disconnect_after", r"CREATE EXTERNAL TABLE \[{schema}\]"),
    ("polybase", "disconnect_after", r"INSERT INTO \[{schema}\].\[_sdc_stg"),
    ("insert", "disconnect_before", r"INSERT INTO \[{schema}\].\[_sdc_stg"),
    ("insert", "disconnect_after", r"INSERT INTO \[{schema}\].\[_sdc_stg"),
]


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize(("way", "kind", "pattern"), CUTS_OF_WAYS)
def test_a_connection_that_is_lost_on_another_way_is_made_up_for(way, kind, pattern, load_here, table, pool, schema):
    pool.fault(kind, pattern.format(schema=schema))
    assert load_here(lines_of(()), batch_size_rows=2, **WAYS[way]) == [{"at": 2}, {"at": 4}, {"at": 6}]
    assert sorted(table("users")) == RIGHT[()]
    assert pool.order(waiting=True) == []


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("number", [40613, 42109, 1205])
def test_a_passing_failure_is_tried_again(number, load_here, table, pool, schema):
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=number, times=2)
    load_here(lines_of(()), batch_size_rows=2)
    assert sorted(table("users")) == RIGHT[()]


@pytest.mark.usefixtures("_no_waiting")
def test_the_statements_of_a_stream_and_the_waits_between_tries_are_counted(load_here, pool, schema):
    load_here(lines_of(()), batch_size_rows=2)
    account = load_here.account
    before = account.streams["users"].calls
    assert (0 < before < account.service.calls, account.beside.calls > 0, account.service.waited_s) == (True, True, 0.0)
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=40613)
    load_here(lines_of(()), batch_size_rows=2)
    again = load_here.account
    assert again.streams["users"].calls > before
    assert again.streams["users"].waited_s == again.service.waited_s > 0


@pytest.mark.usefixtures("_no_waiting")
def test_a_pool_that_stays_away_ends_the_run_without_state(load_here, pool, schema):
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=40613, times=6)
    with pytest.raises(TransientSqlError, match="cannot copy the staged files"):
        load_here(lines_of(()), batch_size_rows=2)
    assert load_here.states == []


def test_rows_lost_on_the_way_are_noticed_and_nothing_is_loaded(load_here, table, monkeypatch):
    """As if COPY had left rows out: the count in the staging table is what decides."""
    monkeypatch.setattr("target_synapse.loading.load.dml.count_rows", lambda table: f"SELECT COUNT_BIG(*) - 1 FROM {table}")
    with pytest.raises(DestinationError, match=r"2 rows were staged for .*, and 1 arrived"):
        load_here(lines_of(()), batch_size_rows=2)
    assert (table("users"), load_here.states) == ([], [])
