"""How tables are made: distribution, index, partitions, keys and statistics, for all streams or by pattern."""

from __future__ import annotations

import pytest
from singer_commons.errors import ConfigurationError
from synapse_support.messages import record, schema_line, state
from target_synapse.settings import settings_misfits

ORDERS = {
    "id": {"type": "integer"},
    "code": {"type": "string", "maxLength": 20},
    "at": {"type": "string", "format": "date-time"},
    "note": {"type": "string", "maxLength": 9_000},
}
LINES = [schema_line(ORDERS, ["code"], "orders"), record("orders", id=1, code="a", at="2026-01-05T00:00:00Z", note="x")]
DISTRIBUTION = (
    """SELECT d.distribution_policy_desc FROM sys.pdw_table_distribution_properties AS d WHERE d.object_id = OBJECT_ID(N'[{0}].[orders]')"""
)
HASHED = """SELECT c.name FROM sys.pdw_column_distribution_properties AS d INNER JOIN sys.columns AS c ON c.object_id = d.object_id
AND c.column_id = d.column_id WHERE d.object_id = OBJECT_ID(N'[{0}].[orders]') AND d.distribution_ordinal > 0 ORDER BY d.distribution_ordinal"""
INDEXES = "SELECT type_desc FROM sys.indexes WHERE object_id = OBJECT_ID(N'[{0}].[orders]') ORDER BY index_id"
STATISTICS = "SELECT name FROM sys.stats WHERE object_id = OBJECT_ID(N'[{0}].[orders]') ORDER BY name"
PARTITIONS = "SELECT partition_number, rows FROM sys.partitions WHERE object_id = OBJECT_ID(N'[{0}].[orders]') ORDER BY partition_number"


@pytest.fixture
def looked_up(pool, schema):
    return lambda sql: [row[0] if len(row) == 1 else row for row in pool.rows(sql.format(schema))]


@pytest.mark.parametrize(
    ("changes", "distribution", "hashed", "indexes"),
    [
        ({}, "HASH", ["code"], ["HEAP"]),
        ({"distribution_columns": ["id"]}, "HASH", ["id"], ["HEAP"]),
        ({"table_distribution": "hash", "distribution_columns": ["at"]}, "HASH", ["at"], ["HEAP"]),
        ({"table_distribution": "round_robin"}, "ROUND_ROBIN", [], ["HEAP"]),
        ({"table_distribution": "replicate", "table_index": "clustered"}, "REPLICATE", [], ["CLUSTERED"]),
        ({"table_index": "columnstore", "index_columns": ["at"]}, "HASH", ["code"], ["CLUSTERED COLUMNSTORE"]),
        ({"table_index": "clustered", "index_columns": ["at", "id"], "primary_key": "not_enforced"}, "HASH", ["code"], ["CLUSTERED", "NONCLUSTERED"]),
    ],
)
def test_a_table_is_made_as_the_settings_of_its_stream_ask(changes, distribution, hashed, indexes, load_here, looked_up, table):
    load_here(LINES, stream_options={"ord*": changes})
    assert (looked_up(DISTRIBUTION), looked_up(HASHED), looked_up(INDEXES)) == ([distribution], hashed, indexes)
    load_here(LINES, stream_options={"ord*": changes})  # into the table that is there
    assert table("orders", "[id], [code], [note]") == [(1, "a", "x")]


def test_rows_fall_into_the_partitions_that_the_boundaries_make(load_here, looked_up):
    partition = {"column": "at", "range": "right", "values": ["2026-02-01", "2026-01-05T00:00:00Z"]}
    load_here([*LINES, record("orders", id=2, code="b", at="2026-01-04T23:59:59.9999999Z")], table_partition=partition)
    assert looked_up(PARTITIONS) == [(1, 1), (2, 1), (3, 0)]


def test_staging_tables_are_hashed_like_the_table_that_is_there_whatever_the_settings_say_now(load_here, pool, schema):
    load_here(LINES, distribution_columns=["id"])
    load_here(LINES, table_distribution="round_robin")
    created = list(pool.statements(f"CREATE TABLE [{schema}].[_sdc_stg_"))
    assert ["HASH([id])" in one for one in created] == [True, True]


def test_several_distribution_columns_are_told_to_need_their_compatibility_level(load_here, pool, looked_up, table):
    with pytest.raises(Exception, match="Multi-column distribution is not supported"):
        load_here(LINES, distribution_columns=["id", "at"])
    pool.connection.execute("ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = 50")
    try:
        load_here(LINES, distribution_columns=["id", "at"])
        assert (looked_up(HASHED), table("orders", "[id]")) == (["id", "at"], [(1,)])
    finally:
        pool.connection.execute("ALTER DATABASE SCOPED CONFIGURATION SET DW_COMPATIBILITY_LEVEL = AUTO")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"distribution_columns": ["nope"]}, "`distribution_columns` names nope, which stream `orders` does not have"),
        ({"table_index": "columnstore", "index_columns": ["at", "no"]}, "`index_columns` names no, which stream `orders` does not have"),
        ({"table_index": "columnstore", "index_columns": ["code"]}, "`index_columns` of stream `orders`: code is text, which orders no columnstore"),
        ({"table_partition": {"column": "day", "values": [1]}}, "`table_partition` names day, which stream `orders` does not have"),
        ({"table_partition": {"column": "at", "values": ["soon"]}}, "Invalid isoformat string: 'soon', which at holds as datetime2(7)"),
    ],
)
def test_what_the_columns_cannot_have_is_told_before_a_table_is_made(changes, told, load_here, pool, schema):
    with pytest.raises(ConfigurationError) as caught:
        load_here(LINES, **changes)
    assert told in str(caught.value)
    assert pool.rows(f"SELECT COUNT_BIG(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME = N'orders'") == [(0,)]


