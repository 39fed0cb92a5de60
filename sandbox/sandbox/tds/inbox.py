"""What a client sends after its login, read in a thread of its own, so that an attention is seen while a statement runs."""

from __future__ import annotations

import logging
import queue
import ssl
import threading
from typing import TYPE_CHECKING

from sandbox.tds.packets import Message, PacketType
from sandbox.tds.reader import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)
# A statement that had not quite begun when it was cancelled is cancelled again. Well below the 2 s that Microsoft's driver waits.
CANCEL_AGAIN_S = 0.1
JOIN_S = 5.0


class Inbox:
    """A queue of requests, and whether the one at hand is to be stopped.

    A TDS client sends one request at a time; while it is answered, only an attention may come (MS-TDS 2.2.1.7), or the end.
    """

    def __init__(self, read: Callable[[], Message], cancel: Callable[[], None]) -> None:
        self._read, self._cancel = read, cancel
        self._requests: queue.SimpleQueue[Message | ProtocolError | None] = queue.SimpleQueue()
        self._settled = threading.Condition()
        self._busy = self._attention = self._gone = self._closed = False
        self._thread = threading.Thread(target=self._read_all, name="tds-inbox", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def next(self) -> Message | None:
        """Wait for a request or an idle attention; None at the end. Raises ProtocolError for a stream that makes no sense."""
        found = self._requests.get()
        if isinstance(found, ProtocolError):
            raise found
        return found

    def stopped(self) -> bool:
        """Whether the request at hand is to be given up, because the client says so or has gone."""
        return self._attention or self._gone

    def settle(self) -> bool:
        """The request at hand is answered. True where its reply has to acknowledge an attention, too."""
        with self._settled:
            attention, self._attention, self._busy = self._attention, False, False
            self._settled.notify_all()
        return attention

    def close(self) -> None:
        """Wait for the thread to end; the socket must have been shut. A request that still came will have no answer."""
        with self._settled:
            self._closed = True
            self._settled.notify_all()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _read_all(self) -> None:
        end: ProtocolError | None = None
        try:
            while True:
                self._deliver(self._read())
        except (EOFError, OSError, ssl.SSLError):
            pass  # an end of the stream is an end, however it comes
        except ProtocolError as error:
            end = error
        self._requests.put(end)
        self._gone = True
        self._stop_statement()

    def _deliver(self, message: Message) -> None:
        with self._settled:
            if message.type == PacketType.ATTENTION and self._busy:
                self._attention = True
            else:
                self._busy = self._busy or message.type != PacketType.ATTENTION
                self._requests.put(message)
        if self._attention:
            self._stop_statement()

    def _stop_statement(self) -> None:
        with self._settled:
            while self._busy and not self._closed:
                try:
                    self._cancel()
                except Exception:
                    logger.exception("The engine could not cancel a statement")
                self._settled.wait(CANCEL_AGAIN_S)
