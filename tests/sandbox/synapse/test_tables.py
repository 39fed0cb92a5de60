"""Tables: their options, what is kept of them, what changes in place, and what a pool refuses."""

import pytest


@pytest.fixture
def table(client):
    client.run("CREATE TABLE t (id bigint NOT NULL, name nvarchar(10) NULL, n int NULL DEFAULT 5) WITH (DISTRIBUTION = HASH(id), HEAP)")
    client.run("INSERT INTO t (id, name) VALUES (1, N'a')")
    return client


# --- CTAS and the swap of overwrite mode ---


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("DISTRIBUTION = HASH(id)", ("HASH", "CLUSTERED COLUMNSTORE")),
        ("DISTRIBUTION = ROUND_ROBIN, HEAP", ("ROUND_ROBIN", "HEAP")),
        ("CLUSTERED INDEX (id ASC, n DESC), DISTRIBUTION = REPLICATE", ("REPLICATE", "CLUSTERED")),
        ("CLUSTERED COLUMNSTORE INDEX ORDER (id, n), DISTRIBUTION = HASH(id)", ("HASH", "CLUSTERED COLUMNSTORE")),
        ("HEAP, DISTRIBUTION = HASH(id), PARTITION (n RANGE RIGHT FOR VALUES (10, 20))", ("HASH", "HEAP")),
    ],
)
def test_ctas_takes_every_table_option(table, options, expected):
    table.run(f"CREATE TABLE made WITH ({options}) AS SELECT id, name, n FROM t OPTION (LABEL = N'made')")
    sql = (
        "SELECT d.distribution_policy_desc, i.type_desc FROM sys.pdw_table_distribution_properties AS d JOIN sys.indexes AS i ON i.object_id = d.object_id"
        " WHERE d.object_id = OBJECT_ID(N'made')"
    )
    assert table.run(sql) == [expected]
    assert table.run("SELECT * FROM made") == [(1, "a", 5)]


def test_ctas_keeps_types_and_takes_names_of_its_own(table):
    table.run("CREATE TABLE made ([key], [text]) WITH (DISTRIBUTION = HASH([key])) AS SELECT id, ISNULL(name, N'') FROM t")
    assert table.columns("SELECT * FROM made") == [("key", "bigint", None, 0, 0), ("text", "nvarchar", 10, 0, 0)]
    nulls = "SELECT COLUMN_NAME, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = N'made'"
    assert table.run(nulls) == [("key", "YES"), ("text", "NO")]


def test_select_into_makes_a_table_of_the_defaults(table):
    table.run("SELECT t.id, name INTO dbo.made FROM t WHERE id > 0 OPTION (LABEL = N'x'); SELECT id INTO #made FROM made")
    sql = "SELECT d.distribution_policy_desc, i.type_desc FROM sys.pdw_table_distribution_properties AS d JOIN sys.indexes AS i ON i.object_id = d.object_id"
    assert table.run(f"{sql} WHERE d.object_id = OBJECT_ID(N'made')") == [("ROUND_ROBIN", "CLUSTERED COLUMNSTORE")]
    assert table.run("SELECT made.name, #made.id FROM made JOIN #made ON #made.id = made.id") == [("a", 1)]


