"""The command as a user runs it, against Azurite and the stand-in of a pool."""

from __future__ import annotations

import re

from harness import run_command
from synapse_support.messages import USERS, record, schema_line, state


def test_rows_arrive_and_the_state_follows_them(load, table, staged):
    run = load([schema_line(USERS), record(id=1, name="Ann"), record(id=2, name=None), state({"at": 2})])
    assert (run.exit_code, run.states) == (0, [{"at": 2}]), run.stderr
    assert table("users") == [(1, "Ann"), (2, None)]
    assert staged() == []


def test_the_account_of_all_rows_is_told_at_the_end(load):
    run = load([schema_line(USERS), record(id=1), record(id=1), record(id="x")], max_rejected_rows=1)
    assert run.exit_code == 0
    told = r" = 2 loaded \+ 1 rejected \(NOT_AS_DECLARED 1\) \+ 0 skipped, \d+ calls, \d+\.\d s waited, 1 replaced in batch\n"
    assert re.search(told, run.stderr)


def test_more_rejected_rows_than_allowed_are_exit_code_3_and_the_state_is_out(load):
    run = load([schema_line(USERS), record(id=1), record(id="x"), state({"at": 2})])
    assert (run.exit_code, run.states) == (3, [{"at": 2}])
    assert run.reason.startswith("target-synapse: 1 of 2 rows were rejected, 0 rows allowed; the others were delivered - hint: ")


def test_a_line_that_is_not_json_ends_the_run_in_one_line(load):
    run = load('{"type": "SCHEMA"\n')
    assert run.exit_code == 1
    assert run.reason.startswith("target-synapse: standard input is not Singer: ")
    assert "Traceback" not in run.stderr


def test_a_successful_run_never_says_error(load):
    run = load([schema_line(USERS), record(id=1, name="Ann")])
    assert run.exit_code == 0
    assert not [line for line in run.stderr.splitlines() if "error" in line.lower() or "exception" in line.lower()]


def test_settings_come_from_the_environment_as_the_sandbox_prints_them(settings, tmp_path, table):
    names = (
        "host",
        "port",
        "database",
        "user",
        "password",
        "encrypt",
        "trust_server_certificate",
        "storage_url",
        "storage_container",
        "storage_account_key",
        "default_target_schema",
    )
    values = {**settings, "trust_server_certificate": "true"}
    environment = {f"TARGET_SYNAPSE_{name.upper()}": str(values[name]) for name in names}
    run = run_command(
        "target-synapse", "--config", "ENV", folder=tmp_path, lines=[schema_line(USERS), record(id=1, name="Ann")], environment=environment
    )
    assert run.exit_code == 0, run.stderr
    assert table("users") == [(1, "Ann")]
