"""A key for an event: FullStory gives none.

The key is a hash of what happened, to whom and when. Left out is what FullStory still changes for up to a day after the event, so that reading it
again, in another order too, gives the same key: links to persons, page totals, load times, durations, and the running counts of frustration.
Events alike in all of that are told apart by their number among their like in one file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITY = ("UserId", "SessionId", "PageId")
SETTLING = frozenset({"EventDuration", "EventSecondaryDuration"})
SETTLING_START = "EventMod"
_exact = Context(prec=80)


class EventKeys:
    """Keys of the events of one file; it remembers 16 bytes of each event to count those alike."""

    def __init__(self) -> None:
        self._alike: Counter[bytes] = Counter()

    def key(self, event: Mapping[str, Any]) -> str:
        """The key of the next event: 64 hexadecimal digits."""
        digest = hashlib.sha256(canonical(event))
        short = digest.digest()[:16]
        self._alike[short] += 1
        digest.update(b"#%d" % self._alike[short])
        return digest.hexdigest()


def canonical(event: Mapping[str, Any]) -> bytes:
    """What identifies the event, as JSON that does not depend on the order of fields, on nulls, or on how a number is written."""
    told = {name: _plain(value) for name, value in event.items() if value is not None and _identifies(name)}
    return json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def _identifies(name: str) -> bool:
    if name.startswith("Event"):
        return not name.startswith(SETTLING_START) and name not in SETTLING
    return name in IDENTITY or name.startswith("evt_")


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        return {"number": str(_exact.normalize(Decimal(str(value))))}
    if isinstance(value, dict):
        return {"object": {name: _plain(part) for name, part in value.items()}}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value
