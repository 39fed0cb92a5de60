"""The tap over DuckDB files: values, bookmarks, states, and both paths beside each other."""

from contextlib import closing
from decimal import Decimal

import duckdb
import pytest
from a_signal import a_signal_soon
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sandbox.warehouse.build import MODELS, build, change
from sandbox.warehouse.cdnow import fetch
from singer_commons.errors import ConfigurationError, SuiteError
from singer_commons.signals import TerminationRequested
from singer_sdk.exceptions import ConfigValidationError
from tap_warehouse.query import Query
from tap_warehouse.tap import TapWarehouse
from tap_warehouse.warehouses.duckdb import connect
from tap_warehouse_reading import bookmark, read, records, states, without_times

EVENTS = (
    "CREATE TABLE events AS SELECT range AS id, TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (range // 7) AS at, 'é' || range AS t FROM range(100)"
)
MODEL = {"name": "events", "sql": "SELECT * FROM events;  -- all", "key_columns": ["id"], "iterator": "at"}
EXACT = """
SELECT 9223372036854775807 AS big, 18446744073709551615::ubigint AS unsigned, 170141183460469231731687303715884105727::hugeint AS huge,
    1.10::decimal(12,2) AS money, 0.5::decimal(38,38) AS fraction, 'nan'::double AS not_a_number, '-infinity'::timestamp AS never, 0.1::float AS single,
    date '0001-01-01' AS day, time '01:02:03.5' AS clock, timestamp '2024-02-29 23:59:59.123456' AS naive,
    timestamp_ns '2024-02-29 23:59:59.123456789' AS nanos, timestamptz '2024-02-29 23:59:59.123456+02' AS zoned, 'ü''"\\ 🎁' AS words, '' AS blank,
    NULL AS nothing, '\\x00\\xFF'::blob AS raw, '{"a": 1.10}'::json AS doc, ['x', NULL, 'y"'] AS list, {'a': timestamp '2024-01-01', 'b': [1.5::decimal(5,2)]} AS st,
    map {'k': 1} AS m, interval 1 day AS span, 'b'::enum('a', 'b') AS choice, '11111111-2222-3333-4444-555555555555'::uuid AS uuid, {'i': interval 2 day} AS odd
"""


def config(path, *models, **more):
    return {"duckdb": {"path": path}, "models": list(models), **more}


def slow(settings):
    """The same settings on the SDK's own path: a stream map that changes nothing."""
    return {**settings, "stream_maps": {model["name"]: {"__filter__": "True"} for model in settings["models"]}}


def test_every_kind_of_value_arrives_exactly(duckdb_file):
    assert records(read(config(duckdb_file(), {"name": "exact", "sql": EXACT}))) == [
        {
            "big": 9223372036854775807,
            "unsigned": 18446744073709551615,
            "huge": 170141183460469231731687303715884105727,
            "money": Decimal("1.1"),
            "fraction": ".50000000000000000000000000000000000000",
            "not_a_number": None,
            "never": None,
            "single": Decimal("0.10000000149011612"),
            "day": "0001-01-01",
            "clock": "01:02:03.5",
            "naive": "2024-02-29T23:59:59.123456+00:00",
            "nanos": "2024-02-29T23:59:59.123456789+00:00",
            "zoned": "2024-02-29T21:59:59.123456Z",
            "words": "ü'\"\\ 🎁",
            "blank": "",
            "nothing": None,
            "raw": "AP8=",
            "doc": {"a": Decimal("1.10")},
            "list": ["x", None, 'y"'],
            "st": {"a": "2024-01-01T00:00:00.000000+00:00", "b": [Decimal("1.5")]},
            "m": {"k": 1},
            "span": "1 day",
            "choice": "b",
            "uuid": "11111111-2222-3333-4444-555555555555",
            "odd": {"i": "2 days"},
        }
    ]


