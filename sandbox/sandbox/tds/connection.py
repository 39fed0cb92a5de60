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
from sandbox.tds.tokens import DoneKind, DoneStatus

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
        self._federated = False

    def run(self) -> None:
        """Serve until either side ends it; never raises."""
        try:
            self._channel.limit(LOGIN_LIMIT_S)
            request = self._knock()
            session = self._login(request) if request else None
            if request and session:
                self._serve(session, request)
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

    def _knock(self) -> login.LoginRequest | None:
        """PRELOGIN, TLS, LOGIN7; None for a client that cannot be spoken with, and has been told."""
        encrypt = self._prelogin()
        message = self._message(PacketType.LOGIN7)
        if encrypt is Encrypt.OFF:
            self._channel.stop_tls()
        try:
            return login.read_login(message.body, federated=self._federated)
        except ProtocolError as refusal:
            self._refuse(refusal)
            return None

    def _login(self, request: login.LoginRequest) -> Session | None:
        """Ask the engine; None for a client that may not come in, and has been told."""
        try:
            return self._engine.login(request.login)
        except Disconnect:
            raise
        except SqlError as refusal:
            also = [SqlError(18456, f"Login failed for user '{request.login.user}'.", severity=14)] if refusal.number == DATABASE_NOT_THERE else []
            self._refuse(refusal, *also)
        except Exception as error:
            logger.exception("The engine failed at a login")
            self._refuse(EngineFailureError(error))
        return None

    def _refuse(self, *refusals: SqlError) -> None:
        reply = self._reply()
        for refusal in refusals:
            reply.add(tokens.error(refusal))
        reply.done(DoneKind.BATCH, DoneStatus.ERROR)
        reply.finish()

    def _welcome(self, request: login.LoginRequest) -> None:
        reply = self._reply()
        reply.add(login.welcome(request))
        reply.done(DoneKind.BATCH)
        reply.finish()
        self._packet_bytes = request.packet_bytes
        self._channel.limit(None)

    def _prelogin(self) -> Encrypt | None:
        """Agree on encryption, and begin it; None for TDS 8, where it lasts and is not spoken of."""
        strict = self._channel.starts_with_tls()
        certificate = self._security.certificate
        if strict:
            if certificate is None:
                raise ProtocolError("TLS comes first, and there is no certificate.")
            self._channel.start_tls(context_strict(certificate))
        options = prelogin.read_options(self._message(PacketType.PRELOGIN).body)
        wish, self._federated = prelogin.wished_encryption(options), prelogin.wants_federation(options)
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

    def _serve(self, session: Session, request: login.LoginRequest) -> None:
        inbox = Inbox(lambda: read_message(self._channel.read), session.cancel)
        requests = Requests(session, inbox)
        try:
            self._welcome(request)
            inbox.start()
            while (message := inbox.next()) is not None and requests.answer(message, self._reply()):
                pass
        except Disconnect:
            self._channel.reset()
        except ProtocolError as refusal:
            self._refuse(refusal)
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
