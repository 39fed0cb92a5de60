"""MERGE by the rules of its Synapse section."""

import pytest


@pytest.fixture
def loaded(client):
    """A target with two rows and a source with a newer, an equal and a new key."""
    client.run("CREATE TABLE t (id bigint NOT NULL, name nvarchar(20) NULL) WITH (DISTRIBUTION = HASH(id), HEAP)")
    client.run("CREATE TABLE s (id bigint NULL, name nvarchar(max) NULL, seq bigint NULL) WITH (HEAP)")
    client.run("INSERT INTO t SELECT 1, N'old' UNION ALL SELECT 2, N'two'")
    client.run("INSERT INTO s SELECT 1, N'first', 1 UNION ALL SELECT 1, N'x', 2 UNION ALL SELECT 3, N'three', 3")
    return client


def rows(client):
    return client.run("SELECT id, name FROM t ORDER BY id")


def test_an_update_counts_as_a_delete_and_an_insert(loaded):
    sql = (
        "MERGE INTO dbo.t AS t USING (SELECT * FROM s WHERE seq > 1) AS s ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED BY TARGET THEN INSERT (id, name) VALUES (s.id, s.name)"
        " WHEN NOT MATCHED BY SOURCE AND t.id = 2 THEN DELETE OPTION (LABEL = N'x');"
    )
    assert loaded.run(sql) == 4
    assert rows(loaded) == [(1, "x"), (3, "three")]
    assert loaded.run("SELECT label FROM sys.dm_pdw_exec_requests WHERE command LIKE N'MERGE%'") == [("x",)]


def test_two_clauses_of_a_kind_take_their_rows_one_after_the_other(loaded):
    sql = (
        "MERGE t USING (SELECT 1 AS id, 1 AS gone UNION ALL SELECT 2, 0) AS s ON t.id = s.id"
        " WHEN MATCHED AND s.gone = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET t.name = N'kept';"
    )
    assert loaded.run(sql) == 3
    assert rows(loaded) == [(2, "kept")]


@pytest.mark.parametrize(
    ("number", "clauses"),
    [
        (10714, "WHEN MATCHED AND s.seq = 1 THEN DELETE WHEN MATCHED THEN DELETE"),
        (10714, "WHEN NOT MATCHED AND s.seq = 1 THEN INSERT (id) VALUES (1) WHEN NOT MATCHED THEN INSERT (id) VALUES (2)"),
        (5324, "WHEN MATCHED THEN DELETE WHEN MATCHED AND s.seq = 1 THEN UPDATE SET name = N'x'"),
        (207, "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET name = s.name"),
        (103010, "WHEN NOT MATCHED THEN INSERT (t.id) VALUES (s.id)"),
        (103010, "WHEN NOT MATCHED THEN INSERT DEFAULT VALUES"),
        (104473, "WHEN MATCHED THEN DELETE OUTPUT deleted.id"),
    ],
)
def test_clauses_that_the_page_rules_out_are_refused(loaded, number, clauses):
    assert loaded.refused(f"MERGE t USING s ON t.id = s.id {clauses};") == number
    assert rows(loaded) == [(1, "old"), (2, "two")]


@pytest.mark.parametrize("sql", ["MERGE t WITH (HOLDLOCK) USING s ON t.id = s.id WHEN MATCHED THEN DELETE;", "MERGE t USING s ON t.id = s.id;"])
def test_hints_and_a_merge_without_actions_are_parse_errors(loaded, sql):
    assert loaded.refused(sql) == 103010


def test_a_cte_is_followed_by_a_select_alone(loaded):
    assert loaded.refused("WITH q AS (SELECT 1 AS id) DELETE FROM t WHERE id IN (SELECT id FROM q)") == 104473
    assert loaded.run("WITH q AS (SELECT 1 AS id) SELECT id FROM q") == [(1,)]


def test_nothing_is_inserted_into_a_table_with_identity(loaded):
    loaded.run("CREATE TABLE i (k bigint IDENTITY(1, 1), id bigint) WITH (DISTRIBUTION = HASH(id), HEAP)")
    assert loaded.refused("MERGE i USING s ON i.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id);") == 100088
    assert loaded.refused("MERGE i USING s ON i.id = s.id WHEN MATCHED THEN UPDATE SET k = 1;") == 8102
    assert loaded.run("MERGE i USING s ON i.id = s.id WHEN MATCHED THEN DELETE;") == 0
