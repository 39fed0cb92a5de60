"""The bytes of one connection, plain or through TLS."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from sandbox.tds.tls import FIRST_BYTE, TlsLayer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

RECEIVE_BYTES = 65536


class Channel:
    """Reads and writes a socket; TLS can be put in between and, for a login-only encryption, taken away again.

    One thread may read while another writes.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._tls: TlsLayer | None = None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def limit(self, seconds: float | None) -> None:
        """How long a read or write may take from now on; None for as long as it likes."""
        self._socket.settimeout(seconds)

    def starts_with_tls(self) -> bool:
        """Whether the client's first byte begins a TLS handshake, as in TDS 8."""
        return self._socket.recv(1, socket.MSG_PEEK) == bytes([FIRST_BYTE])

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises EOFError where the client has gone."""
        while len(self._buffer) < count:
            data = self._receive()
            self._buffer += self._tls.decrypt(data) if self._tls else data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(self._tls.encrypt(data) if self._tls else data)

    def start_tls(self, context: ssl.SSLContext, receive: Callable[[], bytes] | None = None, send: Callable[[bytes], None] | None = None) -> None:
        """Put TLS in between; `receive` and `send` carry the handshake where it does not go over the bare socket."""
        layer = TlsLayer(context)
        layer.handshake(receive or self._receive, send or self._socket.sendall)
        self._tls = layer
        self._buffer += layer.decrypt(b"")  # what came along with the handshake's last part

    def stop_tls(self) -> None:
        """Go on in plain text: ENCRYPT_OFF protects the login only (MS-TDS 2.2.6.5)."""
        self._tls = None

    def reset(self) -> None:
        """Drop the connection without a farewell: no answer, no end of stream, but a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.shut(socket.SHUT_RD)  # wakes the thread that reads, and sends nothing
        self._socket.close()

    def shut(self, how: int = socket.SHUT_RDWR) -> None:
        """End reading, writing or both, also for a thread that waits in one of them."""
        try:
            self._socket.shutdown(how)
        except OSError:
            return  # the other side was faster

    def close(self) -> None:
        """Close the socket."""
        self.shut()
        self._socket.close()

    def _receive(self) -> bytes:
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise EOFError
        return data
