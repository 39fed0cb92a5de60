"""Child tables by every way, in every kind of load: swapped with their stream's table, sliced with its rows, planned, swept up, found by their label."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from singer_commons.errors import ConfigurationError, DestinationError, InputError
from synapse_support.messages import record, schema_line, state
from synapse_support.orders import CHILDREN, TABLES, order, orders_line
from synapse_support.ways import WAYS
from target_synapse.loading.leftovers import Leftovers
from target_synapse.pool.connection import Pool
from target_synapse.settings import settings_misfits
from target_synapse.sql.ledger import ledger_table
from target_synapse.staging.store import StagingStore
from target_synapse.tables.naming import TableName
from target_synapse.tables.swaps import Swaps
from target_synapse.target import TargetSynapse

OVERWRITE = {"load_method": "overwrite", **CHILDREN}
LINES = [orders_line(), order(1, "a", items=[("s", "n")]), order(2, "", "b"), state({"at": 2})]
LOADED = [[(1, "order 1"), (2, "order 2")], [(1, 0, "a"), (2, 0, ""), (2, 1, "b")], [(1, 0, "s", None)], [(1, 0, 0, "n")]]


@pytest.fixture
def tree(table):
    """The rows of the stream's table and of its child tables, in order."""
    return lambda: [sorted(table(name), key=str) for name in TABLES]


@pytest.fixture
def tables(pool, schema):
    """The names of the tables of the test's schema, but for the ledger."""

    def read():
        sql = f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND TABLE_NAME <> N'_sdc_load_ledger'"
        return sorted(name for (name,) in pool.rows(sql))

    return read


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"stage_format": "parquet"},
        {"table_distribution": "round_robin", "table_index": "clustered", "primary_key": "not_enforced"},
        {
            "distribution_columns": ["name"],
            "table_index": "heap",
            "table_statistics": "all",
            "rebuild_indexes": True,
            "transform_sql": ["DELETE FROM {staging} WHERE [id] = 3"],
        },
    ],
    ids=["parquet", "clustered", "transformation"],
)
def test_child_tables_are_loaded_whatever_the_files_the_shape_and_the_transformation_are(changes, load_here, tree, tables, staged):
    extra = [order(3, "gone")] if "transform_sql" in changes else []
    assert load_here([*LINES[:-1], *extra, LINES[-1]], **changes, **CHILDREN) == [{"at": 2}]
    assert (tree(), tables(), staged()) == (LOADED, sorted(TABLES), [])


@pytest.mark.slow
@pytest.mark.parametrize("way", [name for name in WAYS if name != "copy"])  # which all other tests take
def test_child_tables_are_loaded_by_every_way(way, load_here, tree, tables, staged):
    assert load_here(LINES, **WAYS[way], **CHILDREN) == [{"at": 2}]
    assert (tree(), tables(), staged()) == (LOADED, sorted(TABLES), [])


@pytest.mark.slow
def test_a_child_table_is_spread_as_its_records_are_knows_its_key_and_names_itself_in_labels(load_here, pool, schema):
    load_here(LINES, primary_key="not_enforced", **CHILDREN)
    spread = (
        "SELECT t.name, c.name FROM sys.pdw_column_distribution_properties AS d JOIN sys.columns AS c ON c.object_id = d.object_id"
        f" AND c.column_id = d.column_id JOIN sys.tables AS t ON t.object_id = d.object_id WHERE SCHEMA_NAME(t.schema_id) = N'{schema}'"
        " AND d.distribution_ordinal > 0 AND LEFT(t.name, 6) = N'orders'"
    )
    assert sorted(pool.rows(spread)) == sorted([("orders", "id"), *((name, "_sdc_source_key_id") for name in TABLES[1:])])
    (made,) = pool.statements(f"ALTER TABLE [{schema}].[orders__items__notes]")
    assert "PRIMARY KEY NONCLUSTERED ([_sdc_source_key_id], [_sdc_level_0_id], [_sdc_level_1_id]) NOT ENFORCED" in made
    for verb in ("DELETE", "INSERT INTO"):
        (found,) = pool.statements(f"{verb} [{schema}].[orders__tags]")
        assert "table=orders__tags" in found.partition("OPTION (LABEL = ")[2]
    assert [one for one in pool.statements("COPY INTO") if "table=orders__items__notes" in one]


