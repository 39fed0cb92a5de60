"""The text of messages, without any connection: packets, PRELOGIN, declarations, the list of types."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.tds import datatypes, describe, login, prelogin
from sandbox.tds.packets import HEADER, Message, PacketType, PacketWriter, Status, read_message
from sandbox.tds.parameters import Parameter
from sandbox.tds.prelogin import Encrypt
from sandbox.tds.procedures import catalog_batch
from sandbox.tds.reader import ProtocolError
from sandbox.tds.rpc import bound
from sandbox.tds.session import SqlType

TYPES = st.sampled_from(["int", "nvarchar(4000)", "nvarchar(max)", "decimal(38,10)", "decimal(38, 10)", "datetimeoffset(7)"])


@given(st.lists(st.binary(max_size=300)), st.integers(HEADER.size + 1, 200))
def test_a_message_survives_being_cut_into_packets(parts, packet_bytes):
    sent = []
    writer = PacketWriter(sent.append, packet_bytes)
    for part in parts:
        writer.add(part)
    writer.finish()
    assert read_message(io.BytesIO(b"".join(sent)).read) == Message(PacketType.REPLY, Status.END_OF_MESSAGE, b"".join(parts))
    assert max(map(len, sent)) <= packet_bytes
    assert [packet[6] for packet in sent] == [number % 256 for number in range(1, len(sent) + 1)]


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=50))
def test_full_packets_leave_before_the_message_is_whole(parts):
    sent = []
    writer = PacketWriter(sent.append, 20)
    for part in parts:
        writer.add(part)
    kept_back = sum(map(len, parts)) - sum(len(packet) - HEADER.size for packet in sent)
    assert 0 < kept_back <= 20 - HEADER.size


@pytest.mark.parametrize(
    ("setting", "answers"),
    [
        ("off", [Encrypt.OFF, Encrypt.ON, Encrypt.NOT_SUPPORTED, Encrypt.ON]),
        ("on", [Encrypt.REQUIRED, Encrypt.ON, Encrypt.REQUIRED, Encrypt.ON]),
        ("not_supported", [Encrypt.NOT_SUPPORTED] * 4),
    ],
)
def test_encryption_is_agreed_as_the_protocols_table_says(setting, answers):
    assert [prelogin.negotiate(setting, wish) for wish in Encrypt] == answers


def test_prelogin_options_are_read_and_answered():
    asked = prelogin.read_options(b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + b"\x12\0\0\0\0\0" + b"\x81")
    assert (asked, prelogin.wished_encryption(asked)) == ({0: b"\x12\0\0\0\0\0", 1: b"\x81"}, Encrypt.ON)
    answered = prelogin.read_options(prelogin.options_message(Encrypt.OFF, {6: b"\x01"}))
    assert answered == {0: b"\x0c\0\x07\xd0\0\0", 1: b"\0", 2: b"\0", 3: b"", 4: b"\0", 6: b"\1"}
    assert [prelogin.wants_federation(asked) for asked in ({}, {6: b"\0"}, {6: b"\1"})] == [False, False, True]
    assert prelogin.wished_encryption({}) is Encrypt.NOT_SUPPORTED


def test_a_prelogin_that_is_cut_off_is_a_broken_stream():
    with pytest.raises(ProtocolError, match="cut off"):
        prelogin.read_options(b"\x00\x00\x0b")


@given(st.lists(TYPES, max_size=6))
def test_nameless_parameters_take_the_names_of_the_declaration(types):
    declaration = ",".join(f" @P{place} {declared}" for place, declared in enumerate(types, 1))
    parameters = bound(declaration, [Parameter("", output=False, value=place) for place in range(1, len(types) + 1)])
    assert parameters == {f"@P{place}": place for place in range(1, len(types) + 1)}
    assert parameters.declared == {f"@P{place}": declared for place, declared in enumerate(types, 1)}


def test_named_parameters_may_come_in_any_order():
    values = [Parameter("@b", output=False, value=2), Parameter("@a", output=False, value=1)]
    parameters = bound("@a int OUTPUT, @b nvarchar(10) out", values)
    assert (parameters, parameters.declared) == ({"@b": 2, "@a": 1}, {"@a": "int", "@b": "nvarchar(10)"})


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("sp_datatype_info_100 93,3", ["datetime2", "datetime", "smalldatetime"]),
        ("EXEC [sys].sp_datatype_info 4", ["int"]),
        ("exec sp_datatype_info_90 @data_type = -9, @ODBCVer = 3;", ["nvarchar"]),
        ("sp_datatype_info 4; SELECT 1", None),
        ("SELECT sp_datatype_info", None),
        ("sp_datatype_information", None),
    ],
)
def test_a_batch_that_only_asks_for_the_types_is_answered_by_the_wire(sql, names):
    found = catalog_batch(sql)
    assert (found if found is None else [row[0] for row in found.rows]) == names


def test_the_list_of_types_is_ordered_and_as_wide_as_its_heading():
    rows = list(datatypes.datatype_info(datatypes.ALL_TYPES).rows)
    assert len(rows) == 24
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert {len(row) for row in rows} == {len(datatypes.datatype_info(4).columns)} == {20}


@pytest.mark.parametrize(
    ("sql_type", "described"),
    [
        (SqlType("nvarchar", 40), (231, "nvarchar(40)", 80, 0, 0, 231, 80)),
        (SqlType("nvarchar"), (231, "nvarchar(max)", -1, 0, 0, 231, 65535)),
        (SqlType("varbinary", 10), (165, "varbinary(10)", 10, 0, 0, 165, 10)),
        (SqlType("decimal", precision=38, scale=10), (106, "decimal(38,10)", 17, 38, 10, 106, 17)),
        (SqlType("bigint"), (127, "bigint", 8, 19, 0, 38, 8)),
        (SqlType("date"), (40, "date", 3, 10, 0, 40, 3)),
        (SqlType("time", scale=0), (41, "time(0)", 3, 8, 0, 41, 3)),
        (SqlType("datetime2", scale=7), (42, "datetime2(7)", 8, 27, 7, 42, 8)),
        (SqlType("datetimeoffset", scale=7), (43, "datetimeoffset(7)", 10, 34, 7, 43, 10)),
    ],
)
def test_a_parameter_is_described_as_the_procedure_does(sql_type, described):
    found = describe.described({"@P1": sql_type})
    (row,) = found.rows
    assert (row[0], row[1], len(row), len(found.columns)) == (1, "@P1", 24, 24)
    assert (*row[2:7], *row[22:]) == described


TOKEN = "ab".encode("utf-16-le")
LENGTH = len(TOKEN).to_bytes(4, "little")


def test_a_token_is_read_from_its_feature_with_a_nonce_behind_it_or_none():
    """Library 1 sends it at once; the lowest bit is the echo of what PRELOGIN has answered."""
    assert login._read_token(b"\x03" + LENGTH + TOKEN, expects_echo=True) == "ab"
    assert login._read_token(b"\x02" + LENGTH + TOKEN + b"n" * 32, expects_echo=False) == "ab"


@pytest.mark.parametrize(
    ("options", "expects_echo", "reason"),
    [(b"\x02", True, "fFedAuthEcho"), (b"\x03", False, "fFedAuthEcho"), (b"\x04", False, "library 2"), (b"\x00", False, "library 0")],
)
def test_a_token_that_is_sent_in_another_way_than_agreed_is_refused(options, expects_echo, reason):
    with pytest.raises(ProtocolError, match=reason):
        login._read_token(options + LENGTH + TOKEN, expects_echo=expects_echo)