def test_the_fast_path_and_the_sdks_own_write_the_same_messages(duckdb_file):
    models = [{"name": "exact", "sql": EXACT}, MODEL]
    for settings_ in (config(duckdb_file(EVENTS), *models, state_every_rows=30), config(duckdb_file(EVENTS, name="2.duckdb"), *models, limit=45)):
        assert without_times(read(settings_)) == without_times(read(slow(settings_)))


def test_columns_left_out_in_the_catalog_are_neither_read_nor_sent_on_both_paths(duckdb_file):
    settings_ = config(duckdb_file(EVENTS), MODEL)
    catalog = TapWarehouse(config=settings_, parse_env_config=False).catalog_dict
    for entry in catalog["streams"][0]["metadata"]:
        entry["metadata"]["selected"] = entry["breadcrumb"] != ["properties", "t"]
    for one in (settings_, slow(settings_)):
        assert {tuple(record) for record in records(read(one, catalog=catalog))} == {("id", "at")}


def test_a_state_goes_out_at_each_step_and_names_the_last_row_before_it(duckdb_file):
    messages = read(config(duckdb_file(EVENTS), MODEL, state_every_rows=40))
    kinds = "".join(one["type"][0] for one in messages)
    assert kinds == "S" + "R" * 40 + "S" + "R" * 40 + "S" + "R" * 20 + "S"
    last_before = [messages[at - 1]["record"]["at"] for at, one in enumerate(messages) if one["type"] == "STATE"]
    assert [one["bookmarks"]["events"]["replication_key_value"] for one in states(messages)] == last_before


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-3, 12) | st.none(), min_size=1, max_size=40),
    st.integers(1, 9),
    st.sampled_from(["INTEGER", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "DECIMAL(20,3)"]),
)
@example([0] * 4 + [3000] * 5 + [None, 12000], 3, "INTEGER")
@example([1, 1, 2, 2, 2, 2, 3], 2, "TIMESTAMP")
def test_from_every_state_the_rest_of_the_table_follows(tmp_path, values, every, kind):
    """Equal iterator values round a STATE, and rows without one, at every step and type: before the STATE and after it is the table."""
    base = {
        "DATE": "DATE '2024-01-01' + v",
        "TIMESTAMP": "TIMESTAMP '2024-01-01' + to_microseconds(v)",
        "TIMESTAMPTZ": "TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_microseconds(v)",
    }
    path = tmp_path / "any.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE given (id INTEGER, v INTEGER)")
        connection.executemany("INSERT INTO given VALUES (?, ?)", list(enumerate(values)))
    settings_ = config(
        str(path),
        {"name": "any", "sql": f"SELECT id, CAST({base.get(kind, 'v / 1000')} AS {kind}) AS at FROM given", "iterator": "at"},
        state_every_rows=every,
    )
    messages, whole = read(settings_), {number for number, value in enumerate(values) if value is not None}
    for at, message in enumerate(messages):
        if message["type"] == "STATE":
            before = {record["id"] for record in records(messages[:at])}
            assert before | {record["id"] for record in records(read(settings_, state=message["value"]))} == whole


def test_a_second_run_moves_what_changed_and_the_rows_at_the_bookmark(tmp_path):
    """At the bookmark a row may have come after the last run: all of them are sent once more, for the target to update."""
    file = tmp_path / "sandbox.duckdb"
    build(file, data=fetch().parent, customers=120)
    models = [
        {
            "name": "users",
            "sql_file": str(MODELS / "users.sql"),
            "key_columns": ["customer_id"],
            "iterator": "date_updated",
            "iterator_type": "timestamp_ntz",
        },
        {"name": "orders", "sql_file": str(MODELS / "orders.sql"), "key_columns": ["order_id"], "iterator": "updated_at"},
    ]
    first = read(config(str(file), *models))
    assert len(records(first, "users")) == 120
    done = change(file, customers=4, added=2, orders=4)
    second = read(config(str(file), *models), state=states(first)[-1])
    for stream, key, iterator, changed in (("users", "customer_id", "date_updated", done.users), ("orders", "order_id", "updated_at", done.orders)):
        mark = bookmark(first, stream)
        late = [record[key] for record in records(second, stream) if record[iterator] > mark]
        again = [record[key] for record in records(second, stream) if record[iterator] == mark]
        assert sorted(late) == changed
        assert sorted(again) == sorted(record[key] for record in records(first, stream) if record[iterator] == mark and record[key] not in changed)
        assert len(late) + len(again) == len(records(second, stream))