@pytest.mark.slow
@pytest.mark.parametrize("keys", [("id",), ()], ids=["with keys", "without"])
def test_an_overwrite_swaps_the_child_tables_too_so_that_no_old_element_stays(keys, load_here, table, tables, pool, schema):
    old = [orders_line(keys), order(1, "old", items=[("old", "old")]), order(2, "old"), state({"at": "old"})]
    load_here(old, **OVERWRITE)
    new = [orders_line(keys), order(2, "new", "er"), state({"at": 1}), order(3), state({"at": "new"})]
    assert load_here(new, batch_size_rows=1, **OVERWRITE) == [{"at": "new"}]
    assert [sorted(row[-1] for row in table(name, "[value]")) for name in ("orders__tags", "orders__items__notes")] == [["er", "new"], []]
    assert ([len(table(name)) for name in TABLES], tables()) == ([2, 2, 0, 0], sorted(TABLES))
    decisions = [one for one in pool.statements("N'OVERWRITE _sdc_new") if f"[{schema}].[_sdc_load_ledger]" in one]
    assert [one.count("N'OVERWRITE _sdc_new") for one in decisions] == [4, 4], "one statement a run: all tables, or none"


@pytest.mark.slow
def test_an_overwrite_that_is_not_whole_leaves_every_table_as_it_was_and_one_of_no_rows_empties_all(load_here, tree, tables):
    load_here(LINES, **OVERWRITE)
    with pytest.raises(InputError, match="stays as it was"):
        load_here([orders_line(), order(7, "x")], **OVERWRITE)
    assert (tree(), tables()) == (LOADED, sorted(TABLES))
    load_here([orders_line(), {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 2}, state({"at": 0})], **OVERWRITE)
    assert (tree(), tables()) == ([[], [], [], []], sorted(TABLES))


@pytest.mark.slow
def test_rows_behind_the_end_of_an_overwrite_go_into_the_tables_that_readers_see(load_here, tree):
    version = {"version": 2}
    lines = [
        orders_line(),
        order(1, "a") | version,
        {"type": "ACTIVATE_VERSION", "stream": "orders", "version": 2},
        order(1, "b") | version,
        state({}),
    ]
    load_here(lines, **OVERWRITE, process_activate_version_messages=True)
    assert [row[:3] for row in tree()[1]] == [(1, 0, "b")]


