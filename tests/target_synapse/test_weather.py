"""A pool that is paused, warming up, throttled, out of room or failing over: waited for as long as the settings say, or told in one line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import time_machine
from singer_commons.errors import CredentialsError, DestinationError, SuiteError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.pool.connection import Pool
from target_synapse.pool.odbc import TRANSIENT
from target_synapse.pool.patience import ATTEMPTS, MAX_POOL_WAIT_S, Patience, PoolAwayError, TransientSqlError
from target_synapse.target import TargetSynapse

LINES = [schema_line(USERS), record(id=1, name="a"), state({"at": 1}), record(id=2, name="b"), state({"at": 2})]
ALL = [(1, "a"), (2, "b")]


@pytest.fixture
def waits(monkeypatch):
    """The waits, in seconds, without waiting; `waits.then[n]` is done at the n-th, from 1."""

    class Waits(list):
        def __init__(self):
            super().__init__()
            self.then = {}

        def sleep(self, seconds):
            self.append(seconds)
            self.then.get(len(self), lambda: None)()

    made = Waits()
    monkeypatch.setattr("tenacity.nap.time.sleep", made.sleep)
    return made


def test_a_paused_pool_ends_the_run_at_once_and_clearly(load_here, pool, waits, schema):
    pool.weather(state="paused")
    with pytest.raises(
        PoolAwayError, match=r"cannot connect to 127\.0\.0\.1: Can not connect to the SQL pool since it is paused\..*\(42108\)"
    ) as caught:
        load_here(LINES)
    assert caught.value.hint == "resume the pool, then run again; `wait_for_pool_s` lets a run wait for that"
    assert (waits, load_here.states) == ([], [])


def test_a_paused_pool_is_waited_for_as_long_as_the_settings_say_and_no_longer(load_here, pool, waits):
    pool.weather(state="paused")
    with pytest.raises(PoolAwayError, match="42108"):
        load_here(LINES, wait_for_pool_s=300)
    assert sum(waits) == pytest.approx(300)
    assert max(waits) <= MAX_POOL_WAIT_S + 1


def test_a_pool_that_is_resumed_while_it_is_waited_for_takes_the_load(load_here, pool, waits, table):
    pool.weather(state="paused")
    waits.then = {8: lambda: pool.weather(state="warming", logins=3), 12: lambda: pool.fault("login_error", number=18456)}
    assert load_here(LINES, wait_for_pool_s=3600)[-1] == {"at": 2}
    assert table("users") == ALL
    assert len(waits) >= 11


def test_a_login_that_a_waking_pool_does_not_know_yet_is_tried_again_and_an_unknown_one_is_not(pool, settings, waits):
    pool.fault("login_error", number=42109)
    pool.fault("login_error", number=18456)
    assert Pool({**settings, "wait_for_pool_s": 60}).repeated(lambda: 7) == 7
    patient = Pool({**settings, "wait_for_pool_s": 60})
    assert patient.repeated(lambda: patient.number("SELECT 1", doing="asked")) == 1
    assert len(waits) == 2
    wrong = Pool({**settings, "password": "wrong", "wait_for_pool_s": 60})
    with pytest.raises(CredentialsError):
        wrong.repeated(lambda: wrong.number("SELECT 1", doing="asked"))
    assert len(waits) == 2


def test_a_pool_that_is_warming_up_gets_half_a_minute_without_a_setting(pool, settings, waits):
    pool.weather(state="warming", logins=4)
    mine = Pool(settings)
    assert mine.repeated(lambda: mine.number("SELECT 1", doing="asked")) == 1
    assert len(waits) == 4
    pool.weather(state="warming")
    with pytest.raises(PoolAwayError) as caught:
        Pool(settings).repeated(lambda: Pool(settings).number("SELECT 1", doing="asked"))
    assert caught.value.hint == "run again in a few minutes; `wait_for_pool_s` lets a run wait longer"
    assert len(waits) == 4 + ATTEMPTS - 1


@pytest.mark.parametrize(
    ("kind", "point"), [("before", "COPY INTO"), ("after", r"INSERT INTO \[{schema}\].\[users\]"), ("before", "^COMMIT"), ("after", "^COMMIT")]
)
def test_a_pool_that_fails_over_in_the_middle_of_a_load_is_found_again_and_each_row_is_there_once(kind, point, load_here, pool, schema, waits, table):
    """Cut off, and then not available for some logins: what landed is asked of the ledger."""
    pool.fault(f"disconnect_{kind}", point.format(schema=schema))
    waits.then = {1: lambda: pool.fault("login_error", number=40613, times=3)}
    lines = [schema_line(USERS, keys=()), *LINES[1:]]
    assert load_here(lines, batch_size_rows=1) == [{"at": 1}, {"at": 2}]
    assert sorted(table("users")) == ALL
    assert pool.order(waiting=True) == []


def test_a_pool_that_is_paused_in_mid_run_and_resumed_takes_the_rest(load_here, pool, schema, waits, table, monkeypatch):
    """Its sessions are gone: the transaction that was open is asked for in the ledger, and done again."""
    pool.fault("disconnect_after", rf"INSERT INTO \[{schema}\].\[users\]")
    waits.then = {1: lambda: pool.weather(state="paused"), 4: lambda: pool.weather(state="online")}
    assert load_here(LINES, batch_size_rows=1, wait_for_pool_s=600) == [{"at": 1}, {"at": 2}]
    assert table("users") == ALL


MID = {"polybase": r"INSERT INTO \[{schema}\].\[_sdc_stg", "insert": r"INSERT INTO \[{schema}\].\[_sdc_stg", "adf": r"COPY INTO \[{schema}\]"}


@pytest.mark.slow
@pytest.mark.parametrize("away", ["failing over", "paused"])
@pytest.mark.parametrize("point", ["staging", "transaction", "commit"])
@pytest.mark.parametrize("way", MID)
def test_on_other_ways_too_a_pool_that_goes_away_in_the_middle_takes_each_row_once(way, point, away, load_here, pool, schema, waits, table):
    """While rows are staged (by the pipeline, if one does it), within the transaction, and at its end."""
    pattern = {"staging": MID[way], "transaction": r"INSERT INTO \[{schema}\].\[users\]", "commit": "^COMMIT"}[point]
    pool.fault("disconnect_after", pattern.format(schema=schema))
    if away == "paused":
        waits.then = {1: lambda: pool.weather(state="paused"), 4: lambda: pool.weather(state="online")}
    else:
        waits.then = {1: lambda: pool.fault("login_error", number=40613, times=3)}
    lines = [schema_line(USERS, keys=()), *LINES[1:]]
    assert load_here(lines, batch_size_rows=1, wait_for_pool_s=600, **WAYS[way]) == [{"at": 1}, {"at": 2}]
    assert (sorted(table("users")), pool.order(waiting=True), len(waits) >= 4) == (ALL, [], True)


def test_a_pause_between_two_batches_is_no_matter_to_a_slow_tap(pool, settings, waits):
    """Whoever ends idle sessions: the next statement finds a new connection."""
    mine = Pool(settings)
    assert mine.number("SELECT 1", doing="asked") == 1
    pool.weather(state="paused")
    with pytest.raises(TransientSqlError):
        mine.number("SELECT 1", doing="asked")
    pool.weather(state="online")
    assert mine.number("SELECT 2", doing="asked") == 2


@pytest.mark.parametrize("number", [10928, 10929, 10936, 40501, 49918, 49919, 49920])
def test_a_pool_that_is_asked_too_much_is_left_alone_for_ten_seconds_at_least(number, pool, settings, waits):
    pool.fault("error", "SELECT 41", number=number)
    mine = Pool(settings)
    assert mine.repeated(lambda: mine.number("SELECT 41", doing="asked")) == 41
    assert [wait >= 10 for wait in waits] == [True]


@pytest.mark.parametrize("number", [20, 64, 121, 233, 1204, 1205, 1222, 4221, 10053, 10054, 10060, 40143, 40197, 40540, 40613, 42109])
def test_every_passing_failure_is_tried_again(number, pool, settings, waits):
    pool.fault("error", "SELECT 42", number=number)
    mine = Pool(settings)
    assert mine.repeated(lambda: mine.number("SELECT 42", doing="asked")) == 42
    assert len(waits) == 1


def test_every_number_that_passes_is_tried_here():
    of_tests = {number for name in ("test_every_passing_failure_is_tried_again", "test_a_pool_that_is_asked_too_much_is_left_alone_for_ten_seconds_at_least")
                for mark in globals()[name].pytestmark for number in mark.args[1]}  # fmt: skip
    assert of_tests == TRANSIENT


def test_a_database_that_is_moved_in_mid_run_is_found_again_and_one_that_never_was_there_is_not(pool, settings, waits):
    """4060 is both: cannot open the database."""
    mine = Pool(settings)
    assert mine.number("SELECT 1", doing="asked") == 1
    mine.close()
    pool.fault("login_error", number=4060, times=2)
    assert mine.repeated(lambda: mine.number("SELECT 2", doing="asked")) == 2
    assert len(waits) == 2
    with pytest.raises(CredentialsError, match="4060"):
        Pool({**settings, "database": "nosuch"}).repeated(lambda: Pool({**settings, "database": "nosuch"}).number("SELECT 1", doing="asked"))
    assert len(waits) == 2


@pytest.mark.parametrize("way", ["copy", pytest.param("insert", marks=pytest.mark.slow)])
def test_rows_of_a_slow_tap_are_loaded_at_its_first_state_after_five_minutes(way, pool, schema, settings, capsys):
    """Three rows a minute would fill a batch in weeks."""

    def lines():
        yield schema_line(USERS)
        for number in range(1, 25):
            clock.shift(20)
            yield record(id=number, name="a")
            yield state({"at": number})

    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        TargetSynapse(config={name: value for name, value in {**settings, **WAYS[way]}.items() if value is not None}).listen(Slow(lines()))
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"at": 16}, {"at": 24}]
    assert sorted(pool.rows(f"SELECT [rows] FROM [{schema}].[_sdc_load_ledger]")) == [(8,), (16,)]


class Slow:
    """A pipe that gives a line at a time."""

    def __init__(self, lines):
        self._lines = lines

    def read1(self, size):
        return next((json.dumps(line).encode() + b"\n" for line in self._lines), b"")


def test_the_waits_between_tries_grow_and_vary(waits):
    def failing():
        raise TransientSqlError("lost")

    with pytest.raises(TransientSqlError):
        Patience().repeated(failing)
    assert [first <= wait <= first + 1 for first, wait in zip([1, 2, 4, 8, 16], waits, strict=True)] == [True] * 5
    assert all(wait % 1 for wait in waits)


def test_patience_starts_anew_for_each_piece_of_work(waits):
    def failing():
        raise PoolAwayError("away", is_paused=True)

    patience = Patience(wait_for_pool_s=10)
    for _ in range(2):
        with pytest.raises(PoolAwayError):
            patience.repeated(failing)
    assert sum(waits) == pytest.approx(20)


def test_a_pool_without_room_ends_the_run_with_what_to_do_and_what_came_before_is_safe(load_here, pool, schema, table):
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=1105, skip=1)
    with pytest.raises(DestinationError, match=r"cannot load .*\(1105\)") as caught:
        load_here(LINES, batch_size_rows=1)
    assert caught.value.hint.startswith("the pool is out of room: remove what nobody needs, or raise its maximum size")
    assert (table("users"), load_here.states) == ([(1, "a")], [{"at": 1}])
    assert load_here([LINES[0], *LINES[3:]], batch_size_rows=1) == [{"at": 2}]
    assert table("users") == ALL


def test_a_pool_that_is_full_from_the_start_says_so_before_a_row_is_read(load_here, pool):
    pool.weather(disk_full=True)
    with pytest.raises(DestinationError, match=r"\(1105\)"):
        load_here(LINES)
    assert load_here.states == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_for_rejected_rows_ends_the_run_before_the_rows_beside_them_are_loaded(load_here, table):
    with pytest.raises(SuiteError, match="the rejects file /dev/full cannot be written"):
        load_here([LINES[0], record(id="no number"), *LINES[1:]], rejects_path="/dev/full")
    assert (table("users"), load_here.states) == ([], [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_for_the_run_log_is_told_and_takes_nothing_from_the_load(load, table):
    run = load(LINES, run_log_path="/dev/full")
    assert run.states[-1] == {"at": 2}
    assert "/dev/full" in run.stderr
    assert table("users") == ALL