def test_readers_find_the_old_table_until_both_renames_are_done(table):
    table.run("CREATE TABLE t_new WITH (DISTRIBUTION = HASH(id), HEAP) AS SELECT 2 AS id, N'b' AS name")
    assert table.run("SELECT id FROM t") == [(1,)]
    table.run("RENAME OBJECT dbo.t TO t_old; RENAME OBJECT::dbo.t_new TO t; DROP TABLE t_old")
    assert table.run("SELECT id FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (103010, "CREATE TABLE x AS SELECT 1 AS a"),
        (103010, "CREATE TABLE x (a int) WITH (HEAP) AS SELECT 1 AS a"),
        (153, "CREATE TABLE x (a int) WITH (HEAP, CLUSTERED INDEX (a))"),
        (153, "CREATE TABLE x (a int) WITH (DISTRIBUTION = HASH(a), DISTRIBUTION = ROUND_ROBIN)"),
        (104473, f"CREATE TABLE x (a int) WITH (DISTRIBUTION = HASH({', '.join('abcdefghi')}))"),
        (104474, "CREATE TABLE x (a int, b int) WITH (DISTRIBUTION = HASH(a, b))"),
        (35370, "CREATE TABLE x (a nvarchar(9)) WITH (CLUSTERED COLUMNSTORE INDEX ORDER (a))"),
        (7705, "CREATE TABLE x (a int) WITH (PARTITION (a RANGE LEFT FOR VALUES (NULL)))"),
        (7705, "CREATE TABLE x (a int) WITH (PARTITION (a RANGE FOR VALUES ('x')))"),
        (7705, "CREATE TABLE x (a varchar(2)) WITH (PARTITION (a RANGE FOR VALUES ('long')))"),
        (7708, "CREATE TABLE x (a int) WITH (PARTITION (a RANGE FOR VALUES (1, 1)))"),
        (207, "CREATE TABLE x (a int) WITH (PARTITION (b RANGE FOR VALUES (1)))"),
        (104473, "CREATE TABLE x (a int DEFAULT (2 + 3))"),
        (104473, "CREATE TABLE x (a int CHECK (a > 1))"),
        (448, "CREATE TABLE x (a nvarchar(9) COLLATE nonsense)"),
        (104467, "CREATE TABLE x (a int NOT NULL PRIMARY KEY NOT ENFORCED)"),
        (104467, "CREATE TABLE x (a int NOT NULL PRIMARY KEY CLUSTERED NOT ENFORCED)"),
        (8111, "CREATE TABLE x (a int NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED)"),
        (1779, "CREATE TABLE x (a int NOT NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED, b int NOT NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED)"),
        (111, "SELECT 1; CREATE SCHEMA x"),
        (111, "IF 1 = 1 CREATE SCHEMA x"),
    ],
)  # fmt: skip
def test_what_no_table_of_a_pool_is(client, number, sql):
    assert client.refused(sql) == number


def test_several_distribution_columns_need_the_level_and_are_unreadable_without_it(client):
    client.run("ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = 50")
    client.run("CREATE TABLE x WITH (DISTRIBUTION = HASH(a, b)) AS SELECT 1 AS a, 2 AS b")
    assert client.run("SELECT a, b FROM x") == [(1, 2)]
    client.run("ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = AUTO")
    assert client.refused("SELECT a FROM x") == 104475


# --- IDENTITY ---


@pytest.fixture
def keyed(client):
    client.run("CREATE TABLE k (id bigint IDENTITY(1, 1) NOT NULL, a int NULL) WITH (DISTRIBUTION = HASH(a), HEAP)")
    return client


def test_identity_values_are_unique_and_not_contiguous(keyed):
    keyed.run("INSERT INTO k VALUES (10); INSERT INTO k (a) SELECT 20 UNION ALL SELECT 30")
    assert keyed.run("SELECT id, a FROM k ORDER BY a") == [(1, 10), (61, 20), (121, 30)]
    assert keyed.run("SELECT name, seed_value, increment_value FROM sys.identity_columns") == [("id", "1", "1")]
    assert keyed.run("SELECT name FROM sys.columns WHERE is_identity = 1") == [("id",)]


