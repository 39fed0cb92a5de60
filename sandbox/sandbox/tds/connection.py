"""One connection from its first byte to its last: PRELOGIN, TLS, LOGIN7, requests."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.tds import login, prelogin, tokens
from sandbox.tds.channel import Channel
from sandbox.tds.inbox import Inbox
from sandbox.tds.packets import DEFAULT_PACKET_BYTES, Message, PacketType, PacketWriter, read_message
from sandbox.tds.prelogin import Encrypt, Encryption
from sandbox.tds.reader import ProtocolError
from sandbox.tds.reply import Reply
from sandbox.tds.requests import EngineFailureError, Requests
from sandbox.tds.session import Disconnect, Engine, Session, SqlError
from sandbox.tds.tls import context_in_packets, context_strict
from sandbox.tds.tokens import DoneKind

if TYPE_CHECKING:
    import socket

    from sandbox.tds.certificate import Certificate

logger = logging.getLogger(__name__)
LOGIN_LIMIT_S = 30.0  # a client that connects and then says nothing is not waited for any longer
DATABASE_NOT_THERE = 4060


@dataclass(frozen=True, slots=True)
class Security:
    """How a server encrypts: the setting, and the certificate that all but `not_supported` need."""

    encryption: Encryption
    certificate: Certificate | None


class Connection:
    """Serves one client in the calling thread."""

    def __init__(self, sock: socket.socket, engine: Engine, security: Security) -> None:
        self._channel = Channel(sock)
        self._engine, self._security = engine, security
        self._packet_bytes = DEFAULT_PACKET_BYTES

    def run(self) -> None:
        """Serve until either side ends it; never raises."""
        try:
            self._channel.limit(LOGIN_LIMIT_S)
            session = self._enter()
            if session is not None:
                self._serve(session)
        except Disconnect:
            self._channel.reset()
        except (EOFError, OSError, ssl.SSLError) as end:
            logger.debug("Connection ended: %r", end)
        except ProtocolError as refusal:
            logger.warning("Connection refused: %s", refusal)
        except Exception:
            logger.exception("Connection failed")
        finally:
            self._channel.close()

    def stop(self) -> None:
        """End the connection from another thread."""
        self._channel.shut()

    def _enter(self) -> Session | None:
        """PRELOGIN, TLS, LOGIN7; None where the client may not come in, and has been told."""
        encrypt = self._prelogin()
        message = self._message(PacketType.LOGIN7)
        if encrypt is Encrypt.OFF:
            self._channel.stop_tls()
        reply = self._reply()
        try:
            request = login.read_login(message.body)
            session = self._login(request)
        except SqlError as refusal:
            if refusal.number == DATABASE_NOT_THERE:  # a server then says 18456, too
                reply.add(tokens.error(refusal))
                refusal = SqlError(18456, f"Login failed for user '{request.login.user}'.", severity=14)
            reply.refuse(refusal)
            reply.finish()
            return None
        reply.add(login.welcome(request))
        reply.done(DoneKind.BATCH)
        reply.finish()
        self._packet_bytes = request.packet_bytes
        return session

    def _login(self, request: login.LoginRequest) -> Session:
        try:
            return self._engine.login(request.login)
        except (SqlError, Disconnect):
            raise
        except Exception as error:
            logger.exception("The engine failed at a login")
            raise EngineFailureError(error) from error

    def _prelogin(self) -> Encrypt | None:
        """Agree on encryption, and begin it; None for TDS 8, where it lasts and is not spoken of."""
        strict = self._channel.starts_with_tls()
        certificate = self._security.certificate
        if strict:
            if certificate is None:
                raise ProtocolError("TLS comes first, and there is no certificate.")
            self._channel.start_tls(context_strict(certificate))
        options = prelogin.read_options(self._message(PacketType.PRELOGIN).body)
        wish = prelogin.wished_encryption(options)
        encrypt = Encrypt.ON if strict else prelogin.negotiate(self._security.encryption, wish)
        self._write_message(prelogin.options_message(encrypt, options))
        if strict:
            return None
        if encrypt is not Encrypt.NOT_SUPPORTED and certificate is not None:
            self._channel.start_tls(
                context_in_packets(certificate),
                receive=lambda: self._message(PacketType.PRELOGIN).body,
                send=lambda data: self._write_message(data, PacketType.PRELOGIN),
            )
        return encrypt

    def _serve(self, session: Session) -> None:
        self._channel.limit(None)
        inbox = Inbox(lambda: read_message(self._channel.read), session.cancel)
        inbox.start()
        requests = Requests(session, inbox)
        try:
            while (message := inbox.next()) is not None and requests.answer(message, self._reply()):
                pass
        except Disconnect:
            self._channel.reset()
        except ProtocolError as refusal:
            reply = self._reply()
            reply.refuse(refusal)
            reply.finish()
        finally:
            self._channel.shut()
            inbox.close()
            session.close()

    def _message(self, expected: PacketType) -> Message:
        message = read_message(self._channel.read)
        if message.type != expected:
            raise ProtocolError(f"Packet type {message.type} came where {expected.name} was due.")
        return message

    def _reply(self) -> Reply:
        return Reply(PacketWriter(self._channel.write, self._packet_bytes))

    def _write_message(self, body: bytes, kind: PacketType = PacketType.REPLY) -> None:
        packets = PacketWriter(self._channel.write, self._packet_bytes, kind)
        packets.add(body)
        packets.finish()
