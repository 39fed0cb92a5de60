"""Parquet files of BATCH messages that go straight to COPY INTO: the same table as by reading them."""

from __future__ import annotations

import hashlib
import random

import duckdb
import pytest
import simplejson
from azure.storage.blob import BlobBlock
from harness import run_command
from sandbox.blob.service import ACCOUNT_KEY, CONTAINER
from singer_commons.errors import RejectedError
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.parquet_rows import PROPERTIES, ROWS, USER_KINDS, batch, parquet
from tap_warehouse_reading import read
from target_synapse.staging.blob_file import PIECE_BYTES
from target_synapse.staging.store import StagingStore


@pytest.mark.parametrize(
    ("keys", "more"),
    [
        pytest.param((), {}, id="append", marks=pytest.mark.slow),
        pytest.param(("id",), {}, id="upsert"),
        pytest.param(("id",), {"upsert_with": "merge"}, id="merge", marks=pytest.mark.slow),
        pytest.param((), {"load_method": "overwrite"}, id="overwrite", marks=pytest.mark.slow),
        pytest.param((), {"add_record_metadata": True}, id="metadata", marks=pytest.mark.slow),
    ],
)
def test_a_copied_file_gives_the_table_that_reading_it_gives(keys, more, load_here, pool, schema, table, put, read_since, copies, left, tmp_path):
    (tmp_path / "a.parquet").write_bytes(parquet())
    line, before = schema_line(PROPERTIES, keys=keys, stream="t"), record(stream="t", id=1, name="before")
    columns = ", ".join(f"[{name}]" for name in PROPERTIES)
    copying = [line, before, state({"at": 0}), batch(put()), state({"at": 1})]
    assert load_here(copying, batch_files="copy", **more)[-1] == {"at": 1}
    assert (read_since(), len(copies()), left()) == ([], 1, [])
    rows = {name: number for name, number in load_here.rows["t"].items() if not name.startswith("replaced")}
    assert rows == {"read": 4, "loaded": 4, "rejected": 0, "copied in files": 3}
    copied = table("t", columns, order="[id], [name]")
    pool.connection.execute(f"DROP TABLE [{schema}].[t]")
    load_here([line, before, state({"at": 0}), batch((tmp_path / "a.parquet").as_uri()), state({"at": 1})], **more)
    assert table("t", columns, order="[id], [name]") == copied
    assert len(copied) == 4 - len(keys)


@pytest.mark.slow
def test_metadata_is_what_a_read_file_has(load_here, table, users, tmp_path):
    (tmp_path / "a.parquet").write_bytes(parquet([{"id": 1}], USER_KINDS))
    files = [batch(users((2, "b")), stream="users", version=7), batch((tmp_path / "a.parquet").as_uri(), stream="users", version=7)]
    load_here([schema_line(USERS), *files, state({})], batch_files="copy", add_record_metadata=True)
    names = ["received_at", "batched_at", "extracted_at", "sequence", "table_version", "sync_started_at", "deleted_at"]
    read_row, copied = table("users", ", ".join(f"[_sdc_{name}]" for name in names), order="[id]")
    assert read_row[2:3] == copied[2:3] == (None,)
    assert read_row[4:] == copied[4:]
    assert copied[4] == 7
    apart = [abs((one - other).total_seconds()) for one, other in zip(read_row[:2], copied[:2], strict=True)]
    assert max(*apart, abs(read_row[3] - copied[3]) / 1000) < 60


SOURCE = """
CREATE TABLE events AS SELECT range AS id, CAST(range % 100 AS TINYINT) AS tiny, CAST(range AS SMALLINT) AS small, CAST(range AS INTEGER) AS number,
    CAST(range AS DECIMAL(9, 3)) / 7 AS amount, range / 7 AS share, CAST(range / 7 AS REAL) AS part, range % 3 = 0 AS is_third, 'é' || range AS name,
    CASE WHEN range % 5 > 0 THEN DATE '2024-02-29' + CAST(range AS INTEGER) END AS day, TIME '23:59:59.5' - INTERVAL 1 SECOND * range AS clock,
    TIMESTAMP '0999-12-31 23:59:59.123456' + INTERVAL 1 HOUR * range AS naive, TIMESTAMPTZ '2024-02-29 23:59:59.5+02' + INTERVAL 1 MICROSECOND * range AS at,
    CAST('00000000-0000-0000-0000-' || lpad(CAST(range AS VARCHAR), 12, '0') AS UUID) AS uid, CASE WHEN range % 2 = 0 THEN '' END AS blank
FROM range(100)
"""


