"""Rows as the client of an HTTP API has them, a dict each: made up, the same in every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=1, microseconds=1)
SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property("id", th.IntegerType),
    th.Property("user_code", th.StringType),
    th.Property("email", th.StringType),
    th.Property("name", th.StringType),
    th.Property("country", th.StringType),
    th.Property("amount", th.NumberType),
    th.Property("score", th.NumberType),
    th.Property("qty", th.IntegerType),
    th.Property("active", th.BooleanType),
    th.Property("created_at", th.DateTimeType),
    th.Property("updated_at", th.DateTimeType),
    th.Property("props", th.ObjectType(th.Property("a", th.IntegerType), th.Property("b", th.StringType), th.Property("tags", th.ArrayType(th.StringType)))),
).to_dict()  # fmt: skip


def rows(count: int) -> Iterator[dict[str, Any]]:
    """The first rows; times as text, as they come out of JSON."""
    moment = BEGIN
    for number in range(1, count + 1):
        moment += STEP
        stamp = moment.isoformat()
        yield {
            "id": number,
            "user_code": f"u{number:010d}",
            "email": None if number % 50 == 0 else f"user{number}@example.com",
            "name": "Zoë Müller",
            "country": "DE",
            "amount": number * 0.25,
            "score": number / 7,
            "qty": number % 17,
            "active": number % 3 == 0,
            "created_at": stamp,
            "updated_at": stamp,
            "props": {"a": number, "b": "x", "tags": ["p", "q"]},
        }
