"""Which mode a stream has: as its settings and its keys say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError

from target_synapse.modes.append import Append
from target_synapse.modes.delete_insert import DeleteInsert
from target_synapse.modes.history import History
from target_synapse.modes.merge import Merge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_synapse.modes import Mode
    from target_synapse.sql.ddl import Column

NEEDS_KEYS = {"upsert": "so its rows cannot replace each other", "history": "so nothing says which of its rows are versions of one another"}


def load_keys(config: Mapping[str, Any], stream: str, keys: Sequence[str]) -> list[str]:
    """The keys by which rows of the stream are told apart; none where all are added. Raises ConfigurationError."""
    method = config.get("load_method") or "auto"
    if method in NEEDS_KEYS and not keys:
        raise ConfigurationError(f"stream `{stream}` has no key, {NEEDS_KEYS[method]}", hint="set `load_method` to `auto`")
    return [] if method == "append-only" else list(keys)


def mode_of(config: Mapping[str, Any], *, keys: Sequence[str], tombstone: Column | None = None, is_marked: bool = False) -> Mode:
    """The mode. `tombstone` is the column by which rows say that they are gone, `is_marked` whether the table marks such rows."""
    if not keys:
        return Append()
    if config.get("load_method") == "history":
        return History(tombstone)
    deletes = tombstone if config.get("hard_delete") else None
    return Merge(deletes, is_marked=is_marked) if config.get("upsert_with") == "merge" else DeleteInsert(deletes)
