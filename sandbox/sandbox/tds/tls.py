"""TLS over byte strings: TDS 7.4 carries the handshake inside its packets, so no socket can do it (MS-TDS 2.2.6.5)."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.tds.certificate import Certificate

READ_BYTES = 65536
STRICT_PROTOCOL = "tds/8.0"  # the ALPN name of TDS 8 (MS-TDS 3.2.5.1)
FIRST_BYTE = 0x16  # a TLS handshake record: how a strict client begins


def context_in_packets(certificate: Certificate) -> ssl.SSLContext:
    """For TDS 7.4. TLS 1.2 at most: the tickets that 1.3 sends after the handshake have no place in the packets."""
    context = _context(certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def context_strict(certificate: Certificate) -> ssl.SSLContext:
    """For TDS 8, where TLS comes first."""
    context = _context(certificate)
    context.set_alpn_protocols([STRICT_PROTOCOL])
    context.num_tickets = 0
    return context


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


class TlsLayer:
    """One side of TLS without a socket. One thread may decrypt while another encrypts: OpenSSL's object is locked for each."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = threading.Lock()

    def handshake(self, receive: Callable[[], bytes], send: Callable[[bytes], None]) -> None:
        """Shake hands; `receive` gives what the client sent next, or raises EOFError."""
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                self._flush(send)
                self._incoming.write(receive())
            except ssl.SSLError:
                self._flush(send)  # the alert that tells the client why
                raise
        self._flush(send)

    def decrypt(self, data: bytes) -> bytes:
        """All plain text that `data` completes, maybe none. Raises EOFError when the client has closed TLS."""
        plain = bytearray()
        with self._lock:
            self._incoming.write(data)
            try:
                while True:
                    plain += self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLZeroReturnError:
                if not plain:
                    raise EOFError from None
        return bytes(plain)

    def encrypt(self, plain: bytes) -> bytes:
        """The records to send for `plain`."""
        with self._lock:
            self._tls.write(plain)
            return self._outgoing.read()

    def _flush(self, send: Callable[[bytes], None]) -> None:
        if data := self._outgoing.read():
            send(data)