def of_tap(path, keys, azurite, schema):
    """The tap's settings, as it would write RECORD lines, and as it writes files into the target's container."""
    lines = {"duckdb": {"path": path}, "models": [{"name": "events", "sql": "SELECT * FROM events", "key_columns": list(keys), "iterator": "id"}]}
    text = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={ACCOUNT_KEY};BlobEndpoint={azurite.url};"
    storage = {"root": f"az://{CONTAINER}/{schema}-taps", "params": {"connection_string": text}}
    files = {"encoding": {"format": "parquet"}, "storage": storage, "batch_size": 30}
    return lines, {**lines, "batch_config": files, "batch_moments": "text"}


@pytest.mark.parametrize("keys", [pytest.param((), id="append"), pytest.param(("id",), id="upsert", marks=pytest.mark.slow)])
def test_tap_warehouse_hands_its_files_straight_to_copy(keys, azurite, schema, load_here, pool, table, copies, read_since, tmp_path):
    path = str(tmp_path / "warehouse.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute(SOURCE)
    by_lines, by_files = of_tap(path, keys, azurite, schema)
    lines, files = read(by_lines), read(by_files)
    assert [one["type"] for one in files].count("BATCH") == 4
    assert load_here(map(text, files), batch_files="copy")[-1] == files[-1]["value"]
    assert (len(copies()), read_since(), load_here.rows["events"].get("copied in files")) == (4, [], 100)
    copied = table("events", order="[id]")
    pool.connection.execute(f"DROP TABLE [{schema}].[events]")
    load_here(map(text, lines))
    assert table("events", order="[id]") == copied
    assert len(copied) == 100


def text(message):
    """The line of a message, with all digits of its numbers."""
    return simplejson.dumps(message, use_decimal=True)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["at", "amount", "name"])
def test_any_type_may_be_the_key(key, load_here, put, pool, schema, table, read_since, tmp_path):
    rows = [row for row in ROWS if row.get(key) is not None]
    (tmp_path / "a.parquet").write_bytes(parquet(rows))
    properties = {name: schema if name != "name" else {**schema, "maxLength": 100} for name, schema in PROPERTIES.items()}
    first, again = batch((tmp_path / "a.parquet").as_uri()), batch(put(parquet([{**row, "small": 7} for row in rows])))
    load_here([schema_line(properties, keys=[key], stream="t"), first, state({"at": 1}), again, state({"at": 2})], batch_files="copy")
    assert sorted(table("t", "[id], [small]")) == sorted((row["id"], 7) for row in rows)
    assert len(read_since()) == 1, "the second file was not copied"
    staging = next(one for one in pool.statements(f"CREATE TABLE [{schema}].[_sdc_stg") if "[at] nvarchar(max)" in one)
    assert ("DISTRIBUTION = ROUND_ROBIN" in staging) == (key != "amount"), "a pool spreads no rows by text without a limit"


@pytest.mark.slow
def test_files_keep_their_place_among_rows(load_here, table, users, copies):
    """Rows that came before a file are loaded before it, those behind it after it."""
    lines = [record(id=1, name="first"), state({"at": 1}), batch(users((1, "second"), (2, "second")), stream="users"), state({"at": 2})]
    more = [record(id=2, name="third"), state({"at": 3}), batch(users((2, "fourth")), users((2, "fifth")), stream="users")]
    assert load_here([schema_line(USERS), *lines, *more, state({"at": 4})], batch_files="copy")[-1] == {"at": 4}
    assert (table("users"), len(copies())) == ([(1, "second"), (2, "fifth")], 3)


@pytest.mark.slow
def test_a_state_goes_out_as_soon_as_the_file_before_it_is_loaded(load_here, users, table):
    def lines():
        yield schema_line(USERS)
        yield batch(users((1, "a")), stream="users")
        yield state({"at": 1})
        yield schema_line(USERS)
        assert (load_here.out(), table("users")) == ([{"at": 1}], [(1, "a")])
        yield batch(users((2, "b")), stream="users")
        yield state({"at": 2})

    assert load_here(lines(), batch_files="copy") == [{"at": 1}, {"at": 2}]


def test_equal_files_of_a_run_are_all_loaded(load_here, table, users, copies):
    files = [batch(users((1, "a"), (1, "a")), stream="users"), batch(users((1, "a"), (1, "a")), stream="users")]
    load_here([schema_line(USERS, keys=()), *files, state({})], batch_files="copy")
    assert (table("users"), len(copies())) == ([(1, "a")] * 4, 2)


