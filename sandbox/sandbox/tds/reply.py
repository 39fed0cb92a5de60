"""One reply: tokens in order, sent as packets fill, with the DONE tokens' "more" bits right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds import tokens
from sandbox.tds.tokens import Command, DoneKind, DoneStatus

if TYPE_CHECKING:
    from sandbox.tds.packets import PacketWriter
    from sandbox.tds.session import SqlError


class Reply:
    """Each DONE is held back until it is known whether anything follows: "more" is set on all but the last."""

    def __init__(self, packets: PacketWriter) -> None:
        self._packets = packets
        self._held: tuple[DoneKind, DoneStatus, Command, int] | None = None

    def add(self, token: bytes) -> None:
        """Append a token that is no DONE."""
        self._release(DoneStatus.MORE)
        self._packets.add(token)

    def done(self, kind: DoneKind, status: DoneStatus = DoneStatus.FINAL, command: Command = Command.NONE, *, rows: int | None = None) -> None:
        """Append a DONE; with `rows`, one that counts."""
        self._release(DoneStatus.MORE)
        counted = status if rows is None else status | DoneStatus.COUNT
        self._held = (kind, counted, command, rows or 0)

    def refuse(self, refusal: SqlError, kind: DoneKind = DoneKind.BATCH) -> None:
        """Append an ERROR and the DONE that says so."""
        self.add(tokens.error(refusal))
        self.done(kind, DoneStatus.ERROR)  # never SERVER_ERROR: it makes Microsoft's driver hide the message

    def finish(self) -> None:
        """Send the rest; the last DONE is the last."""
        self._release(DoneStatus.FINAL)
        self._packets.finish()

    def _release(self, more: DoneStatus) -> None:
        if self._held is not None:
            kind, status, command, rows = self._held
            self._packets.add(tokens.done(kind, status | more, command, rows))
            self._held = None


FATAL_SEVERITY = 20  # from here on SQL Server closes the connection
