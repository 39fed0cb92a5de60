"""What goes over the wire, byte by byte, where no driver shows it."""

from __future__ import annotations

import contextlib
import struct

import pytest

FINAL, MORE, ERROR, COUNT, ATTENTION = 0x00, 0x01, 0x02, 0x10, 0x20
COMMITTED, BEGUN, RESET = ("0xE3", 9), ("0xE3", 8), ("0xE3", 18)
REFUSED = (50002, 1, 16)


def result(value, *, more, kind="DONE"):
    return [("COLUMNS",), ("ROW", value), (kind, COUNT | (MORE if more else 0), 1)]


def test_all_but_the_last_done_say_that_more_comes(connect):
    client = connect()
    nothing_counted = ("DONE", MORE, 0)
    assert client.batch("several") == [*result(1, more=True), ("DONE", COUNT | MORE, 3), nothing_counted, *result(2, more=False)]
    assert client.batch("set nocount on") == [("DONE", FINAL, 0)]


def test_a_refusal_ends_the_batch_and_is_its_last_done(connect):
    client = connect()
    refused = [("ERROR", (50001, 7, 16)), ("DONE", ERROR, 0)]
    assert client.batch("fail 16") == [*result(1, more=True), *refused]


def test_a_procedure_answers_with_statements_then_status_then_its_own_done(connect, raw):
    client = connect()
    statement = raw.text("several")
    kind = "DONEINPROC"
    body = [*result(1, more=True, kind=kind), (kind, COUNT | MORE, 3), (kind, MORE, 0), *result(2, more=True, kind=kind)]
    assert client.rpc(raw.call(10, statement)) == [*body, ("STATUS", 0), ("DONEPROC", FINAL, 0)]


def test_calls_in_one_message_are_all_answered_and_a_refused_one_says_so(connect, raw):
    client = connect()
    good, bad, unknown = raw.call("sp_executesql", raw.text("insert")), raw.call(10, raw.text("refuse")), raw.call("dbo.nowhere")
    assert client.rpc(good, bad, unknown, good) == [
        *[("DONEINPROC", COUNT | MORE, 1), ("STATUS", 0), ("DONEPROC", MORE, 0)],
        *[("ERROR", REFUSED), ("STATUS", 50002), ("DONEPROC", ERROR | MORE, 0)],
        *[("ERROR", (2812, 62, 16)), ("STATUS", 2812), ("DONEPROC", ERROR | MORE, 0)],
        *[("DONEINPROC", COUNT | MORE, 1), ("STATUS", 0), ("DONEPROC", FINAL, 0)],
    ]


def test_a_fatal_refusal_in_a_call_ends_the_message_and_the_connection(connect, raw):
    client = connect()
    found = client.rpc(raw.call(10, raw.text("fail 20")), raw.call(10, raw.text("several")))
    assert found == [*result(1, more=True, kind="DONEINPROC"), ("ERROR", (50001, 7, 20)), ("DONE", ERROR, 0)]
    assert client.ended()


def test_a_prepared_statement_has_a_handle_until_it_is_dropped(connect, raw):
    client = connect()
    prepare = raw.call(11, raw.number(None, output=True), raw.text("@P1 int"), raw.text("insert @P1"), raw.number(1))
    assert client.rpc(prepare) == [("STATUS", 0), ("RETURN", 1), ("DONEPROC", FINAL, 0)]
    executed = [("DONEINPROC", COUNT | MORE, 1), ("STATUS", 0), ("DONEPROC", FINAL, 0)]
    assert client.rpc(raw.call(12, raw.number(1), raw.number(7))) == executed
    assert client.rpc(raw.call(15, raw.number(1))) == [("STATUS", 0), ("DONEPROC", FINAL, 0)]
    gone = [("ERROR", (8179, 1, 16)), ("STATUS", 8179), ("DONEPROC", ERROR, 0)]
    assert client.rpc(raw.call(12, raw.number(1), raw.number(7))) == gone
    assert client.rpc(raw.call(15, raw.number(1))) == gone


