"""Microsoft's own ODBC driver against the wire."""

from __future__ import annotations

import datetime as dt
import json
import struct
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest

TRUST = {"TrustServerCertificate": "yes"}


def rows(cursor):
    return [tuple(row) for row in cursor.fetchall()]


def read_datetimeoffset(raw):
    year, month, day, hour, minute, second, nanosecond, hours, minutes = struct.unpack("<6hI2h", raw)
    zone = dt.timezone(dt.timedelta(hours=hours, minutes=minutes))
    return dt.datetime(year, month, day, hour, minute, second, nanosecond // 1000, zone)


@pytest.mark.parametrize(
    ("server", "options"),
    [
        ("not_supported", {"Encrypt": "no"}),
        ("off", {"Encrypt": "no"}),
        ("off", {"Encrypt": "yes", **TRUST}),
        ("on", {"Encrypt": "no", **TRUST}),
        ("on", {"Encrypt": "yes", **TRUST}),
        ("off", {"Encrypt": "strict"}),
        ("on", {"Encrypt": "strict"}),
    ],
)
def test_it_comes_in_whatever_both_sides_agree_on(microsoft, servers, certificate, server, options):
    if options["Encrypt"] == "strict":
        options = {**options, "ServerCertificate": certificate.certificate}
    cursor = microsoft(servers[server], APP="agreed", **options).cursor()
    assert [value for (value,) in cursor.execute("whoami").fetchall()[:3]] == ["loader", "pool", "agreed"]
    assert len(rows(cursor.execute("rows 5000"))) == 5000


def test_a_driver_that_insists_on_encryption_turns_away_from_a_server_without(microsoft, port, pyodbc):
    with pytest.raises(pyodbc.Error) as refusal:
        microsoft(port, Encrypt="yes", **TRUST)
    assert refusal.value.args[0] == "08001"


def test_the_certificate_is_checked_by_a_driver_that_was_not_told_to_trust_it(microsoft, servers, pyodbc):
    with pytest.raises(pyodbc.Error) as refusal:
        microsoft(servers["on"], Encrypt="yes", TrustServerCertificate="no")
    assert refusal.value.args[0] == "08001"


def test_a_wrong_password_is_error_18456(microsoft, port, pyodbc):
    with pytest.raises(pyodbc.Error) as refusal:
        microsoft(port, PWD="wrong")
    state, text = refusal.value.args
    assert (state, "Login failed for user 'loader'." in text, "(18456)" in text) == ("28000", True, True)


def test_a_database_that_is_not_there_is_error_4060(microsoft, port, pyodbc):
    with pytest.raises(pyodbc.Error) as refusal:
        microsoft(port, DATABASE="nowhere")
    state, text = refusal.value.args
    assert (state, 'Cannot open database "nowhere"' in text, "(4060)" in text) == ("42000", True, True)


def test_an_engine_that_breaks_at_the_login_is_an_error_and_no_hang(microsoft, port, pyodbc):
    with pytest.raises(pyodbc.Error, match="3624"):
        microsoft(port, UID="crash")


def test_every_type_arrives_as_it_was_and_as_null(microsoft, port, scripted):
    connection = microsoft(port)
    connection.add_output_converter(-155, read_datetimeoffset)
    cursor = connection.cursor().execute("types")
    expected = {name: value for name, (_, value) in scripted.SAMPLES.items()}
    expected["uniqueidentifier"] = str(expected["uniqueidentifier"]).upper()  # pyodbc gives text unless told otherwise
    names = [column[0] for column in cursor.description]
    first, second = rows(cursor)
    assert dict(zip(names, first, strict=True)) == expected
    assert set(second) == {None}


def test_parameters_arrive_with_their_names_and_declared_types(microsoft, port):
    stamp = dt.datetime(2024, 2, 29, 1, 2, 3, 456789)  # noqa: DTZ001  # datetime2 knows no zone
    values = [7, 2**40, "Zoë 🦆", "", b"\x00\xff", None, True, 1.5, stamp, dt.date(2024, 2, 29), "x" * 5000]
    (found,) = microsoft(port).cursor().execute(f"describe {', '.join('?' * len(values))}", values).fetchone()
    names, declared, seen = zip(*json.loads(found), strict=True)
    assert list(names) == [f"@P{place}" for place in range(1, 12)]
    assert list(seen) == [repr(value) for value in values]
    assert [declared[place] for place in (0, 1, 2, 8, 10)] == ["int", "bigint", "nvarchar(12)", "datetime2", "nvarchar(max)"]


def test_the_driver_sends_values_as_the_engine_describes_the_parameters(microsoft, port, scripted):
    cursor = microsoft(port).cursor()
    for name in scripted.SAMPLES:  # NULL has no type of its own, so that the driver has to ask
        (found,) = cursor.execute(f"typed {name} ?", None).fetchone()
        (((parameter, declared, seen),)) = json.loads(found)
        assert (parameter, seen) == ("@P1", "None")
        wanted = scripted.ECHOES[name].name
        # The driver has no words for money and datetime.
        assert declared.split("(")[0] == {"money": "decimal", "datetime": "datetime2"}.get(wanted, wanted)


def test_many_calls_send_values_as_the_engine_describes_them(microsoft, port):
    connection = microsoft(port, APP="described")
    cursor = connection.cursor()
    cursor.fast_executemany = True
    cursor.executemany("typed bigint,nvarchar,decimal ?,?,?", [(2**40, "Zoë 🦆", Decimal("1.5")), (None, None, None)])
    declared = {"@P1": "bigint", "@P2": "nvarchar(40)", "@P3": "decimal(38,10)"}
    rows_of_values = [2**40, "Zoë 🦆", Decimal("1.5000000000")], [None, None, None]
    journal = [line for (line,) in microsoft(port, APP="described").cursor().execute("journal")]
    assert journal == [f"typed {declared} {values}" for values in rows_of_values]


def test_a_prepared_statement_runs_again_with_other_values(microsoft, port):
    cursor = microsoft(port).cursor()
    assert [cursor.execute("echo nvarchar ?", text).fetchone()[0] for text in ("a", "b", "c")] == ["a", "b", "c"]


def test_many_calls_in_one_message_each_get_their_answer(microsoft, port):
    connection = microsoft(port, APP="many")
    cursor = connection.cursor()
    cursor.fast_executemany = True
    cursor.executemany("insert ?, ?", [(n, f"text {n}") for n in range(50)])
    assert [line for (line,) in cursor.execute("journal")] == [f"insert ['{n}', 'text {n}']" for n in range(50)]


def test_a_refused_call_among_many_does_not_stop_the_others(microsoft, port, pyodbc):
    connection = microsoft(port, APP="manyrefused")
    cursor = connection.cursor()
    cursor.fast_executemany = True
    with pytest.raises(pyodbc.Error, match="Conversion failed"):
        cursor.executemany("insert ?", [("good",), ("bad",), ("last",)])
    assert [line for (line,) in connection.cursor().execute("journal")] == ["insert ['good']", "insert ['bad']", "insert ['last']"]


def test_all_results_of_a_batch_come_in_order(microsoft, port):
    cursor = microsoft(port).cursor().execute("several")
    found = [rows(cursor)]
    while cursor.nextset():
        found.append(rows(cursor) if cursor.description else cursor.rowcount)
    assert found == [[(1,)], 3, [(2,)]]  # the driver passes over a statement that counts nothing


def test_a_refusal_in_the_middle_comes_after_what_was_before_it(microsoft, port, pyodbc):
    connection = microsoft(port)
    cursor = connection.cursor().execute("fail 16")
    assert rows(cursor) == [(1,)]
    with pytest.raises(pyodbc.Error, match=r"This was asked for: ünïcödé\. \(50001\)"):
        cursor.nextset()
    assert connection.cursor().execute("echo int ?", 5).fetchone()[0] == 5


def test_a_refusal_while_rows_are_read_ends_the_rows(microsoft, port, pyodbc):
    cursor = microsoft(port).cursor().execute("rows 3 fail")
    with pytest.raises(pyodbc.Error, match="8134"):
        cursor.fetchall()


@pytest.mark.parametrize("sql", ["fail 20", "crash", "badrow"])
def test_a_fatal_error_closes_this_connection_and_no_other(microsoft, port, pyodbc, sql):
    other, connection = microsoft(port), microsoft(port)
    cursor = connection.cursor()
    with pytest.raises(pyodbc.Error, match="50001" if sql == "fail 20" else "3624"):
        cursor.execute(sql).fetchall() and cursor.nextset()
    with pytest.raises(pyodbc.Error) as gone:
        connection.cursor().execute("several")
    assert gone.value.args[0] in {"08S01", "01000"}
    assert rows(other.cursor().execute("several")) == [(1,)]


def test_a_connection_can_be_dropped_without_an_answer(microsoft, port, pyodbc):
    connection = microsoft(port, APP="dropped")
    with pytest.raises(pyodbc.Error) as gone:
        connection.cursor().execute("disconnect").fetchall()
    assert gone.value.args[0] == "08S01"
    assert microsoft(port).cursor().execute("await close dropped").fetchone()[0] == "True"


def test_transactions_reach_the_engine(microsoft, port):
    connection = microsoft(port, autocommit=False, APP="transactions")
    connection.cursor().execute("insert ?", 1)
    connection.commit()
    connection.cursor().execute("insert ?", 2)
    connection.rollback()
    journal = [line for (line,) in microsoft(port, APP="transactions").cursor().execute("journal")]
    begun_at_once = ["begin"]  # the driver begins the next transaction along with the end of the last
    assert journal == ["begin", "insert [1]", "commit", "begin", "insert [2]", "rollback", *begun_at_once]


def test_a_timed_out_statement_is_stopped_in_time_and_the_connection_lives(microsoft, port, pyodbc):
    connection = microsoft(port, timeout=1, APP="timed")
    begun = time.monotonic()
    with pytest.raises(pyodbc.Error) as late:
        connection.cursor().execute("sleep")
    assert (late.value.args[0], time.monotonic() - begun < 3) == ("HYT00", True)  # after 2 s the driver gives up: 08S01
    assert [line for (line,) in connection.cursor().execute("journal")] == ["waiting", "cancelled"]


def test_a_statement_with_parameters_is_stopped_too(microsoft, port, pyodbc):
    connection = microsoft(port, timeout=1)
    with pytest.raises(pyodbc.Error) as late:
        connection.cursor().execute("sleep ?", 1)
    assert late.value.args[0] == "HYT00"
    assert connection.cursor().execute("echo int ?", 5).fetchone()[0] == 5


def test_a_statement_is_stopped_by_another_thread(microsoft, port, pyodbc):
    cursor = microsoft(port, APP="cancelled-by-hand").cursor()
    watcher = microsoft(port).cursor()
    stopper = threading.Thread(target=lambda: (watcher.execute("await waiting cancelled-by-hand"), cursor.cancel()))
    stopper.start()
    with pytest.raises(pyodbc.Error, match="cancel"):
        cursor.execute("sleep")
    stopper.join()
    assert rows(cursor.execute("several")) == [(1,)]


@pytest.mark.parametrize("encrypt", ["no", "yes", "strict"])
def test_a_result_that_is_left_unread_is_not_made_to_its_end(microsoft, servers, certificate, encrypt):
    trust = {"no": {}, "yes": TRUST, "strict": {"ServerCertificate": certificate.certificate}}[encrypt]
    connection = microsoft(servers["off"], APP=f"unread-{encrypt}", Encrypt=encrypt, **trust)
    cursor = connection.cursor().execute("rows 100000000")
    assert tuple(cursor.fetchone()) == (0, "row 0")
    cursor.close()
    (line,) = connection.cursor().execute("journal").fetchone()
    assert int(line.removeprefix("rows closed ")) < 1_000_000


def test_the_engine_hears_of_a_client_that_was_killed(microsoft, port, microsoft_driver):
    text = f"DRIVER={microsoft_driver};SERVER=127.0.0.1,{port};UID=loader;PWD=Secret1!é;Encrypt=no;APP=killed"
    with subprocess.Popen([sys.executable, "-c", f"import pyodbc; pyodbc.connect({text!r}, autocommit=True).execute('sleep')"]) as client:
        cursor = microsoft(port).cursor()
        assert cursor.execute("await waiting killed").fetchone()[0] == "True"
        client.kill()
    found = [cursor.execute(f"await {line} killed").fetchone()[0] for line in ("cancelled", "close")]
    assert found == ["True", "True"]


def test_the_driver_learns_of_the_types_there_are(microsoft, port, pyodbc):
    cursor = microsoft(port).cursor()
    assert [row.type_name for row in cursor.getTypeInfo(pyodbc.SQL_WVARCHAR)] == ["nvarchar"]
    assert len(cursor.getTypeInfo().fetchall()) == 24


def test_an_unknown_procedure_is_error_2812(microsoft, port, pyodbc):
    with pytest.raises(pyodbc.Error, match=r"Could not find stored procedure 'sp_nowhere'\. \(2812\)"):
        microsoft(port).cursor().execute("{CALL sp_nowhere(?)}", 1)
