"""Paused, warming up, throttled, out of room: what a pool does to its sessions, on demand."""

import pytest
from sandbox.synapse import Fault
from sandbox.synapse.faults import MESSAGES
from sandbox.synapse.weather import TRANSACTION_ROWS
from sandbox.tds.session import Disconnect, SqlError

from .conftest import LOGIN


def login_number(pool):
    try:
        pool.login(LOGIN).close()
    except SqlError as error:
        return error.number
    return None


def test_a_paused_pool_drops_its_sessions_refuses_logins_and_keeps_its_data(pool, connect):
    client = connect()
    client.run("CREATE TABLE t (id int) WITH (HEAP); INSERT INTO t VALUES (1); BEGIN TRAN; INSERT INTO t VALUES (2)")
    pool.weather.change({"state": "paused"})
    with pytest.raises(Disconnect):
        client.run("SELECT 1")
    with pytest.raises(Disconnect):
        client.session.commit()
    assert [login_number(pool), login_number(pool)] == [42108, 42108]
    client.session.close()
    pool.weather.change({"state": "online"})
    assert connect().run("SELECT id FROM t") == [(1,)]


def test_a_pool_that_warms_up_refuses_as_many_logins_as_said(pool):
    pool.weather.change({"state": "warming", "logins": 2})
    assert [login_number(pool) for _ in range(3)] == [42109, 42109, None]
    pool.weather.change({"state": "warming"})
    assert [login_number(pool) for _ in range(3)] == [42109] * 3


def test_on_a_full_disk_nothing_is_written_and_what_frees_room_is_done(pool, client):
    client.run("CREATE TABLE t (id int) WITH (HEAP); INSERT INTO t SELECT 1 UNION ALL SELECT 2")
    pool.weather.change({"disk_full": True})
    writes = ["INSERT INTO t VALUES (3)", "UPDATE t SET id = 3", "CREATE TABLE u WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT id FROM t"]
    assert [client.refused(sql) for sql in writes] == [1105] * 3
    assert client.run("DELETE FROM t WHERE id = 1; SELECT id FROM t") == [(2,)]
    pool.weather.change({"disk_full": False})
    assert client.run("INSERT INTO t VALUES (3)") == 1


def test_a_transaction_over_the_cap_of_its_level_is_rolled_back(pool, client):
    client.run("CREATE TABLE t (id int) WITH (HEAP)")
    pool.weather.change({"transaction_rows": 3})
    client.run("BEGIN TRAN; INSERT INTO t SELECT 1 UNION ALL SELECT 2")
    assert client.refused("UPDATE t SET id = 5") == 9002
    assert client.refused("COMMIT") == 111233
    client.run("ROLLBACK; INSERT INTO t SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3; DELETE FROM t WHERE id = 1")
    assert client.refused("INSERT INTO t SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4") == 9002
    assert client.run("SELECT COUNT(*) FROM t") == [(2,)]


def test_each_level_has_its_documented_cap(pool, client):
    assert (TRANSACTION_ROWS["DW100c"], TRANSACTION_ROWS["DW1000c"], TRANSACTION_ROWS["DW30000c"]) == (240_000_000, 1_800_000_000, 54_000_000_000)
    told = pool.weather.change({"service_level": "DW1000c"})
    assert told == {"state": "online", "service_level": "DW1000c", "transaction_rows": 1_800_000_000, "disk_full": False}
    assert client.run("SELECT DATABASEPROPERTYEX('sales', 'ServiceObjective')") == [("DW1000c",)]
    assert client.run("SELECT service_objective FROM sys.database_service_objectives") == [("DW1000c",)]


@pytest.mark.parametrize(
    ("wish", "words"),
    [({"nosuch": 1}, "not nosuch"), ({"state": "sunny"}, "`state` is"), ({"service_level": "DW7c"}, "`service_level` is"), ({"logins": 0}, "`logins` is"),
     ({"transaction_rows": True}, "`transaction_rows` is"), ({"disk_full": 1}, "`disk_full` is")],
)  # fmt: skip
def test_a_wish_for_no_weather_changes_nothing(pool, wish, words):
    before = pool.weather.to_dict()
    with pytest.raises(ValueError, match=words):
        pool.weather.change({"state": "paused", **wish})
    assert pool.weather.to_dict() == before


@pytest.mark.parametrize("number", sorted(MESSAGES))
def test_every_transient_error_comes_with_its_words_and_severity(pool, client, number):
    pool.faults.add(Fault("error", "SELECT", number=number))
    with pytest.raises(SqlError) as caught:
        client.run("SELECT 1")
    severity, words = MESSAGES[number]
    assert (caught.value.number, caught.value.severity, caught.value.message) == (number, severity, words)


def test_a_fault_can_let_statements_pass_first_and_stay_until_it_is_cleared(pool, client):
    pool.faults.add(Fault("error", "SELECT", number=40501, skip=1, times=0))
    assert client.run("SELECT 1") == [(1,)]
    assert [client.refused("SELECT 1") for _ in range(3)] == [40501] * 3
    pool.faults.clear()
    assert client.run("SELECT 1") == [(1,)]


def test_a_fault_in_the_second_statement_of_a_transaction_leaves_nothing(pool, client):
    client.run("CREATE TABLE t (id int) WITH (HEAP)")
    pool.faults.add(Fault("error", "INSERT INTO t", number=40197, skip=1))
    assert client.refused("BEGIN TRAN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT") == 40197
    client.session.rollback()
    assert client.run("SELECT COUNT(*) FROM t") == [(0,)]
