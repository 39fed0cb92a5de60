"""Builds the warehouse as a DuckDB file, and changes it between two runs as life would."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from sandbox.warehouse.base import CITIES, COUNTRIES, Rows, base_rows, customer_row, favorite_rows, order_row, values
from sandbox.warehouse.cdnow import customers as cdnow_customers

if TYPE_CHECKING:
    from collections.abc import Sequence

MODELS = Path(__file__).parent / "models"
_NAIVE, _ZONED, _LIST = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.list_(pa.string())
TABLES = {
    "customers": pa.schema(
        [
            ("customer_id", pa.string()),
            ("loyalty_card", pa.int64()),
            ("email", pa.string()),
            ("first_name", pa.string()),
            ("city", pa.string()),
            ("country", pa.string()),
            ("registered_on", pa.date32()),
            ("vip", pa.bool_()),
            ("labels", _LIST),
            ("updated_at", _NAIVE),
        ]
    ),
    "orders": pa.schema(
        [
            ("order_id", pa.int64()),
            ("customer_id", pa.string()),
            ("placed_at", _ZONED),
            ("amount", pa.decimal128(12, 2)),
            ("discount_rate", pa.float64()),
            ("quantity", pa.int32()),
            ("paid", pa.bool_()),
            ("items", _LIST),
            ("note", pa.string()),
            ("updated_at", _NAIVE),
        ]
    ),
    "favorites": pa.schema([("customer_id", pa.string()), ("category", pa.string()), ("position", pa.int32()), ("updated_at", _NAIVE)]),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What a call of `change` did, by key; every changed row has an iterator value above all that were there before."""

    customers_changed: list[str]
    customers_added: list[str]
    orders_added: list[int]
    orders_changed: list[int]
    users: list[str]  # the customers for whom the users model now gives another row
    iterator_before: datetime

    @property
    def orders(self) -> list[int]:
        """All orders that are new or changed."""
        return sorted([*self.orders_added, *self.orders_changed])


def build(file: Path, *, seed: int = 1, data: Path | None = None, customers: int | None = None) -> dict[str, int]:
    """Make the file anew and return the rows of each table; `data` holds the CDNOW wheel, `customers` keeps only the first so many."""
    rows = base_rows(cdnow_customers(data)[:customers], seed=seed)
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        for name, schema in TABLES.items():
            columns = ", ".join(f"{field.name} {_sql_type(field.type)}" for field in schema)
            connection.execute(f"CREATE TABLE {name} ({columns})")
        _insert(connection, rows)
        return {name: _number(connection, f"SELECT count(*) FROM {name}") for name in TABLES}


