"""The tokens of a reply that are not rows (MS-TDS 2.2.7)."""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from sandbox.tds.collation import COLLATION
from sandbox.tds.prelogin import SERVER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.tds.session import SqlError

SERVER_NAME = "sandbox"
PROGRAM_NAME = "Microsoft SQL Server"  # clients look for this name before they use what SQL Server can do
MAX_MESSAGE_CHARS = 2047  # as long as SQL Server's own messages get (RAISERROR cuts there)
_TSQL = 1  # LOGINACK's Interface: SQL_TSQL


class Change(IntEnum):
    """Kinds of ENVCHANGE (MS-TDS 2.2.7.9)."""

    DATABASE = 1
    LANGUAGE = 2
    PACKET_SIZE = 4
    COLLATION = 7
    BEGIN = 8
    COMMIT = 9
    ROLLBACK = 10
    RESET = 18


class DoneKind(IntEnum):
    """What ends: a statement of a batch, a procedure, a statement in a procedure."""

    BATCH = 0xFD
    PROCEDURE = 0xFE
    IN_PROCEDURE = 0xFF


class DoneStatus(IntFlag):
    """Bits of a DONE token's status (MS-TDS 2.2.7.6)."""

    FINAL = 0x00
    MORE = 0x01
    ERROR = 0x02
    COUNT = 0x10
    ATTENTION = 0x20


class Command(IntEnum):
    """What kind of statement a DONE ends; drivers look at it for SELECT only."""

    NONE = 0
    SELECT = 0xC1
    INSERT = 0xC3


def short_text(text: str) -> bytes:
    """B_VARCHAR: one byte of length in UTF-16 units."""
    data = text.encode("utf-16-le", "surrogatepass")[: 2 * 0xFF]
    return bytes([len(data) // 2]) + data


def text(value: str) -> bytes:
    """US_VARCHAR: two bytes of length in UTF-16 units."""
    data = value.encode("utf-16-le", "surrogatepass")
    return struct.pack("<H", len(data) // 2) + data


def _sized(token: int, body: bytes) -> bytes:
    return struct.pack("<BH", token, len(body)) + body


def info(number: int, message: str, *, state: int) -> bytes:
    """INFO: a message that is no error."""
    return _sized(0xAB, _message(number, message, state, severity=0, line=1))


def error(refusal: SqlError) -> bytes:
    """ERROR."""
    return _sized(0xAA, _message(refusal.number, refusal.message, refusal.state, refusal.severity, refusal.line))


def _message(number: int, message: str, state: int, severity: int, line: int) -> bytes:
    procedure = short_text("")
    head = struct.pack("<iBB", number, state, severity)
    return head + text(message[:MAX_MESSAGE_CHARS]) + short_text(SERVER_NAME) + procedure + struct.pack("<i", line)


def change(kind: Change, new: str, old: str) -> bytes:
    """ENVCHANGE of something that is text."""
    return _sized(0xE3, bytes([kind]) + short_text(new) + short_text(old))


def collation_change() -> bytes:
    """ENVCHANGE that names the collation of text that is not Unicode."""
    return change_bytes(Change.COLLATION, COLLATION, b"")


def change_bytes(kind: Change, new: bytes, old: bytes) -> bytes:
    """ENVCHANGE of something that is bytes: a collation, a transaction's descriptor."""
    return _sized(0xE3, bytes([kind, len(new)]) + new + bytes([len(old)]) + old)


def login_ack(tds_version: int) -> bytes:
    """LOGINACK. Its version is big-endian, unlike LOGIN7's."""
    major, minor, build = SERVER_VERSION
    server = struct.pack(">BBH", major, minor, build)
    return _sized(0xAD, bytes([_TSQL]) + struct.pack(">I", tds_version) + short_text(PROGRAM_NAME) + server)


def features_ack(features: Iterable[tuple[int, bytes]]) -> bytes:
    """FEATUREEXTACK with the features that this server has."""
    return b"\xae" + b"".join(struct.pack("<BI", feature, len(data)) + data for feature, data in features) + b"\xff"


def done(kind: DoneKind, status: DoneStatus, command: Command, rows: int) -> bytes:
    """DONE, DONEPROC or DONEINPROC, with the 64-bit count of TDS 7.2 and later."""
    return struct.pack("<BHHQ", kind, status, command, rows)


def return_status(value: int) -> bytes:
    """RETURNSTATUS: what a procedure returned."""
    return struct.pack("<Bi", 0x79, value)


def return_int(value: int) -> bytes:
    """RETURNVALUE of a nameless int output parameter: a prepared statement's handle."""
    output, nullable, intn = 1, 1, b"\x26\x04"
    return b"\xac" + struct.pack("<H", 0) + short_text("") + struct.pack("<BIH", output, 0, nullable) + intn + struct.pack("<Bi", 4, value)