def test_rows_of_the_future_wait_and_do_not_move_the_bookmark(duckdb_file):
    file = duckdb_file(
        "CREATE TABLE t AS SELECT 1 AS id, now() - INTERVAL 1 HOUR AS at UNION ALL SELECT 2, now() + INTERVAL 1 HOUR UNION ALL SELECT 3, now() - INTERVAL 1 MINUTE"
    )
    model = {"name": "t", "sql": "SELECT * FROM t", "iterator": "at"}
    assert [one["id"] for one in records(read(config(file, model)))] == [1, 3]
    assert [one["id"] for one in records(read(config(file, {**model, "delay_s": 600})))] == [1]


def test_late_rows_within_the_look_back_are_found_and_the_bookmark_stays(duckdb_file):
    file = duckdb_file("CREATE TABLE t AS SELECT range AS id, TIMESTAMP '2024-01-01' + INTERVAL 1 MINUTE * range AS at FROM range(5)")
    model = {"name": "t", "sql": "SELECT * FROM t", "iterator": "at", "lookback_s": 60}
    first = read(config(file, model))
    with duckdb.connect(file) as connection:
        connection.execute("DELETE FROM t WHERE id = 4; INSERT INTO t VALUES (9, TIMESTAMP '2024-01-01 00:03:30')")
    second = read(config(file, model), state=states(first)[-1])
    assert [one["id"] for one in records(second)] == [3, 9]
    assert bookmark(second, "t") == bookmark(first, "t") == "2024-01-01T00:04:00.000000+00:00"


def test_rows_without_an_iterator_value_are_counted_once(duckdb_file, caplog):
    file = duckdb_file("CREATE TABLE t AS SELECT range AS id, CASE WHEN range > 2 THEN range END AS n FROM range(5)")
    read(config(file, {"name": "t", "sql": "SELECT * FROM t", "iterator": "n"}))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["3 rows of 't' have no value in the iterator \"n\" and are not sent"]


def test_a_model_with_more_rows_than_allowed_sends_none(duckdb_file):
    with pytest.raises(SuiteError) as caught:
        read(config(duckdb_file(EVENTS), {**MODEL, "max_rows": 99}))
    assert str(caught.value) == "model `events` would send 100 rows, more than its `max_rows` of 99: nothing was sent"
    assert len(records(read(config(duckdb_file(EVENTS, name="2.duckdb"), {**MODEL, "max_rows": 100})))) == 100


def test_a_bookmark_by_another_iterator_starts_from_the_beginning(duckdb_file):
    state = {"bookmarks": {"events": {"replication_key": "other", "replication_key_value": "zzz"}}}
    assert len(records(read(config(duckdb_file(EVENTS), MODEL), state=state))) == 100


def test_a_bookmark_of_another_type_is_refused(duckdb_file):
    state = {"bookmarks": {"events": {"replication_key": "at", "replication_key_value": "zzz"}}}
    with pytest.raises(ConfigurationError, match=r"^the state of `events` has the bookmark 'zzz', which is no timestamp$"):
        read(config(duckdb_file(EVENTS), MODEL), state=state)


