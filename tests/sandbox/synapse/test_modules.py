"""Views and stored procedures."""

import pytest


@pytest.fixture
def table(client):
    client.run("CREATE SCHEMA s")
    client.run("CREATE TABLE s.t (id bigint, name nvarchar(10)) WITH (DISTRIBUTION = HASH(id), HEAP)")
    client.run("INSERT INTO s.t SELECT 1, N'a' UNION ALL SELECT 2, N'b'")
    return client


# --- views ---


def test_a_view_has_the_declared_types_and_the_rows_of_now(table):
    table.run("CREATE VIEW s.v (k, twice) AS SELECT id, id * 2 FROM s.t WHERE id > 1")
    table.run("INSERT INTO s.t VALUES (3, N'c')")
    assert table.run("SELECT v.k, x.twice FROM s.v AS v JOIN s.v AS x ON x.k = v.k ORDER BY v.k") == [(2, 4), (3, 6)]
    assert table.columns("SELECT * FROM s.v")[0] == ("k", "bigint", None, 0, 0)
    assert table.run("SELECT TABLE_NAME, TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES ORDER BY 1") == [("t", "BASE TABLE"), ("v", "VIEW")]
    assert table.run("SELECT OBJECT_ID(N's.v', N'V') - object_id, type FROM sys.objects WHERE name = N'v'") == [(0, "V ")]


def test_a_view_of_a_view_and_a_view_that_is_altered(table):
    table.run("CREATE VIEW v AS SELECT id FROM s.t")
    table.run("CREATE VIEW w AS SELECT COUNT_BIG(*) AS n FROM v")
    assert table.run("SELECT n FROM w") == [(2,)]
    table.run("ALTER VIEW v AS SELECT id FROM s.t WHERE id = 1")
    assert table.run("SELECT n FROM w") == [(1,)]
    assert table.refused("CREATE VIEW v AS SELECT 1 AS a") == 2714
    table.run("DROP VIEW v; DROP VIEW IF EXISTS v")
    assert table.refused("SELECT n FROM w") == 4413


def test_a_view_keeps_the_name_of_a_table_that_is_renamed(table):
    table.run("CREATE VIEW v AS SELECT id FROM s.t")
    table.run("RENAME OBJECT s.t TO u")
    assert table.refused("SELECT * FROM v") == 4413
    table.run("CREATE TABLE s.t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 9 AS id")
    assert table.run("SELECT * FROM v") == [(9,)]


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (111, "SELECT 1; CREATE VIEW v AS SELECT 1 AS a"),
        (104473, "CREATE VIEW v WITH SCHEMABINDING AS SELECT id FROM s.t"),
        (4511, "CREATE VIEW v AS SELECT COUNT(*) FROM s.t"),
        (8158, "CREATE VIEW v (a) AS SELECT id, name FROM s.t"),
        (208, "CREATE VIEW v AS SELECT * FROM nosuch"),
        (3701, "DROP VIEW nosuch"),
        (3705, "DROP VIEW s.t"),
        (3705, "EXEC(N'CREATE VIEW v AS SELECT 1 AS a'); DROP TABLE v"),
        (104473, "EXEC(N'CREATE VIEW v AS SELECT id FROM s.t'); DELETE FROM v"),
        (111212, "BEGIN TRAN; EXEC(N'CREATE VIEW v AS SELECT 1 AS a')"),
    ],
)
def test_what_a_view_cannot_be(table, number, sql):
    assert table.refused(sql) == number


# --- stored procedures ---


def test_a_procedure_runs_its_statements_with_its_parameters_by_place_or_by_name(table):
    table.run(
        "CREATE PROCEDURE s.p @id bigint, @name nvarchar(3) AS BEGIN INSERT INTO s.t VALUES (@id, @name); SELECT name FROM s.t WHERE id = @id END"
    )
    assert table.answers("EXEC s.p 7, N'seven'") == [1, [("sev",)]]
    assert table.answers("EXECUTE s.p @name = abc, @id = 8") == [1, [("abc",)]]
    assert table.run("SELECT name, parameter_id FROM sys.parameters ORDER BY parameter_id") == [("@id", 1), ("@name", 2)]


def test_a_procedure_has_variables_branches_and_loops_and_leaves_temporary_tables_behind(table):
    table.run(
        "CREATE PROC fill (@n int) AS\nIF OBJECT_ID('tempdb..#made') IS NOT NULL BEGIN DROP TABLE #made END\n"
        "CREATE TABLE #made (i int) WITH (HEAP)\nDECLARE @i int = 0, @s nvarchar(100)\n"
        "WHILE @i < @n BEGIN INSERT INTO #made SELECT @i; SET @i += 1 END\n"
        "SET @s = N'SELECT COUNT(*) FROM #made'; EXEC sp_executesql @s"
    )
    assert table.run("EXEC fill @n = 3") == [(3,)]
    assert table.run("DECLARE @k int = 2; EXEC fill @k") == [(2,)]
    assert table.run("SELECT i FROM #made ORDER BY i") == [(0,), (1,)]


def test_dynamic_text_takes_parameters(table):
    sql = "EXEC sp_executesql N'SELECT name FROM s.t WHERE id = @a AND name = @b', N'@a int, @b nvarchar(9)', @b = N'b', @a = 2"
    assert table.run(sql) == [("b",)]


def test_an_error_ends_a_procedure_and_what_it_did_before_stays(table):
    table.run("CREATE PROCEDURE p AS INSERT INTO s.t VALUES (5, N'e'); THROW 50001, N'stop', 1; DELETE FROM s.t")
    assert table.message("EXEC p") == (50001, "stop")
    assert table.run("SELECT COUNT(*) FROM s.t") == [(3,)]
    assert table.message("RAISERROR('bad', 16, 1)") == (50000, "bad")


def test_calls_nest_to_eight_levels(table):
    table.run("CREATE PROCEDURE p1 AS SELECT 1 AS a")
    for level in range(2, 10):
        table.run(f"CREATE PROCEDURE p{level} AS EXEC p{level - 1}")
    assert table.run("EXEC p8") == [(1,)]
    assert table.refused("EXEC p9") == 217


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (111, "SELECT 1; CREATE PROCEDURE p AS SELECT 1"),
        (104473, "CREATE PROCEDURE p @a int = 5 AS SELECT 1"),
        (104473, "CREATE PROCEDURE #p AS SELECT 1"),
        (104473, "CREATE PROCEDURE p WITH RECOMPILE AS SELECT 1"),
        (103010, "CREATE PROCEDURE p AS SELECT 1; RETURN 1"),
        (103010, "CREATE PROCEDURE p AS SELEC 1"),
        (2812, "EXEC nosuch"),
        (3701, "DROP PROCEDURE nosuch"),
        (201, "EXEC(N'CREATE PROCEDURE p @a int AS SELECT @a'); EXEC p"),
        (8144, "EXEC(N'CREATE PROCEDURE p @a int AS SELECT @a'); EXEC p 1, 2"),
        (8144, "EXEC(N'CREATE PROCEDURE p @a int AS SELECT @a'); EXEC p @b = 1"),
        (103010, "INSERT INTO s.t EXEC p"),
    ],
)
def test_what_a_procedure_cannot_be(table, number, sql):
    assert table.refused(sql) == number
