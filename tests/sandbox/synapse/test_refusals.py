"""Each refusal with its number; the source of each rule stands in sandbox/synapse/refusals/errors.py."""

import pytest

LONG = "x" * 129


@pytest.fixture
def table(client):
    client.run("CREATE TABLE t (id bigint NOT NULL, name nvarchar(10) NULL, d decimal(5,2) NULL) WITH (DISTRIBUTION = HASH(id), HEAP)")
    client.run("CREATE TABLE s (id bigint NULL, name nvarchar(max) NULL) WITH (HEAP)")
    client.run("INSERT INTO t (id, name) VALUES (1, N'a')")
    return client


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (103010, "SELEC 1"),
        (103010, "SELECT * FROM"),
        (103010, "SELECT 'open"),
        (103010, "INSERT INTO t (id) VALUES (1), (2)"),
        (103010, "CREATE TABLE IF NOT EXISTS x (id int)"),
        (103010, "CREATE TABLE x (id int) WITH (DISTRIBUTION = HSH(id))"),
        (103010, "BEGIN TRANSACTION named; COMMIT"),
        (103010, "SAVE TRANSACTION x"),
        (103010, "SELECT id FROM t LIMIT 1"),
        (103010, "SELECT N'a' || N'b'"),
        (103010, "SELECT id::int FROM t"),
        (103010, "SELECT id FROM t WHERE name ILIKE N'a'"),
        (207, "SELECT id FROM t WHERE 1 = TRUE"),
        (104473, "CREATE TABLE ##x (id int)"),
        (104473, "CREATE TRIGGER x ON t AFTER INSERT AS SELECT 1"),
        (104473, "CREATE UNIQUE INDEX x ON t (id)"),
        (104473, "CREATE TABLE x (id int, twice AS id * 2)"),
        (104473, "CREATE TABLE x (id int REFERENCES t (id))"),
        (104473, "CREATE TABLE x (id int DEFAULT GETDATE())"),
        (104473, "CREATE TABLE x (id int DEFAULT 1) WITH (DISTRIBUTION = HASH(id))"),
        (35343, "SELECT name INTO x FROM s"),
        (104473, "EXEC sp_rename N't', N'u'"),
        (104467, "CREATE TABLE x (id int NOT NULL PRIMARY KEY NONCLUSTERED)"),
        (104467, "CREATE TABLE x (id int NOT NULL, CONSTRAINT pk PRIMARY KEY NONCLUSTERED (id))"),
        (104467, "CREATE TABLE x (id int NOT NULL, UNIQUE (id))"),
        (104320, "CREATE TABLE x (id int) WITH (DISTRIBUTION = HASH(nosuch))"),
        (35343, "CREATE TABLE x (id int, a nvarchar(max))"),
        (35343, "CREATE TABLE x (id int, a varbinary(max)) WITH (CLUSTERED COLUMNSTORE INDEX)"),
        (35343, "CREATE TABLE x WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT name FROM s"),
        (2715, "CREATE TABLE x (a xml)"),
        (2715, "CREATE TABLE x (a ntext)"),
        (2715, "CREATE TABLE x (a json)"),
        (131, "CREATE TABLE x (a nvarchar(4001))"),
        (131, "CREATE TABLE x (a varbinary(8001))"),
        (2750, "CREATE TABLE x (a decimal(39, 0))"),
        (1002, "CREATE TABLE x (a decimal(10, 11))"),
        (1002, "CREATE TABLE x (a datetime2(8))"),
        (2705, "CREATE TABLE x (id int, ID int)"),
        (2705, "ALTER TABLE t ADD Name int"),
        (1702, f"CREATE TABLE x ({', '.join(f'c{place} int' for place in range(1025))})"),
        (103, f"CREATE TABLE {LONG} (id int)"),
        (103, f"CREATE TABLE x ({LONG} int)"),
        (2714, "CREATE TABLE T (id int)"),
        (2714, "CREATE SCHEMA DBO"),
        (2714, "RENAME OBJECT s TO t"),
        (2760, "CREATE TABLE nosuch.x (id int)"),
        (3701, "DROP TABLE nosuch"),
        (3729, "DROP SCHEMA dbo"),
        (4922, "ALTER TABLE t ALTER COLUMN id int"),
        (4922, "ALTER TABLE t DROP COLUMN id"),
        (4924, "ALTER TABLE t ALTER COLUMN nosuch int"),
        (4901, "ALTER TABLE t ADD x int NOT NULL"),
        (2628, "ALTER TABLE t ALTER COLUMN name nvarchar(10) NULL; UPDATE t SET name = N'12345678901'"),
        (1038, "CREATE TABLE x WITH (HEAP) AS SELECT COUNT(*) FROM t"),
        (208, "SELECT * FROM nosuch"),
        (208, "SELECT * FROM other.dbo.t"),
        (207, "SELECT nosuch FROM t"),
        (207, "INSERT INTO t (nosuch) VALUES (1)"),
        (195, "SELECT NOSUCH(1)"),
        (137, "SELECT @nosuch"),
        (1007, f"SELECT {'9' * 39}"),
        (120, "INSERT INTO t (id, name) SELECT 1"),
        (121, "INSERT INTO t (id) SELECT 1, 2"),
        (213, "INSERT INTO t SELECT 1"),
        (515, "INSERT INTO t (name) VALUES (N'a')"),
        (515, "UPDATE t SET id = NULL"),
        (2628, "INSERT INTO t (id, name) VALUES (2, N'12345678901')"),
        (2628, "INSERT INTO t (id, name) VALUES (2, N'123456789😀')"),
        (8115, "INSERT INTO t (id, d) VALUES (2, 1000)"),
        (8115, "INSERT INTO t (id) VALUES (9223372036854775808)"),
        (8114, "INSERT INTO t (id) VALUES (N'x')"),
        (241, "SELECT CAST(N'2020-13-01' AS datetime2(7))"),
        (242, "SELECT CAST(N'1752-12-31' AS datetime)"),
        (8134, "SELECT 1 / 0"),
        (264, "UPDATE t SET name = N'a', name = N'b'"),
        (10713, "MERGE t USING s ON t.id = s.id WHEN MATCHED THEN DELETE"),
        (100087, "MERGE s USING t ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id);"),
        (104473, "MERGE t USING (VALUES (1)) AS s (id) ON t.id = s.id WHEN MATCHED THEN DELETE;"),
        (2812, "EXEC nosuch"),
        (111214, "COMMIT"),
        (111214, "ROLLBACK"),
    ],
)  # fmt: skip
def test_the_pool_refuses(table, number, sql):
    assert table.refused(sql) == number