def test_what_no_warehouse_could_take_is_told_together_before_it_is_asked():
    models = [
        {"name": "a", "sql": "SELECT 1 AS x"},
        {"name": "b", "sql": "DROP TABLE t"},
        {"name": "g", "sql_file": "missing.sql"},
        {"name": "h", "sync_mode": "incremental", "sql": "SELECT 1 AS n"},
        {"name": "A", "sql": "SELECT 1 AS n", "iterator": "n", "iterator_time_zone": "Mars/Base"},
        {"name": "i", "sql": "SELECT 1 AS n", "sync_start": "1"},
    ]
    with pytest.raises(ConfigValidationError) as caught:
        read({"models": models})
    names = "SELECT, WITH, FROM, VALUES or TABLE"
    problems = [one.removeprefix("`models`: ") for one in caught.value.errors]
    assert problems == [
        "`duckdb.path`: expected it for `warehouse` duckdb, found none",
        f"model `b` has no usable `sql`: it begins with `drop`: give a query that begins with {names}",
        "model `g` cannot read its `sql_file` missing.sql: No such file or directory",
        "model `h` is incremental and needs an `iterator`",
        "model `A` is given twice: names must differ, not by case alone",
        "model `A` names a time zone that is not known: 'Mars/Base'",
        "model `i` is full and has no use for `sync_start`",
    ]


def test_what_the_warehouse_does_not_take_of_all_models_is_told_together(duckdb_file):
    models = [
        {"name": "a", "sql": "SELECT 1 AS x, 2 AS X", "key_columns": ["y"]},
        {"name": "c", "sql": "SELECT nothing"},
        {"name": "d", "sql": "SELECT 'x' AS t, [1] AS l", "iterator": "t", "iterator_type": "date"},
        {"name": "e", "sql": "SELECT [1] AS l", "iterator": "l"},
        {"name": "f", "sql": "SELECT 1 AS n", "iterator": "m"},
    ]
    with pytest.raises(ConfigurationError) as caught:
        read(config(duckdb_file(), *models))
    problems = caught.value.problems
    assert problems[:3] == [
        "model `a` gives more than one column of the name `X`: use aliases",
        "model `a` gives more than one column of the name `x`: use aliases",
        "model `a` has no column `y` for `key_columns`: it has `x`, `X`",
    ]
    assert problems[3].startswith('model `c`: DuckDB refused the query: Binder Error: Referenced column "nothing" was not found')
    assert problems[4:] == [
        "model `d` says `iterator_type` date, but `t` is of type VARCHAR",
        "model `e` cannot iterate over `l`: its type is INTEGER[]",
        "model `f` has no column `m` for `iterator`: it has `n`",
    ]


def test_the_catalog_cannot_ask_for_another_iterator(duckdb_file):
    settings_ = config(duckdb_file(EVENTS), MODEL)
    catalog = TapWarehouse(config=settings_, parse_env_config=False).catalog_dict
    catalog["streams"][0]["replication_key"] = "id"
    with pytest.raises(ConfigurationError, match=r"^the catalog wants model `events` incremental by `id`, and its iterator is `at`$"):
        read(settings_, catalog=catalog)


def test_a_full_model_by_the_catalog_sends_all_and_keeps_no_bookmark(duckdb_file):
    settings_ = config(duckdb_file(EVENTS), MODEL)
    catalog = TapWarehouse(config=settings_, parse_env_config=False).catalog_dict
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    messages = read(settings_, catalog=catalog)
    assert (len(records(messages)), states(messages)) == (100, [{"bookmarks": {"events": {}}}])


def test_a_file_that_is_no_duckdb_file_is_told(tmp_path):
    (tmp_path / "settings.json").write_text("{}" * 5000)
    with pytest.raises(ConfigurationError) as caught:
        read(config(str(tmp_path / "settings.json"), MODEL))
    assert str(caught.value).startswith(f"cannot open the DuckDB file {tmp_path / 'settings.json'}: ")
    assert caught.value.hint == "is it a DuckDB file, written by this version or an older one?"


def test_no_model_is_told(duckdb_file):
    with pytest.raises(ConfigValidationError) as caught:
        read(config(duckdb_file()))
    assert caught.value.errors == ["`models`: expected at least one model, found none"]


def test_a_signal_during_a_question_is_told_as_one(duckdb_file):
    with (
        closing(connect({"duckdb": {"path": duckdb_file("CREATE TABLE t AS SELECT 1 AS id")}})) as warehouse,
        pytest.raises(TerminationRequested),
        a_signal_soon(),
    ):
        warehouse.count(Query("SELECT count(*) FROM range(10_000_000_000) AS numbers(n) WHERE sqrt(n) > n", []))