def test_a_statement_that_fails_while_it_is_prepared_still_has_a_handle(connect, raw):
    client = connect()
    found = client.rpc(raw.call(13, raw.number(None, output=True), raw.text(""), raw.text("refuse")))
    assert found == [("ERROR", REFUSED), ("STATUS", 50002), ("RETURN", 1), ("DONEPROC", ERROR, 0)]


def test_commit_may_begin_the_next_transaction_at_once(connect, raw):
    client = connect(application="raw-transactions")
    for request in (struct.pack("<HBB", 5, 2, 0), struct.pack("<HBBBB", 7, 0, 1, 2, 0), struct.pack("<HBB", 7, 0, 0)):
        client.send(raw.TRANSACTION, raw.HEADERS + request)
    assert [client.reply() for _ in range(3)] == [
        [BEGUN, ("DONE", FINAL, 0)],
        [COMMITTED, BEGUN, ("DONE", FINAL, 0)],
        [COMMITTED, ("DONE", FINAL, 0)],
    ]


def test_savepoints_are_refused_and_the_connection_goes_on(connect, raw):
    client = connect()
    client.send(raw.TRANSACTION, raw.HEADERS + struct.pack("<HB", 9, 0))
    assert client.reply() == [("ERROR", (40515, 1, 16)), ("DONE", ERROR, 0)]
    assert client.batch("set x") == [("DONE", FINAL, 0)]


# Attention


def test_an_attention_that_comes_too_late_is_acknowledged_on_its_own(connect, raw):
    client = connect()
    assert client.batch("set x") == [("DONE", FINAL, 0)]
    client.send(raw.ATTENTION, b"")
    assert client.reply() == [("DONE", ATTENTION, 0)]
    assert client.batch("set x") == [("DONE", FINAL, 0)]


def test_an_attention_on_the_heels_of_its_statement_is_acknowledged_once(connect, raw):
    client = connect()
    for _ in range(20):  # it may find the statement not yet begun, or begun
        client.send(raw.BATCH, raw.HEADERS + "sleep".encode("utf-16-le"))
        client.send(raw.ATTENTION, b"")
        assert client.reply() == [("DONE", ERROR | MORE, 0), ("DONE", ATTENTION, 0)]
        assert client.batch("set x") == [("DONE", FINAL, 0)]


def test_rows_before_an_attention_are_whole_rows(connect, raw):
    client = connect()
    client.send(raw.BATCH, raw.HEADERS + "numbers".encode("utf-16-le"))
    client.send(raw.ATTENTION, b"")
    found = client.reply()
    assert found[-2:] == [("DONE", ERROR | MORE, 0), ("DONE", ATTENTION, 0)]
    assert [value for _, value in found[1:-2]] == list(range(len(found[1:-2])))


def test_a_call_is_stopped_by_an_attention_and_those_after_it_are_not_begun(connect, raw):
    client = connect(application="raw-stopped")
    calls = (raw.call(10, raw.text("sleep")), raw.call(10, raw.text("insert")))
    client.send(raw.RPC, raw.HEADERS + b"\xff".join(calls))
    client.send(raw.ATTENTION, b"")
    assert client.reply() == [("DONE", ERROR | MORE, 0), ("DONE", ATTENTION, 0)]
    assert not [line for line in client.journal() if "insert" in line]


# Bits of the packet's status


def test_a_message_that_the_client_gave_up_is_not_run(connect):
    client = connect(application="raw-ignored")
    assert client.batch("insert", status=3) == [("DONE", ERROR, 0)]
    assert client.journal() == []


