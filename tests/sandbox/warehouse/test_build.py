"""The sandbox's warehouse: the same for a seed, and changed between runs by later iterator values only."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from sandbox.warehouse.__main__ import main
from sandbox.warehouse.build import MODELS, build, change


def rows(file: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def model(name: str) -> str:
    return f"(\n{(MODELS / f'{name}.sql').read_text(encoding='utf-8')}\n)"


@pytest.fixture
def warehouse(tmp_path, cdnow_folder):
    file = tmp_path / "warehouse.duckdb"
    build(file, data=cdnow_folder, customers=300)
    return file


def test_the_whole_base_becomes_three_tables(tmp_path, cdnow_folder):
    assert build(tmp_path / "all.duckdb", data=cdnow_folder) == {"customers": 2357, "orders": 4814, "favorites": 3451}


def test_the_same_seed_makes_the_same_tables_and_another_seed_others(tmp_path, cdnow_folder):
    content = []
    for nth, seed in enumerate((1, 1, 2)):
        file = tmp_path / f"{nth}.duckdb"
        build(file, seed=seed, data=cdnow_folder, customers=50)
        content.append([rows(file, f"SELECT CAST(t AS VARCHAR) FROM {name} t ORDER BY ALL") for name in ("customers", "orders", "favorites")])
    assert content[0] == content[1]
    assert content[0] != content[2]


def test_columns_have_the_types_that_break_careless_readers(warehouse):
    types = dict(rows(warehouse, f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {model('orders')})"))
    assert types == {
        "order_id": "BIGINT",
        "customer_id": "VARCHAR",
        "loyalty_card": "BIGINT",
        "placed_at": "TIMESTAMP WITH TIME ZONE",
        "amount": "DECIMAL(12,2)",
        "discount_rate": "DOUBLE",
        "quantity": "INTEGER",
        "paid": "BOOLEAN",
        "items": "VARCHAR[]",
        "note": "VARCHAR",
        "updated_at": "TIMESTAMP",
    }


def test_purchases_are_those_that_the_data_tell_of(warehouse, cdnow_folder):
    """Customer 1 came back twice, for 22.35 dollars in the mean, the last time 30.43 weeks after the first purchase."""
    first, *repeats = rows(warehouse, "SELECT amount, epoch(placed_at) FROM orders WHERE customer_id = 'c-00001' ORDER BY placed_at")
    assert sum(amount for amount, _ in repeats) * 100 == 2 * 2235
    assert (repeats[-1][1] - first[1]) / (7 * 86_400) == pytest.approx(30.43)


def test_the_users_model_has_one_row_a_customer_who_bought(warehouse):
    assert rows(warehouse, f"SELECT count(*), count(DISTINCT customer_id) FROM {model('users')}") == [(300, 300)]


def test_a_change_moves_exactly_the_users_and_orders_it_names_past_the_iterator(warehouse):
    before = {name: set(rows(warehouse, f"SELECT CAST(t AS VARCHAR) FROM {model(name)} t")) for name in ("users", "orders")}
    done = change(warehouse, customers=7, added=3, orders=6)
    assert (len(done.customers_changed), done.customers_added, len(done.orders_added), len(done.orders_changed)) == (
        7,
        ["c-00301", "c-00302", "c-00303"],
        6,
        3,
    )
    for name, key, iterator, expected in (("users", "customer_id", "date_updated", done.users), ("orders", "order_id", "updated_at", done.orders)):
        late = rows(warehouse, f"SELECT {key} FROM {model(name)} t WHERE {iterator} > TIMESTAMP '{done.iterator_before}' ORDER BY 1")
        changed = {row for row in rows(warehouse, f"SELECT CAST(t AS VARCHAR), {key} FROM {model(name)} t") if (row[0],) not in before[name]}
        assert [row[0] for row in late] == expected == sorted(row[1] for row in changed)


def test_a_second_change_comes_after_the_first(warehouse):
    first, second = change(warehouse), change(warehouse)
    assert first.iterator_before < second.iterator_before
    assert first.customers_changed != second.customers_changed
    assert set(first.orders_added).isdisjoint(second.orders_added)


def test_the_command_builds_and_changes_a_file(tmp_path, cdnow_folder, monkeypatch):
    monkeypatch.setenv("SANDBOX_DATA", str(cdnow_folder))
    file = str(tmp_path / "made.duckdb")
    built = CliRunner().invoke(main, ["build", file, "--customers", "40"])
    changed = CliRunner().invoke(main, ["change", file, "--customers", "2", "--added", "1", "--orders", "0"])
    assert (built.exit_code, json.loads(built.output)["customers"]) == (0, 40)
    assert (changed.exit_code, json.loads(changed.output)["customers_added"]) == (0, ["c-00041"])


def test_the_command_says_in_one_line_that_the_data_are_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDBOX_DATA", str(tmp_path))
    run = CliRunner().invoke(main, ["build", str(tmp_path / "made.duckdb")])
    assert (run.exit_code, run.output.count("\n")) == (1, 1)
    assert run.output.endswith("is missing: `python -m sandbox.warehouse fetch` downloads it\n")
