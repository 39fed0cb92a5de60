"""Killed, cut off and refused while a full table is brought to the source: run again, it is what the source has, and before that it held too much at most."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import command_environment
from singer_commons.errors import DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.pool.patience import TransientSqlError

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).parent / "target-synapse"
HANG_S = 20  # longer than a test waits for the statement to begin, and cut short by the kill
REMOVAL = {True: r"DELETE FROM \[{schema}\]", False: r"UPDATE \[{schema}\].\[users\]"}


def reading(version, ids, keys):
    """A whole reading with a STATE before its last row, so that rows are loaded before the version is activated."""
    rows = [{**record(id=each, name="x"), "version": version} for each in ids]
    end = [{"type": "ACTIVATE_VERSION", "stream": "users", "version": version}, state({"at": "end"})]
    return [schema_line(USERS, keys=keys), *rows[:-1], state({"at": "rows"}), rows[-1], *end]


FIRST = [1, 2, 3]
SECOND = [2, 4, 5]


@pytest.fixture
def present(table, pool, schema):
    """The ids that are in the table and not marked as deleted."""

    def read():
        sql = "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = N'users' AND COLUMN_NAME = N'_sdc_deleted_at' AND TABLE_SCHEMA"
        lives = " WHERE [_sdc_deleted_at] IS NULL" if pool.rows(f"{sql} = N'{schema}'") else ""
        return sorted(key for (key,) in pool.rows(f"SELECT [id] FROM [{schema}].[users]{lives}"))

    return read


# Where the run is when it is killed: the statement that the pool is made to hang at, once the first rows are loaded.
POINTS = {
    "before the last rows": r"INSERT INTO \[{schema}\].\[users\]",
    "before the removal": "removal",
    "inside the transaction, after the removal": r"N'ACTIVATE_VERSION 2'",
}


@pytest.fixture
def killed_at(settings, tmp_path, pool, schema):
    """Runs the second reading until the pool hangs at a statement, and kills it there; returns the states that had gone out behind the first."""

    def run(point, keys, *, hard):
        config = tmp_path / "config.json"
        config.write_text(json.dumps({**settings, "batch_size_rows": 2, "hard_delete": hard}))
        pattern = REMOVAL[hard] if POINTS[point] == "removal" else POINTS[point]
        lines = [json.dumps(line) + "\n" for line in reading(2, SECOND, keys)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        process = subprocess.Popen([COMMAND, "--config", config], env=command_environment(), **pipes)
        process.stdin.writelines(lines[:4])
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"at": "rows"}
        pool.fault("delay", pattern.format(schema=schema), delay_s=HANG_S)
        process.stdin.writelines(lines[4:])
        process.stdin.close()
        assert pool.order(hanging=HANG_S), "the target never came to this point"
        process.kill()
        rest = process.stdout.read()
        process.stdout.close()
        process.wait(10)
        pool.order(clear=True)
        return rest

    return run


@pytest.mark.parametrize(("keys", "hard"), [(("id",), True), ((), False)], ids=["upsert-hard", "append-soft"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again_the_table_is_the_source(point, keys, hard, killed_at, load_here, present):
    load_here(reading(1, FIRST, keys), hard_delete=hard)
    assert killed_at(point, keys, hard=hard) == ""
    assert set(present()) >= {1, 2, 3, 4}
    load_here(reading(3, SECOND, keys), batch_size_rows=2, hard_delete=hard)
    assert present() == SECOND


@pytest.mark.parametrize("keys", [("id",), ()], ids=["upsert", "append"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_gone_on_with_from_the_last_state_under_the_same_version_the_table_is_the_source(point, keys, killed_at, load_here, present):
    load_here(reading(1, FIRST, keys), hard_delete=True)
    killed_at(point, keys, hard=True)
    lines = reading(2, SECOND, keys)
    assert load_here([lines[0], *lines[4:]], batch_size_rows=2, hard_delete=True) == [{"at": "end"}]
    assert present() == SECOND


def test_rows_that_a_killed_run_appended_under_its_version_are_loaded_under_the_next(killed_at, load_here, present, table):
    """The same rows, but not to be left out as loaded before: they would go with the version of the killed run."""
    killed_at("before the removal", (), hard=True)
    load_here(reading(3, SECOND, ()), batch_size_rows=2, hard_delete=True)
    assert table("users", "[id], [_sdc_table_version]") == [(2, 3), (4, 3), (5, 3)]


CUTS = [
    ("disconnect_before", "ALTER TABLE"),
    ("disconnect_after", "ALTER TABLE"),
    ("disconnect_before", "removal"),
    ("disconnect_after", "removal"),
    ("disconnect_after", r"N'ACTIVATE_VERSION 2'"),
]


@pytest.fixture
def _no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("hard", [True, False], ids=["hard", "soft"])
@pytest.mark.parametrize(("kind", "pattern"), CUTS)
def test_a_lost_connection_is_made_up_for(kind, pattern, hard, load_here, present, pool, schema):
    load_here([schema_line(USERS), *(record(id=each) for each in FIRST)])
    pool.fault(kind, (REMOVAL[hard] if pattern == "removal" else pattern).format(schema=schema))
    assert load_here(reading(2, SECOND, ("id",)), hard_delete=hard) == [{"at": "rows"}, {"at": "end"}]
    assert present() == SECOND
    assert pool.order(waiting=True) == []


@pytest.mark.usefixtures("_no_waiting")
@pytest.mark.parametrize("kind", ["disconnect_before", "disconnect_after"])
def test_a_commit_without_an_answer_is_looked_up(kind, load_here, present, pool, schema):
    load_here(reading(1, FIRST, ("id",)), hard_delete=True)
    lines = [schema_line(USERS), {"type": "ACTIVATE_VERSION", "stream": "users", "version": 2}, state({"at": "end"})]
    pool.fault(kind, "^COMMIT")  # no rows are loaded, so this is the removal's
    assert load_here(lines, hard_delete=True) == [{"at": "end"}]
    assert present() == []
    entries = pool.rows(f"SELECT [content], [rows] FROM [{schema}].[_sdc_load_ledger] WHERE [content] = N'ACTIVATE_VERSION 2'")
    assert entries == [("ACTIVATE_VERSION 2", 3)]


@pytest.mark.usefixtures("_no_waiting")
def test_a_pool_that_stays_away_ends_the_run_before_the_state_behind_the_version(load_here, present, pool, schema):
    load_here(reading(1, FIRST, ("id",)), hard_delete=True)
    pool.fault("error", REMOVAL[True].format(schema=schema), number=40613, times=6)
    with pytest.raises(TransientSqlError, match="cannot remove what is not of version 2 from"):
        load_here(reading(2, SECOND, ("id",)), hard_delete=True)
    assert (load_here.states, present()) == ([{"at": "rows"}], [1, 2, 3, 4, 5])


def test_rows_that_cannot_be_loaded_keep_the_others_where_they_are(load_here, present, pool, schema):
    load_here(reading(1, FIRST, ("id",)), hard_delete=True)
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=229)
    with pytest.raises(DestinationError):
        load_here(reading(2, SECOND, ("id",)), hard_delete=True)
    assert (load_here.states, present()) == ([], FIRST)