def change(file: Path, *, customers: int = 20, added: int = 5, orders: int = 10, seed: int = 1) -> Change:
    """Change so many customers, add some with an order each, and give others a further order or a correction of their last one."""
    with duckdb.connect(str(file)) as connection:
        before = _latest(connection)
        connection.begin()
        draw = random.Random(f"{seed} {before}")
        clock = before + timedelta(seconds=1)
        every = [str(row[0]) for row in connection.execute("SELECT customer_id FROM customers ORDER BY 1").fetchall()]
        chosen = draw.sample(every, min(len(every), customers + orders))
        moved, buyers = sorted(chosen[:customers]), sorted(chosen[customers:])
        for nth, key in enumerate(moved):
            _move(connection, key, clock + timedelta(milliseconds=nth), draw)
        newcomers = _newcomers(connection, added, clock + timedelta(seconds=60), draw)
        corrected = _correct_orders(connection, buyers[: orders // 2], clock + timedelta(seconds=120))
        extra = _further_orders(connection, buyers[orders // 2 :], clock + timedelta(seconds=180), draw)
        connection.commit()
    return Change(
        customers_changed=moved,
        customers_added=[row.customer_id for row in newcomers.customers],
        orders_added=sorted(row.order_id for row in [*newcomers.orders, *extra.orders]),
        orders_changed=corrected,
        users=sorted([*moved, *buyers, *(row.customer_id for row in newcomers.customers)]),
        iterator_before=before,
    )


def _move(connection: duckdb.DuckDBPyConnection, key: str, now: datetime, draw: random.Random) -> None:
    place = draw.randrange(len(CITIES))
    connection.execute(
        "UPDATE customers SET city = ?, country = ?, vip = NOT coalesce(vip, false), updated_at = ? WHERE customer_id = ?",
        [CITIES[place], COUNTRIES[place], now, key],
    )


def _newcomers(connection: duckdb.DuckDBPyConnection, number: int, now: datetime, draw: random.Random) -> Rows:
    first = _number(connection, "SELECT max(CAST(substr(customer_id, 3) AS INTEGER)) FROM customers") + 1
    order = _number(connection, "SELECT max(order_id) FROM orders") + 1
    rows = Rows([], [], [])
    for nth in range(number):
        row = customer_row(first + nth, registered_on=now.date(), loaded=now, draw=draw)
        rows.customers.append(row)
        rows.favorites += favorite_rows(row.customer_id, loaded=now, draw=draw)
        rows.orders.append(order_row(order + nth, row.customer_id, placed=now, amount=Decimal("19.90"), loaded=now, draw=draw))
    _insert(connection, rows)
    return rows


def _correct_orders(connection: duckdb.DuckDBPyConnection, keys: Sequence[str], now: datetime) -> list[int]:
    if not keys:
        return []
    last = connection.execute(
        "SELECT max(order_id) FROM orders WHERE customer_id IN (SELECT unnest(?)) GROUP BY customer_id", [list(keys)]
    ).fetchall()
    orders = sorted(int(row[0]) for row in last)
    connection.execute("UPDATE orders SET amount = amount + 0.01, updated_at = ? WHERE order_id IN (SELECT unnest(?))", [now, orders])
    return orders


def _further_orders(connection: duckdb.DuckDBPyConnection, keys: Sequence[str], now: datetime, draw: random.Random) -> Rows:
    first = _number(connection, "SELECT max(order_id) FROM orders") + 1
    rows = Rows([], [], [])
    for nth, key in enumerate(keys):
        amount = Decimal(draw.randint(100, 20_000)) / 100
        rows.orders.append(order_row(first + nth, key, placed=now, amount=amount, loaded=now + timedelta(seconds=nth), draw=draw))
    _insert(connection, rows)
    return rows


def _insert(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    for name, schema in TABLES.items():
        columns = list(zip(*values(getattr(rows, name)), strict=True)) or [()] * len(schema)
        batch = pa.table([pa.array(_utc(column, field.type), field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)
        connection.register("batch", batch)
        connection.execute(f"INSERT INTO {name} SELECT * FROM batch")
        connection.unregister("batch")


def _utc(column: Sequence[object], kind: pa.DataType) -> list[object]:
    # pyarrow takes a datetime with or without a zone for either kind; the naive ones of a zoned column are UTC here.
    return [value.replace(tzinfo=None) if kind == _ZONED and isinstance(value, datetime) else value for value in column]


def _latest(connection: duckdb.DuckDBPyConnection) -> datetime:
    times = " UNION ALL ".join(f"SELECT updated_at FROM {name}" for name in TABLES)
    latest = connection.execute(f"SELECT max(updated_at) FROM ({times})").fetchall()[0][0]
    if not isinstance(latest, datetime):
        raise ValueError("the warehouse is empty: build it first")  # noqa: TRY004 - a state of the file, not a type
    return latest


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0] or 0)


def _sql_type(kind: pa.DataType) -> str:
    named = {_NAIVE: "TIMESTAMP", _ZONED: "TIMESTAMP WITH TIME ZONE", _LIST: "VARCHAR[]", pa.date32(): "DATE", pa.bool_(): "BOOLEAN"}
    named |= {pa.int64(): "BIGINT", pa.int32(): "INTEGER", pa.float64(): "DOUBLE", pa.string(): "VARCHAR"}
    return named.get(kind) or f"DECIMAL({kind.precision}, {kind.scale})"
