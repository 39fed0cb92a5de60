"""Singer lines of a stream of users, for the tests of target-mparticle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = {
    "type": "SCHEMA",
    "stream": "users",
    "key_properties": ["customer_id"],
    "bookmark_properties": ["date_updated"],
    "schema": {
        "type": "object",
        "properties": {
            "customer_id": {"type": "string"},
            "email": {"type": ["string", "null"]},
            "$firstname": {"type": ["string", "null"]},
            "spend": {"type": ["number", "null"]},
            "date_updated": {"type": "string", "format": "date-time"},
        },
    },
}


def user(number: int, **columns: Any) -> dict[str, Any]:
    return {"customer_id": f"c-{number}", "spend": number, "date_updated": f"2023-11-15T18:00:{number % 60:02}.000000Z", **columns}


def record(row: Mapping[str, Any], stream: str = "users") -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": row}


def state(value: Any) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": {"users": {"replication_key_value": value}}}}
