"""More than a transaction may change: loaded, and removed, in several transactions, and each row still once."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.synapse.weather import TRANSACTION_ROWS
from singer_commons.errors import DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.loading.slices import content_of_slice, progress
from target_synapse.loading.transaction_size import MILLION_ROWS, TransactionSize, TransactionTooLargeError
from target_synapse.pool.connection import Pool

pytestmark = pytest.mark.slow

ROWS = [(key % 7, f"row {key}") for key in range(20)]
LINES = [*(record(id=key, name=name) for key, name in ROWS), state({"at": 20})]
UPSERTED = sorted({key: (key, name) for key, name in ROWS}.values())
METHODS = {
    "append": (schema_line(USERS, keys=()), {}, sorted(ROWS), 1),
    "upsert": (schema_line(USERS), {}, UPSERTED, 2),
    "merge": (schema_line(USERS), {"upsert_with": "merge"}, UPSERTED, 2),
}


@pytest.fixture
def rows_now(table):
    """What the table says is so now."""
    return lambda: sorted(table("users", "[id], [name]"))


@pytest.fixture
def slices(pool, schema):
    """The rows that the ledger has of each transaction, the last of a batch apart."""

    def read():
        entries = pool.rows(f"SELECT [content], [rows] FROM [{schema}].[_sdc_load_ledger] ORDER BY [committed_at]")
        return [rows for _, rows in entries], [content[40:] for content, _ in entries]

    return read


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_that_the_settings_find_too_large_is_loaded_in_slices(method, load_here, rows_now, slices, pool, schema):
    schema_message, settings, expected, changes = METHODS[method]
    assert load_here([schema_message, *LINES], **settings, max_transaction_rows=8 * changes) == [{"at": 20}]
    assert rows_now() == expected
    assert slices() == ([8, 8, 4], [":8", ":16", "=20"])
    assert pool.rows(f"SELECT COUNT(*) FROM sys.tables WHERE LEFT(name, 8) = N'_sdc_stg' AND SCHEMA_NAME(schema_id) = N'{schema}'") == [(0,)]
    assert len(pool.statements("step=slice")) >= 3


def test_rows_without_a_place_which_a_transformation_makes_are_in_a_slice_too(load_here, pool, schema):
    made = ["INSERT INTO {staging} ([id], [name]) SELECT [id], N'made' FROM {staging}", "DELETE FROM {staging} WHERE [_sdc_row] IS NOT NULL"]
    load_here([schema_line(USERS), *LINES], transform_sql=made, max_transaction_rows=8)
    found = pool.rows(f"SELECT COUNT(*), COUNT(DISTINCT [id]), MIN([name]), MAX([name]) FROM [{schema}].[users]")
    assert found == [(len({one["record"]["id"] for one in LINES if one["type"] == "RECORD"}),) * 2 + ("made", "made")]


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_that_the_pool_finds_too_large_is_loaded_in_ever_smaller_slices(method, load_here, rows_now, slices, pool):
    schema_message, settings, _, _ = METHODS[method]
    rows = [(key % 14, f"row {key}") for key in range(20)]
    pool.weather(transaction_rows=12)
    assert load_here([schema_message, *(record(id=key, name=name) for key, name in rows), state({"at": 20})], **settings) == [{"at": 20}]
    assert rows_now() == sorted(rows if method == "append" else {key: (key, name) for key, name in rows}.values())
    assert sum(slices()[0]) == 20
    assert max(slices()[0]) <= 11  # and the entry of the ledger


def test_one_row_that_is_too_large_ends_the_run(load_here, pool, rows_now):
    pool.weather(transaction_rows=1)
    with pytest.raises(TransactionTooLargeError) as caught:
        load_here([schema_line(USERS), *LINES])
    assert caught.value.hint == "scale the pool up for this run, or set `max_transaction_rows` lower"
    assert (rows_now(), load_here.states) == ([], [])


def test_the_account_of_a_batch_in_slices_adds_up(load_here):
    """Rows 0 to 6 stay; of the others of their keys some are replaced within a slice, the rest between slices."""
    load_here([schema_line(USERS), *LINES], max_transaction_rows=16)
    assert load_here.rows == {"users": {"read": 20, "loaded": 20, "rejected": 0, "replaced in batch": 2}}


CUT_AT = [
    r"CREATE TABLE \[\w+\].\[_sdc_stg\w+\] WITH",
    r"INSERT INTO \[\w+\].\[users\]",
    r"INSERT INTO \[\w+\].\[_sdc_load_ledger\]",
    "COMMIT TRANSACTION",
]


LOST = [(kind, point, keys) for kind in ("disconnect_before", "disconnect_after") for point in CUT_AT for keys in ((), ("id",))]


@pytest.mark.parametrize(("kind", "point", "keys"), LOST)
def test_a_connection_that_is_lost_between_slices_is_made_up_for(kind, point, keys, load_here, rows_now, pool, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    pool.fault(kind, point, skip=1)
    load_here([schema_line(USERS, keys=keys), *LINES], max_transaction_rows=8)
    assert rows_now() == (UPSERTED if keys else sorted(ROWS))
    assert pool.order(waiting=True) == []


STREAMS = [((), "append-only"), (("id",), "upsert"), (("id",), "history")]
ENDED = [(landed, width, *stream) for landed in (0, 1, 2) for width in (6, 20, 1000) for stream in STREAMS]


@pytest.mark.parametrize(("landed", "width", "keys", "method"), ENDED)
def test_a_run_that_ends_between_slices_is_gone_on_with_however_wide_they_are_then(landed, width, keys, method, load_here, table, pool, schema):
    lines = [schema_line(USERS, keys=keys), *LINES]
    pool.fault("error", rf"INSERT INTO \[{schema}\].\[users\]", number=50_000, skip=landed)
    with pytest.raises(DestinationError):
        load_here(lines, load_method=method, max_transaction_rows=8 if method == "append-only" else 16)
    assert load_here.states == []
    assert load_here(lines, load_method=method, max_transaction_rows=width) == [{"at": 20}]
    found = sorted(table("users", "[id], [name]"))
    # A history in slices has a version for each row that differs, as it has of a whole batch.
    assert found == (UPSERTED if method == "upsert" else sorted(ROWS))


def test_the_same_rows_sent_again_by_a_run_after_one_that_came_to_its_end_are_new(load_here, rows_now):
    for _ in range(2):
        load_here([schema_line(USERS, keys=()), *LINES], max_transaction_rows=8)
    assert rows_now() == sorted(ROWS * 2)


def test_a_batch_all_of_whose_slices_landed_is_not_loaded_again(load_here, rows_now, pool):
    lines = [schema_line(USERS, keys=()), *LINES]
    pool.fault("error", "step=close", number=50_000)
    with pytest.raises(DestinationError):
        load_here(lines, max_transaction_rows=8)
    load_here(lines)
    assert rows_now() == sorted(ROWS)
    assert load_here.rows["users"]["loaded before"] == 20


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("by", ["setting", "pool"])
def test_rows_of_other_versions_are_removed_in_parts(hard, by, load_here, table, pool, schema):
    def versioned(version, keys):
        rows = [{"type": "RECORD", "stream": "users", "record": {"id": key, "name": "x"}, "version": version} for key in keys]
        return [schema_line(USERS), *rows, {"type": "ACTIVATE_VERSION", "stream": "users", "version": version}]

    load_here(versioned(1, range(200)))
    if by == "pool":
        pool.weather(transaction_rows=60)
    load_here(versioned(2, [1, 2]), hard_delete=hard, **({"max_transaction_rows": 60} if by == "setting" else {}))
    assert sorted(table("users", "[id]") if hard else pool.rows(f"SELECT [id] FROM [{schema}].[users] WHERE [_sdc_deleted_at] IS NULL")) == [
        (1,),
        (2,),
    ]
    assert load_here.rows["users"]["deleted" if hard else "marked as deleted"] == 198
    assert len(pool.rows(f"SELECT 1 FROM [{schema}].[_sdc_load_ledger] WHERE [content] = N'ACTIVATE_VERSION 2'")) >= 4


def asked(pool, schema):
    """How often a pool was asked for its level since the schema's name was read: old statements are forgotten when new ones come."""
    statements = pool.statements("")
    since = next(place for place, text in enumerate(statements) if text == f"SELECT N'{schema}'")
    return sum("ServiceObjective" in text for text in statements[since:])


