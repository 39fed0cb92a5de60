"""The command `tap-warehouse` as a user meets it: killed in the middle, and given what is wrong."""

import json
import signal
import subprocess

import duckdb
import pytest
from harness import COMMANDS, command_environment, run_command
from tap_warehouse_reading import read

ROWS, EVERY = 8_000, 400
# Runs of equal iterator values that do not end where the states do, and rows wide enough to fill any pipe before the end.
TABLE = f"CREATE TABLE t AS SELECT range AS id, TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (range // 130) AS at, repeat('é', 150) AS wide FROM range({ROWS})"
MODEL = {"name": "t", "sql": "SELECT * FROM t", "key_columns": ["id"], "iterator": "at"}
ENDLESS = "SELECT sum(a.range * b.range) AS n FROM range(100000000) AS a, range(100000) AS b"


def started(settings, folder):
    path = folder / "settings.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return subprocess.Popen(
        [COMMANDS / "tap-warehouse", "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=command_environment(), cwd=folder
    )


def end_after_states(process, number, ending):
    """Read up to a STATE, ask for the end, and read what was still under way: whole lines only, and whether a part of one followed."""
    lines = []
    while number:
        lines.append(process.stdout.readline())
        number -= lines[-1].startswith(b'{"type":"STATE"')
    process.send_signal(ending)
    rest, _ = process.communicate(timeout=60)
    lines += rest.splitlines(keepends=True)
    cut = bool(lines and not lines[-1].endswith(b"\n"))
    return [json.loads(line) for line in lines[: len(lines) - cut]], cut


def last_state(messages):
    """The last STATE, and the keys of the rows before it: those after it may be lost to a target."""
    at = max(number for number, one in enumerate(messages) if one["type"] == "STATE")
    return messages[at]["value"], {one["record"]["id"] for one in messages[:at] if one["type"] == "RECORD"}


@pytest.mark.parametrize("number", [1, 3, 7])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_what_came_before_the_last_state_and_after_a_new_start_is_the_table(duckdb_file, tmp_path, ending, number):
    settings = {"duckdb": {"path": duckdb_file(TABLE)}, "models": [MODEL], "state_every_rows": EVERY}
    process = started(settings, tmp_path)
    messages, cut = end_after_states(process, number, ending)
    state, before = last_state(messages)
    after = {one["record"]["id"] for one in read(settings, state=state) if one["type"] == "RECORD"}
    assert before | after == set(range(ROWS))
    assert after != set(range(ROWS))
    if ending == signal.SIGTERM:
        assert (process.returncode, cut, messages[-1]["type"]) == (143, False, "STATE")
    else:
        assert process.returncode == -signal.SIGKILL


def test_an_end_that_is_asked_for_while_the_warehouse_works_comes_at_once(duckdb_file, tmp_path):
    """DuckDB does not look at signals while a query runs: this one would run for hours."""
    process = started({"duckdb": {"path": duckdb_file()}, "models": [{"name": "endless", "sql": ENDLESS}]}, tmp_path)
    assert process.stdout.readline().startswith(b'{"type":"SCHEMA"')
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 143
    assert b"tap-warehouse: ended by SIGTERM; what the last STATE says is done" in stderr


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"duckdb": {"path": "none.duckdb"}},
            "tap-warehouse: there is no DuckDB file at none.duckdb - hint: look at `duckdb.path`; a relative path starts at the working directory",
        ),
        (
            {"duckdb": {"path": "good.duckdb"}, "models": [{"name": "bad", "sql": "SELECT FROM WHERE"}]},
            "tap-warehouse: model `bad`: DuckDB refused the query: Parser Error: ",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(tmp_path, settings, reason):
    with duckdb.connect(str(tmp_path / "good.duckdb")):
        pass
    run = run_command("tap-warehouse", folder=tmp_path, settings={"models": [{"name": "one", "sql": "SELECT 1 AS n"}], **settings})
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.reason.startswith(reason)
    assert "Traceback" not in run.stderr


def test_a_query_that_fails_half_way_ends_with_the_reason(duckdb_file, tmp_path):
    model = {"name": "late", "sql": "SELECT CASE WHEN range < 40000 THEN range ELSE CAST('x' || range AS BIGINT) END AS n FROM range(50000)"}
    run = run_command("tap-warehouse", folder=tmp_path, settings={"duckdb": {"path": duckdb_file()}, "models": [model]})
    assert run.exit_code == 1
    assert run.reason.startswith("tap-warehouse: DuckDB broke off: Conversion Error: Could not convert string 'x40000' to INT64")


def test_discovery_gives_keys_iterator_and_exact_types(duckdb_file, tmp_path):
    run = run_command("tap-warehouse", "--discover", folder=tmp_path, settings={"duckdb": {"path": duckdb_file(TABLE)}, "models": [MODEL]})
    (entry,) = json.loads(run.stdout)["streams"]
    assert (entry["key_properties"], entry["replication_key"], entry["replication_method"]) == (["id"], "at", "INCREMENTAL")
    assert entry["schema"]["properties"] == {
        "id": {"type": ["integer", "null"], "x-sql-datatype": "bigint", "minimum": -(2**63), "maximum": 2**63 - 1},
        "at": {"type": ["string", "null"], "format": "date-time", "x-sql-datatype": "timestamp"},
        "wide": {"type": ["string", "null"], "x-sql-datatype": "varchar"},
    }
