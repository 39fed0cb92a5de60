"""The server: takes connections and gives each a thread."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from typing import TYPE_CHECKING

from sandbox.tds.connection import Connection, Security

if TYPE_CHECKING:
    from sandbox.tds.certificate import Certificate
    from sandbox.tds.prelogin import Encryption
    from sandbox.tds.session import Engine

logger = logging.getLogger(__name__)
JOIN_S = 5.0


class TdsServer:
    """Speaks TDS 7.4 and 8.0 in front of an engine. Listens from the start; `port` 0 takes a free one.

    Raises ValueError for an encryption that needs a certificate and has none.
    """

    def __init__(
        self,
        engine: Engine,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        encryption: Encryption = "not_supported",
        certificate: Certificate | None = None,
    ) -> None:
        if encryption != "not_supported" and certificate is None:
            raise ValueError(f"encryption `{encryption}` needs a certificate")
        self._engine, self._security = engine, Security(encryption, certificate)
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._open: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()

    def serve_forever(self) -> None:
        """Take connections until `close` is called; then, or when interrupted, end them all."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                while self._woken not in [key.fileobj for key, _ in selector.select()]:
                    self._accept()
        finally:
            self._end()

    def close(self) -> None:
        """Stop `serve_forever`; safe from any thread and from a signal handler, and more than once."""
        with contextlib.suppress(OSError):  # it has already ended
            self._wake.send(b"\0")

    def _accept(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError:
            return  # the client was gone before it was let in
        logger.debug("Connection from %s", address)
        connection = Connection(sock, self._engine, self._security)
        thread = threading.Thread(target=self._run, args=(connection,), name="tds-connection", daemon=True)
        with self._lock:
            self._open[thread] = connection
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._open.pop(threading.current_thread(), None)

    def _end(self) -> None:
        self._listener.close()
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open.values():
            connection.stop()
        for thread in still_open:
            thread.join(JOIN_S)
        self._wake.close()
        self._woken.close()
