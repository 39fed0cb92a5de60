"""Users with some rights and no others: what each statement needs, and what a pool says to who lacks it."""

from __future__ import annotations

import re

import pytest
from sandbox.tds.session import Login, SqlError

from .conftest import LOGIN, Client

HEAP = "WITH (HEAP, DISTRIBUTION = ROUND_ROBIN)"
MASTER = Login(user="loader", password="Secret1!", database="master", application="tests", host="here")
RITA = Login(user="rita", password="Rita-pw-1", database="sales", application="tests", host="here")


@pytest.fixture
def rita(pool, client):
    """A session of a user who has no right yet; `rita.may(...)` has rights granted to her."""
    master = Client(pool.login(MASTER))
    master.run("CREATE LOGIN rita WITH PASSWORD = 'Rita-pw-1'")
    client.run("CREATE USER [Rita R] FOR LOGIN rita")
    client.run("CREATE SCHEMA s")
    client.run(f"CREATE TABLE s.t (a int, b int) {HEAP}")
    session = Client(pool.login(RITA))
    session.may = lambda *rights: [client.run(f"GRANT {right} TO [rita r]") for right in rights]
    yield session
    session.session.close()
    master.session.close()


# A statement; the rights it needs, each with the number of what is said where it alone lacks.
NEEDED = [
    ("SELECT a FROM s.t", {"SELECT ON SCHEMA::s": 229}),
    ("INSERT INTO s.t (a) VALUES (1)", {"INSERT ON SCHEMA::s": 229}),
    ("INSERT INTO s.t SELECT * FROM s.t", {"INSERT ON SCHEMA::s": 229, "SELECT ON s.t": 229}),
    ("DELETE FROM s.t", {"DELETE ON s.t": 229}),
    ("DELETE FROM s.t WHERE a = 1", {"DELETE ON s.t": 229, "SELECT ON s.t": 229}),
    ("UPDATE s.t SET a = NULL", {"UPDATE ON s.t": 229}),
    ("UPDATE s.t SET a = b", {"UPDATE ON s.t": 229, "SELECT ON s.t": 229}),
    ("UPDATE q SET a = 1 FROM s.t AS q WHERE q.a = 2", {"UPDATE ON SCHEMA::s": 229, "SELECT ON DATABASE::sales": 229}),
    ("MERGE INTO s.t AS t USING s.t AS u ON t.a = u.a WHEN MATCHED THEN DELETE;", {"DELETE ON s.t": 229, "SELECT ON s.t": 229}),
    (f"CREATE TABLE s.made (a int) {HEAP}", {"CREATE TABLE": 262, "ALTER ON SCHEMA::s": 2760}),
    (f"CREATE TABLE s.made {HEAP} AS SELECT a FROM s.t", {"CREATE TABLE": 262, "ALTER ON SCHEMA::s": 2760, "SELECT ON s.t": 229}),
    ("CREATE VIEW s.v AS SELECT a FROM s.t", {"CREATE VIEW": 262, "ALTER ON SCHEMA::s": 2760, "SELECT ON s.t": 229}),
    ("CREATE PROCEDURE s.p AS SELECT 1", {"CREATE PROCEDURE": 262, "ALTER ON SCHEMA::s": 2760}),
    ("CREATE SCHEMA own", {"CREATE SCHEMA": 262}),
    ("DROP SCHEMA s", {"CONTROL ON SCHEMA::s": 15151}),
    ("DROP TABLE s.t", {"ALTER ON SCHEMA::s": 3701}),
    ("DROP TABLE s.t", {"CONTROL ON s.t": 3701}),
    ("TRUNCATE TABLE s.t", {"ALTER ON s.t": 4701}),
    ("ALTER TABLE s.t ADD c int", {"ALTER ON SCHEMA::s": 4902}),
    ("ALTER TABLE s.t ALTER COLUMN a bigint", {"ALTER ANY SCHEMA": 4902}),
    ("RENAME OBJECT s.t TO u", {"ALTER ON s.t": 15247}),
    ("ALTER SCHEMA dbo TRANSFER OBJECT::s.t", {"ALTER ON s.t": 15247, "ALTER ON SCHEMA::dbo": 2760}),
    ("CREATE STATISTICS x ON s.t (a)", {"ALTER ON s.t": 1088}),
    ("UPDATE STATISTICS s.t", {"ALTER ON s.t": 1088}),
    ("DROP STATISTICS s.t.st", {"ALTER ON s.t": 1088}),
    ("ALTER INDEX ALL ON s.t REBUILD", {"CONTROL ON SCHEMA::s": 1088}),
    ("GRANT SELECT ON s.t TO public", {"CONTROL ON s.t": 15151}),
    ("GRANT SELECT ON SCHEMA::s TO public", {"CONTROL ON SCHEMA::s": 15151}),
    ("CREATE MASTER KEY", {"CONTROL": 15247}),
    ("CREATE USER other WITHOUT LOGIN", {"CONTROL": 15247}),
    ("CREATE EXTERNAL FILE FORMAT f WITH (FORMAT_TYPE = PARQUET)", {"ALTER ANY EXTERNAL FILE FORMAT": 262}),
]  # fmt: skip


def in_schema(text, place):
    """The text with a schema of its own in the place of `s`."""
    return re.sub(r"\bs(?=\.\w)|(?<=SCHEMA::)s\b|(?<=SCHEMA )s$", f"s{place}", text)