def test_the_pool_is_asked_for_its_level_only_where_rows_could_be_too_many(pool, settings, schema):
    mine = Pool(settings)
    pool.rows(f"SELECT N'{schema}'")
    size = TransactionSize(mine, None)
    assert size.most_of(60_000_000) == 60_000_000
    assert asked(pool, schema) == 0
    assert size.most_of(80_000_000, changes=2) == 30_000_000
    pool.weather(service_level="DW1000c")
    assert TransactionSize(mine, None).most_of(80_000_000, changes=2) == 80_000_000
    assert TransactionSize(mine, 10).most_of(80, changes=2) == 5
    assert asked(pool, schema) == 2


def test_of_rows_that_are_wider_than_the_documented_ones_fewer_go_in_a_transaction(pool, settings, schema):
    pool.rows(f"SELECT N'{schema}'")
    size = TransactionSize(Pool(settings), None)
    assert size.most_of(60_000_000, line_bytes=125) == 60_000_000
    assert asked(pool, schema) == 0
    assert size.most_of(60_000_000, line_bytes=1_250) == 6_000_000
    assert size.most_of(3_000_000, changes=2, line_bytes=12_500) == 300_000
    assert size.most_of(300_000, changes=2, line_bytes=12_500) == 300_000
    assert TransactionSize(Pool(settings), 10).most_of(80, line_bytes=10**6) == 10
    assert asked(pool, schema) == 1


