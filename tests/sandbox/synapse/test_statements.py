# ruff: noqa: DTZ001  # datetime2 has no zone
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEAP = "WITH (DISTRIBUTION = HASH([id]), HEAP)"


@pytest.fixture
def loaded(client):
    """A target with two rows and a staging table with a newer, an equal and a new key."""
    client.run("IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'sing') EXEC(N'CREATE SCHEMA [sing]');")
    client.run(f"CREATE TABLE [sing].[users] ([id] bigint NULL, [name] nvarchar(4000) NULL) {HEAP};")
    client.run(f"CREATE TABLE [sing].[_stg] ([id] bigint NULL, [name] nvarchar(max) NULL, [_sdc_sequence] bigint NULL) {HEAP}")
    client.run("INSERT INTO [sing].[users] ([id], [name]) SELECT 1, N'old' UNION ALL SELECT 2, N'two'")
    client.run("INSERT INTO [sing].[_stg] SELECT 1, N'first', 1 UNION ALL SELECT 1, N'x', 2 UNION ALL SELECT 3, N'three', 3")
    return client


def users(client):
    return client.run("SELECT [id], [name] FROM [sing].[users] ORDER BY [id]")


def test_a_loader_replaces_what_it_staged_in_one_transaction(loaded):
    answers = loaded.answers(
        "BEGIN TRANSACTION;\n"
        "DELETE [sing].[users] FROM [sing].[users] INNER JOIN [sing].[_stg] AS s ON [sing].[users].[id] = s.[id] OPTION (LABEL = N'x');\n"
        "INSERT INTO [sing].[users] ([id], [name]) SELECT [id], CASE WHEN [name] = N'x' THEN N'' ELSE CAST([name] AS nvarchar(4000)) END FROM"
        " (SELECT *, ROW_NUMBER() OVER (PARTITION BY [id] ORDER BY [_sdc_sequence] DESC) AS [rn] FROM [sing].[_stg]) AS q WHERE [rn] = 1 OPTION (LABEL = N'x');\n"
        "COMMIT TRANSACTION;"
    )
    assert answers == [None, 1, 2, None]
    assert users(loaded) == [(1, ""), (2, "two"), (3, "three")]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM [sing].[users] FROM [sing].[_stg] AS s WHERE s.[id] = [sing].[users].[id]",
        "DELETE [sing].[users] FROM [sing].[users] JOIN [sing].[_stg] AS s ON s.[id] = [sing].[users].[id]",
        "DELETE t FROM [sing].[users] AS t JOIN [sing].[_stg] AS s ON s.[id] = t.[id]",
        'DELETE FROM "sing"."users" FROM "sing"."_stg" AS _source WHERE _source.id = "sing"."users".id',
        "DELETE FROM sing.users WHERE id IN (SELECT id FROM sing._stg)",
        "DELETE FROM sales.sing.users WHERE id = 1",
    ],
)
def test_every_form_of_delete_counts_each_row_once(loaded, sql):
    assert loaded.run(sql) == 1
    assert users(loaded) == [(2, "two")]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE [sing].[users] SET [name] = s.[name] FROM [sing].[_stg] AS s WHERE s.[id] = [sing].[users].[id] AND s._sdc_sequence = 2",
        "UPDATE t SET name = s.name FROM sing.users AS t INNER JOIN sing._stg AS s ON t.id = s.id WHERE s._sdc_sequence = 2",
        "UPDATE sing.users SET name = N'x' WHERE id = 1",
        "UPDATE sing.users SET name = CASE WHEN name = N'old' THEN N'x' ELSE name END WHERE id = 1",
    ],
)
def test_every_form_of_update_changes_what_it_names(loaded, sql):
    assert loaded.run(sql) == 1
    assert users(loaded) == [(1, "x"), (2, "two")]


