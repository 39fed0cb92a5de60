"""Faults on demand: the next statements that match a pattern fail, hang or lose their connection, as often as asked."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final

from sandbox.tds.session import SqlError

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final = {"error", "disconnect_before", "disconnect_after", "delay", "login_error"}
# What a pool says at the numbers of its weather, with the severity: 20 and above ends the connection
# [azure/azure-sql/database/troubleshoot-common-errors-issues, "Transient fault error messages"; Synapse's own: 42108, 42109].
MESSAGES: Final = {
    1105: (17, "Could not allocate space for object in database because the 'PRIMARY' filegroup is full."),
    1204: (19, "The instance of the SQL Server Database Engine cannot obtain a LOCK resource at this time. Rerun your statement."),
    1205: (
        13,
        "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
    ),
    1222: (16, "Lock request time out period exceeded."),
    4060: (11, "Cannot open database requested by the login. The login failed."),
    4221: (16, "Login to read-secondary failed due to long wait on 'HADR_DATABASE_WAIT_FOR_TRANSITION_TO_VERSIONING'."),
    9002: (17, "The transaction log for the database is full due to 'ACTIVE_TRANSACTION'."),
    10928: (20, "Resource ID: 1. The request limit for the database is 128 and has been reached."),
    10929: (20, "Resource ID: 1. The server is currently too busy to support requests greater than 0 for this database."),
    10936: (20, "Resource ID: 1. The request limit for the elastic pool is 128 and has been reached."),
    40143: (17, "The service has encountered an error processing your request. Please try again."),
    40197: (20, "The service has encountered an error processing your request. Please try again. Error code 40020."),
    40501: (20, "The service is currently busy. Retry the request after 10 seconds. Code: 2."),
    40540: (17, "The service has encountered an error processing your request. Please try again."),
    40613: (17, "Database on server is not currently available. Please retry the connection later."),
    40892: (17, "Cannot connect to database when it is paused."),
    42108: (14, "Can not connect to the SQL pool since it is paused. Please resume the SQL pool and try again."),
    42109: (14, "The SQL pool is warming up. Please try again."),
    49918: (16, "Cannot process request. Not enough resources to process request. The service is currently busy. Please retry the request later."),
    49919: (16, "Cannot process create or update request. Too many create or update operations in progress. Please retry the request later."),
    49920: (16, "Cannot process request. Too many operations in progress. Please retry the request later."),
}


def message_of(number: int) -> str:
    """What a pool says at a number."""
    return MESSAGES[number][1] if number in MESSAGES else f"Injected fault {number}."


@dataclass(slots=True)
class Fault:
    """One fault: `kind` says what happens, `pattern` (case-insensitive) to which statements, `times` how often (0: until it is cleared).

    `skip` lets so many matching statements pass first. `severity` is the number's own where none is given.
    """

    kind: str
    pattern: str = ""
    number: int = 0
    message: str = ""
    severity: int = 0
    delay_s: float = 0.0
    times: int = 1
    skip: int = 0

    def __post_init__(self) -> None:
        """Refuse what could never happen. Raises ValueError."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}: one of {', '.join(sorted(KINDS))}")
        if self.kind in {"error", "login_error"} and self.number <= 0:
            raise ValueError(f"a fault of kind {self.kind} needs a number")
        if self.times < 0 or self.skip < 0:
            raise ValueError("times and skip are numbers from 0")
        re.compile(self.pattern)

    @property
    def text(self) -> str:
        """The message, the documented one where none is given."""
        return self.message or message_of(self.number)

    def error(self) -> SqlError:
        """What the client is told."""
        return SqlError(self.number, self.text, severity=self.severity or MESSAGES.get(self.number, (16, ""))[0])


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
                if fault.kind != kind or not re.search(fault.pattern, statement, re.IGNORECASE):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times == 1:
                    self._waiting.remove(fault)
                fault.times = max(fault.times - 1, 0)
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
