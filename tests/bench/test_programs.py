"""The bench's own programs, small but whole: they must do the work that is said to be measured."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest
from postgres_server import postgres_server

from bench import arrived, data, publish
from bench.data import EVENTS, FLIGHTS, Warehouse
from bench.digest import by_rows
from bench.errors import BenchError
from bench.programs import api_rows
from bench.scene import PROGRAMS, _receiver

LIMIT_S = 60
ROWS = 30


def run(program, config, folder, lines=""):
    """What a program writes."""
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    argv = [sys.executable, PROGRAMS / f"{program}.py", "--config", path]
    return subprocess.run(argv, input=lines, capture_output=True, text=True, cwd=folder, timeout=LIMIT_S, check=True).stdout


@pytest.mark.parametrize("name", ["sdk_api_tap", "suite_api_tap"])
def test_both_taps_of_dicts_write_the_same_rows(name, tmp_path):
    (tmp_path / "lines").write_text(run(name, {"rows": ROWS}, tmp_path))
    wanted = by_rows(api_rows.rows(ROWS), EVENTS.columns, ROWS)
    assert wanted.differences(arrived.singer_lines(tmp_path / "lines", EVENTS.columns, ROWS)) == []


def test_the_sdks_target_writes_all_rows_as_parquet_and_validates_them(tmp_path):
    lines = run("sdk_api_tap", {"rows": ROWS}, tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    run("sdk_parquet_target", {"path": str(out)}, tmp_path, lines)
    wanted = by_rows(api_rows.rows(ROWS), EVENTS.columns, ROWS)
    assert wanted.differences(arrived.parquet(f"{out}/*.parquet", EVENTS.columns, ROWS)) == []
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run("sdk_parquet_target", {"path": str(out)}, tmp_path, lines.replace('"qty":5,', '"qty":"five",'))
    assert "'five' is not of type" in failed.value.stderr


def test_the_receiver_takes_whatever_is_sent_and_keeps_it(tmp_path):
    columns = (EVENTS.columns[0], EVENTS.columns[2])
    batches = [{"user_identities": {"email": f"{number}@x.org"}, "user_attributes": {"id": number}} for number in range(3)]
    bodies = [json.dumps(batches[:2], indent=1).encode(), gzip.compress(json.dumps(batches[2]).encode())]
    with _receiver(tmp_path / "bodies") as (process, url):
        for body in bodies:
            packed = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f\x8b") else {}
            with urlopen(Request(f"{url}/v2/bulkevents", body, packed), timeout=LIMIT_S) as answer:
                assert answer.status == 202
    assert process.poll() is not None
    wanted = by_rows(({"id": number, "email": f"{number}@x.org"} for number in range(3)), columns, 3)
    assert wanted.differences(arrived.batches(tmp_path / "bodies", columns, 3, identities={"email": "email"})) == []


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The events in PostgreSQL: the server, and what they must be."""
    folder = tmp_path_factory.mktemp("rows")
    path = Warehouse(folder, folder).path(EVENTS, ROWS)
    with postgres_server() as server:
        data.load_postgres(server, EVENTS, ROWS, path, folder)
        yield server, arrived.duckdb_table(path, EVENTS.sized(ROWS), EVENTS.columns, ROWS), path


def test_postgres_holds_the_same_rows_as_the_duckdb_file(loaded):
    server, wanted, _ = loaded
    assert wanted.differences(arrived.postgres_table(server, EVENTS.sized(ROWS), EVENTS.columns, ROWS)) == []


def test_a_table_that_lacks_rows_is_not_measured(loaded, tmp_path):
    server, _, path = loaded
    with server.connect() as connection:
        connection.execute(f"ALTER TABLE {EVENTS.sized(ROWS)} RENAME TO full_table")
    try:
        short = type("Short", (), {"connect": server.connect})
        with pytest.raises(BenchError, match="events_30 has"):
            data.load_postgres(short, EVENTS, ROWS, _without_the_last(path, tmp_path), tmp_path)
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP TABLE {EVENTS.sized(ROWS)}; ALTER TABLE full_table RENAME TO {EVENTS.sized(ROWS)}")


def _without_the_last(path, folder):
    copy = folder / "short.duckdb"
    copy.write_bytes(path.read_bytes())
    import duckdb  # noqa: PLC0415 - one use

    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"DELETE FROM {EVENTS.sized(ROWS)} WHERE id = {ROWS}")
    return copy


def test_flights_are_repeated_until_there_are_enough(tmp_path):
    """Two flights in the file, and the file's real number of rows in the key: the second round begins behind it."""
    head = [column.name for column in FLIGHTS.columns[1:]]
    flight = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
    (tmp_path / "flights.csv").write_text(f"{','.join(head)}\n{flight}\n{flight.replace('N14228', 'NA').replace('227', '')}\n")
    rows = data.FLIGHTS_ROWS + 1
    found = arrived.duckdb_table(Warehouse(tmp_path, tmp_path / "none").path(FLIGHTS, rows), FLIGHTS.sized(rows), FLIGHTS.columns, rows)
    assert (found.totals["rows"], found.totals["keys"], found.totals["sum of id"]) == ("3", "3", str(1 + 2 + rows))
    assert (found.totals["values of tailnum"], found.totals["values of air_time"]) == ("2", "2")


def test_results_are_written_with_a_report_that_shows_the_plot(made_up, tmp_path):
    plotter = tmp_path / "plotter"
    plotter.write_text('#!/bin/sh\ncp "$2" "$3"\n')
    plotter.chmod(0o755)
    publish.write(made_up, tmp_path / "results", plotter)
    written = {path.name: path.read_text() for path in (tmp_path / "results").iterdir()}
    assert written.keys() == {"2026-01-02.json", "2026-01-02.md", "2026-01-02.svg"}
    assert json.loads(written["2026-01-02.json"]) == made_up
    plotter.write_text("#!/bin/sh\nexit 1\n")
    publish.write(made_up, tmp_path / "no plot", plotter)
    assert {path.name for path in (tmp_path / "no plot").iterdir()} == {"2026-01-02.json", "2026-01-02.md"}
    assert written["2026-01-02.md"].startswith("# Speed, 2026-01-02\n\n![Rows a second of each](2026-01-02.svg)\n\n2 cores of")