def test_the_rest_of_a_loaders_ddl(loaded):
    loaded.run("ALTER TABLE [sing].[users] ADD [a] nvarchar(4000) NULL, [b] bigint NULL;")
    loaded.run("ALTER TABLE [sing].[users] ALTER COLUMN [a] nvarchar(max) NULL;")
    loaded.run("EXEC sp_rename N'sing.users.a', N'a2', N'COLUMN';")
    loaded.run(
        "CREATE STATISTICS [st_users_id] ON [sing].[users] ([id]) WITH FULLSCAN;\nUPDATE STATISTICS [sing].[users];\nALTER INDEX ALL ON [sing].[users] REBUILD;"
    )
    loaded.run("ALTER TABLE [sing].[users] DROP COLUMN [b];")
    loaded.run(
        "CREATE TABLE [sing].[users_new] WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX) AS"
        " SELECT ISNULL(CAST([id] AS bigint), 0) AS [id], [name] FROM [sing].[users] OPTION (LABEL = N'x');\n"
        "RENAME OBJECT [sing].[users] TO [users_old];\nRENAME OBJECT [sing].[users_new] TO [users];\nALTER SCHEMA [dbo] TRANSFER OBJECT::[sing].[users];"
    )
    assert loaded.run("SELECT * FROM users ORDER BY id") == [(1, "old"), (2, "two")]
    assert loaded.columns("SELECT * FROM dbo.users") == [("id", "bigint", None, 0, 0), ("name", "nvarchar", 4000, 0, 0)]
    assert loaded.columns("SELECT * FROM sing.users_old")[-1] == ("a2", "nvarchar", None, 0, 0)
    loaded.run("TRUNCATE TABLE dbo.users;")
    assert loaded.run("SELECT COUNT(*) FROM dbo.users") == [(0,)]
    loaded.run("DROP TABLE dbo.users; DROP TABLE sing.users_old; DROP TABLE sing._stg; DROP SCHEMA sing;")
    assert loaded.run("SELECT name FROM sys.schemas") == [("dbo",)]


def test_if_runs_its_branch_only(client):
    client.run("IF OBJECT_ID(N'[dbo].[t]', N'U') IS NULL CREATE TABLE dbo.t (id int)")
    client.run("IF OBJECT_ID(N'[dbo].[t]', N'U') IS NULL CREATE TABLE dbo.t (id int)")
    client.run("IF OBJECT_ID(N'[dbo].[t]', N'U') IS NOT NULL DROP TABLE dbo.t; IF OBJECT_ID(N'tempdb..#t') IS NOT NULL DROP TABLE dbo.t")
    assert client.answers("IF OBJECT_ID('t') IS NOT NULL BEGIN SELECT 1; SELECT 2 END ELSE SELECT 3; SELECT 4") == [[(3,)], [(4,)]]


def test_statements_need_no_semicolons_and_comments_no_care(client):
    sql = """-- first; 'comment
        CREATE TABLE t (id int) /* ; ' */ INSERT INTO t SELECT 1 UNION ALL SELECT 2
        UPDATE t SET id = CASE id WHEN 1 THEN 5 ELSE id END DELETE FROM t WHERE id = 2
        SELECT N'a;''b', id FROM t"""
    assert client.answers(sql) == [None, 2, 2, 1, [("a;'b", 5)]]


def test_variables_and_parameters_keep_their_types(client):
    assert client.answers("DECLARE @n int = 5; SELECT @n = @n + 1; SET @n = @n * 2; SELECT @n AS n, @p1 AS p", p1="a'b") == [
        None,
        None,
        [(12, "a'b")],
    ]
    values = {
        "i": 2**62, "d": Decimal("-1234567890123456789012345678.0123456789"), "s": "😀'", "b": b"\x00\xff", "t": datetime(2020, 1, 1, 0, 0, 0, 123456),
        "o": datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2))), "dd": date(2020, 1, 1), "tt": time(1, 2, 3, 4), "f": 0.1, "z": True,
        "u": uuid.UUID(int=5), "n": None,
    }  # fmt: skip
    client.run(
        "CREATE TABLE t (i bigint, d decimal(38,10), s nvarchar(9), b varbinary(9), t datetime2(7), o datetimeoffset(7), dd date, tt time(7), f float, z bit,"
        " u uniqueidentifier, n int)"
    )
    client.run(f"INSERT INTO t VALUES ({', '.join('@' + name for name in values)})", **values)
    assert client.run("SELECT * FROM t") == [tuple(values.values())]


