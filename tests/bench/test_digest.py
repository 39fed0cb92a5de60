"""What tells wrong rows from right ones."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import arrived
from bench.data import EVENTS, FLIGHTS, Column, Warehouse
from bench.digest import by_rows, compare, plain, sample_step
from bench.errors import BenchError

COLUMNS = (Column("id", "integer", "bigint"), Column("amount", "decimal", "numeric(12,2)"), Column("name", "text", "text"))
ROWS = [{"id": 1, "amount": Decimal("1.10"), "name": "a"}, {"id": 2, "amount": Decimal("-2.25"), "name": None}, {"id": 3, "amount": None, "name": ""}]


def digest(rows):
    return by_rows(rows, COLUMNS, len(ROWS))


def changed(number, **values):
    return [{**row, **(values if at == number else {})} for at, row in enumerate(ROWS)]


def test_the_same_rows_in_another_order_and_of_other_types_are_the_same():
    as_text = [
        {"id": str(row["id"]), "amount": None if row["amount"] is None else f"{row['amount']}0", "name": row["name"]} for row in reversed(ROWS)
    ]
    assert digest(ROWS).differences(digest(as_text)) == []


@pytest.mark.parametrize(
    ("rows", "difference"),
    [
        (ROWS[:2], "rows is 2 instead of 3"),
        ([*ROWS, ROWS[0]], "rows is 4 instead of 3"),
        (changed(0, amount=Decimal("1.11")), "sum of amount is -1.14 instead of -1.15"),
        (changed(1, name=""), "values of name is 3 instead of 2"),
        (changed(2, name="b"), "row 3 has name = 'b' instead of ''"),
    ],
)
def test_wrong_rows_are_found(rows, difference):
    assert difference in digest(ROWS).differences(digest(rows))


def test_values_that_changed_places_are_found_though_all_sums_agree():
    swapped = changed(0, name="z")
    assert digest(changed(0, name="y")).differences(digest(swapped)) == ["row 1 has name = 'z' instead of 'y'"]


def test_a_fast_wrong_run_is_an_error_that_says_what_is_wrong():
    with pytest.raises(
        BenchError, match=r"^x moved wrong rows: rows is 0 instead of 3; keys is 0 instead of 3; values of id is 0 instead of 3 \.\.\.$"
    ):
        compare(digest(ROWS), digest([]), "x")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("zoned", ["2024-01-01T02:00:00.5+02:00", "2024-01-01 00:00:00.500000 +00", "2024-01-01T00:00:00.500000Z", datetime(2024, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
                   datetime(2024, 1, 1, 2, 0, 0, 500_000, tzinfo=timezone(timedelta(hours=2)))]),
        ("naive", ["2024-01-01 00:00:00.000001", "2024-01-01T00:00:00.000001+00:00", datetime(2024, 1, 1, 0, 0, 0, 1)]),  # noqa: DTZ001 - as a driver gives it
        ("boolean", [True, "true", "t", 1, "1"]),
        ("decimal", ["1.10", 1.1, Decimal("1.100")]),
        ("object", ['{"a": 1.10, "b": ["x"]}', '"{\\"a\\":1.1,\\"b\\":[\\"x\\"]}"', {"a": Decimal("1.1"), "b": ["x"]}]),
        ("integer", [7, "7"]),
    ],
)  # fmt: skip
def test_a_value_is_the_same_whatever_it_came_as(kind, values):
    assert len({json.dumps(plain(value, kind), default=str).replace("1.10", "1.1") for value in values}) == 1


def test_what_is_no_boolean_is_not_taken_for_one():
    with pytest.raises(BenchError, match="'yes' is no boolean"):
        plain("yes", "boolean")


@given(st.integers(1, 10_000_000))
def test_some_thousand_rows_are_compared_whole_however_many_there_are(rows):
    compared = sum(1 for _ in range(sample_step(rows) // 2 or sample_step(rows), rows + 1, sample_step(rows)))
    assert min(rows, 900) <= compared <= 2000


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """A hundred events in a DuckDB file; its path and digest."""
    path = Warehouse(tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("zip")).path(EVENTS, 100)
    return path, arrived.duckdb_table(path, "events_100", EVENTS.columns, 100)


def copied(source, target, form):
    with duckdb.connect(str(source), read_only=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(f"COPY (SELECT * FROM events_100 ORDER BY id DESC) TO '{target}' ({form})")
    return target


def test_rows_made_by_a_seed_are_the_same_in_every_run(events, tmp_path):
    again = Warehouse(tmp_path, tmp_path).path(EVENTS, 100)
    assert events[1].differences(arrived.duckdb_table(again, "events_100", EVENTS.columns, 100)) == []
    assert events[1].sample[1]["name"]


def test_parquet_files_are_read_back(events, tmp_path):
    copied(events[0], tmp_path / "some.parquet", "FORMAT parquet")
    assert events[1].differences(arrived.parquet(f"{tmp_path}/*.parquet", EVENTS.columns, 100)) == []


def test_json_lines_and_singer_lines_are_read_back(events, tmp_path):
    plain_lines = copied(events[0], tmp_path / "plain.jsonl", "FORMAT json")
    assert events[1].differences(arrived.json_lines(plain_lines, EVENTS.columns, 100)) == []
    singer = tmp_path / "singer.jsonl"
    records = [{"type": "RECORD", "stream": "events", "record": json.loads(line)} for line in plain_lines.read_text().splitlines()]
    singer.write_text("".join(json.dumps(one) + "\n" for one in [{"type": "SCHEMA", "stream": "events"}, *records, {"type": "STATE", "value": {}}]))
    assert events[1].differences(arrived.singer_lines(singer, EVENTS.columns, 100)) == []


def test_csv_is_read_back(events, tmp_path):
    with duckdb.connect(str(events[0]), read_only=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(f"COPY (SELECT * REPLACE (to_json(props) AS props) FROM events_100) TO '{tmp_path}/some.csv' (HEADER)")
    assert events[1].differences(arrived.csv(tmp_path / "some.csv", EVENTS.columns, 100)) == []


def test_one_cent_in_a_hundred_rows_is_found(events, tmp_path):
    lines = copied(events[0], tmp_path / "plain.jsonl", "FORMAT json")
    first = json.loads(lines.read_text().splitlines()[0])
    lines.write_text(lines.read_text().replace(f'"amount":{first["amount"]}', f'"amount":{first["amount"] + 0.01:.2f}', 1))
    assert events[1].differences(arrived.json_lines(lines, EVENTS.columns, 100)) != []


def test_mparticles_batches_are_read_back_as_the_rows_they_were_made_from(tmp_path):
    columns = (COLUMNS[0], COLUMNS[1], Column("email", "text", "text"))
    bodies = tmp_path / "bodies.txt"
    users = [{"user_identities": {"email": f"{n}@x.org"}, "user_attributes": {"id": n, "amount": str(n)}} for n in (1, 2, 3)]
    bodies.write_text(json.dumps(users[:2]) + "\n" + json.dumps(users[2]) + "\n")
    wanted = by_rows(({"id": n, "amount": n, "email": f"{n}@x.org"} for n in (1, 2, 3)), columns, 3)
    assert wanted.differences(arrived.batches(bodies, columns, 3, identities={"email": "email"})) == []


def test_batches_are_counted_plain_and_packed(tmp_path):
    bodies, batch = tmp_path / "bodies.txt", b'{"source_request_id":"x"}'
    bodies.write_bytes(b"[" + batch + b"," + batch + b"]\n" + gzip.compress(batch).hex().encode() + b"\n")
    assert arrived.count_batches(bodies) == 3


def test_flights_are_repeated_with_a_running_key():
    assert (FLIGHTS.columns[0].name, len(FLIGHTS.columns), len(EVENTS.columns)) == ("id", 20, 12)
