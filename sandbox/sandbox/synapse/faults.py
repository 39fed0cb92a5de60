"""Faults on demand: the next statements that match a pattern fail, hang or lose their connection, as often as asked."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final = {"error", "disconnect_before", "disconnect_after", "delay", "login_error"}
# What a pool says when it is not there [sql/relational-databases/errors-events/database-engine-events-and-errors, Synapse rows].
MESSAGES: Final = {
    40613: "Database on server is not currently available. Please retry the connection later.",
    42108: "Can not connect to the SQL pool since it is paused. Please resume the SQL pool and try again.",
    42109: "The SQL pool is warming up. Please try again.",
    1205: "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
}


@dataclass(slots=True)
class Fault:
    """One fault: `kind` says what happens, `pattern` (case-insensitive) to which statements, `times` how often."""

    kind: str
    pattern: str = ""
    number: int = 0
    message: str = ""
    severity: int = 16
    delay_s: float = 0.0
    times: int = 1

    def __post_init__(self) -> None:
        """Refuse what could never happen. Raises ValueError."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}: one of {', '.join(sorted(KINDS))}")
        if self.kind in {"error", "login_error"} and self.number <= 0:
            raise ValueError(f"a fault of kind {self.kind} needs a number")
        if self.times < 1:
            raise ValueError("times starts at 1")
        re.compile(self.pattern)

    @property
    def text(self) -> str:
        """The message, the documented one where none is given."""
        return self.message or MESSAGES.get(self.number, f"Injected fault {self.number}.")


class Faults:
    """The faults in wait; several sessions ask at once."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let one wait for its statement."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._waiting.clear()

    def take(self, kind: str, statement: str) -> Fault | None:
        """The first waiting fault of that kind for this text, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault.kind == kind and re.search(fault.pattern, statement, re.IGNORECASE):
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                    return fault
        return None

    def to_dict(self) -> dict[str, object]:
        """What waits, as plain values."""
        with self._lock:
            return {"faults": [asdict(fault) for fault in self._waiting]}

    def from_dict(self, content: Mapping[str, object]) -> None:
        """Replace what waits. Raises ValueError for what is not a fault; then nothing changes."""
        entries = content.get("faults")
        if not isinstance(entries, list):
            raise ValueError("`faults` must be a list")  # noqa: TRY004  # one kind of error for a caller that got text from outside
        known = {part.name for part in fields(Fault)}
        new: list[Fault] = []
        for entry in entries:
            if not isinstance(entry, dict) or not set(entry) <= known:
                raise ValueError(f"a fault is an object with {', '.join(sorted(known))}")
            try:
                new.append(Fault(**entry))
            except (TypeError, re.error) as error:
                raise ValueError(str(error)) from error
        with self._lock:
            self._waiting = new