def test_a_statement_is_refused_for_each_right_that_lacks_and_runs_with_all(rita, client):
    for place, (text, needed) in enumerate(NEEDED):
        sql, rights = in_schema(text, place), {in_schema(right, place): number for right, number in needed.items()}
        client.run(f"CREATE SCHEMA s{place}")
        if text != "DROP SCHEMA s":
            client.run(f"CREATE TABLE s{place}.t (a int, b int) {HEAP}; CREATE STATISTICS st ON s{place}.t (b)")
        for missing, number in rights.items():
            rita.may(*(right for right in rights if right != missing))
            assert (sql, missing, rita.refused(sql)) == (sql, missing, number)
            for right in rights:
                client.run(f"REVOKE {right} TO [Rita R]")
        rita.may(*rights)
        rita.run(sql)
        for right in rights:
            if "DROP " not in sql and "RENAME" not in sql and "TRANSFER" not in sql:  # then what the right was on is not there
                client.run(f"REVOKE {right} TO [Rita R]")


def test_copy_needs_the_right_to_load_and_to_insert(rita, stage, client):
    stage.put("1.csv", b"1,2\n")
    sql = stage.copy("s.t", "1.csv")
    assert rita.refused(sql) == 4834
    rita.may("ADMINISTER DATABASE BULK OPERATIONS")
    assert rita.refused(sql) == 229
    rita.may("INSERT ON SCHEMA::s")
    rita.run(sql)
    assert client.run("SELECT a, b FROM s.t") == [(1, 2)]


def test_a_denial_goes_before_a_grant_and_control_implies_all(rita, client):
    rita.may("CONTROL")
    assert rita.run("SELECT COUNT(*) FROM s.t") == [(0,)]
    client.run("DENY SELECT ON s.t TO [Rita R]")
    assert rita.refused("SELECT a FROM s.t") == 229
    client.run("REVOKE SELECT ON s.t TO [Rita R]; GRANT SELECT ON s.t TO public; REVOKE CONTROL TO [Rita R]")
    assert rita.run("SELECT COUNT(*) FROM s.t") == [(0,)]


def test_who_makes_a_schema_or_is_named_in_it_owns_what_is_there(rita, client):
    rita.may("CREATE SCHEMA", "CREATE TABLE")
    rita.run("CREATE SCHEMA hers")
    client.run("CREATE SCHEMA given AUTHORIZATION [Rita R]")
    for schema in ("hers", "given"):
        rita.run(f"CREATE TABLE {schema}.t (a int) {HEAP}")
        rita.run(f"INSERT INTO {schema}.t (a) VALUES (1)")
        assert rita.run(f"SELECT a FROM {schema}.t") == [(1,)]


def test_a_procedure_and_a_view_may_do_what_their_owner_may(rita, client):
    client.run("CREATE VIEW s.v AS SELECT a FROM s.t")
    client.run("CREATE PROCEDURE s.p AS INSERT INTO s.t (a) VALUES (7)")
    assert (rita.refused("SELECT * FROM s.v"), rita.refused("EXEC s.p")) == (229, 229)
    rita.may("SELECT ON SCHEMA::s", "EXECUTE ON SCHEMA::s")
    rita.run("EXEC s.p")
    assert rita.run("SELECT * FROM s.v") == [(7,)]
    assert rita.refused("EXEC(N'INSERT INTO s.t (a) VALUES (8)')") == 229


def test_a_temporary_table_needs_no_right(rita):
    rita.run(f"CREATE TABLE #t (a int) {HEAP}")
    rita.run("INSERT INTO #t (a) VALUES (1)")
    rita.run("UPDATE #t SET a = 2 WHERE a = 1")
    assert rita.run("SELECT a FROM #t") == [(2,)]


def test_words_name_right_object_and_place(rita):
    assert rita.message("DELETE FROM s.t") == (229, "The DELETE permission was denied on the object 't', database 'sales', schema 's'.")
    assert rita.message("CREATE SCHEMA x") == (262, "CREATE SCHEMA permission denied in database 'sales'.")


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (15007, "CREATE USER u FOR LOGIN nosuch"),
        (5001, "CREATE LOGIN l WITH PASSWORD = 'x'"),
        (15151, "GRANT SELECT ON SCHEMA::nosuch TO public"),
        (15151, "GRANT CREATE TABLE TO nosuch"),
        (15151, "DROP USER nosuch"),
        (2714, "CREATE USER dbo WITHOUT LOGIN"),
    ],
)
def test_what_no_owner_may_either(number, sql, client):
    assert client.refused(sql) == number


def test_logins_are_made_in_master_which_takes_nothing_else(pool, rita):
    master = Client(pool.login(MASTER))
    assert master.refused("CREATE TABLE t (a int)") == 50000
    assert master.refused("CREATE LOGIN rita WITH PASSWORD = 'x'") == 2714
    master.run("CREATE LOGIN nobody WITH PASSWORD = 'x'")
    for user, password, database, number in (("nobody", "x", "sales", 4060), ("rita", "x", "sales", 18456), ("rita", "Rita-pw-1", "master", 4060)):
        with pytest.raises(SqlError) as caught:
            pool.login(Login(user=user, password=password, database=database, application="tests", host="here"))
        assert caught.value.number == number
    master.run("DROP LOGIN rita")
    with pytest.raises(SqlError):
        pool.login(RITA)
    master.session.close()


def test_owners_have_every_right(client):
    assert LOGIN.user == "loader"
    client.run(f"CREATE TABLE t (a int) {HEAP}")
    client.run("DENY SELECT ON t TO public")
    assert client.run("SELECT COUNT(*) FROM t") == [(0,)]