@pytest.mark.slow
def test_a_table_that_is_there_with_wider_columns_takes_the_file(load_here, pool, schema, table, users, copies):
    load_here([schema_line(USERS, keys=())])
    pool.connection.execute(f"DROP TABLE [{schema}].[users]")
    pool.connection.execute(f"CREATE TABLE [{schema}].[users] ([ID] decimal(22,2) NULL, [name] nvarchar(4) NULL) WITH (HEAP)")
    load_here([schema_line(USERS, keys=()), batch(users((1, "😀b")), stream="users"), state({})], batch_files="copy")
    assert ([(int(number), name) for number, name in table("users")], len(copies())) == ([(1, "😀b")], 1)


@pytest.mark.slow
def test_files_of_a_version_stay_and_those_of_others_go(load_here, table, users):
    line, done = schema_line(USERS), {"type": "ACTIVATE_VERSION", "stream": "users", "version": 2}
    load_here([line, batch(users((1, "a"), (2, "a")), stream="users", version=1), state({"at": 1})], batch_files="copy")
    load_here([line, batch(users((2, "b"), (3, "b")), stream="users", version=2), done, state({"at": 2})], batch_files="copy", hard_delete=True)
    assert table("users", "[id], [name], [_sdc_table_version]") == [(2, "b", 2), (3, "b", 2)]


@pytest.mark.slow
def test_files_are_looked_for_where_the_settings_say(load_here, schema, table, users, copies):
    name = users((1, "a")).rpartition("/")[2]
    root = {"storage": {"root": f"az://{CONTAINER}/{schema}-taps"}}
    load_here([schema_line(USERS), batch(f"file:///elsewhere/{name}", stream="users"), state({})], batch_files="copy", batch_config=root)
    assert (table("users"), len(copies())) == ([(1, "a")], 1)


@pytest.mark.slow
def test_some_streams_are_copied_and_others_read(load_here, users, tmp_path, table, copies, read_since):
    (tmp_path / "a.parquet").write_bytes(parquet([{"id": 1, "name": "a"}], USER_KINDS))
    here = batch((tmp_path / "a.parquet").as_uri(), stream="others")
    lines = [schema_line(USERS), schema_line(USERS, stream="others"), batch(users((1, "a")), stream="users"), state({}), here, state({})]
    load_here(lines, stream_options={"use*": {"batch_files": "copy"}})
    assert (table("users"), table("others"), len(copies()), read_since()) == ([(1, "a")], [(1, "a")], 1, [])


def test_a_blob_is_known_by_its_bytes_and_is_read_as_one_version(settings, azurite, schema):
    content, path = random.Random(0).randbytes(PIECE_BYTES + 7), f"{schema}-taps/blob"
    store = StagingStore(settings)
    with azurite.client() as client:
        blob = client.get_blob_client(CONTAINER, path)
        found = []
        for upload in (lambda: blob.upload_blob(content), lambda: (blob.stage_block("0000", content), blob.commit_block_list([BlobBlock("0000")]))):
            upload()
            with store.opened(path) as file:
                found.append((file.md5(), file.size, file.seek(-9, 2), file.read(), file.read()))
        assert found == [(hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content), len(content) - 9, content[-9:], b"")] * 2
        with store.opened(path) as file:
            blob.upload_blob(content, overwrite=True)
            with pytest.raises(RejectedError, match="CONDITION_NOT_MET"):
                file.read()
    store.close()


@pytest.mark.slow
def test_a_plan_shows_the_copy_and_what_is_asked_of_the_rows(settings, tmp_path, pool, schema, users):
    lines = [schema_line(USERS), batch(users((1, "a")), stream="users"), state({})]
    shown = run_command("target-synapse", "--plan", settings={**settings, "batch_files": "copy"}, folder=tmp_path, lines=lines).stdout
    parts = [
        "-- stream users: 1 rows read, 1 valid, 0 invalid",
        f"COPY INTO [{schema}].[_sdc_stg_",
        "([id] 1, [name] 2)",
        "SECRET = '***'), COMPRESSION = 'Snappy')",
        "SELECT COUNT_BIG(*), COUNT_BIG([_sdc_staged].[id]), 0, COUNT_BIG([_sdc_staged].[name]), COALESCE(",
        "HAVING COUNT_BIG(*) > 1",
        "-- in one transaction:",
    ]
    places = [shown.find(part) for part in parts]
    assert (places, -1 in places) == (sorted(places), False)
    assert pool.statements(f"[{schema}]") == []
