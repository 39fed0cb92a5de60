"""FreeTDS (ODBC and tsql), pymssql and python-tds against the wire: what they read is what was sent."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import subprocess
from decimal import Decimal

import pymssql
import pytds
import pytest
from pytds.tds_base import TDS73

USER, PASSWORD = "loader", "Secret1!é"
STAMP = dt.datetime(2024, 2, 29, 1, 2, 3, 456789)  # noqa: DTZ001  # datetime2 knows no zone


@pytest.fixture
def through_pymssql(port):
    """Connect with pymssql."""
    opened = []

    def connect(**options):
        asked = {"user": USER, "password": PASSWORD, "database": "pool", "autocommit": True, **options}
        opened.append(pymssql.connect(server="127.0.0.1", port=port, **asked))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def through_pytds(port):
    """Connect with python-tds."""
    opened = []

    def connect(port=port, **options):
        asked = {"database": "pool", "user": USER, "password": PASSWORD, "autocommit": True, **options}
        opened.append(pytds.connect("127.0.0.1", port=port, **asked))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def results(cursor):
    """All results of a batch that have rows."""
    found = []
    while True:
        if cursor.description:
            found.append([tuple(row) for row in cursor.fetchall()])
        if not cursor.nextset():
            return found


def described(cursor, *parts):
    cursor.execute("describe " + ",".join(["%s"] * len(parts)), parts)
    return json.loads(cursor.fetchone()[0])


# python-tds


def test_python_tds_reads_every_type(through_pytds, scripted):
    cursor = through_pytds(use_tz=None).cursor()
    cursor.execute("types")
    first, second = cursor.fetchall()
    expected = {name: value for name, (_, value) in scripted.SAMPLES.items()}
    found = dict(zip(expected, first, strict=True))
    assert {name: (found[name], value) for name, value in expected.items() if found[name] != value} == {}
    assert set(second) == {None}


def test_python_tds_sends_parameters(through_pytds):
    values = ("Zoë 🦆", 3, Decimal("-1.25"), STAMP, True, 2**40, dt.date(2024, 2, 29))
    found = described(through_pytds().cursor(), *values)
    assert [seen for _, _, seen in found] == [repr(value) for value in values]
    assert [declared for _, declared, _ in found][:4] == ["NVARCHAR(MAX)", "INT", "DECIMAL(3, 2)", "DATETIME2(6)"]


def test_python_tds_sees_all_results_and_the_refusal_after_one(through_pytds):
    cursor = through_pytds().cursor()
    cursor.execute("several")
    assert results(cursor) == [[(1,)], [], [(2,)]]  # python-tds takes a bare count for a result
    with pytest.raises(pytds.DatabaseError) as refusal:
        cursor.execute("refuse 111212")
    assert (refusal.value.msg_no, refusal.value.severity, refusal.value.args[0]) == (111212, 16, "Refused at once.")
    assert described(cursor, 1)[0][2] == "1"


def test_python_tds_is_told_18456_for_a_wrong_password(through_pytds):
    with pytest.raises(pytds.OperationalError, match="Login failed for user 'loader'"):
        through_pytds(password="wrong")


def test_python_tds_is_told_both_4060_and_18456_for_a_wrong_database(port):
    with pytest.raises(pytds.OperationalError) as refusal:
        pytds.connect("127.0.0.1", "nowhere", USER, PASSWORD, port=port)
    said = 'Cannot open database "nowhere" requested by the login. The login failed.'
    assert refusal.value.args[0] == f"{said} Login failed for user 'loader'."


@pytest.mark.parametrize("setting", ["off", "on"])
def test_python_tds_comes_in_through_tls(through_pytds, servers, certificate, setting):
    connection = through_pytds(servers[setting], cafile=str(certificate.certificate), validate_host=False)
    cursor = connection.cursor()
    cursor.execute("rows 3000")
    assert len(cursor.fetchall()) == 3000


def test_python_tds_cancels_a_result_that_it_does_not_want(through_pytds):
    connection = through_pytds(appname="pytds-cancel")
    cursor = connection.cursor()
    cursor.execute("rows 100000000")
    assert cursor.fetchone() == (0, "row 0")
    cursor.cancel()
    cursor.execute("journal")
    (line,) = cursor.fetchone()
    assert int(line.removeprefix("rows closed ")) < 1_000_000


def test_an_older_tds_7_3_is_spoken_too(through_pytds):
    cursor = through_pytds(tds_version=TDS73).cursor()
    assert described(cursor, STAMP)[0][2] == repr(STAMP)


# pymssql


def test_pymssql_reads_every_type(through_pymssql, scripted):
    cursor = through_pymssql().cursor()
    cursor.execute("types")
    first, second = cursor.fetchall()
    expected = {name: value for name, (_, value) in scripted.SAMPLES.items()}
    # FreeTDS shows a datetimeoffset without its zone, in UTC or not as its version has it: others are held to that type.
    found = {name: value for name, value in zip(expected, first, strict=True) if name != "datetimeoffset"}
    assert {name: (value, expected[name]) for name, value in found.items() if value != expected[name]} == {}
    assert set(second) == {None}


def test_pymssql_calls_a_procedure(through_pymssql):
    cursor = through_pymssql().cursor()
    cursor.callproc("sp_executesql", ("describe @P1", "@P1 nvarchar(10)", "äö"))
    assert json.loads(cursor.fetchone()[0]) == [["@P1", "nvarchar(10)", "'äö'"]]


def test_pymssql_sees_number_severity_and_state_of_a_refusal(through_pymssql):
    cursor = through_pymssql().cursor()
    with pytest.raises(pymssql.DatabaseError) as refusal:
        cursor.execute("refuse 111212")
    number, text = refusal.value.args
    assert (number, "Refused at once." in text.decode()) == (111212, True)


def test_pymssql_is_told_18456_for_a_wrong_password(through_pymssql):
    with pytest.raises(pymssql.OperationalError, match="Login failed for user 'loader'"):
        through_pymssql(password="wrong")


def test_pymssql_times_out_and_the_statement_is_stopped(through_pymssql):
    connection = through_pymssql(timeout=1, appname="pymssql-timeout")
    with pytest.raises(pymssql.OperationalError):
        connection.cursor().execute("sleep")
    watcher = through_pymssql().cursor()
    watcher.execute("await cancelled pymssql-timeout")
    assert watcher.fetchone() == ("True",)


# FreeTDS


@pytest.mark.parametrize(("setting", "encryption"), [("not_supported", "off"), ("off", "request"), ("off", "require"), ("on", "require")])
def test_freetds_comes_in_with_and_without_tls(freetds, servers, setting, encryption):
    cursor = freetds(servers[setting], Encryption=encryption).cursor()
    assert len(cursor.execute("rows 3000").fetchall()) == 3000


def test_freetds_sends_parameters(freetds, port):
    values = [7, 2**40, "Zoë 🦆", "", b"\x00\xff", None, "x" * 5000]
    (found,) = freetds(port).cursor().execute(f"describe {', '.join('?' * len(values))}", values).fetchone()
    assert [seen for _, _, seen in json.loads(found)] == [repr(value) for value in values]


def test_freetds_runs_transactions(freetds, port):
    connection = freetds(port, autocommit=False, APP="freetds-transactions")
    connection.cursor().execute("insert ?", 1)
    connection.commit()
    assert ("insert [1]",) in [tuple(row) for row in connection.cursor().execute("journal").fetchall()]


def test_freetds_asks_for_the_types_in_a_batch(freetds, port):
    assert [row.type_name for row in freetds(port).cursor().getTypeInfo(4)] == ["int"]


def test_tsql_shows_rows_and_refusals(port):
    if not shutil.which("tsql"):
        pytest.skip("no tsql: install Debian's freetds-bin")
    script = "several\ngo\nfail 16\ngo\n"
    command = ["tsql", "-H", "127.0.0.1", "-p", str(port), "-U", USER, "-P", PASSWORD]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=20)
    assert [line for line in done.stdout.splitlines() if line.strip().isdigit()] == ["1", "2", "1"]
    assert "Msg 50001 (severity 16, state 7) from sandbox Line 3:" in done.stderr + done.stdout


def test_the_port_is_on_loopback_only(port):
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        assert sock.getpeername() == ("127.0.0.1", port)
