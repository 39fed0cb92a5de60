"""LOGIN7, what a client says of itself, and the tokens that let it in (MS-TDS 2.2.6.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from sandbox.tds import tokens
from sandbox.tds.packets import DEFAULT_PACKET_BYTES, MAX_PACKET_BYTES, MIN_PACKET_BYTES
from sandbox.tds.reader import ProtocolError, Reader
from sandbox.tds.session import Login

TDS_7_3 = 0x730A0003  # the first version with date, time, datetime2 and datetimeoffset
TDS_7_4 = 0x74000004
TDS_8_0 = 0x08000000
FEATURE_FEDAUTH = 0x02
FEATURE_UTF8 = 0x0A
FEATURE_DATA_CLASSIFICATION = 0x09
# The features that are acknowledged, each with its data; the others are left out, which means "no" (MS-TDS 2.2.7.11).
_ACKNOWLEDGED = {FEATURE_FEDAUTH: b"", FEATURE_DATA_CLASSIFICATION: b"\x02\x00", FEATURE_UTF8: b"\x01"}

_FIXED = struct.Struct("<IIIIIIBBBBiI")
_EXTENSION = 0x10  # OptionFlags3: fExtension
_HOST, _USER, _PASSWORD, _APPLICATION, _FEATURES, _DATABASE = 0, 1, 2, 3, 5, 8  # places in the table of offsets
_END_OF_FEATURES = 0xFF
SECURITY_TOKEN = 0x01  # bFedAuthLibrary: the client has got a token already, and sends it (MS-TDS 2.2.6.4, FEDAUTH)


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A LOGIN7 message: who it is, and how this client wants to talk."""

    login: Login
    tds_version: int
    packet_bytes: int
    features: frozenset[int]


def read_login(body: bytes, *, federated: bool = False) -> LoginRequest:
    """Read a LOGIN7 message; `federated` is what PRELOGIN has agreed on. Raises ProtocolError for what cannot be answered."""
    if len(body) < _FIXED.size + 4 * (_DATABASE + 1):
        raise ProtocolError("LOGIN7 is too short.")
    _, version, packet_bytes, _, _, _, _, _, _, flags3, _, _ = _FIXED.unpack_from(body)
    if version < TDS_7_3 and version != TDS_8_0:
        raise ProtocolError(f"TDS version 0x{version:08X} is too old: 7.3 is the oldest that this server speaks.")
    login = Login(
        user=_text(body, _USER),
        password=_unscrambled(_raw(body, _PASSWORD)).decode("utf-16-le"),
        database=_text(body, _DATABASE),
        application=_text(body, _APPLICATION),
        host=_text(body, _HOST),
    )
    features = _read_features(body) if flags3 & _EXTENSION else {}
    if FEATURE_FEDAUTH in features:
        login = replace(login, token=_read_token(features[FEATURE_FEDAUTH], expects_echo=federated))
    wished = packet_bytes or DEFAULT_PACKET_BYTES
    return LoginRequest(login, version, min(max(wished, MIN_PACKET_BYTES), MAX_PACKET_BYTES), frozenset(features))


def welcome(request: LoginRequest) -> bytes:
    """The tokens that tell a client it is in, in the order that all clients take (seen with seven of them)."""
    database = request.login.database or "master"
    version = TDS_8_0 if request.tds_version == TDS_8_0 else min(request.tds_version, TDS_7_4)
    return b"".join(
        (
            tokens.change(tokens.Change.DATABASE, database, "master"),
            tokens.info(5701, f"Changed database context to '{database}'.", state=2),
            tokens.collation_change(),
            tokens.change(tokens.Change.LANGUAGE, "us_english", ""),
            tokens.info(5703, "Changed language setting to us_english.", state=1),
            tokens.login_ack(version),
            tokens.change(tokens.Change.PACKET_SIZE, str(request.packet_bytes), str(DEFAULT_PACKET_BYTES)),
            _features_ack(request.features),
        )
    )


def _features_ack(features: frozenset[int]) -> bytes:
    if not features:
        return b""
    known = [(feature, data) for feature, data in _ACKNOWLEDGED.items() if feature in features]
    return tokens.features_ack(known)


def _raw(body: bytes, place: int) -> bytes:
    offset, characters = struct.unpack_from("<HH", body, _FIXED.size + 4 * place)
    return body[offset : offset + 2 * characters]


def _text(body: bytes, place: int) -> str:
    return _raw(body, place).decode("utf-16-le", "replace")


def _unscrambled(password: bytes) -> bytes:
    """LOGIN7 swaps each byte's halves and flips bits: a blind against onlookers, no secret (MS-TDS 2.2.6.4)."""
    return bytes(((byte ^ 0xA5) >> 4) | (((byte ^ 0xA5) & 0x0F) << 4) for byte in password)


def _read_features(body: bytes) -> dict[int, bytes]:
    (pointer,) = struct.unpack_from("<H", body, _FIXED.size + 4 * _FEATURES)
    reader = Reader(body, Reader(body, pointer).u32())
    found: dict[int, bytes] = {}
    while (feature := reader.u8()) != _END_OF_FEATURES:
        found[feature] = bytes(reader.take(reader.u32()))
    return found


def _read_token(data: bytes, *, expects_echo: bool) -> str:
    """The token of the FEDAUTH feature: an options byte (echo in its lowest bit, the library above), a length, UTF-16.

    The echo must be PRELOGIN's answer (MS-TDS 3.3.5.3). Of the libraries only the one that sends a token at once is spoken here.
    """
    options, library = data[0] & 1, data[0] >> 1
    if bool(options) != expects_echo:
        raise ProtocolError("fFedAuthEcho is not what PRELOGIN has said.")
    if library != SECURITY_TOKEN:
        raise ProtocolError(f"This server takes an access token in LOGIN7, and not one by way of library {library}.")
    (length,) = struct.unpack_from("<I", data, 1)
    return data[5 : 5 + length].decode("utf-16-le")
