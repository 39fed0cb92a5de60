"""STATE while a stream runs: by rows and by seconds, over DuckDB and PostgreSQL, for each type of iterator; nothing is lost from any of them."""

import pytest
from singer_commons.states import StatePace
from tap_warehouse_reading import read, records, states

# Each value twice, so that a STATE falls between equal ones; `late` is what a text comparison or a double would put in the wrong place.
TYPES = {
    "bigint": ["-5", "9", "10", "9007199254740993", "9223372036854775807"],
    "decimal(38,10)": ["-1.5", "9.5", "10.25", "9007199254740993.0000000001", "1234567890123456789012345678.0123456789"],
    "date": ["DATE '0001-01-01'", "DATE '1969-12-31'", "DATE '2024-01-09'", "DATE '2024-01-10'"],
    "timestamp": [
        "TIMESTAMP '0001-01-01'",
        "TIMESTAMP '1969-12-31 23:59:59.999999'",
        "TIMESTAMP '2024-01-01'",
        "TIMESTAMP '2024-01-01 00:00:00.000001'",
    ],
    "timestamptz": ["TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", "TIMESTAMPTZ '2024-01-01 01:00:00+02'", "TIMESTAMPTZ '2024-01-01 00:00:00+00'"],
    "varchar": ["'10'", "'9'", "'a'", "'é'"],
}


def query(kind):
    rows = ", ".join(f"({2 * number + copy}, CAST({value} AS {kind}))" for number, value in enumerate(TYPES[kind]) for copy in (0, 1))
    return f'SELECT * FROM (VALUES {rows}) AS t (id, "at")'


def check(settings, kind):
    """From each STATE the rest follows, with no row before the bookmark's value once more."""
    messages, ids = read(settings), set(range(2 * len(TYPES[kind])))
    assert len(states(messages)) >= len(ids) // 3
    for at, message in enumerate(messages):
        if message["type"] == "STATE":
            before, rest = records(messages[:at]), records(read(settings, state=message["value"]))
            assert {row["id"] for row in before} | {row["id"] for row in rest} == ids
            assert {row["id"] // 2 for row in before} & {row["id"] // 2 for row in rest} == {before[-1]["id"] // 2}


@pytest.mark.parametrize("kind", TYPES)
def test_duckdb_goes_on_from_every_state(duckdb_file, kind):
    model = {"name": "any", "sql": query(kind), "key_columns": ["id"], "iterator": "at"}
    check({"duckdb": {"path": duckdb_file()}, "models": [model], "state_every_rows": 3}, kind)


@pytest.mark.parametrize("kind", TYPES)
def test_postgresql_goes_on_from_every_state(postgres, kind):
    model = {"name": "any", "sql": query(kind), "key_columns": ["id"], "iterator": "at"}
    check({"warehouse": "postgres", "postgres": postgres.settings, "models": [model], "state_every_rows": 3}, kind)


def test_an_infinite_moment_is_sent_and_is_no_bookmark(duckdb_file):
    sql = "SELECT * FROM (VALUES (1, TIMESTAMP '-infinity'), (2, TIMESTAMP '2024-01-01')) AS t (id, \"at\")"
    messages = read({"duckdb": {"path": duckdb_file()}, "models": [{"name": "any", "sql": sql, "iterator": "at"}], "state_every_rows": 1})
    assert [row["at"] for row in records(messages)] == [None, "2024-01-01T00:00:00.000000+00:00"]
    assert [one["bookmarks"]["any"].get("replication_key_value") for one in states(messages)] == [None, "2024-01-01T00:00:00.000000+00:00"]


def test_nanoseconds_within_a_microsecond_are_not_passed_over(duckdb_file):
    sql = "SELECT * FROM (VALUES (1, TIMESTAMP_NS '2024-01-01 00:00:00.000001001'), (2, TIMESTAMP_NS '2024-01-01 00:00:00.000001002')) AS t (id, \"at\")"
    settings = {"duckdb": {"path": duckdb_file()}, "models": [{"name": "any", "sql": sql, "iterator": "at"}], "state_every_rows": 1}
    first = states(read(settings))[0]
    assert [row["id"] for row in records(read(settings, state=first))] == [1, 2]


def test_a_state_is_due_after_the_rows_or_the_seconds_whichever_come_first():
    now_s = [0.0]
    pace = StatePace(10, 60.0, clock_s=lambda: now_s[0])
    found = []
    for at_s, rows in ((1, 9), (2, 1), (3, 1), (61, 1), (62, 1), (122, 1), (123, 25), (124, 9)):
        now_s[0] = float(at_s)
        found.append(pace.is_due(rows))
    assert found == [False, True, False, False, True, True, True, False]


@pytest.mark.parametrize("maps", [{}, {"stream_maps": {"any": {"__filter__": "True"}}}])
def test_seconds_are_looked_at_on_both_paths(duckdb_file, maps):
    """With next to no seconds between two states, each block, or each record, has its own."""
    model = {"name": "any", "sql": query("bigint"), "key_columns": ["id"], "iterator": "at"}
    messages = read({"duckdb": {"path": duckdb_file()}, "models": [model], "state_every_s": 0.000001, **maps})
    assert len(states(messages)) == (5 if maps else 1)