def test_keys_that_differ_in_case_are_one_key_also_behind_an_escape(client):
    """The marks that keep '' apart from NULL are taken off in the join and in the ranking."""
    client.run("CREATE TABLE u (k nvarchar(400) NULL, v nvarchar(4000) NULL) WITH (DISTRIBUTION = HASH(k), CLUSTERED COLUMNSTORE INDEX)")
    client.run("CREATE TABLE g (k nvarchar(max) NULL, v nvarchar(max) NULL, n bigint) WITH (HEAP); INSERT INTO u SELECT N'A', N'old'")
    client.run(
        "INSERT INTO g SELECT N'a', N'1', 1 UNION ALL SELECT N'A', NCHAR(57344), 2 UNION ALL SELECT NCHAR(57344), N'3', 3 UNION ALL SELECT N'é', NULL, 4"
    )
    key = "CASE WHEN UNICODE(s.[k]) = 57344 THEN SUBSTRING(s.[k], 2, 2147483646) ELSE s.[k] END"
    value = key.replace("[k]", "[v]")
    assert client.run(f"DELETE [dbo].[u] FROM [dbo].[u] INNER JOIN [dbo].[g] AS s ON [dbo].[u].[k] = {key}") == 1
    ranked = f"SELECT s.*, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY s.[n] DESC) AS [rank] FROM [dbo].[g] AS s"
    insert = f"INSERT INTO u (k, v) SELECT CAST({key} AS nvarchar(400)), CAST({value} AS nvarchar(4000)) FROM ({ranked}) AS s WHERE s.[rank] = 1"
    assert client.run(insert) == 3
    assert client.run("SELECT k, v, LEN(v) FROM u ORDER BY k") == [("", "3", 1), ("A", "", 0), ("é", None, None)]


def test_what_drivers_and_loaders_ask_of_the_server(client):
    ((version, trancount, database, rows),) = client.run("SELECT @@VERSION, @@TRANCOUNT, DB_NAME(), @@ROWCOUNT")
    assert (version[:34], trancount, database, rows) == ("Microsoft Azure SQL Data Warehouse", 0, "sales", 0)
    assert client.answers("SET ANSI_NULLS ON; SET NOCOUNT ON; USE [sales]; EXEC sp_datatype_info_100") == [None, None, None, []]
    client.run("CREATE TABLE t (id int)")
    assert client.answers("INSERT INTO t VALUES (1)") == [None]  # NOCOUNT
    assert client.run("SET NOCOUNT OFF; UPDATE t SET id = 2") == 1
    assert client.run("SELECT @@ROWCOUNT") == [(1,)]


def test_expressions_mean_what_they_mean_in_t_sql(client):
    sql = (
        "SELECT TOP (1) 7 / 2, 7.0 / 2, N'a' + CAST(5 AS varchar(10)), ISNULL(NULL, N'x'), CAST(N'abcdef' AS nvarchar(3)), LEN(N'abc'),"
        " CAST(CAST('2020-01-01' AS datetime2(3)) AS nvarchar(40)), CAST(CAST(1 AS bit) AS varchar(5)), TRY_CAST('x' AS int), COUNT_BIG(*),"
        " CAST(2.9 AS int), DATALENGTH(N'a😀'), LEN(N'a😀 '), UNICODE(N'😀'), UNICODE(N''), IIF(1 = 1, 'y', 'n'), UPPER('a')"
    )
    ((whole, half, *rest),) = client.run(sql)
    assert (whole, float(half), rest) == (3, 3.5, ["a5", "x", "abc", 3, "2020-01-01 00:00:00.000", "1", None, 1, 2, 6, 3, 55357, None, "y", "A"])


