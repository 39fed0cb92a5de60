"""The requests of a connection that is logged in: each is answered whole, whatever the engine does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sandbox.tds import statements, tokens
from sandbox.tds.packets import Message, PacketType, Status
from sandbox.tds.procedures import Procedures, catalog_batch
from sandbox.tds.reader import ProtocolError, Reader
from sandbox.tds.reply import FATAL_SEVERITY, Reply
from sandbox.tds.rpc import read_calls
from sandbox.tds.session import CancelledError, Disconnect, Session, SqlError
from sandbox.tds.tokens import Change, DoneKind, DoneStatus
from sandbox.tds.transactions import Transactions

if TYPE_CHECKING:
    from sandbox.tds.inbox import Inbox

logger = logging.getLogger(__name__)


class EngineFailureError(SqlError):
    """The engine raised what it never should; 3624 is what SQL Server says when an assertion of its own fails."""

    def __init__(self, error: BaseException) -> None:
        text = "A system assertion check has failed. Check the SQL Server error log for details."
        super().__init__(3624, f"{text} ({type(error).__name__}: {error})", severity=20)


class Requests:
    """One session's requests."""

    def __init__(self, session: Session, inbox: Inbox) -> None:
        self._session, self._inbox = session, inbox
        self._procedures = Procedures(session, inbox.stopped)
        self._transactions = Transactions(session)

    def answer(self, message: Message, reply: Reply) -> bool:
        """Answer one message; False where the connection has to end. Raises Disconnect, and OSError for a client that went."""
        fatal = False
        try:
            self._dispatch(message, reply)
        except CancelledError as error:
            if self._inbox.stopped():  # Microsoft's driver says "canceled" only after a DONE that failed
                reply.done(DoneKind.BATCH, DoneStatus.ERROR)
            else:  # nobody asked for it
                fatal = self._refuse(EngineFailureError(error), reply)
        except SqlError as refusal:
            fatal = self._refuse(refusal, reply)
        except (Disconnect, OSError):
            raise
        except Exception as error:
            logger.exception("The engine failed at a request")
            fatal = self._refuse(EngineFailureError(error), reply)
        if self._inbox.settle():
            reply.done(DoneKind.BATCH, DoneStatus.ATTENTION)
        reply.finish()
        return not fatal

    def _refuse(self, refusal: SqlError, reply: Reply) -> bool:
        reply.refuse(refusal)
        return refusal.severity >= FATAL_SEVERITY

    def _dispatch(self, message: Message, reply: Reply) -> None:
        if message.type == PacketType.ATTENTION:  # it came after the statement had finished
            reply.done(DoneKind.BATCH, DoneStatus.ATTENTION)
            return
        if Status.IGNORE in message.status:  # the client changed its mind while it was sending
            reply.done(DoneKind.BATCH, DoneStatus.ERROR)
            return
        self._reset(message.status, reply)
        reader = Reader(message.body)
        reader.skip_headers()
        if message.type == PacketType.BATCH:
            self._batch(reader, reply)
        elif message.type == PacketType.RPC:
            for call in list(read_calls(reader)):  # all are read before the first one does anything
                self._procedures.run(call, reply)
        elif message.type == PacketType.TRANSACTION:
            self._transactions.answer(reader, reply)
        else:
            raise ProtocolError(f"Packet type {message.type} is not supported.")

    def _batch(self, reader: Reader, reply: Reply) -> None:
        sql = reader.rest().decode("utf-16-le", "surrogatepass")
        catalog = catalog_batch(sql)
        if catalog is not None:
            statements.write(catalog, reply, DoneKind.BATCH, self._inbox.stopped)
        else:
            statements.execute(self._session, sql, {}, reply=reply, kind=DoneKind.BATCH, stopped=self._inbox.stopped)

    def _reset(self, status: Status, reply: Reply) -> None:
        """A pool of connections hands this one to its next user (MS-TDS 2.2.3.1.2)."""
        if status & (Status.RESET | Status.RESET_KEEPING_TRANSACTION):
            self._procedures.forget()
            if Status.RESET in status:
                self._session.rollback()
            reply.add(tokens.change_bytes(Change.RESET, b"", b""))
