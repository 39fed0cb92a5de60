"""The server as an object: how it starts, whom it asks, how it ends."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509
from sandbox.tds.certificate import self_signed
from sandbox.tds.packets import PacketWriter
from sandbox.tds.reply import Reply
from sandbox.tds.server import TdsServer
from sandbox.tds.session import CancelledError, Disconnect, Rows
from sandbox.tds.statements import write
from sandbox.tds.tokens import DoneKind

DONE = [("DONE", 0, 0)]
FAILED = [("ERROR", (3624, 1, 20)), ("DONE", 2, 0)]


@contextmanager
def serving(engine, **options):
    server = TdsServer(engine, **options)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def engine(scripted):
    return scripted.ScriptedEngine()


@pytest.mark.parametrize("encryption", ["off", "on"])
def test_encryption_needs_a_certificate(engine, encryption):
    with pytest.raises(ValueError, match=f"encryption `{encryption}` needs a certificate"):
        TdsServer(engine, encryption=encryption)


def test_two_servers_take_two_ports(engine):
    with serving(engine) as one, serving(engine) as other:
        assert one.port != other.port


def test_closing_ends_the_connections_and_lets_their_sessions_go(engine, raw):
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter(application="left-open")
        assert client.batch("set x") == DONE
    assert client.ended()
    assert engine.journal == ["close left-open"]
    client.close()


def test_closing_twice_is_closing(engine):
    with serving(engine) as server:
        server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_a_client_that_goes_while_it_is_let_in_leaves_no_session_behind(engine, raw, scripted, monkeypatch):
    let_in = scripted.ScriptedEngine.login

    def slow(self, login):
        client.close()
        gone.wait(5)
        return let_in(self, login)

    monkeypatch.setattr(scripted.ScriptedEngine, "login", slow)
    gone = threading.Event()
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.send(raw.PRELOGIN, b"\x01\0\x06\0\x01\xff\x02")
        client.message()
        client.send(raw.LOGIN7, raw.login7(application="gone"))
        gone.set()
        assert engine.journal.wait_for("close gone", 5)


def test_closing_stops_a_statement_that_runs(engine, raw):
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter(application="busy")
        client.send(raw.BATCH, raw.HEADERS + "sleep".encode("utf-16-le"))
        assert engine.journal.wait_for("waiting busy")
    client.close()
    assert engine.journal == ["waiting busy", "cancelled busy", "close busy"]


def test_a_client_that_sends_on_after_a_fatal_error_is_let_go(engine, raw):
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter(application="sends-on")
        client.send_all([(raw.BATCH, raw.HEADERS + sql.encode("utf-16-le")) for sql in ("fail 20", "sleep", "sleep")])
        assert engine.journal.wait_for("close sends-on", 3)
        client.close()


def test_what_goes_wrong_in_the_engine_is_logged_with_its_traceback(engine, raw, caplog):
    with caplog.at_level(logging.ERROR), serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter()
        assert client.batch("crash") == FAILED
        assert client.ended()
        client.close()
    assert [(record.message, str(record.exc_info[1])) for record in caplog.records] == [("The engine failed at a request", "the engine has a bug")]


def test_a_cancelled_statement_that_nobody_cancelled_is_an_error(engine, raw, scripted, monkeypatch):
    def cancelled(*_):
        raise CancelledError

    monkeypatch.setattr(scripted.ScriptedSession, "do_stops", cancelled, raising=False)
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter()
        assert client.batch("stops") == FAILED
        client.close()


def test_an_engine_may_drop_a_client_at_the_login(engine, raw, scripted, monkeypatch):
    def drop(*_):
        raise Disconnect

    monkeypatch.setattr(scripted.ScriptedEngine, "login", drop)
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        with pytest.raises(ConnectionResetError):
            client.enter()
        client.close()


@pytest.mark.parametrize("request_number", [5, 7, 8])
def test_an_engine_may_drop_a_client_at_the_beginning_and_end_of_a_transaction(engine, raw, scripted, monkeypatch, request_number):
    """Before or after the commit is the engine's choice: it raises before or after its own work."""

    def drop(*_):
        raise Disconnect

    for name in ("begin", "commit", "rollback"):
        monkeypatch.setattr(scripted.ScriptedSession, name, drop)
    with serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter(application="dropped")
        client.send(raw.TRANSACTION, raw.HEADERS + bytes([request_number, 0, 0, 0]))
        assert client.ended()
        assert engine.journal.wait_for("close dropped")
        client.close()


def test_a_cancel_that_breaks_is_tried_again(engine, raw, scripted, monkeypatch, caplog):
    whole, tries = scripted.ScriptedSession.cancel, []

    def breaks_once(session):
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("not yet")
        whole(session)

    monkeypatch.setattr(scripted.ScriptedSession, "cancel", breaks_once)
    with caplog.at_level(logging.ERROR), serving(engine) as server:
        client = raw.RawClient(server.port)
        client.enter(application="again")
        client.send(raw.BATCH, raw.HEADERS + "sleep".encode("utf-16-le"))
        assert engine.journal.wait_for("waiting again")
        client.send(raw.ATTENTION, b"")
        assert client.reply()[-1] == ("DONE", 0x20, 0)
        client.close()
    assert [record.message for record in caplog.records] == ["The engine could not cancel a statement"]


def test_the_certificate_is_for_this_machine_and_its_key_for_its_owner(tmp_path):
    made = self_signed(tmp_path)
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["localhost", "127.0.0.1"]
    assert made.key.stat().st_mode & 0o077 == 0
    ssl.create_default_context(cafile=str(made.certificate)).load_cert_chain(made.certificate, made.key)


def test_a_result_that_is_stopped_is_closed_at_once_even_if_the_engine_keeps_it(scripted):
    class Kept:
        """Rows that say when they were let go."""

        closed = False

        def __iter__(self):
            return iter([(1,)])

        def close(self):
            self.closed = True

    kept = Kept()
    reply = Reply(PacketWriter(lambda _: None, 4096))
    with pytest.raises(CancelledError):
        write(Rows([scripted.NUMBER], kept), reply, DoneKind.BATCH, lambda: True)
    assert kept.closed