def test_a_statement_takes_2098_parameters_at_most(table):
    assert table.refused("SELECT 1", **{f"p{number}": 1 for number in range(2099)}) == 8003


def test_a_refused_batch_has_done_nothing_when_its_text_is_wrong(table):
    assert table.refused("INSERT INTO t (id) VALUES (7); DELETE FROM t WHERE") == 103010
    assert table.run("SELECT id FROM t") == [(1,)]


def test_a_failed_ddl_leaves_table_and_catalogue_as_they_were(table):
    assert table.refused("ALTER TABLE t ADD a int NULL, NAME int NULL") == 2705
    assert table.refused("ALTER TABLE t ALTER COLUMN d int NOT NULL") == 515
    assert table.run("SELECT * FROM t") == [(1, "a", None)]
    assert table.columns("SELECT * FROM t")[2] == ("d", "decimal", None, 5, 2)


def test_two_source_rows_for_one_target_row_are_refused(table):
    table.run("INSERT INTO s SELECT 1, N'x' UNION ALL SELECT 1, N'y'")
    assert table.refused("MERGE t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name;") == 8672


def test_statistics_made_by_hand_hold_their_column(table):
    table.run("CREATE STATISTICS st ON t (name)")
    assert table.refused("ALTER TABLE t ALTER COLUMN name nvarchar(20)") == 4922
    table.run("DROP STATISTICS t.st")
    table.run("ALTER TABLE t ALTER COLUMN name nvarchar(20)")


def test_the_fixed_parts_of_a_row_have_8060_bytes(table):
    table.run(f"CREATE TABLE fits ({', '.join(f'c{number} decimal(38,0)' for number in range(473))}, d nvarchar(4000), e nvarchar(4000))")
    assert table.refused(f"CREATE TABLE wide ({', '.join(f'c{number} decimal(38,0)' for number in range(474))})") == 1701
    assert table.refused("ALTER TABLE fits ADD f char(20) NULL") == 1701


def test_columns_of_two_collations_are_compared_only_by_a_named_one(table):
    table.run("CREATE TABLE k (name nvarchar(10) COLLATE Latin1_General_100_BIN2 NULL)")
    table.run("INSERT INTO k SELECT N'A'")
    assert table.refused("SELECT 1 FROM t INNER JOIN k ON t.name = k.name") == 468
    assert table.refused("DELETE t FROM t INNER JOIN k ON t.name = CASE WHEN UNICODE(k.name) = 1 THEN N'' ELSE k.name END") == 468
    assert table.run("SELECT t.id FROM t INNER JOIN k ON k.name = t.name COLLATE Latin1_General_100_BIN2") == []
    assert table.run("SELECT name FROM k WHERE name = N'A'") == [("A",)]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x (id int)", "DROP TABLE t", "TRUNCATE TABLE t", "ALTER TABLE t ADD x int NULL", "CREATE SCHEMA x", "RENAME OBJECT t TO x",
        "CREATE TABLE x WITH (HEAP) AS SELECT 1 AS a", "EXEC sp_rename 't.name', 'x', 'COLUMN'", "CREATE STATISTICS x ON t (id)",
    ],
)  # fmt: skip
def test_no_ddl_and_no_truncate_inside_a_transaction(table, sql):
    table.run("BEGIN TRANSACTION")
    assert table.refused(sql) == 111212
    table.run("ROLLBACK")
    assert table.run("SELECT id FROM t") == [(1,)]


def test_messages_name_the_place(table):
    assert table.message("SELECT 1\n  FROM t WHERE )")[0] == 103010
    assert table.message("INSERT INTO t (id, name) VALUES (2, N'12345678901')") == (
        2628, "String or binary data would be truncated in table 'sales.dbo.t', column 'name'. Truncated value: '1234567890'.")  # fmt: skip
    assert table.message("INSERT INTO t (name) VALUES (N'a')") == (
        515, "Cannot insert the value NULL into column 'id', table 'sales.dbo.t'; column does not allow nulls. INSERT fails.")  # fmt: skip