def test_a_connection_that_is_handed_on_is_rolled_back_and_forgets_its_statements(connect, raw):
    client = connect(application="raw-reset")
    client.rpc(raw.call(11, raw.number(None, output=True), raw.text(""), raw.text("insert"), raw.number(1)))
    assert client.batch("set x", status=1 | 8) == [RESET, ("DONE", FINAL, 0)]
    assert client.rpc(raw.call(12, raw.number(1)))[0] == ("ERROR", (8179, 1, 16))
    assert client.journal() == ["rollback"]
    assert client.batch("set x", status=1 | 16) == [RESET, ("DONE", FINAL, 0)]
    assert client.journal() == ["rollback"]


# What makes no sense


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (3, struct.pack("<IIHQI", 22, 18, 2, 0, 1) + b"\xff\xff\x0a\0\0\0\0\0\xe7\x40\x1f\0\0\0\0\0\xff"),  # ends in a parameter
        (1, b"\x03\0\0\0"),  # headers shorter than their length
        (1, b"\xff\0\0\0ab"),  # headers longer than the message
        (7, b""),  # a bulk load
        (99, b""),
    ],
)
def test_a_broken_request_is_error_4002_and_the_end(connect, kind, body):
    client = connect()
    client.send(kind, body)
    assert client.reply() == [("ERROR", (4002, 1, 20)), ("DONE", ERROR, 0)]
    assert client.ended()


def test_a_packet_shorter_than_its_header_is_the_end(connect):
    client = connect()
    client.sock.sendall(b"\x01\x01\x00\x07\0\0\0\0")
    assert client.reply() == [("ERROR", (4002, 1, 20)), ("DONE", ERROR, 0)]
    assert client.ended()


def test_a_type_that_cannot_be_read_is_refused_and_nothing_of_the_message_is_run(connect, raw):
    client = connect(application="raw-type")
    good, bad = raw.call(10, raw.text("insert")), raw.call(10, b"\0\0\xf0")
    assert client.rpc(good, bad) == [("ERROR", (8009, 1, 16)), ("DONE", ERROR, 0)]
    assert client.journal() == []


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x12\x01\0\x09\0\0\0\0\0", b"\x10\x01\0\x0c\0\0\0\0\0\0\0\0", b"\x16\x03\x01", b"\0"])
def test_noise_at_the_door_is_shown_out_and_the_server_lives(connect, noise):
    client = connect(enter=False)
    client.sock.sendall(noise)
    with contextlib.suppress(OSError):  # the server may have been faster
        client.sock.shutdown(1)
    assert client.ended()
    assert connect().batch("set x") == [("DONE", FINAL, 0)]


def test_a_client_that_goes_at_once_leaves_the_server_alive(connect):
    connect(enter=False).close()
    assert connect().batch("set x") == [("DONE", FINAL, 0)]


# Login


def test_a_wrong_password_is_answered_with_severity_14_and_state_1_and_the_end(connect):
    client = connect(enter=False)
    assert client.enter(password="wrong") == [("ERROR", (18456, 1, 14)), ("DONE", ERROR, 0)]
    assert client.ended()


def test_a_database_that_is_not_there_is_two_errors_and_the_end(connect):
    client = connect(enter=False)
    assert client.enter(database="nowhere") == [("ERROR", (4060, 1, 11)), ("ERROR", (18456, 1, 14)), ("DONE", ERROR, 0)]
    assert client.ended()


def test_a_version_before_7_3_is_refused(connect):
    client = connect(enter=False)
    assert client.enter(version=0x71000001) == [("ERROR", (4002, 1, 20)), ("DONE", ERROR, 0)]
    assert client.ended()


@pytest.mark.parametrize(("asked", "longest"), [(0, 4096), (512, 512), (100, 512), (8192, 8192), (10**6, 32767)])
def test_packets_are_as_long_as_the_client_asks_within_the_protocols_limits(connect, asked, longest):
    client = connect(packet_bytes=asked)
    client.packet_lengths.clear()
    client.batch("numbers 20000")
    assert max(client.packet_lengths) == longest
