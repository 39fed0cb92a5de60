import pytest


@pytest.fixture
def tables(client):
    client.run("CREATE SCHEMA sing")
    client.run(
        "CREATE TABLE sing.a (id bigint NOT NULL, n nvarchar(9) NULL, m varchar(max) NULL, d decimal(20,3) NULL DEFAULT 1.5, t datetime2(3) NULL)"
        " WITH (DISTRIBUTION = HASH(id), HEAP)"
    )
    client.run(
        "ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = 50; CREATE TABLE b (id int) WITH (DISTRIBUTION = REPLICATE);"
        " CREATE TABLE c (x int, y int) WITH (CLUSTERED INDEX (x), DISTRIBUTION = HASH(y, x))"
    )
    return client


def test_information_schema_shows_columns_as_declared(tables):
    sql = (
        "SELECT COLUMN_NAME, ORDINAL_POSITION, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION,"
        " NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = N'SING' AND TABLE_NAME = N'a'"
    )
    collation = "SQL_Latin1_General_CP1_CI_AS"
    assert tables.run(sql) == [
        ("id", 1, None, "NO", "bigint", None, None, 19, 0, None, None),
        ("n", 2, None, "YES", "nvarchar", 9, 18, None, None, None, collation),
        ("m", 3, None, "YES", "varchar", -1, -1, None, None, None, collation),
        ("d", 4, "(1.5)", "YES", "decimal", None, None, 20, 3, None, None),
        ("t", 5, None, "YES", "datetime2", None, None, None, None, 3, None),
    ]


def test_tables_and_schemata(tables):
    assert tables.run("SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.tables ORDER BY TABLE_NAME") == [
        ("sing", "a"),
        ("dbo", "b"),
        ("dbo", "c"),
    ]
    assert tables.run("SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA") == [("dbo",), ("sing",)]


def test_the_sys_views_join_on_their_ids(tables):
    sql = (
        "SELECT s.name, t.name, d.distribution_policy_desc, i.type_desc FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id"
        " JOIN sys.pdw_table_distribution_properties AS d ON d.object_id = t.object_id JOIN sys.indexes AS i ON i.object_id = t.object_id ORDER BY t.name"
    )
    assert tables.run(sql) == [("sing", "a", "HASH", "HEAP"), ("dbo", "b", "REPLICATE", "CLUSTERED COLUMNSTORE"), ("dbo", "c", "HASH", "CLUSTERED")]
    sql = (
        "SELECT c.name, ty.name, c.max_length, c.precision, c.scale, c.is_nullable, p.distribution_ordinal FROM sys.columns AS c"
        " JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id JOIN sys.pdw_column_distribution_properties AS p"
        " ON p.object_id = c.object_id AND p.column_id = c.column_id WHERE c.object_id = OBJECT_ID(N'[sing].[a]') ORDER BY c.column_id"
    )
    assert tables.run(sql) == [
        ("id", "bigint", 8, 19, 0, False, 1), ("n", "nvarchar", 18, 0, 0, True, 0), ("m", "varchar", -1, 0, 0, True, 0),
        ("d", "decimal", 17, 20, 3, True, 0), ("t", "datetime2", 8, 0, 3, True, 0),
    ]  # fmt: skip
    assert tables.run("SELECT SCHEMA_NAME(schema_id), name FROM sys.objects WHERE type = 'U ' AND name = N'A'") == [("sing", "a")]
    assert tables.run("SELECT name FROM sys.databases WHERE database_id = DB_ID()") == [("sales",)]


def test_a_request_is_found_by_its_label(tables):
    tables.run("INSERT INTO b SELECT 1 OPTION (LABEL = N'run=1 step=copy')")
    assert tables.refused("INSERT INTO b SELECT 1 / 0 OPTION (LABEL = N'run=2')") == 8134
    sql = "SELECT [label], status, command FROM sys.dm_pdw_exec_requests WHERE [label] LIKE N'run=%' ORDER BY submit_time"
    assert tables.run(sql) == [
        ("run=1 step=copy", "Completed", "INSERT INTO b SELECT 1 OPTION (LABEL = N'run=1 step=copy')"),
        ("run=2", "Failed", "INSERT INTO b SELECT 1 / 0 OPTION (LABEL = N'run=2')"),
    ]


def test_views_have_their_declared_types(tables):
    assert tables.columns("SELECT name, schema_id FROM sys.schemas") == [("name", "nvarchar", 128, 0, 0), ("schema_id", "int", None, 0, 0)]
    assert tables.columns("SELECT * FROM INFORMATION_SCHEMA.TABLES")[3] == ("TABLE_TYPE", "varchar", 10, 0, 0)


@pytest.mark.parametrize("kinds", ["type = 'U'", "type = 'u '", "type IN ('U', 'V')", "objects.type <> N'V'"])
def test_blanks_at_the_end_of_a_type_do_not_count(tables, kinds):
    assert tables.run(f"SELECT sys.objects.name FROM sys.objects WHERE {kinds} AND schema_id = SCHEMA_ID('sing')") == [("a",)]
