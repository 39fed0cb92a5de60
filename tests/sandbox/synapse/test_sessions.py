import threading
from contextlib import closing
from dataclasses import replace

import pytest
from sandbox.synapse import Fault, Pool
from sandbox.tds.session import CancelledError, Disconnect, SqlError

from .conftest import LOGIN, Client


def login_number(pool, **changes):
    with pytest.raises(SqlError) as caught:
        pool.login(replace(LOGIN, **changes))
    return caught.value.number


def test_a_login_needs_the_name_the_password_and_the_database(pool):
    refusals = [
        login_number(pool, password="secret1!"),
        login_number(pool, user="nobody"),
        login_number(pool, database="other"),
        login_number(pool, database=""),
    ]
    assert refusals == [18456, 18456, 4060, 4060]
    pool.login(replace(LOGIN, user="LOADER", database="SALES")).close()


def test_data_and_catalogue_survive_a_restart_when_a_path_is_given(tmp_path):
    with closing(Pool(database="sales", users={"loader": "Secret1!"}, path=tmp_path / "pool.duckdb")) as pool:
        Client(pool.login(LOGIN)).run("CREATE TABLE t (id nvarchar(7)) WITH (DISTRIBUTION = HASH(id)); INSERT INTO t VALUES (N'a')")
    with closing(Pool(database="sales", users={"loader": "Secret1!"}, path=tmp_path / "pool.duckdb")) as pool:
        client = Client(pool.login(LOGIN))
        assert client.run("SELECT id FROM t WHERE id = N'A'") == [("a",)]
        assert client.columns("SELECT id FROM t") == [("id", "nvarchar", 7, 0, 0)]


def test_rollback_undoes_and_commit_keeps(client):
    client.run("CREATE TABLE t (id int)")
    client.session.begin()
    client.run("INSERT INTO t VALUES (1)")
    assert client.run("SELECT @@TRANCOUNT") == [(1,)]
    client.session.rollback()
    client.run("BEGIN TRAN; INSERT INTO t VALUES (2); COMMIT")
    assert client.run("SELECT id FROM t") == [(2,)]
    client.session.rollback()


def test_after_an_error_in_a_transaction_only_rollback_is_taken(client):
    client.run("CREATE TABLE t (id int)")
    client.run("BEGIN TRANSACTION; INSERT INTO t VALUES (1)")
    assert client.refused("SELECT 1 / 0") == 8134
    assert [client.refused("SELECT 1"), client.refused("INSERT INTO t VALUES (2)"), client.refused("COMMIT")] == [111233] * 3
    client.run("ROLLBACK")
    assert client.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_transactions_do_not_nest(client):
    client.session.begin()
    assert client.refused("BEGIN TRANSACTION") == 111211
    client.session.rollback()


def test_what_is_not_committed_is_not_seen_and_goes_with_the_connection(connect):
    one, two = connect(), connect()
    one.run("CREATE TABLE t (id int)")
    one.run("BEGIN TRAN; INSERT INTO t VALUES (1)")
    assert two.run("SELECT COUNT(*) FROM t") == [(0,)]
    one.session.close()
    assert two.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_a_transaction_that_has_only_read_sees_what_others_commit(connect):
    one, two = connect(), connect()
    one.run("CREATE TABLE t (id int)")
    one.session.begin()
    assert one.run("SELECT COUNT(*) FROM t") == [(0,)]
    two.run("INSERT INTO t VALUES (1)")
    assert one.run("SELECT COUNT(*) FROM t") == [(1,)]
    one.session.rollback()


def test_sessions_of_several_threads_make_and_load_tables_at_once(connect):
    clients = [connect() for _ in range(4)]
    clients[0].run("CREATE TABLE ledger (id int)")

    def load(number):
        client = clients[number]
        for turn in range(5):
            client.run(f"CREATE TABLE t{number}_{turn} (id int); INSERT INTO t{number}_{turn} SELECT {turn}")
            client.run(f"BEGIN TRAN; INSERT INTO ledger SELECT id FROM t{number}_{turn}; COMMIT; DROP TABLE t{number}_{turn}")
            client.run("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES")

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clients[0].run("SELECT COUNT(*), SUM(id) FROM ledger") == [(20, 40)]
    assert clients[0].run("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES") == [("ledger",)]


