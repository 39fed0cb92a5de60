"""Rows of the three tables, made from the CDNOW customers: the same for the same seed, on any machine."""

from __future__ import annotations

import random
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.warehouse.cdnow import Customer

COHORT_END = datetime(1997, 10, 1, tzinfo=UTC)  # the calibration period of the data: 39 weeks from 1 January 1997
FIRST_LOAD = datetime(2025, 1, 1)  # noqa: DTZ001 - the iterator column is a timestamp without a zone, as UTC
ROWS_A_LOAD = 25  # rows written by one load share their time: a run of equal iterator values
FIRST_CARD = 2**53  # from here on a double no longer holds every integer
# Text that breaks what is not clean: other scripts, combining marks, quotes, emoji.
FIRST_NAMES = ("Zoë", "José", "Łukasz", "Siân", "Björk", "Nguyễn", "Chloé", "D'Arcy", "Ines", "Omar", "Ada", "Grace")
CITIES = ("Zürich", "São Paulo", "Kraków", "東京", "Reykjavík", "Đà Nẵng", "L'Aquila", "Αθήνα", "Київ", "New York", "القاهرة", "서울")
CATEGORIES = ("books", "jazz", "classical", "hip-hop", "música", "ロック", "folk", "kids")
NOTES = (None, "", "gift", 'said "thanks"', "line\nbreak", "🎁 wrapped", "comma, tab\t", "back\\slash")
COUNTRIES = ("CH", "BR", "PL", "JP", "IS", "VN", "IT", "GR", "UA", "US", "EG", "KR")


@dataclass(slots=True)
class CustomerRow:
    """A row of `customers`."""

    customer_id: str
    loyalty_card: int
    email: str | None
    first_name: str
    city: str
    country: str
    registered_on: date
    vip: bool | None
    labels: list[str]
    updated_at: datetime


@dataclass(slots=True)
class OrderRow:
    """A row of `orders`."""

    order_id: int
    customer_id: str
    placed_at: datetime
    amount: Decimal
    discount_rate: float | None
    quantity: int
    paid: bool
    items: list[str]
    note: str | None
    updated_at: datetime


@dataclass(slots=True)
class FavoriteRow:
    """A row of `favorites`."""

    customer_id: str
    category: str
    position: int
    updated_at: datetime


@dataclass(slots=True)
class Rows:
    """Rows of all three tables."""

    customers: list[CustomerRow]
    orders: list[OrderRow]
    favorites: list[FavoriteRow]


def base_rows(customers: Iterable[Customer], *, seed: int) -> Rows:
    """The tables at the start: every customer with the purchases that the data tell of."""
    rows = Rows([], [], [])
    for customer in customers:
        draw = random.Random(f"{seed} {customer.number}")
        loaded = FIRST_LOAD + timedelta(microseconds=1_000_001) * (customer.number // ROWS_A_LOAD)
        key = customer_id(customer.number)
        first = COHORT_END - timedelta(weeks=customer.age)
        rows.customers.append(customer_row(customer.number, registered_on=first.date(), loaded=loaded, draw=draw))
        rows.favorites += favorite_rows(key, loaded=loaded, draw=draw)
        for placed, amount in _purchases(customer, first, draw):
            rows.orders.append(order_row(len(rows.orders) + 1, key, placed=placed, amount=amount, loaded=loaded, draw=draw))
    return rows


def customer_id(number: int) -> str:
    """The key of a customer: `c-00001` for number 1."""
    return f"c-{number:05d}"


def customer_row(number: int, *, registered_on: date, loaded: datetime, draw: random.Random) -> CustomerRow:
    """A customer: one in twenty has no address of e-mail, one in ten is neither a VIP nor none."""
    place = draw.randrange(len(CITIES))
    return CustomerRow(
        customer_id=customer_id(number),
        loyalty_card=FIRST_CARD + 2 * number + 1,
        email=None if draw.random() < 1 / 20 else f"{customer_id(number)}@example.com",
        first_name=draw.choice(FIRST_NAMES),
        city=CITIES[place],
        country=COUNTRIES[place],
        registered_on=registered_on,
        vip=None if draw.random() < 1 / 10 else draw.random() < 1 / 4,
        labels=draw.sample(("newsletter", "phone", "à la carte", "test;label"), draw.randrange(4)),
        updated_at=loaded,
    )


def favorite_rows(key: str, *, loaded: datetime, draw: random.Random) -> list[FavoriteRow]:
    """Up to three favorite categories of a customer, the best first."""
    chosen = draw.sample(CATEGORIES, draw.randrange(4))
    return [FavoriteRow(key, category, position, loaded) for position, category in enumerate(chosen, 1)]


def order_row(number: int, key: str, *, placed: datetime, amount: Decimal, loaded: datetime, draw: random.Random) -> OrderRow:
    """An order of a customer."""
    return OrderRow(
        order_id=number,
        customer_id=key,
        placed_at=placed,
        amount=amount,
        discount_rate=draw.choice((None, 0.0, 0.1, 0.125)),
        quantity=draw.randint(1, 5),
        paid=draw.random() < 0.97,  # noqa: PLR2004 - most are
        items=draw.sample(CATEGORIES, draw.randint(1, 3)),
        note=draw.choice(NOTES),
        updated_at=loaded,
    )


def _purchases(customer: Customer, first: datetime, draw: random.Random) -> Iterator[tuple[datetime, Decimal]]:
    """The first purchase and the repeats up to the last one; the repeats sum up to what the customer spent, to the cent."""
    first_amount = customer.spend or Decimal(draw.randint(500, 6000)) / 100
    yield first, first_amount
    left = customer.spend * customer.frequency
    for nth in range(1, customer.frequency + 1):
        share = Decimal(draw.randint(50, 150)) / 100
        amount = left if nth == customer.frequency else min(left, (customer.spend * share).quantize(Decimal("0.01")))
        left -= amount
        yield first + timedelta(weeks=customer.recency * nth / customer.frequency), amount


def values(rows: Iterable[CustomerRow | OrderRow | FavoriteRow]) -> list[tuple[object, ...]]:
    """The rows as tuples in the order of their columns."""
    return [astuple(row) for row in rows]