def test_values_are_given_while_identity_insert_is_on_for_the_table(keyed):
    assert keyed.refused("INSERT INTO k (id, a) VALUES (-1, 1)") == 544
    keyed.run("SET IDENTITY_INSERT dbo.k ON; INSERT INTO k (id, a) VALUES (-1, 1)")
    assert keyed.refused("INSERT INTO k (a) VALUES (2)") == 545
    keyed.run("CREATE TABLE other (id int IDENTITY, a int) WITH (HEAP)")
    assert keyed.refused("SET IDENTITY_INSERT other ON") == 8107
    keyed.run("SET IDENTITY_INSERT k OFF; INSERT INTO k (a) VALUES (2)")
    assert keyed.run("SELECT id FROM k ORDER BY id") == [(-1,), (1,)]
    assert keyed.refused("UPDATE k SET id = 5") == 8102


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (2749, "CREATE TABLE x (a smallint IDENTITY)"),
        (2749, "CREATE TABLE x (a decimal(18) IDENTITY(1, 1))"),
        (104473, "CREATE TABLE x (a int IDENTITY) WITH (DISTRIBUTION = HASH(a))"),
        (2744, "CREATE TABLE x (a int IDENTITY, b int IDENTITY)"),
        (104473, "ALTER TABLE k ADD x int IDENTITY"),
        (8106, "SET IDENTITY_INSERT plain ON"),
    ],
)
def test_where_identity_cannot_be(keyed, number, sql):
    keyed.run("CREATE TABLE plain (a int) WITH (HEAP)")
    assert keyed.refused(sql) == number


@pytest.mark.parametrize(
    ("query", "inherits"),
    [("SELECT * FROM k", 1), ("SELECT id, a FROM k WHERE a > 0", 1), ("SELECT id + 0 AS id FROM k", 0), ("SELECT id, id AS again FROM k", 0),
     ("SELECT id FROM k UNION ALL SELECT id FROM k", 0), ("SELECT x.id FROM k AS x JOIN k AS y ON x.id = y.id", 0)],
)  # fmt: skip
def test_ctas_inherits_identity_from_a_plain_select_of_one_table(keyed, query, inherits):
    keyed.run(f"CREATE TABLE made WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS {query}")
    assert keyed.run("SELECT COUNT(*) FROM sys.identity_columns WHERE object_id = OBJECT_ID(N'made')") == [(inherits,)]


# --- keys, defaults, indexes, statistics ---


def test_keys_are_kept_and_not_enforced(client):
    client.run("CREATE TABLE p (a int NOT NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED, b int NULL, CONSTRAINT uq UNIQUE (b) NOT ENFORCED) WITH (HEAP)")
    client.run("INSERT INTO p SELECT 1, 1 UNION ALL SELECT 1, 1")
    assert client.run("SELECT type, is_enforced FROM sys.key_constraints ORDER BY type") == [("PK", False), ("UQ", False)]
    assert client.refused("ALTER TABLE p ADD CONSTRAINT pk2 PRIMARY KEY NONCLUSTERED (b) NOT ENFORCED") == 1779
    client.run("ALTER TABLE p DROP CONSTRAINT uq; ALTER TABLE p ADD CONSTRAINT uq2 UNIQUE (a, b) NOT ENFORCED")
    assert client.refused("ALTER TABLE p DROP CONSTRAINT uq") == 3728


def test_a_default_fills_what_an_insert_leaves_out(table):
    table.run("ALTER TABLE t ADD CONSTRAINT df_name DEFAULT N'none' FOR name; INSERT INTO t (id) VALUES (2)")
    assert table.run("SELECT id, name, n FROM t ORDER BY id") == [(1, "a", 5), (2, "none", 5)]
    assert table.refused("ALTER TABLE t ADD DEFAULT N'x' FOR name") == 1781
    table.run("ALTER TABLE t DROP CONSTRAINT df_name; INSERT INTO t (id) VALUES (3)")
    assert table.run("SELECT name FROM t WHERE id = 3") == [(None,)]
    assert table.run("SELECT definition FROM sys.default_constraints") == [("(5)",)]


