"""PRELOGIN: what each side can do, above all whether there is TLS (MS-TDS 2.2.6.5)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Literal

from sandbox.tds.reader import ProtocolError

Encryption = Literal["off", "on", "not_supported"]
"""What the server is set to. `off`: TLS around the login, and around all of it for a client that asks; `on`: TLS around
all of it, required; `not_supported`: none. TDS 8, where TLS comes first, is open to any client once there is a certificate.
"""

SERVER_VERSION = (12, 0, 2000)  # what Azure's SQL services call themselves, dedicated pools included


class Encrypt(IntEnum):
    """The ENCRYPTION option's values."""

    OFF = 0
    ON = 1
    NOT_SUPPORTED = 2
    REQUIRED = 3


class Option(IntEnum):
    """The options that a server answers."""

    VERSION = 0
    ENCRYPTION = 1
    INSTANCE = 2
    THREAD_ID = 3
    MARS = 4
    FEDERATED_LOGIN_REQUIRED = 6
    TERMINATOR = 0xFF


_OPTION = struct.Struct(">BHH")  # token, offset, length
_ENCRYPT_MASK = 0x03  # the higher bits are about client certificates

# The table of MS-TDS 2.2.6.5: the server's setting and the client's wish give the answer.
_ANSWERS: dict[Encryption, dict[Encrypt, Encrypt]] = {
    "off": {Encrypt.OFF: Encrypt.OFF, Encrypt.ON: Encrypt.ON, Encrypt.NOT_SUPPORTED: Encrypt.NOT_SUPPORTED, Encrypt.REQUIRED: Encrypt.ON},
    "on": {Encrypt.OFF: Encrypt.REQUIRED, Encrypt.ON: Encrypt.ON, Encrypt.NOT_SUPPORTED: Encrypt.REQUIRED, Encrypt.REQUIRED: Encrypt.ON},
    "not_supported": dict.fromkeys(Encrypt, Encrypt.NOT_SUPPORTED),
}


def read_options(body: bytes) -> dict[int, bytes]:
    """The options of a PRELOGIN message by their token."""
    options: dict[int, bytes] = {}
    position = 0
    while position < len(body) and body[position] != Option.TERMINATOR:
        if position + _OPTION.size > len(body):
            raise ProtocolError("A PRELOGIN option is cut off.")
        token, offset, length = _OPTION.unpack_from(body, position)
        options[token] = body[offset : offset + length]
        position += _OPTION.size
    return options


def wished_encryption(options: dict[int, bytes]) -> Encrypt:
    """What the client says of encryption; a client that says nothing cannot do it."""
    sent = options.get(Option.ENCRYPTION, b"")
    return Encrypt(sent[0] & _ENCRYPT_MASK) if sent else Encrypt.NOT_SUPPORTED


def wants_federation(options: dict[int, bytes]) -> bool:
    """Whether the client has a token, or will get one (MS-TDS 2.2.6.5, FEDAUTHREQUIRED)."""
    return options.get(Option.FEDERATED_LOGIN_REQUIRED, b"\0")[:1] == b"\1"


def negotiate(setting: Encryption, wish: Encrypt) -> Encrypt:
    """The server's answer to the client's wish."""
    return _ANSWERS[setting][wish]


def options_message(encrypt: Encrypt, asked: dict[int, bytes]) -> bytes:
    """The server's PRELOGIN message."""
    major, minor, build = SERVER_VERSION
    answers = [
        (Option.VERSION, struct.pack(">BBHH", major, minor, build, 0)),
        (Option.ENCRYPTION, bytes([encrypt])),
        (Option.INSTANCE, b"\0"),  # the instance asked for is this one
        (Option.THREAD_ID, b""),
        (Option.MARS, b"\0"),
    ]
    if Option.FEDERATED_LOGIN_REQUIRED in asked:
        answers.append((Option.FEDERATED_LOGIN_REQUIRED, bytes([wants_federation(asked)])))
    index, data = b"", b""
    start = len(answers) * _OPTION.size + 1
    for token, value in answers:
        index += _OPTION.pack(token, start + len(data), len(value))
        data += value
    return index + bytes([Option.TERMINATOR]) + data