def test_text_is_compared_without_case_unless_its_collation_says_otherwise(client):
    client.run("CREATE TABLE t (a nvarchar(10), b nvarchar(10) COLLATE Latin1_General_100_BIN2_UTF8, c varchar(10))")
    client.run("INSERT INTO T VALUES (N'Ab', N'Ab', '€Ж')")
    assert client.run("SELECT A, c FROM DBO.T WHERE a = N'aB'") == [("Ab", "€?")]  # varchar holds code page 1252
    assert client.run("SELECT a FROM t WHERE b = N'aB'") == []
    assert client.refused("SELECT x.a FROM t AS x JOIN t AS y ON x.a = y.b") == 468
    assert client.answers("SELECT a FROM t WHERE a LIKE N'A%'; SELECT a FROM t WHERE b LIKE N'aB%'") == [[("Ab",)], []]
    exact = "a COLLATE Latin1_General_100_BIN2 <> N'aB' COLLATE Latin1_General_100_BIN2"
    assert client.run(f"SELECT a FROM t WHERE {exact} AND b COLLATE Latin1_General_100_CI_AS = N'aB'") == [("Ab",)]


def test_replace_goes_by_the_collation_of_its_input(client):
    client.run("CREATE TABLE t (a nvarchar(10), b nvarchar(10) COLLATE Latin1_General_100_BIN2)")
    client.run("INSERT INTO t VALUES (N'a.A', N'a.A')")
    exact = "REPLACE(REPLACE(a COLLATE Latin1_General_100_BIN2, N'a', N'x'), N'X', N'y')"
    found = client.run(f"SELECT REPLACE(a, N'A', N'\\1'), REPLACE(a, N'.', N''), REPLACE(b, N'A', N'x'), {exact}, REPLACE(a, N'', N'x') FROM t")
    assert found == [("\\1.\\1", "aA", "a.x", "x.A", "a.A")]


def test_results_show_the_declared_types(client):
    client.run("CREATE TABLE t (id bigint, n nvarchar(7), d decimal(20,3), dt datetime2(3), m money, v varchar(max), h nchar(3)) WITH (HEAP)")
    assert client.columns("SELECT t.*, n + N'xy' AS nx, COUNT(*) OVER () AS c, CAST(d AS decimal(38,10)) AS d2 FROM t") == [
        ("id", "bigint", None, 0, 0), ("n", "nvarchar", 7, 0, 0), ("d", "decimal", None, 20, 3), ("dt", "datetime2", None, 0, 3),
        ("m", "money", None, 0, 4), ("v", "varchar", None, 0, 0), ("h", "nvarchar", 3, 0, 0), ("nx", "nvarchar", 9, 0, 0), ("c", "int", None, 0, 0),
        ("d2", "decimal", None, 38, 10),
    ]  # fmt: skip


def test_ten_thousand_literal_rows_go_in_by_union_all(client):
    client.run("CREATE TABLE t (id int, name nvarchar(20), d decimal(38,10))")
    rows = " UNION ALL ".join(f"SELECT {number}, N'it''s {number}', -0.0000000001" for number in range(10_000))
    assert client.run(f"INSERT INTO t (id, name, d) {rows}") == 10_000
    assert client.run("SELECT name, d FROM t WHERE id = 9999") == [("it's 9999", Decimal("-0.0000000001"))]


_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda name: name.strip() == name and name[0] not in "#@"
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_NAMES, column=_NAMES, value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50))
def test_any_name_and_any_text_survive(client, name, column, value):
    table, field, text = (f"[{part.replace(']', ']]')}]" for part in (name, column, value))
    client.run(
        f"IF OBJECT_ID(N'{table.replace(chr(39), chr(39) * 2)}') IS NOT NULL DROP TABLE {table}; CREATE TABLE {table} ({field} nvarchar(max)) WITH (HEAP)"
    )
    client.run(f"INSERT INTO {table} ({field}) VALUES (N'{value.replace(chr(39), chr(39) * 2)}')")
    assert client.run(f"SELECT {field} FROM {table} WHERE {field} = @v", v=value) == [(value,)]
    assert text
    client.run(f"DROP TABLE {table}")
