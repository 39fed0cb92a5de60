"""Transaction manager requests: how drivers begin and end a transaction when autocommit is off (MS-TDS 2.2.6.9)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.tds import tokens
from sandbox.tds.session import Session, SqlError
from sandbox.tds.tokens import Change, DoneKind

if TYPE_CHECKING:
    from sandbox.tds.reader import Reader
    from sandbox.tds.reply import Reply

_BEGIN_NEXT = 0x01  # fBeginXact: the next transaction begins where this one ends


class Request(IntEnum):
    """The requests that are answered."""

    BEGIN = 5
    COMMIT = 7
    ROLLBACK = 8


class Transactions:
    """One connection's transactions, numbered as their descriptors."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._descriptor = 0

    def answer(self, reader: Reader, reply: Reply) -> None:
        """Answer one request, its headers skipped. Raises SqlError where the engine refuses, or for a kind it does not have."""
        request = reader.u16()
        if request == Request.BEGIN:
            self._begin(reply)
        elif request == Request.COMMIT:
            self._session.commit()
            self._end(Change.COMMIT, reader, reply)
        elif request == Request.ROLLBACK:
            self._session.rollback()
            self._end(Change.ROLLBACK, reader, reply)
        else:  # savepoints and distributed transactions: not in a dedicated pool (synapse.md 2.3)
            raise SqlError(40515, f"Transaction manager request {request} is not supported.")
        reply.done(DoneKind.BATCH)

    def _begin(self, reply: Reply) -> None:
        self._session.begin()
        self._descriptor += 1
        reply.add(tokens.change_bytes(Change.BEGIN, struct.pack("<Q", self._descriptor), b""))

    def _end(self, change: Change, reader: Reader, reply: Reply) -> None:
        reply.add(tokens.change_bytes(change, b"", struct.pack("<Q", self._descriptor)))
        reader.take(reader.u8())  # the transaction's name, which a pool does not use
        if reader.more() and reader.u8() & _BEGIN_NEXT:
            self._begin(reply)
