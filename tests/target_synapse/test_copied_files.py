"""Parquet files of BATCH messages that go straight to COPY INTO: the same table as by reading them, and a reason for each that is read."""

from __future__ import annotations

import itertools
import logging
import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
import simplejson
from harness import run_command
from sandbox.blob.service import ACCOUNT_KEY, CONTAINER
from singer_commons.errors import DestinationError, InputError, TooManyRejectsError
from synapse_support.dying import Killed, killed_after
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.parquet_rows import PROPERTIES, batch, parquet
from tap_warehouse_reading import read
from target_synapse.files.footer import footer_of
from target_synapse.values import ESCAPE

OF_USERS = {"id": pa.int64(), "name": pa.string()}
_numbers = itertools.count(1)


@pytest.fixture
def put(azurite, schema):
    """Puts a file into the container, by a name of its own; gives its address."""

    def put_there(content=None):
        path = f"{schema}-taps/{next(_numbers)}.parquet"
        with azurite.client() as client:
            client.get_blob_client(CONTAINER, path).upload_blob(parquet() if content is None else content)
        return f"az://{CONTAINER}/{path}"

    return put_there


@pytest.fixture
def users(put):
    """Puts a file of users there, by id and name."""
    return lambda *rows: put(parquet([{"id": number, "name": name} for number, name in rows], OF_USERS))


@pytest.fixture
def read_since(caplog):
    """Why files were read, as the log says it."""
    caplog.set_level(logging.INFO)
    return lambda: [one.getMessage().partition("since ")[2] for one in caplog.records if "is read, and not copied" in one.getMessage()]


@pytest.fixture
def copies(pool, schema):
    """The statements that copied files into tables of the test's schema."""
    return lambda: [one for one in pool.statements(f"COPY INTO [{schema}]") if "FILE_TYPE = 'PARQUET'" in one]


@pytest.fixture
def left(pool, schema):
    """Staging tables that are still there."""
    return lambda: pool.rows(
        f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' AND LEFT(TABLE_NAME, 8) = N'_sdc_stg'"
    )


