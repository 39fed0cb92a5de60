"""TDS packets: an eight-byte header before each piece of a message (MS-TDS 2.2.3)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from sandbox.tds.reader import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = struct.Struct(">BBHHBB")  # type, status, length with header, process id, packet number, window
PROCESS_ID = 51
DEFAULT_PACKET_BYTES = 4096  # what a client means that asks for size 0 (seen from Microsoft's driver)
MIN_PACKET_BYTES = 512  # MS-TDS 2.2.6.4, LOGIN7 PacketSize
MAX_PACKET_BYTES = 32767
MAX_MESSAGE_BYTES = 65_536 * 4096  # the longest batch: 65,536 times the packet size (synapse.md 2.1)


class PacketType(IntEnum):
    """What a message is (MS-TDS 2.2.3.1.1)."""

    BATCH = 1
    RPC = 3
    REPLY = 4
    ATTENTION = 6
    BULK = 7
    TRANSACTION = 14
    LOGIN7 = 16
    PRELOGIN = 18


class Status(IntFlag):
    """Bits of a packet's status byte (MS-TDS 2.2.3.1.2)."""

    END_OF_MESSAGE = 0x01
    IGNORE = 0x02
    RESET = 0x08
    RESET_KEEPING_TRANSACTION = 0x10


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message: the bits of all its packets' statuses, and their bodies in a row."""

    type: int
    status: Status
    body: bytes


def read_message(read: Callable[[int], bytes]) -> Message:
    """Read packets until one says that it is the last. `read(n)` gives exactly n bytes or raises EOFError."""
    body, status = bytearray(), Status(0)
    while Status.END_OF_MESSAGE not in status:
        kind, bits, length, *_ = HEADER.unpack(read(HEADER.size))
        if length < HEADER.size:
            raise ProtocolError("A packet is shorter than its header.")
        body += read(length - HEADER.size)
        status |= Status(bits)
        if len(body) > MAX_MESSAGE_BYTES:
            raise ProtocolError("The message is longer than the longest batch.")
    return Message(kind, status, bytes(body))


class PacketWriter:
    """Cuts a message that grows into packets, and sends each as soon as it is full."""

    def __init__(self, write: Callable[[bytes], None], packet_bytes: int, kind: PacketType = PacketType.REPLY) -> None:
        self._write, self._room, self._kind = write, packet_bytes - HEADER.size, kind
        self._pending, self._number = bytearray(), 0

    def add(self, data: bytes) -> None:
        """Append to the message; a full last packet is kept back, since it may turn out to be the last."""
        self._pending += data
        while len(self._pending) > self._room:
            self._send(Status(0))

    def finish(self) -> None:
        """Send what is left, marked as the end."""
        self._send(Status.END_OF_MESSAGE)

    def _send(self, status: Status) -> None:
        body = bytes(self._pending[: self._room])
        del self._pending[: self._room]
        self._number = (self._number + 1) % 256
        self._write(HEADER.pack(self._kind, status, len(body) + HEADER.size, PROCESS_ID, self._number, 0) + body)