def test_implicit_transactions_begin_with_the_first_statement(client):
    client.run("CREATE TABLE t (id int); SET IMPLICIT_TRANSACTIONS ON; INSERT INTO t VALUES (1); ROLLBACK; SET IMPLICIT_TRANSACTIONS OFF")
    assert client.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_cancel_stops_a_running_statement_from_another_thread(pool, client):
    client.run("CREATE TABLE t (id int)")
    client.run("INSERT INTO t " + " UNION ALL ".join(f"SELECT {number}" for number in range(2000)))
    timer = threading.Timer(0.3, client.session.cancel)
    timer.start()
    with pytest.raises(CancelledError):
        client.run("SELECT COUNT_BIG(*) FROM t AS a CROSS JOIN t AS b CROSS JOIN t AS c CROSS JOIN t AS d WHERE a.id + b.id = c.id - d.id")
    timer.join()
    assert client.run("SELECT COUNT(*) FROM t") == [(2000,)]
    assert [request.status for request in pool.requests][1] == "Cancelled"


def test_a_cancel_that_comes_too_late_does_not_hit_the_next_statement(client):
    client.run("SELECT 1 AS a")
    client.session.cancel()
    assert client.run("SELECT 2 AS a") == [(2,)]


def test_results_that_nobody_reads_to_the_end_are_let_go(client):
    client.run("CREATE TABLE t (id int)")
    client.run("INSERT INTO t " + " UNION ALL ".join(f"SELECT {number}" for number in range(6_000)))
    answers = iter(client.session.execute("SELECT id FROM t", {}))
    assert next(iter(next(answers).rows)) is not None
    answers.close()
    assert client.run("SELECT COUNT(*) FROM t") == [(6_000,)]


def test_cancel_stops_a_delay(pool, client):
    pool.faults.add(Fault("delay", "SELECT", delay_s=60))
    timer = threading.Timer(0.1, client.session.cancel)
    timer.start()
    with pytest.raises(CancelledError):
        client.run("SELECT 1")
    timer.join()


def test_a_fault_strikes_the_statements_it_names_as_often_as_it_says(pool, client):
    client.run("CREATE TABLE t (id int)")
    pool.faults.add(Fault("error", r"insert into t", number=40613, times=2))
    assert client.run("SELECT 1 AS a") == [(1,)]
    assert [client.refused("INSERT INTO t VALUES (1)"), client.refused("INSERT INTO t VALUES (1)")] == [40613, 40613]
    assert client.run("INSERT INTO t VALUES (1)") == 1


def test_a_connection_can_be_lost_before_or_after_a_commit(pool, connect):
    one, two = connect(), connect()
    one.run("CREATE TABLE t (id int)")
    for kind, kept in (("disconnect_before", 0), ("disconnect_after", 1)):
        pool.faults.add(Fault(kind, "^COMMIT"))
        with pytest.raises(Disconnect):
            one.run("BEGIN TRAN; INSERT INTO t VALUES (1); COMMIT")
        one.session.rollback()
        assert two.run("SELECT COUNT(*) FROM t") == [(kept,)]


@pytest.mark.parametrize("number", [42108, 42109, 40613])
def test_a_pool_that_is_paused_or_waking_refuses_the_login(pool, number):
    pool.faults.add(Fault("login_error", number=number))
    assert login_number(pool) == number
    pool.login(LOGIN).close()


def test_faults_go_out_and_come_in_as_plain_values(pool):
    content = {"faults": [{"kind": "error", "pattern": "COPY", "number": 1205, "message": "", "severity": 13, "delay_s": 0.0, "times": 2, "skip": 1}]}
    pool.faults.from_dict(content)
    assert pool.faults.to_dict() == content
    for wrong in (
        {},
        {"faults": [{"kind": "nosuch"}]},
        {"faults": [{"kind": "error"}]},
        {"faults": [{"kind": "delay", "pattern": "("}]},
        {"faults": [5]},
    ):
        with pytest.raises(ValueError, match=r"."):
            pool.faults.from_dict(wrong)
    assert pool.faults.to_dict() == content


def test_sql_text_reaches_no_file(client):
    numbers = [
        client.refused("SELECT * FROM read_csv('/etc/hostname')"),
        client.refused("SELECT * FROM '/etc/hostname'"),
        client.refused("SELECT * FROM pool_store.catalog"),
    ]
    assert numbers[2] == 208
    assert all(numbers)