@pytest.mark.parametrize(("keys", "changes"), [([], {"table_distribution": "hash"}), ([], {"table_index": "clustered"})])
def test_a_stream_without_keys_must_name_its_columns(keys, changes, load_here):
    with pytest.raises(ConfigurationError, match="stream `orders`"):
        load_here([schema_line(ORDERS, keys, "orders")], **changes)


def test_settings_of_tables_that_cannot_be_met_are_told_at_the_start():
    told = [
        str(one)
        for one in settings_misfits(
            {
                "user": "u",
                "password": "p",
                "storage_url": "https://a.example",
                "storage_prefix": "p",
                "storage_container": "stage",
                "storage_account_key": "k",
                "table_index": "heap",
                "index_columns": ["a"],
                "stream_options": {
                    "a": {"table_distribution": "replicate", "distribution_columns": ["x", "x"]},
                    "b": {"primary_key": "not_enforced", "load_method": "append-only", "table_index": "clustered"},
                    "c": {"table_partition": {"column": "d", "values": ["1", 1]}},
                    "d": {"table_partition": {"range": "left"}},
                },
            }
        )
    ]
    assert told == [
        "`table_index` and `index_columns`: columns are of a `columnstore` or `clustered` index, found heap",
        (
            "`stream_options.a.table_distribution` and `stream_options.a.distribution_columns`: rows that go replicate are distributed by no column; "
            "expected `hash` or `auto`"
        ),
        "`stream_options.a.distribution_columns`: expected each property once",
        (
            "`stream_options.b.primary_key` and `stream_options.b.load_method`: rows that are kept beside each other share a key, and a key that is declared and "
            "not kept makes queries wrong"
        ),
        "`stream_options.c.table_partition`: expected each boundary once",
        "`stream_options.d.table_partition`: expected `column` and `values`",
    ]


@pytest.mark.parametrize(("collation", "rows"), [(None, [("A", 2)]), ("Latin1_General_100_BIN2", [("A", 2), ("a", 1)])])
def test_keys_that_differ_in_case_are_two_only_under_a_collation_that_tells_them_apart(collation, rows, load_here, table):
    lines = [schema_line(ORDERS, ["code"], "orders"), record("orders", id=1, code="a"), record("orders", id=2, code="A")]
    load_here(lines, key_collation=collation)
    load_here(lines, key_collation=None)  # the table's collation holds, also for staging
    assert sorted(table("orders", "[code], [id]")) == rows


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ("none", []),
        ("update", []),
        ("keys", ["_sdc_stat_at", "_sdc_stat_code"]),
        ("all", ["_sdc_stat_at", "_sdc_stat_code", "_sdc_stat_id"]),
    ],
)
def test_statistics_are_made_once_and_brought_up_to_date_after_each_load(wanted, made, load_here, looked_up, pool, schema):
    changes = {"table_statistics": wanted, "table_partition": {"column": "at", "values": ["2026-01-01"]}}
    load_here(LINES, **changes)
    load_here(LINES, **changes)
    assert looked_up(STATISTICS) == made
    assert len(pool.statements(f"UPDATE STATISTICS [{schema}].[orders]")) == (0 if wanted == "none" else 2)


def test_indexes_are_rebuilt_at_the_end_of_a_run_that_brought_rows(load_here, pool, schema):
    load_here(LINES, rebuild_indexes=True)
    load_here(LINES[:1], rebuild_indexes=True)
    assert pool.statements(f"[{schema}].[orders] REBUILD") == [f"ALTER INDEX ALL ON [{schema}].[orders] REBUILD"]


def test_a_failure_of_what_follows_a_load_is_told_and_loses_nothing(load_here, pool, schema, table, caplog):
    pool.fault("error", rf"UPDATE STATISTICS \[{schema}\]", number=1205, message="Nothing to be done.")
    pool.fault("error", rf"ALTER INDEX ALL ON \[{schema}\]", number=229, message="The ALTER permission was denied.")
    load_here([*LINES, state({"at": 1})], rebuild_indexes=True, table_statistics="update")
    assert (table("orders", "[id]"), load_here.states) == ([(1,)], [{"at": 1}])
    assert f"The rows of [{schema}].[orders] are loaded, but cannot run ALTER INDEX ALL" in caplog.text
