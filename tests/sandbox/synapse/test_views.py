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


def test_the_views_of_partitions_tell_boundaries_column_and_side(client):
    client.run("CREATE TABLE p (id int, day date) WITH (CLUSTERED INDEX (id), PARTITION (day RANGE RIGHT FOR VALUES ('2026-02-01', '2026-01-01')))")
    client.run("CREATE TABLE o (id int, o datetimeoffset(0)) WITH (HEAP, PARTITION (o RANGE LEFT FOR VALUES ('2026-01-01 00:00:00 +02:00')))")
    client.run("CREATE TABLE plain (id int)")
    where = (
        "FROM sys.indexes AS i JOIN sys.tables AS t ON t.object_id = i.object_id JOIN sys.partition_schemes AS s ON s.data_space_id = i.data_space_id"
    )
    function = f"{where} JOIN sys.partition_functions AS f ON f.function_id = s.function_id"
    assert client.run(f"SELECT t.name, f.fanout, f.boundary_value_on_right {function} ORDER BY 1") == [("o", 2, False), ("p", 3, True)]
    values = f"{where} JOIN sys.partition_range_values AS v ON v.function_id = s.function_id"
    assert client.run(f"SELECT t.name, v.boundary_id, v.value {values} ORDER BY 1, 2") == [
        ("o", 1, "2026-01-01 00:00:00.0000000 +02:00"),
        ("p", 1, "2026-01-01"),
        ("p", 2, "2026-02-01"),
    ]
    columns = (
        "FROM sys.index_columns AS x JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id WHERE x.partition_ordinal = 1"
    )
    assert client.run(f"SELECT x.index_id, c.name, x.key_ordinal {columns} ORDER BY 2") == [(1, "day", 0), (0, "o", 0)]


def test_the_text_of_a_moment_with_its_offset_is_told_by_convert(client):
    assert client.run("SELECT CONVERT(nvarchar(40), CAST('2026-01-01 00:00:00 +02:00' AS datetimeoffset(0)))") == [
        ("2026-01-01 00:00:00.0000000 +02:00",)
    ]