def test_indexes_and_rebuilds_are_taken_where_the_index_is(table):
    table.run("CREATE INDEX ix ON t (name); CREATE CLUSTERED COLUMNSTORE INDEX cci ON t ORDER (id)")
    table.run("ALTER INDEX ALL ON t REBUILD; ALTER INDEX ix ON t REBUILD PARTITION = ALL WITH (DATA_COMPRESSION = PAGE); ALTER TABLE t REBUILD")
    assert table.refused("ALTER INDEX nosuch ON t REBUILD") == 2727
    assert table.refused("ALTER INDEX ALL ON t REBUILD PARTITION = 2") == 7729
    assert table.refused("CREATE CLUSTERED INDEX c ON t (id)") == 1902
    assert table.refused("CREATE INDEX IX ON t (n)") == 1913
    assert table.run("SELECT name, type_desc FROM sys.indexes WHERE index_id = 2") == [("ix", "NONCLUSTERED")]
    table.run("DROP INDEX ix ON t")
    assert table.refused("DROP INDEX ix ON t") == 2727


def test_the_order_of_a_columnstore_is_in_the_catalogue(table):
    table.run("CREATE TABLE o WITH (CLUSTERED COLUMNSTORE INDEX ORDER (n, id), DISTRIBUTION = ROUND_ROBIN) AS SELECT id, n FROM t")
    sql = (
        "SELECT c.name, x.column_store_order_ordinal FROM sys.index_columns AS x JOIN sys.columns AS c ON c.object_id = x.object_id"
        " AND c.column_id = x.column_id WHERE x.object_id = OBJECT_ID(N'o') ORDER BY c.column_id"
    )
    assert table.run(sql) == [("id", 2), ("n", 1)]


def test_statistics_are_made_updated_and_seen(table):
    table.run("CREATE STATISTICS st ON t (id, name) WITH FULLSCAN; CREATE STATISTICS s2 ON t (n) WITH SAMPLE 20 PERCENT")
    table.run("UPDATE STATISTICS t; UPDATE STATISTICS t (st) WITH FULLSCAN; UPDATE STATISTICS dbo.t (S2)")
    assert table.refused("UPDATE STATISTICS t (nosuch)") == 3701
    assert table.refused("CREATE STATISTICS ST ON t (id)") == 1927
    sql = "SELECT s.name, k.column_id FROM sys.stats AS s JOIN sys.stats_columns AS k ON k.object_id = s.object_id AND k.stats_id = s.stats_id ORDER BY 1, 2"
    assert table.run(sql) == [("s2", 3), ("st", 1), ("st", 2)]


# --- ALTER TABLE ---


def test_columns_change_in_place_where_a_pool_lets_them(table):
    table.run("ALTER TABLE t ALTER COLUMN name nvarchar(4000) NOT NULL; ALTER TABLE t ADD d datetime2(3) NULL, e bit NOT NULL DEFAULT 1")
    table.run("ALTER TABLE t ALTER COLUMN d nvarchar(30); ALTER TABLE t DROP COLUMN d")
    assert table.run("SELECT * FROM t") == [(1, "a", 5, True)]
    assert table.columns("SELECT name FROM t") == [("name", "nvarchar", 4000, 0, 0)]


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (4922, "ALTER TABLE t DROP COLUMN n"),  # a default
        (4922, "ALTER TABLE t ALTER COLUMN n bigint"),  # a default, and another type
        (4922, "ALTER TABLE t ALTER COLUMN id int"),  # the distribution column
        (4922, "CREATE INDEX ix ON t (name); ALTER TABLE t DROP COLUMN name"),
        (4922, "CREATE INDEX ix ON t (name); ALTER TABLE t ALTER COLUMN name nvarchar(5)"),
        (257, "ALTER TABLE t ADD u uniqueidentifier NULL; ALTER TABLE t ALTER COLUMN u int"),
        (257, "ALTER TABLE t ADD u date NULL; ALTER TABLE t ALTER COLUMN u bigint"),
        (2628, "UPDATE t SET name = N'long'; ALTER TABLE t ALTER COLUMN name nvarchar(2)"),
        (104473, "ALTER TABLE t ALTER COLUMN name nvarchar(10) DEFAULT N'x'"),
        (104473, "ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES t (n)"),
        (104473, "ALTER TABLE t WITH CHECK ADD CHECK (n > 1)"),
        (104473, "EXEC sp_rename 't.id', 'key', 'COLUMN'"),
        (103010, "TRUNCATE TABLE t WITH (PARTITIONS (1))"),
        (103010, "RENAME OBJECT t TO dbo.x"),
    ],
)
def test_what_does_not_change_in_place(table, number, sql):
    assert table.refused(sql) == number


