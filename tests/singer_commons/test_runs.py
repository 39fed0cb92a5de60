"""However a run ends, its rows are accounted for before the last line says why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from harness import command_environment

PLUGINS = Path(__file__).with_name("small_plugins.py")
KEY = "canary-5f2e91"
SCHEMA = {"type": "SCHEMA", "stream": "s", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]}


def start(kind, folder, **settings):
    settings = {"run_log_path": str(folder / "runs.jsonl"), **({"api_key": KEY} if kind == "tap" else {}), **settings}
    (folder / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, str(PLUGINS), kind, "--config", "settings.json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=command_environment())


def finish(process, folder, lines=()):
    _, said = process.communicate("".join(json.dumps(line) + "\n" for line in lines), timeout=60)
    path = folder / "runs.jsonl"
    log = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    rows = [(one["stream"], one["rows_read"], one["rows_loaded"], one["rows_open"], one["exit_code"], one["reason"]) for one in log]
    return process.returncode, said.strip().splitlines()[-1], rows


def numbers(count):
    return [SCHEMA, *({"type": "RECORD", "stream": "s", "record": {"id": number}} for number in range(count))]


def test_a_row_that_a_target_lost_fails_the_run(tmp_path):
    reason = "the rows of `s` do not add up: 2 read, 1 loaded, 0 rejected, 0 skipped"
    assert finish(start("target", tmp_path, lost_rows=1), tmp_path, numbers(2)) == (
        1,
        f"target-small: {reason} - hint: this is a defect: please report it",
        [("s", 2, 1, 1, 1, reason), (None, 2, 1, 1, 1, reason)],
    )


def test_rows_of_a_batch_that_failed_are_open(tmp_path):
    reason = "the destination is full"
    assert finish(start("target", tmp_path, fail_on=4), tmp_path, numbers(5)) == (
        1,
        f"target-small: {reason}",
        [("s", 5, 3, 2, 1, reason), (None, 5, 3, 2, 1, reason)],
    )


def test_a_tap_that_a_signal_ended_has_the_rows_it_wrote_and_their_state(tmp_path):
    reason = "ended by SIGTERM; what the last STATE says is done"
    process = start("tap", tmp_path, stop_at=13)
    assert finish(process, tmp_path) == (
        143,
        f"tap-small: {reason}",
        [("numbers", 13, 13, 0, 143, reason), (None, 13, 13, 0, 143, reason)],
    )
    log = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert (log[0]["bookmark_from"], log[0]["bookmark_to"]) == (None, 12)


def test_a_failure_is_in_the_run_log_without_the_secret_that_it_names(tmp_path):
    reason = "the service lost row 3, key ***"
    assert finish(start("tap", tmp_path, fail_at=3), tmp_path) == (
        1,
        f"tap-small: {reason} - hint: find it",
        [("numbers", 3, 3, 0, 1, reason), (None, 3, 3, 0, 1, reason)],
    )


def test_wrong_settings_are_no_run(tmp_path):
    exit_code, _last, rows = finish(start("tap", tmp_path, rows="many"), tmp_path)
    assert (exit_code, rows) == (2, [])


def test_a_reader_that_has_gone_ends_a_tap_quietly_and_is_in_the_run_log(tmp_path):
    process = start("tap", tmp_path, rows=100_000)
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert process.wait(60) == 141
    log = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(one["exit_code"], one["reason"]) for one in log] == [(141, "the reader of standard output has gone")] * 2
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


TWO_SIGNALS = """
import os, signal
from singer_commons.signals import TerminationRequested, request_termination
signal.signal(signal.SIGTERM, request_termination)
try:
    os.kill(os.getpid(), signal.SIGTERM)
except TerminationRequested as first:
    print(first.exit_code, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("still here", flush=True)
"""


def test_a_second_signal_forces_the_end():
    done = subprocess.run([sys.executable, "-c", TWO_SIGNALS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "143\n", "")


def test_sigint_ends_a_waiting_target_with_130(tmp_path):
    process = start("target", tmp_path)
    process.stdin.write("".join(json.dumps(one) + "\n" for one in [SCHEMA, {"type": "STATE", "value": {"at": 1}}]))
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"at": 1}
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
