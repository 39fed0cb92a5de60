"""What DuckDB keeps of a file while it is read, by DuckDB's own account: never a size of the process."""

import logging
from contextlib import closing

import duckdb
import pytest
from tap_warehouse.errors import QueryError
from tap_warehouse.query import Query
from tap_warehouse.warehouses import duckdb as warehouse_module
from tap_warehouse.warehouses import duckdb_memory
from tap_warehouse.warehouses.duckdb import connect
from tap_warehouse.warehouses.duckdb_memory import cached_bytes, let_go, only_reads

TABLE_ROWS = 600_000
# Two columns that no compression makes smaller: 9.6 MB.
TABLE = f"CREATE TABLE t AS SELECT hash(range) AS a, hash(range, 1) AS b FROM range({TABLE_ROWS})"
ROWS = (
    "SELECT a, b, repeat('x', 200) AS c FROM t"  # longer ones than the file holds: 10 MiB of them wait to be taken, so DuckDB does not read far ahead
)
TABLE_BYTES, KEPT_BYTES = TABLE_ROWS * 16, 6_000_000
LIMIT = "SELECT current_setting('memory_limit')"
LONG_TEXTS = "CREATE TABLE t AS SELECT range AS id, range || repeat('x', 2500) AS text FROM range(3000)"
LONGER_TEXTS = "SELECT id, repeat(text, 8) AS text FROM t"  # 2,048 rows at once, which is 41 MB


@pytest.fixture
def opened(duckdb_file):
    """A file as the tap opens it."""
    made = []

    def open_file(statement, **more):
        made.append(connect({"duckdb": {"path": duckdb_file(statement), **more}}))
        return made[-1]

    yield open_file
    for one in made:
        one.close()


@pytest.fixture
def beside():
    """Another connection to the file that is open, which shares its memory."""

    def open_beside(warehouse):
        return closing(warehouse._connection.cursor())

    return open_beside


def batches(warehouse, sql):
    columns = warehouse.columns(sql)
    return warehouse.batches(Query(sql, []), columns)


def rows_and_most_cached(warehouse, sql, looking):
    rows = most = 0
    for batch in batches(warehouse, sql):
        rows += batch.num_rows
        most = max(most, cached_bytes(looking))
    return rows, most


@pytest.fixture
def tight(monkeypatch):
    """Looks often enough to be seen with a small table."""
    monkeypatch.setattr(duckdb_memory, "CACHED_BYTES", 1_000_000)
    monkeypatch.setattr(duckdb_memory, "LOOK_BYTES", 4_000_000)


@pytest.mark.usefixtures("tight")
def test_blocks_that_have_been_read_are_let_go(opened, beside):
    with beside(warehouse := opened(TABLE)) as looking:
        limit = looking.execute(LIMIT).fetchall()
        rows, most = rows_and_most_cached(warehouse, ROWS, looking)
        assert (rows, most < KEPT_BYTES) == (TABLE_ROWS, True)
        assert looking.execute(LIMIT).fetchall() == limit


def test_they_would_stay_by_themselves(opened, beside):
    with beside(warehouse := opened(TABLE)) as looking:
        rows, most = rows_and_most_cached(warehouse, ROWS, looking)
        assert (rows, most > TABLE_BYTES * 0.9) == (TABLE_ROWS, True)


@pytest.mark.usefixtures("tight")
def test_a_query_that_sorts_keeps_what_it_has(opened, beside):
    with beside(warehouse := opened(TABLE)) as looking:
        rows, most = rows_and_most_cached(warehouse, "SELECT * FROM t ORDER BY a", looking)
        assert (rows, most > TABLE_BYTES * 0.9) == (TABLE_ROWS, True)


def test_letting_go_while_nothing_is_read_leaves_the_limit_as_it_was(opened, beside):
    with beside(opened(TABLE, memory_mb=77)) as looking:
        looking.execute("SELECT sum(a % 7) FROM t").fetchall()
        before, limit = cached_bytes(looking), looking.execute(LIMIT).fetchall()
        let_go(looking, 77)
        assert (before > 0, cached_bytes(looking)) == (True, 0)
        assert looking.execute(LIMIT).fetchall() == limit


def test_the_limit_is_not_lower_for_a_moment(opened, beside, monkeypatch):
    put_back = []
    monkeypatch.setattr(duckdb_memory, "set_limit", lambda *_: put_back.append(looking.execute(LIMIT).fetchall()))
    with beside(opened(TABLE, memory_mb=77)) as looking:
        for _ in range(20):
            looking.execute("SELECT sum(a % 7) FROM t").fetchall()
            let_go(looking, 77)
    assert put_back == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM t", True),
        ("SELECT a + b AS c FROM t WHERE a % 2 = 0", True),
        ("SELECT * FROM (SELECT a FROM t LIMIT 10) WHERE a > 5", True),
        ("SELECT a FROM t UNION ALL SELECT b FROM t", True),
        ("SELECT * FROM t ORDER BY a", False),
        ("SELECT a, count(*) FROM t GROUP BY a", False),
        ("SELECT DISTINCT a FROM t", False),
        ("SELECT * FROM t JOIN t AS u USING (a)", False),
        ("SELECT a, sum(b) OVER (PARTITION BY a % 3) FROM t", False),
        ("SELECT * FROM t ORDER BY a LIMIT 3", False),
        ("SELECT a, row_number() OVER (ORDER BY b) FROM t", False),
    ],
)
def test_only_queries_that_give_rows_as_they_read_them_only_read(sql, expected):
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS a, range AS b FROM range(10)")
        assert only_reads(connection, sql) == expected


def test_rows_too_long_for_the_default_are_tried_with_more(opened, caplog, monkeypatch):
    monkeypatch.setattr(warehouse_module, "MEMORY_MB", 32)
    caplog.set_level(logging.INFO)
    assert sum(batch.num_rows for batch in batches(opened(LONG_TEXTS), LONGER_TEXTS)) == 3_000
    assert "The first rows do not fit into 32 MB of memory; trying 512 MB" in caplog.messages


def test_what_the_user_allows_is_not_passed_over(opened):
    with pytest.raises(QueryError) as failure:
        list(batches(opened(LONG_TEXTS, memory_mb=32), LONGER_TEXTS))
    assert failure.value.hint == "set `duckdb.memory_mb`, which was 32, to more"
