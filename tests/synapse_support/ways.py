"""The ways into the pool, as settings beside those of the storage."""

from __future__ import annotations

WAYS = {
    "copy": {},
    "polybase": {"load_via": "polybase"},
    "adf": {"load_via": "adf"},
    "insert": {"load_via": "insert", "storage_url": None, "storage_container": None, "storage_account_key": None},
}