def test_an_indexed_column_may_grow(table):
    table.run("CREATE INDEX ix ON t (name); ALTER TABLE t ALTER COLUMN name nvarchar(20)")
    assert table.columns("SELECT name FROM t") == [("name", "nvarchar", 20, 0, 0)]


# --- partitions ---


@pytest.fixture
def parted(client):
    for name in ("p", "q"):
        client.run(f"CREATE TABLE {name} (d int NULL, v int NULL) WITH (DISTRIBUTION = HASH(v), HEAP, PARTITION (d RANGE RIGHT FOR VALUES (20, 10)))")
    client.run("INSERT INTO p SELECT 5, 1 UNION ALL SELECT 10, 2 UNION ALL SELECT 15, 3 UNION ALL SELECT 20, 4 UNION ALL SELECT NULL, 5")
    return client


def counts(client, table):
    return client.run(f"SELECT partition_number, rows FROM sys.partitions WHERE object_id = OBJECT_ID(N'{table}') ORDER BY partition_number")


def test_rows_fall_into_partitions_by_their_boundaries(parted):
    assert counts(parted, "p") == [(1, 2), (2, 2), (3, 1)]
    parted.run("CREATE TABLE l WITH (DISTRIBUTION = HASH(v), HEAP, PARTITION (d RANGE LEFT FOR VALUES (10, 20))) AS SELECT * FROM p")
    assert counts(parted, "l") == [(1, 3), (2, 2), (3, 0)]


def test_a_partition_is_switched_into_an_empty_one_or_over_one_that_is_truncated(parted):
    parted.run("ALTER TABLE p SWITCH PARTITION 2 TO q PARTITION 2")
    assert (counts(parted, "p"), counts(parted, "q")) == ([(1, 2), (2, 0), (3, 1)], [(1, 0), (2, 2), (3, 0)])
    parted.run("INSERT INTO p SELECT 11, 9")
    assert parted.refused("ALTER TABLE p SWITCH PARTITION 2 TO q PARTITION 2") == 4943
    parted.run("ALTER TABLE p SWITCH PARTITION 2 TO q PARTITION 2 WITH (TRUNCATE_TARGET = ON)")
    assert parted.run("SELECT d, v FROM q") == [(11, 9)]
    assert parted.refused("ALTER TABLE p SWITCH PARTITION 1 TO q PARTITION 3") == 4943
    assert parted.refused("ALTER TABLE p SWITCH PARTITION 9 TO q PARTITION 9") == 7729


def test_ranges_are_split_and_merged_but_no_columnstore_partition_that_holds_rows(parted):
    parted.run("ALTER TABLE p SPLIT RANGE (15)")
    assert counts(parted, "p") == [(1, 2), (2, 1), (3, 1), (4, 1)]
    parted.run("ALTER TABLE p MERGE RANGE (10)")
    assert counts(parted, "p") == [(1, 3), (2, 1), (3, 1)]
    assert [parted.refused("ALTER TABLE p MERGE RANGE (11)"), parted.refused("ALTER TABLE p SPLIT RANGE (15)")] == [7715, 7708]
    parted.run("CREATE TABLE c WITH (DISTRIBUTION = HASH(v), PARTITION (d RANGE RIGHT FOR VALUES (10))) AS SELECT * FROM p")
    assert parted.refused("ALTER TABLE c SPLIT RANGE (20)") == 35346
    parted.run("TRUNCATE TABLE c; ALTER TABLE c SPLIT RANGE (20)")


# --- temporary tables ---


