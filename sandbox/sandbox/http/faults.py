"""Faults on demand: what goes wrong with the next requests that match."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http.messages import Request


@dataclass(slots=True)
class Fault:
    """One planned fault.

    It matches requests of `method` (`*` for all) whose path matches the shell pattern `path`; lets `skip` of them pass, then
    strikes `times` times. With `cut` the connection is closed without an answer: before the service acts, or, with
    `after_effect`, when the service has acted and only its answer is lost. `delay_s` holds the answer back. Otherwise the
    answer is `status`, `headers`, `body`; a `status` of 0 leaves the service's own answer as it is (for a delay alone).
    """

    path: str = "*"
    method: str = "*"
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    skip: int = 0
    cut: bool = False
    after_effect: bool = False
    delay_s: float = 0.0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a fault from its JSON form. Raises ValueError for a name that is not a field."""
        if unknown := set(value) - {one.name for one in fields(cls)}:
            raise ValueError(f"a fault has no field {', '.join(sorted(unknown))}")
        return cls(**value)


class Faults:
    """The faults planned for one service; safe to use from its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        """Add a fault behind those already planned."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget all planned faults."""
        with self._lock:
            self._planned.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that strikes this request, if one does; it is used up by one."""
        with self._lock:
            for fault in self._planned:
                if fault.method in ("*", request.method) and fnmatchcase(request.path, fault.path):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    if fault.times <= 0:
                        self._planned.remove(fault)
                    return fault
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """The faults still planned."""
        with self._lock:
            return [asdict(fault) for fault in self._planned]