@pytest.mark.parametrize(("block_size_rows", "nested"), [(1, "json"), (50_000, "json"), (50_000, "child_tables")])
def test_how_wide_rows_are_is_seen_by_their_lines(block_size_rows, nested, load_here, pool, schema, slices, monkeypatch):
    """A cap so low that 20 rows of 2,500 bytes and more do not fit, where 20 of 250 would."""
    monkeypatch.setattr("target_synapse.loading.transaction_size.MILLION", 1)
    monkeypatch.setattr("target_synapse.loading.transaction_size.SMALLEST", 80)
    monkeypatch.setattr("target_synapse.loading.transaction_size.MILLION_ROWS", {})
    properties = {**USERS, "tags": {"type": ["null", "array"], "items": {"type": "string"}}}
    rows = [record(id=key, name="x" * 1_300, tags=["y" * 1_300]) for key in range(20)]
    load_here([schema_line(properties, keys=()), *rows, state({"at": 20})], block_size_rows=block_size_rows, nested_data=nested)
    assert pool.rows(f"SELECT COUNT(*) FROM [{schema}].[users]") == [(20,)]
    assert len(slices()[0]) >= 10
    load_here([schema_line(USERS, keys=(), stream="narrow"), *(record(stream="narrow", id=key, name="x") for key in range(20)), state({"at": 20})])
    assert len(pool.statements(f"INSERT INTO [{schema}].[narrow]")) == 1


def test_the_levels_are_those_of_the_stand_in():
    assert {level: rows * 1_000_000 for level, rows in MILLION_ROWS.items()} == TRANSACTION_ROWS


@given(
    batches=st.lists(st.lists(st.integers(1, 10**9), unique=True, min_size=1).map(sorted), max_size=3),
    wholes=st.sets(st.integers(0, 2)),
    other=st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_progress_is_of_the_batch_itself_alone(batches, wholes, other):
    contents = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]
    found = {other, *contents[2:]}
    for number, places in enumerate(batches):
        found |= {content_of_slice(contents[number], place, is_last=number in wholes and place == places[-1]) for place in places}
    for number, content in enumerate(contents):
        made = progress(content, found)
        places = batches[number] if number < len(batches) else []
        assert (made.upto, made.is_whole, len(made.contents)) == (max(places, default=0), bool(places) and number in wholes, len(places))
        assert all(len(one) <= 64 for one in made.contents)