def test_a_temporary_table_is_its_sessions_own_and_goes_with_it(connect):
    one, two = connect(), connect()
    one.run("CREATE TABLE #t (id int NOT NULL, n nvarchar(max)) WITH (DISTRIBUTION = HASH(id), HEAP); INSERT INTO #t VALUES (1, N'a')")
    two.run("CREATE TABLE #t WITH (DISTRIBUTION = ROUND_ROBIN, HEAP) AS SELECT 2 AS id")
    assert (one.run("SELECT #t.id, x.n FROM #t JOIN #t AS x ON x.id = #t.id"), two.run("SELECT * FROM [#t]")) == ([(1, "a")], [(2,)])
    assert one.run("SELECT 1 WHERE OBJECT_ID(N'tempdb..#t') IS NOT NULL") == [(1,)]
    assert one.run("SELECT name FROM sys.tables") == []
    assert one.refused("CREATE TABLE #T (id int)") == 2714
    one.run("DROP TABLE #t")
    assert [one.refused("SELECT * FROM #t"), two.run("SELECT * FROM #t")] == [208, [(2,)]]


def test_rows_of_a_temporary_table_change_and_join_in_a_transaction(table):
    table.run(
        "CREATE TABLE #s (id bigint, name nvarchar(10)) WITH (DISTRIBUTION = HASH(id), HEAP); INSERT INTO #s SELECT 1, N'b' UNION ALL SELECT 2, N'c'"
    )
    table.run(
        "BEGIN TRAN; DELETE t FROM t JOIN #s AS s ON s.id = t.id; INSERT INTO t (id, name) SELECT id, name FROM #s; UPDATE #s SET name = N'z'; COMMIT"
    )
    assert table.run("SELECT id, name FROM t ORDER BY id") == [(1, "b"), (2, "c")]
    assert table.run("MERGE t USING #s AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name;") == 4
    table.run("ALTER TABLE #s ADD x int NULL; CREATE STATISTICS st ON #s (id); TRUNCATE TABLE #s")
    assert table.run("SELECT * FROM #s") == []


@pytest.mark.parametrize(
    ("number", "sql"),
    [
        (104473, "CREATE TABLE ##g (id int)"), (104473, "CREATE TABLE #x (id int) WITH (DISTRIBUTION = REPLICATE)"),
        (104473, "CREATE TABLE #x (id int) WITH (PARTITION (id RANGE FOR VALUES (1)))"), (104473, "CREATE TABLE #x (id int) WITH (HEAP); RENAME OBJECT #x TO y"),
        (111212, "BEGIN TRAN; CREATE TABLE #x (id int)"), (35343, "CREATE TABLE #x (a nvarchar(max))"),
    ],
)  # fmt: skip
def test_what_a_temporary_table_cannot_be(client, number, sql):
    assert client.refused(sql) == number


def test_no_view_is_made_on_a_temporary_table(client):
    client.run("CREATE TABLE #x (id int) WITH (HEAP)")
    assert client.refused("CREATE VIEW v AS SELECT id FROM #x") == 104473


def test_names_of_constraints_are_unique_in_the_database(client):
    client.run("CREATE TABLE one (id int NOT NULL CONSTRAINT d DEFAULT 4, CONSTRAINT k PRIMARY KEY NONCLUSTERED (id) NOT ENFORCED) WITH (HEAP)")
    client.run("CREATE TABLE two (id int NOT NULL) WITH (HEAP)")
    assert client.refused("CREATE TABLE three (id int CONSTRAINT D DEFAULT 4) WITH (HEAP)") == 2714
    assert client.refused("ALTER TABLE two ADD CONSTRAINT K UNIQUE (id) NOT ENFORCED") == 2714
    assert client.refused("ALTER TABLE two ADD CONSTRAINT d DEFAULT 1 FOR id") == 2714
    client.run("ALTER TABLE two ADD DEFAULT 1 FOR id; ALTER TABLE two ADD CONSTRAINT k2 UNIQUE (id) NOT ENFORCED; RENAME OBJECT two TO four")
