"""A client that says exactly what a test wants said, and shows the tokens that come back."""

from __future__ import annotations

import socket
import struct

LOGIN_USER, LOGIN_PASSWORD = "loader", "Secret1!é"
BATCH, RPC, ATTENTION, TRANSACTION, LOGIN7, PRELOGIN = 1, 3, 6, 14, 16, 18
HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)
NAMES = {0xFD: "DONE", 0xFE: "DONEPROC", 0xFF: "DONEINPROC"}


def login7(*, version=0x74000004, packet_bytes=0, application="raw", password=LOGIN_PASSWORD, database="pool"):
    """A LOGIN7 message without features."""
    swapped = bytes((((byte << 4) | (byte >> 4)) & 0xFF) ^ 0xA5 for byte in password.encode("utf-16-le"))
    texts = [text.encode("utf-16-le") for text in ("host", LOGIN_USER, password, application, "server", "", "library", "", database)]
    texts[2] = swapped
    offsets, data, start = b"", b"", 94
    for text in texts:
        offsets += struct.pack("<HH", start + len(data), len(text) // 2)
        data += text
    body = struct.pack("<IIIIIBBBBiI", version, packet_bytes, 7, 1, 0, 0, 0, 0, 0, 0, 0) + offsets
    body += bytes(94 - 4 - len(body))
    return struct.pack("<I", 94 + len(data)) + body + data


def call(procedure, *parameters):
    """One RPC: a number or a name, parameters ready as bytes."""
    by_number, options = 0xFFFF, b"\0\0"
    named = procedure if isinstance(procedure, str) else ""
    head = struct.pack("<H", len(named)) + named.encode("utf-16-le") if named else struct.pack("<HH", by_number, procedure)
    return head + options + b"".join(parameters)


def text(value):
    """A nameless nvarchar parameter."""
    data = value.encode("utf-16-le")
    return b"\0\0\xe7" + struct.pack("<H", 8000) + bytes(5) + struct.pack("<H", len(data)) + data


def number(value, *, output=False):
    """A nameless int parameter."""
    if value is None:
        return b"\0" + bytes([output]) + b"\x26\x04\x00"
    return b"\0" + bytes([output]) + b"\x26\x04\x04" + struct.pack("<i", value)


def tokens(data):
    """The tokens of a reply; of rows it knows only those with one bigint."""
    found, at = [], 0
    while at < len(data):
        token, at = data[at], at + 1
        if token in NAMES:
            status, _, rows = struct.unpack_from("<HHQ", data, at)
            found.append((NAMES[token], status, rows))
            at += 12
        elif token == 0x79:
            found.append(("STATUS", *struct.unpack_from("<i", data, at)))
            at += 4
        elif token == 0xAC:
            found.append(("RETURN", *struct.unpack_from("<i", data, at + 2 + 1 + 1 + 6 + 3)))
            at += 2 + 1 + 1 + 6 + 3 + 4
        elif token == 0x81:
            at += 2 + 6 + 2
            at += 1 + 2 * data[at]
            found.append(("COLUMNS",))
        elif token == 0xD1:
            found.append(("ROW", *struct.unpack_from("<q", data, at + 1)))
            at += 9
        else:
            (length,) = struct.unpack_from("<H", data, at)
            body = data[at + 2 : at + 2 + length]
            at += 2 + length
            found.append(("ERROR", struct.unpack_from("<iBB", body)) if token == 0xAA else (f"0x{token:02X}", body[0]))
    return found


class RawClient:
    """One connection without encryption."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.stream = self.sock.makefile("rb")
        self.packet_lengths = []

    def enter(self, **options):
        """PRELOGIN and LOGIN7; the tokens of the answer."""
        self.send(PRELOGIN, b"\x01\0\x06\0\x01\xff\x02")
        self.message()
        self.send(LOGIN7, login7(**options))
        return self.reply()

    def send(self, kind, body, status=1):
        """One message in one packet."""
        self.sock.sendall(struct.pack(">BBHHBB", kind, status, len(body) + 8, 0, 1, 0) + body)

    def send_all(self, messages):
        """Several messages at once, before the server can answer any."""
        self.sock.sendall(b"".join(struct.pack(">BBHHBB", kind, 1, len(body) + 8, 0, 1, 0) + body for kind, body in messages))

    def batch(self, sql, status=1):
        """A batch's message, and the answer's tokens."""
        self.send(BATCH, HEADERS + sql.encode("utf-16-le"), status)
        return self.reply()

    def journal(self):
        """What happened in sessions of this client's application name: the engine says it in a message."""
        self.send(BATCH, HEADERS + "logged".encode("utf-16-le"))
        answer = self.message()
        (characters,) = struct.unpack_from("<H", answer, 9)
        return answer[11 : 11 + 2 * characters].decode("utf-16-le").split("\n") if characters else []

    def rpc(self, *calls, separator=b"\xff"):
        """Calls in one message, and the answer's tokens."""
        self.send(RPC, HEADERS + separator.join(calls))
        return self.reply()

    def message(self):
        """The next message; empty at the end."""
        body, status = b"", 0
        while not status & 1:
            header = self.stream.read(8)
            if not header:
                return b""
            _, status, length, *_ = struct.unpack(">BBHHBB", header)
            self.packet_lengths.append(length)
            body += self.stream.read(length - 8)
        return body

    def reply(self):
        """The next message's tokens."""
        return tokens(self.message())

    def ended(self):
        """Whether the server has closed the connection."""
        try:
            return self.stream.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        """Go without a word."""
        self.stream.close()
        self.sock.close()
