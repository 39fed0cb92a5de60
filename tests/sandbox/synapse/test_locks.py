"""Who changes a table's rows holds it until the transaction ends, and the next one waits."""

import threading

import pytest
from sandbox.tds.session import CancelledError, SqlError

WAIT_LIMIT_S = 20


class Later:
    """Runs one batch in another thread."""

    def __init__(self, client, sql):
        self.client, self.error = client, None
        self._thread = threading.Thread(target=self._run, args=(sql,))
        self._thread.start()

    def _run(self, sql):
        try:
            self.client.run(sql)
        except (SqlError, CancelledError) as error:
            self.error = error

    def waits(self):
        """Whether it is in the queue of locks, once it is there."""
        return self.client.session.pool.locks.until_queued(self.client.session.session_id, WAIT_LIMIT_S)

    def end(self):
        self._thread.join(WAIT_LIMIT_S)
        assert not self._thread.is_alive()
        return self.error


@pytest.fixture
def two(connect):
    one, other = connect(), connect()
    one.run("CREATE TABLE t (id int) WITH (HEAP); INSERT INTO t VALUES (1); CREATE TABLE u (id int) WITH (HEAP); INSERT INTO u VALUES (1)")
    return one, other


@pytest.mark.parametrize(
    "sql", ["UPDATE t SET id = id + 10", "DELETE FROM t", "INSERT INTO t VALUES (5)", "DROP TABLE t", "ALTER TABLE t ADD x int NULL"]
)
def test_a_change_waits_for_the_transaction_that_changed_the_table_first(two, sql):
    one, other = two
    one.run("BEGIN TRAN; UPDATE t SET id = 2")
    later = Later(other, sql)
    assert later.waits()
    one.run("COMMIT")
    assert later.end() is None


def test_what_waited_sees_what_was_committed(two):
    one, other = two
    one.run("BEGIN TRAN; UPDATE t SET id = 2")
    later = Later(other, "BEGIN TRAN; UPDATE t SET id = id + 10; COMMIT")
    assert later.waits()
    one.run("COMMIT")
    assert (later.end(), one.run("SELECT id FROM t")) == (None, [(12,)])


def test_inserts_and_readers_wait_for_nobody(two):
    one, other = two
    one.run("BEGIN TRAN; INSERT INTO t VALUES (2)")
    assert other.run("INSERT INTO t VALUES (3)") == 1
    assert other.run("SELECT COUNT(*) FROM t") == [(2,)]
    one.run("COMMIT")
    assert other.run("SELECT COUNT(*) FROM t") == [(3,)]


def test_of_two_that_wait_for_each_other_one_is_the_victim(two):
    one, other = two
    one.run("BEGIN TRAN; UPDATE t SET id = 2")
    other.run("BEGIN TRAN; UPDATE u SET id = 2")
    later = Later(other, "UPDATE t SET id = 3")
    assert later.waits()
    assert one.refused("UPDATE u SET id = 3") == 1205
    one.run("ROLLBACK")
    later.end()
    other.run("ROLLBACK")


def test_a_wait_ends_with_a_cancel_or_with_the_lock_timeout(two):
    one, other = two
    one.run("BEGIN TRAN; UPDATE t SET id = 2")
    later = Later(other, "DELETE FROM t")
    assert later.waits()
    other.session.cancel()
    assert isinstance(later.end(), CancelledError)
    assert other.refused("SET LOCK_TIMEOUT 10; DELETE FROM t") == 1222
    one.session.close()
    assert other.run("DELETE FROM t") == 1


def test_locks_are_seen_in_their_view(two):
    one, other = two
    one.run("BEGIN TRAN; UPDATE t SET id = 2")
    sql = "SELECT session_id, object_name, state FROM sys.dm_pdw_lock_waits"
    assert other.run(sql) == [(one.session.session_id, "dbo.t", "Granted")]
    one.run("ROLLBACK")
    assert other.run(sql) == []