@pytest.mark.parametrize(
    "method",
    [{}, *(pytest.param(one, marks=pytest.mark.slow) for one in ({"upsert_with": "merge"}, {"load_method": "append-only"}))],
    ids=["delete_insert", "merge", "append"],
)
def test_elements_are_in_the_slice_of_their_record(method, load_here, table, pool, schema):
    rows = [order(key % 7, f"row {number}", "x") for number, key in enumerate(range(20))]
    load_here([orders_line(), *rows, state({"at": 20})], max_transaction_rows=16, **method, **CHILDREN)
    entries = pool.rows(f"SELECT [rows] FROM [{schema}].[_sdc_load_ledger] WHERE [rows] > 0 ORDER BY [committed_at]")
    each = 5 if method.get("load_method") else 2  # three rows a record, and where there are keys as many that go
    assert [rows for (rows,) in entries] == [each] * (20 // each)
    kept = range(20) if method.get("load_method") else range(13, 20)
    assert sorted(table("orders__tags", "[_sdc_level_0_id], [value]")) == sorted([(0, f"row {one}") for one in kept] + [(1, "x")] * len(kept))


@pytest.mark.slow
def test_a_pool_that_finds_a_batch_too_large_with_its_elements_gets_smaller_slices(load_here, tree, pool, schema):
    pool.weather(transaction_rows=9)
    load_here([orders_line(), *(order(key, "a", "b") for key in range(6)), state({"at": 6})], **CHILDREN)
    assert [len(rows) for rows in tree()] == [6, 12, 0, 0]
    assert len(pool.rows(f"SELECT 1 FROM [{schema}].[_sdc_load_ledger]")) > 1


@pytest.mark.slow
def test_staging_tables_and_files_of_child_rows_go_with_a_load_that_is_refused_or_are_swept_up(load_here, pool, schema, settings, tables, staged):
    pool.fault("error", rf"INSERT INTO \[{schema}\]\.\[orders__items\]", number=229)
    with pytest.raises(DestinationError):
        load_here(LINES, **CHILDREN)
    assert (tables(), staged(), load_here.states) == (sorted(TABLES), [], [])
    pool.fault("error", rf"DROP TABLE \[{schema}\]\.\[_sdc_stg", number=229, times=9)
    load_here(LINES, **CHILDREN)
    left = [name for name in tables() if name.startswith("_sdc_stg")]
    pool.order(clear=True)
    reading, store, later = Pool(settings), StagingStore(settings), datetime.now(UTC) + timedelta(hours=3)
    Leftovers(reading, store, schema, Swaps(reading, ledger_table(schema), "sweeper"), after_hours=2, now=lambda: later).sweep_tables(schema)
    reading.close()
    store.close()
    assert (len(left) >= 4, tables()) == (True, sorted(TABLES))


@pytest.mark.slow
def test_new_child_tables_of_a_run_at_work_are_not_swept_up(load_here, pool, schema, settings, tables):
    """Their name says whose they are: rows that came into the stream's new table a moment ago speak for them, too."""
    load_here([schema_line({"id": {"type": "integer"}}, stream="users"), record("users", id=1)])
    made = datetime.now(UTC) - timedelta(hours=5)
    names = [f"_sdc_new_{digits}_{made:%Y%m%d%H%M%S}_{owner}" for digits, owner in (("0" * 8, "a" * 8), ("1" * 8, "a" * 8), ("2" * 8, "b" * 8))]
    for name in names:
        pool.connection.execute(f"CREATE TABLE [{schema}].[{name}] ([id] int) WITH (HEAP)")
    target = str(TableName(schema, names[0]))
    pool.connection.execute(f"UPDATE [{schema}].[_sdc_load_ledger] SET [target] = N'{target}'")
    reading, store = Pool(settings), StagingStore(settings)
    Leftovers(reading, store, schema, Swaps(reading, ledger_table(schema), "sweeper"), after_hours=2).sweep_tables(schema)
    reading.close()
    store.close()
    assert tables() == [*names[:2], "users"]


@pytest.fixture
def plan_of(settings):
    """The plan of a load of lines, as text."""

    def made(lines, **changes):
        shown = []
        target = TargetSynapse(config={**settings, **changes})
        target.is_planning = True
        target.plan(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)), shown.append, show_values=False)
        return "".join(shown)

    return made


@pytest.mark.parametrize(
    "method",
    [{}, *(pytest.param({"load_method": one}, marks=pytest.mark.slow) for one in ("overwrite", "append-only"))],
    ids=["auto", "overwrite", "append"],
)
def test_a_plan_shows_the_child_tables_and_makes_none(method, plan_of, tables, schema):
    shown = plan_of(LINES, **method, **CHILDREN)
    new = "_sdc_new_" if method.get("load_method") == "overwrite" else ""
    assert shown.count("COPY INTO") == 4
    assert "orders__items__notes" in shown
    for name in TABLES:
        if new:
            assert f"RENAME OBJECT [{schema}].[_sdc_new_" in shown
            assert f"TO [{name}]" in shown
        else:
            assert f"CREATE TABLE [{schema}].[{name}] (" in shown
            assert f"INSERT INTO [{schema}].[{name}] (" in shown
    assert shown.index("in one transaction") < shown.rindex("INSERT INTO") < shown.rindex("-- commit") or new
    assert tables() == []


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"load_method": "history"}, ("nested_data", "load_method")),
        ({"copy_max_errors": 5}, ("nested_data", "copy_max_errors")),
    ],
)
def test_what_goes_with_no_child_tables_is_told_before_anything_is_read(settings, names):
    assert names in [one.settings for one in settings_misfits({**CHILDREN, **settings})]
    per_stream = [one.settings for one in settings_misfits({**settings, "stream_options": {"o*": CHILDREN}})]
    assert ("stream_options.o*.nested_data", names[1]) in per_stream
    assert not [one for one in settings_misfits(settings) if "nested_data" in one.settings]


def test_a_history_that_another_pattern_asks_for_is_refused_when_the_stream_comes(load_here):
    with pytest.raises(ConfigurationError, match="keeps its history"):
        load_here(LINES, stream_options={"o*": CHILDREN, "orders": {"load_method": "history"}})
