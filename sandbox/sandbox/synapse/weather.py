"""The pool's weather: paused, warming up, a full disk, the size of a transaction at each service level.

A single statement's bad luck (throttled, a dropped connection, an error of your choice) is a fault (`sandbox.synapse.faults`).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Literal

from sandbox.synapse.faults import message_of
from sandbox.synapse.reading import commands as c
from sandbox.synapse.reading import ddl_commands as d
from sandbox.tds.session import Disconnect, SqlError

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["online", "paused", "warming"]
PAUSED, WARMING, LOGIN_SEVERITY = 42108, 42109, 14
# Rows a transaction changes at most, at 250 bytes a row and an even distribution, in millions
# [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-develop-transactions, "Transaction size"].
TRANSACTION_ROWS: Final = {
    level: millions * 1_000_000
    for level, millions in {
        "DW100c": 240, "DW200c": 360, "DW300c": 540, "DW400c": 720, "DW500c": 900, "DW1000c": 1800, "DW1500c": 2700, "DW2000c": 3600,
        "DW2500c": 4500, "DW3000c": 5400, "DW5000c": 9000, "DW6000c": 10800, "DW7500c": 13500, "DW10000c": 18000, "DW15000c": 27000,
        "DW30000c": 54000,
    }.items()
}  # fmt: skip
_FIELDS: Final = {"state", "logins", "service_level", "transaction_rows", "disk_full"}


class Weather:
    """How the pool fares, and what that means for logins and statements."""

    def __init__(self) -> None:
        self.state: State = "online"
        self.service_level = "DW100c"
        self.disk_full = False
        self._logins_left: int | None = None  # refused logins before a pool that warms up is online
        self._transaction_rows: int | None = None  # a cap of the tests' own, as nobody waits for 240 million rows
        self._lock = threading.Lock()

    def change(self, wish: Mapping[str, object]) -> dict[str, object]:
        """Change what the wish names, and say how it is then. Raises ValueError, and then nothing has changed.

        `state`: `online`, `paused`, or `warming`, which `logins` refused logins end (none given: another wish does). `service_level`: DW100c ...
        DW30000c. `transaction_rows`: a cap in place of the level's (null: the level's again). `disk_full`: whether writing finds no room.
        """
        checked = _checked(wish)
        with self._lock:
            if "state" in checked:
                self.state = checked["state"]  # type: ignore[assignment]  # one of the three, as checked
                self._logins_left = checked.get("logins") if self.state == "warming" else None  # type: ignore[assignment]  # a number, as checked
            self.service_level = str(checked.get("service_level", self.service_level))
            if "transaction_rows" in checked:
                self._transaction_rows = checked["transaction_rows"]  # type: ignore[assignment]  # a number or None, as checked
            self.disk_full = bool(checked.get("disk_full", self.disk_full))
        return self.to_dict()

    def to_dict(self) -> dict[str, object]:
        """How it is, in the words of a wish."""
        return {"state": self.state, "service_level": self.service_level, "transaction_rows": self.transaction_rows, "disk_full": self.disk_full}

    @property
    def transaction_rows(self) -> int:
        """Rows that one transaction, or one statement, may change."""
        return TRANSACTION_ROWS[self.service_level] if self._transaction_rows is None else self._transaction_rows

    def meet_login(self) -> None:
        """Refuse a login while the pool is paused or warms up. Raises 42108, 42109."""
        with self._lock:
            if self.state == "paused":
                raise SqlError(PAUSED, message_of(PAUSED), severity=LOGIN_SEVERITY)
            if self.state == "warming":
                if self._logins_left is not None:
                    self._logins_left -= 1
                    if self._logins_left <= 0:
                        self.state = "online"
                raise SqlError(WARMING, message_of(WARMING), severity=LOGIN_SEVERITY)

    def meet_statement(self) -> None:
        """Pausing ends every session: its next statement finds no connection. Raises Disconnect."""
        if self.state != "online":
            raise Disconnect

    def meet_write(self, command: c.Command) -> None:
        """Nothing grows on a full disk. Raises 1105; what frees room goes through."""
        frees = isinstance(command, (c.Delete, d.DropTable, d.Truncate, d.DropColumns, d.DropIndex, d.DropModule, d.DropSchema))
        if self.disk_full and not frees:
            raise SqlError(1105, message_of(1105), severity=17)

    def meet_rows(self, changed: int) -> int:
        """Count what a transaction has changed. Raises 9002 over the cap; the number is unconfirmed, the cap is documented."""
        if changed > self.transaction_rows:
            raise SqlError(9002, message_of(9002), severity=17)
        return changed


def _checked(wish: Mapping[str, object]) -> dict[str, object]:
    if unknown := set(wish) - _FIELDS:
        raise ValueError(f"a pool's weather has {', '.join(sorted(_FIELDS))}; not {', '.join(sorted(unknown))}")
    if wish.get("state", "online") not in {"online", "paused", "warming"}:
        raise ValueError("`state` is online, paused or warming")
    if wish.get("service_level", "DW100c") not in TRANSACTION_ROWS:
        raise ValueError(f"`service_level` is one of {', '.join(TRANSACTION_ROWS)}")
    for name in ("logins", "transaction_rows"):
        value = wish.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise ValueError(f"`{name}` is a number from 1")
    if not isinstance(wish.get("disk_full", False), bool):
        raise ValueError("`disk_full` is true or false")  # noqa: TRY004  # one kind of error for a caller that got text from outside
    return dict(wish)