@pytest.mark.parametrize(
    ("keys", "more"),
    [((), {}), (("id",), {}), (("id",), {"upsert_with": "merge"}), ((), {"load_method": "overwrite"}), ((), {"add_record_metadata": True})],
    ids=["append", "upsert", "merge", "overwrite", "metadata"],
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


def test_metadata_is_what_a_read_file_has(load_here, table, users, tmp_path):
    (tmp_path / "a.parquet").write_bytes(parquet([{"id": 1}], OF_USERS))
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


@pytest.mark.parametrize("keys", [(), ("id",)], ids=["append", "upsert"])
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


def test_files_keep_their_place_among_rows(load_here, table, users, copies):
    """Rows that came before a file are loaded before it, those behind it after it."""
    lines = [record(id=1, name="first"), state({"at": 1}), batch(users((1, "second"), (2, "second")), stream="users"), state({"at": 2})]
    more = [record(id=2, name="third"), state({"at": 3}), batch(users((2, "fourth")), users((2, "fifth")), stream="users")]
    assert load_here([schema_line(USERS), *lines, *more, state({"at": 4})], batch_files="copy")[-1] == {"at": 4}
    assert (table("users"), len(copies())) == ([(1, "second"), (2, "fifth")], 3)


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


def test_a_table_that_is_there_with_wider_columns_takes_the_file(load_here, pool, schema, table, users, copies):
    load_here([schema_line(USERS, keys=())])
    pool.connection.execute(f"DROP TABLE [{schema}].[users]")
    pool.connection.execute(f"CREATE TABLE [{schema}].[users] ([ID] decimal(22,2) NULL, [name] nvarchar(4) NULL) WITH (HEAP)")
    load_here([schema_line(USERS, keys=()), batch(users((1, "😀b")), stream="users"), state({})], batch_files="copy")
    assert ([(int(number), name) for number, name in table("users")], len(copies())) == ([(1, "😀b")], 1)


REFUSED = {
    "two rows with one key": (USERS, [(1, "a"), (1, "b")], {}, "several of its rows have one key, and a file has no order for COPY INTO", [(1, "b")]),
    "text that is an escape": (USERS, [(1, ESCAPE)], {}, "1 values of `name` do not go into nvarchar(4000) as they are", [(1, ESCAPE)]),
    "a moment in another form": (
        USERS | {"name": {"type": "string", "format": "date"}}, [(1, "2024-01-02"), (2, "20240103")], {},
        "1 values of `name` do not go into date as they are", [(1, "2024-01-02"), (2, "2024-01-03")],
    ),
    "rows of more than a transaction": (USERS, [(1, "a"), (2, "b")], {"max_transaction_rows": 2}, "2 rows are more than one transaction takes", [(1, "a"), (2, "b")]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_the_pool_shows_to_need_reading_is_read(case, load_here, table, users, read_since, left):
    properties, rows, more, since, right = REFUSED[case]
    assert load_here([schema_line(properties), batch(users(*rows), stream="users"), state({"at": 1})], batch_files="copy", **more) == [{"at": 1}]
    assert (read_since(), [(number, str(name)) for number, name in table("users")], left()) == ([since], right, [])
    assert load_here.rows["users"]["read"] == len(rows)


def test_text_too_long_for_its_column_is_put_aside_as_ever(load_here, users, rejects, read_since):
    with pytest.raises(TooManyRejectsError):
        load_here([schema_line(USERS), batch(users((1, "a"), (2, "z" * 4001)), stream="users"), state({})], batch_files="copy")
    assert read_since() == ["1 values of `name` do not go into nvarchar(4000) as they are"]
    assert [(code, row["id"]) for code, _, row in rejects()] == [("TOO_LONG", 2)]


def test_a_file_that_copy_into_refuses_is_read_and_that_is_said_once(load_here, table, users, pool, read_since, left):
    pool.fault("error", "FILE_TYPE = 'PARQUET'", number=106000, times=2)
    files = [batch(users((number, "a")), stream="users") for number in (1, 2, 3)]
    load_here([schema_line(USERS), *files, state({})], batch_files="copy")
    assert table("users") == [(1, "a"), (2, "a"), (3, "a")]
    (since,) = read_since()
    assert since.startswith("the pool refused it: cannot copy the file into ")
    assert left() == []


def test_a_file_behind_rows_that_wait_for_a_state_is_read_with_them(load_here, table, users, read_since):
    load_here([schema_line(USERS), record(id=1, name="a"), batch(users((1, "b")), stream="users"), state({"at": 1})], batch_files="copy")
    assert table("users") == [(1, "b")]
    assert read_since() == ["rows have come since the last STATE, and wait for the next: what is loaded together ends at a STATE"]


def test_rows_that_did_not_all_arrive_end_the_run(load_here, users, table, monkeypatch, left):
    def with_a_row_more(metadata):
        footer = footer_of(metadata)
        return replace(footer, rows=footer.rows + 1)  # as if the pool had lost one

    monkeypatch.setattr("target_synapse.files.copier.footer_of", with_a_row_more)
    properties = {name: {**schema, "type": ["null", "string" if name == "name" else "integer"]} for name, schema in USERS.items()}
    with pytest.raises(DestinationError, match=r"2 rows were staged for .*, and 1 arrived"):
        load_here([schema_line(properties, keys=()), batch(users((1, "a")), stream="users"), state({})], batch_files="copy")
    assert (table("users"), left(), load_here.states) == ([], [], [])


def test_a_file_that_is_gone_ends_the_run(load_here, schema, users, read_since):
    gone = f"az://{CONTAINER}/{schema}-taps/gone.parquet"
    with pytest.raises(InputError, match="is not there"):
        load_here([schema_line(USERS), batch(gone, stream="users"), state({})], batch_files="copy")
    assert read_since() == ["the staging container has no such file"]


CUTS = [(kind, place) for kind in ("disconnect_before", "disconnect_after") for place in ("COPY INTO", "^COMMIT")]


@pytest.mark.parametrize(("kind", "place"), CUTS)
def test_a_lost_connection_is_made_up_for(kind, place, load_here, table, users, pool, copies, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault(kind, place)
    lines = [schema_line(USERS, keys=()), batch(users((1, "a"), (1, "a")), stream="users"), state({"at": 1})]
    assert load_here(lines, batch_files="copy") == [{"at": 1}]
    assert (table("users"), pool.order(waiting=True)) == ([(1, "a")] * 2, [])
    assert load_here.rows["users"]["copied in files"] == 2


FILES = [[(1, "a"), (2, "b")], [(1, "a"), (2, "b")], [(3, None)], [(1, "c")]]  # the first two are equal
RIGHT = {(): sorted(row for rows in FILES for row in rows), ("id",): [(1, "c"), (2, "b"), (3, None)]}


def kills(keys, chance, load_here, pool, schema, users, monkeypatch, most):
    """Load the files, killed again and again; each run goes on from the last STATE, with the same rows in files of other names. Returns how many kills it took."""
    found, at = 0, 0
    pool.connection.execute(f"IF OBJECT_ID(N'[{schema}].[users]', N'U') IS NOT NULL DROP TABLE [{schema}].[users]")
    while True:
        lines = [schema_line(USERS, keys=keys)]
        for number, rows in enumerate(FILES[at:], at + 1):
            lines += [batch(users(*rows), stream="users"), state({"at": number})]
        after = chance.randint(8, 60) if found < most else 10**6
        try:
            with killed_after(monkeypatch, after, done=chance.random() < 0.5):
                load_here(lines, batch_files="copy")
        except Killed:
            found += 1
            at = load_here.states[-1]["at"] if load_here.states and chance.random() < 0.7 else at
        else:
            assert sorted(pool.rows(f"SELECT [id], [name] FROM [{schema}].[users]"), key=str) == sorted(RIGHT[keys], key=str)
            return found


@pytest.mark.parametrize("keys", RIGHT, ids=["append", "upsert"])
def test_a_run_that_was_killed_loses_and_doubles_nothing(keys, load_here, pool, schema, users, monkeypatch):
    assert kills(keys, random.Random("two"), load_here, pool, schema, users, monkeypatch, most=2) == 2


@pytest.mark.slow
def test_many_kills_lose_and_double_nothing(load_here, pool, schema, users, monkeypatch):
    found, seed = 0, 0
    while found < 25:
        found += kills((), random.Random(seed), load_here, pool, schema, users, monkeypatch, most=5)
        seed += 1


def test_a_plan_shows_the_copy_and_what_is_asked_of_the_rows(settings, tmp_path, pool, schema, users):
    lines = [schema_line(USERS), batch(users((1, "a")), stream="users"), state({})]
    shown = run_command("target-synapse", "--plan", settings={**settings, "batch_files": "copy"}, folder=tmp_path, lines=lines).stdout
    parts = [
        "-- stream users: 1 rows read, 1 valid, 0 invalid",
        f"COPY INTO [{schema}].[_sdc_stg_",
        "([id] 1, [name] 2)",
        "SECRET = '***'), COMPRESSION = 'Snappy')",
        "SELECT COUNT_BIG(*), COUNT_BIG(s.[id]), 0, COUNT_BIG(s.[name]), COALESCE(",
        "HAVING COUNT_BIG(*) > 1",
        "-- in one transaction:",
    ]
    places = [shown.find(part) for part in parts]
    assert (places, -1 in places) == (sorted(places), False)
    assert pool.statements(f"[{schema}]") == []
