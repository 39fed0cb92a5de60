"""What killed runs leave behind is removed when it is old, and nothing else is."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sandbox.blob.service import ACCOUNT_KEY, CONTAINER
from synapse_support.messages import USERS, record, schema_line
from target_synapse.loading.leftovers import Leftovers, old_files, old_tables
from target_synapse.loading.load import staging_name
from target_synapse.pool.connection import Pool
from target_synapse.rows.types import BIGINT
from target_synapse.sql import external
from target_synapse.sql.copy_into import KEY, Credential
from target_synapse.sql.ddl import Column
from target_synapse.staging.store import StagingStore
from target_synapse.tables.naming import TableName
from target_synapse.target import TargetSynapse
from target_synapse.ways.polybase import PolyBaseWay, own_objects

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
DEAD, ALIVE = "d" * 32, "a" * 32


def staging_table(made):
    with time_machine.travel(made, tick=False):
        return staging_name(TableName("dbo", "users"), "run", "load").table


def test_a_staging_table_is_old_by_its_name():
    old, young = staging_table(NOON - timedelta(seconds=1)), staging_table(NOON)
    others = ["users", "_sdc_stg", "_sdc_stg_of_mine", f"{old}_copy", old.upper(), old.replace("_sdc_stg_", "_sdc_stg_x")]
    assert old_tables([young, old, *others], NOON) == [old]


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants it so
def test_a_name_says_to_the_second_when_its_table_was_made(made):
    name = staging_table(made)
    assert old_tables([name], made + timedelta(seconds=1)) == [name]
    assert old_tables([name], made) == []


def test_the_files_of_a_run_that_still_writes_are_left_alone():
    old, young = NOON - timedelta(hours=1), NOON + timedelta(minutes=1)
    files = [
        (f"p/{DEAD}/users/1/00001.csv.gz", old),
        (f"p/{DEAD}/events/2/100000.csv.gz", old),
        (f"p/{ALIVE}/users/1/00001.csv.gz", old),
        (f"p/{ALIVE}/users/1/00002.csv.gz", young),
        (f"p/{DEAD}/users/1/notes.txt", old),
        ("p/mine/users/1/00001.csv.gz", old),
        (f"other/{DEAD}/users/1/00001.csv.gz", old),
    ]
    assert old_files(files, "p", NOON) == [f"p/{DEAD}/users/1/00001.csv.gz", f"p/{DEAD}/events/2/100000.csv.gz"]


def leave(pool, azurite, schema, made):
    """What a run killed at that time leaves; the container's clock cannot be set, so its files are of now."""
    pool.connection.execute(f"IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'{schema}') EXEC('CREATE SCHEMA [{schema}]')")
    pool.connection.execute(f"CREATE TABLE [{schema}].[{staging_table(made)}] ([id] bigint NULL) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)")
    with azurite.client() as client:
        client.get_blob_client(CONTAINER, f"{schema}/{DEAD}/users/1/00001.csv.gz").upload_blob(b"x")


def tables_of(pool, schema):
    return [name for (name,) in pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' ORDER BY TABLE_NAME")]


def test_a_load_drops_old_staging_tables_and_leaves_young_ones_and_files(load_here, pool, azurite, schema, staged):
    now = datetime.now(UTC)
    leave(pool, azurite, schema, now - timedelta(hours=3))
    young = staging_table(now - timedelta(hours=1))
    pool.connection.execute(f"CREATE TABLE [{schema}].[{young}] ([id] bigint NULL) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)")
    load_here([schema_line(USERS), record(id=1)], sweep_after_hours=2)
    assert tables_of(pool, schema) == ["_sdc_load_ledger", young, "users"]
    assert len(staged()) == 1


def test_files_go_once_their_run_has_written_none_for_so_long(settings, pool, azurite, schema, staged):
    leave(pool, azurite, schema, NOON)
    later = datetime.now(UTC) + timedelta(hours=2, minutes=1)
    store = StagingStore(settings)
    Leftovers(Pool(settings), store, schema, after_hours=3, now=lambda: later).sweep_files()
    assert len(staged()) == 1
    Leftovers(Pool(settings), store, schema, after_hours=2, now=lambda: later).sweep_files()
    store.close()
    assert staged() == []


def test_a_load_goes_on_where_nothing_may_be_swept(load_here, pool, azurite, schema, table):
    leave(pool, azurite, schema, NOON)
    pool.fault("error", r"DROP TABLE \[\w+\]\.\[_sdc_stg_\w{8}_20240102", number=3701, message="Cannot drop the table.")
    load_here([schema_line(USERS), record(id=1, name="a")])
    assert table("users") == [(1, "a")]


def test_a_plan_sweeps_nothing(settings, pool, azurite, schema):
    leave(pool, azurite, schema, NOON)
    before = tables_of(pool, schema)
    lines = "".join(json.dumps(line) + "\n" for line in [schema_line(USERS), record(id=1)])
    TargetSynapse(config=settings).plan(io.StringIO(lines), lambda _: None, show_values=False)
    assert tables_of(pool, schema) == before


def test_a_load_by_polybase_drops_what_a_killed_one_left(load_here, pool, schema, azurite):
    made = datetime.now(UTC) - timedelta(hours=3)
    run = f"_sdc_plb_{made:%Y%m%d%H%M%S}_0123abcd"
    young = f"_sdc_plb_{datetime.now(UTC):%Y%m%d%H%M%S}_0123abcd"
    table = staging_table(made).replace("_sdc_stg", "_sdc_ext")
    with azurite.client() as client:
        client.get_blob_client(CONTAINER, f"{schema}/left/00001.csv.gz").upload_blob(b"x")
    way = PolyBaseWay(None, {"storage_container": CONTAINER}, Credential(KEY, ACCOUNT_KEY), url=azurite.url, run_id="")
    pool.connection.execute(f"CREATE SCHEMA [{schema}]")
    for name in (run, young):
        identity, secret, place = way._opened()
        for sql in (external.create_credential(name, identity, secret), external.create_source(name, place, name), external.create_format(name)):
            pool.connection.execute(sql)
    left = external.create_table(TableName(schema, table), [Column("id", BIGINT)], f"/{schema}/left/", source=run, file_format=run)
    pool.connection.execute(left)
    load_here([schema_line(USERS), record(id=1)], sweep_after_hours=2, load_via="polybase")
    try:
        assert tables_of(pool, schema) == ["_sdc_load_ledger", "users"]
        assert pool.rows("SELECT name FROM sys.external_data_sources") == [(young,)]
        assert pool.rows("SELECT name FROM sys.database_scoped_credentials") == [(young,)]
        assert pool.rows("SELECT name FROM sys.external_file_formats") == [(young,)]
    finally:
        for _, sql in own_objects(young):
            pool.connection.execute(sql)
