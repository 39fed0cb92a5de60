"""What a user sees of any plugin: exit codes, one line with the reason, no secret, state that is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import Run, command_environment

PLUGINS = Path(__file__).with_name("small_plugins.py")
KEY = "canary-5f2e91"


def small(kind, *options, settings=None, folder, lines="", environment=None):
    arguments = [sys.executable, str(PLUGINS), kind]
    if settings is not None:
        (folder / "settings.json").write_text(json.dumps(settings))
        arguments += ["--config", "settings.json"]
    done = subprocess.run(
        [*arguments, *options], input=lines, capture_output=True, text=True, cwd=folder, env=command_environment(environment), timeout=60, check=False
    )
    assert KEY not in done.stdout + done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


def test_a_run_that_goes_well_exits_0(tmp_path):
    run = small("tap", settings={"api_key": KEY}, folder=tmp_path)
    assert run.exit_code == 0
    assert [row["id"] for row in run.records("numbers")] == list(range(25))
    assert run.states[-1] == {"bookmarks": {"numbers": {"replication_key": "id", "replication_key_value": 24}}}


def test_metrics_and_chatter_are_shown_only_while_debugging(tmp_path):
    quiet = small("tap", settings={"api_key": KEY}, folder=tmp_path)
    assert ("METRIC" in quiet.stderr, "env var" in quiet.stderr) == (False, False)
    shown = small("tap", settings={"api_key": KEY}, folder=tmp_path, environment={"TAP_SMALL_LOGLEVEL": "DEBUG"})
    assert ("METRIC" in shown.stderr, "env var" in shown.stderr) == (True, True)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "tap-small: settings are not right: `api_key` is missing: expected string; looked in settings.json - hint: settings come from"),
        (
            {"api_key": KEY, "rows": "many"},
            'tap-small: settings are not right: `rows` in settings.json: expected integer, found string "many" - hint:',
        ),
        ({"api_key": [KEY]}, "tap-small: settings are not right: `api_key` in settings.json: expected string, found array - hint:"),
    ],
)
def test_wrong_settings_exit_2_and_say_which_without_the_secret(tmp_path, settings, reason):
    run = small("tap", settings=settings, folder=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.reason.startswith(reason)


def test_settings_files_that_cannot_be_read_are_all_named(tmp_path):
    (tmp_path / "broken.json").write_text("{'api_key'")
    (tmp_path / "list.json").write_text("[]")
    run = small("tap", "--config", "missing.json", "--config=broken.json", "--config", "list.json", folder=tmp_path)
    assert run.exit_code == 2
    assert run.reason == (
        "tap-small: cannot read the settings file missing.json: No such file or directory; the settings file broken.json is not JSON: Expecting property name "
        "enclosed in double quotes: line 1 column 2 (char 1); the settings file list.json holds no JSON object - hint: `--config` takes the path of a JSON "
        "file, or ENV for environment variables"
    )


def test_an_unknown_option_exits_2(tmp_path):
    run = small("tap", "--zzz", folder=tmp_path)
    assert (run.exit_code, run.reason) == (2, "tap-small: No such option '--zzz'. - hint: `tap-small --help` lists the options")


def test_a_failure_is_one_line_with_its_hint_and_state_stays_behind_it(tmp_path):
    run = small("tap", settings={"api_key": KEY, "fail_at": 13}, folder=tmp_path)
    assert (run.exit_code, run.reason) == (1, "tap-small: the service lost row 13, key *** - hint: find it")
    assert "Traceback" not in run.stderr
    assert run.states[-1]["bookmarks"]["numbers"]["replication_key_value"] <= 12


def test_an_unforeseen_failure_names_itself_and_the_way_to_see_more(tmp_path):
    run = small("tap", settings={"api_key": KEY, "break_at": 3}, folder=tmp_path)
    assert (run.exit_code, run.reason) == (
        1,
        "tap-small: RuntimeError: unforeseen, key *** - hint: run again with TAP_SMALL_LOGLEVEL=DEBUG to see where",
    )
    assert "Traceback" not in run.stderr
    shown = small("tap", settings={"api_key": KEY, "break_at": 3}, folder=tmp_path, environment={"TAP_SMALL_LOGLEVEL": "DEBUG"})
    assert "Traceback" in shown.stderr


def test_a_secret_from_the_environment_is_masked_too(tmp_path):
    run = small("tap", "--config=ENV", folder=tmp_path, environment={"TAP_SMALL_API_KEY": KEY, "TAP_SMALL_FAIL_AT": "0"})
    assert (run.exit_code, run.reason) == (1, "tap-small: the service lost row 0, key *** - hint: find it")


def test_a_terminated_tap_writes_its_state_and_exits_143(tmp_path):
    run = small("tap", settings={"api_key": KEY, "stop_at": 7}, folder=tmp_path)
    assert (run.exit_code, run.reason) == (143, "tap-small: ended by SIGTERM; what the last STATE says is done")
    assert len(run.records("numbers")) == 7
    assert run.messages[-1]["type"] == "STATE"
    assert run.states[-1]["bookmarks"]["numbers"]["replication_key_value"] <= 6


def test_a_second_signal_ends_at_once_what_the_first_has_not_ended_yet():
    program = """
import os, signal
from singer_commons.signals import TerminationRequested, request_termination
signal.signal(signal.SIGTERM, request_termination)
try:
    os.kill(os.getpid(), signal.SIGTERM)
except TerminationRequested as first:
    print(first.exit_code, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
print("never")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("143\n", -15)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("options", [[], ["--discover"], ["--about"]])
def test_a_full_disk_behind_standard_output_is_one_line(tmp_path, options):
    (tmp_path / "settings.json").write_text(json.dumps({"api_key": KEY}))
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, str(PLUGINS), "tap", "--config", "settings.json", *options]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=command_environment(), check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("tap-small: cannot write: No space left on device - hint: make room where standard output")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_ends_the_tap_quietly(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"api_key": KEY, "rows": 200_000}))
    tap = subprocess.Popen(
        [sys.executable, str(PLUGINS), "tap", "--config", "settings.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=command_environment(),
    )
    tap.stdout.readline()
    tap.stdout.close()
    complaints = tap.stderr.read().decode()
    tap.stderr.close()
    assert tap.wait(30) == 141
    assert [one for one in complaints.splitlines() if " INFO " not in one] == []


def line(kind, **more):
    return json.dumps({"type": kind, **more}) + "\n"


SCHEMA = line("SCHEMA", stream="numbers", schema={"properties": {"id": {"type": "integer"}}}, key_properties=["id"])


def row(number, stream="numbers"):
    return line("RECORD", stream=stream, record={"id": number})


def state(value):
    return line("STATE", value={"at": value})


def test_a_target_gives_each_state_out_once_all_before_it_is_durable(tmp_path):
    lines = SCHEMA + row(1) + state(1) + row(2) + row(3) + row(4) + state(4) + row(5)
    run = small("target", folder=tmp_path, lines=lines)
    assert (run.exit_code, run.states) == (0, [{"at": 1}, {"at": 4}])
    assert [one for one in run.stderr.splitlines() if one.startswith("durable")] == ["durable numbers [1, 2, 3]", "durable numbers [4, 5]"]


def test_a_state_with_nothing_waiting_before_it_goes_out_at_once(tmp_path):
    run = small("target", folder=tmp_path, lines=SCHEMA + state(1) + row(1) + row(2) + row(3) + state(3) + row(4) + "no JSON\n")
    assert (run.exit_code, run.states) == (1, [{"at": 1}, {"at": 3}])


def test_a_failed_batch_gives_no_state_out(tmp_path):
    run = small(
        "target", settings={"fail_on": 5}, folder=tmp_path, lines=SCHEMA + row(1) + row(2) + row(3) + state(3) + row(4) + row(5) + row(6) + state(6)
    )
    assert (run.exit_code, run.states, run.reason) == (1, [{"at": 3}], "target-small: the destination is full")


def test_streams_that_alternate_share_one_batch_and_one_state(tmp_path):
    other = line("SCHEMA", stream="letters", schema={"properties": {"id": {"type": "integer"}}}, key_properties=["id"])
    run = small("target", folder=tmp_path, lines=SCHEMA + other + row(1) + row(2, "letters") + state(2) + row(3) + row(4) + state(4))
    assert run.states == [{"at": 2}, {"at": 4}]


def test_a_line_that_is_no_json_is_named(tmp_path):
    run = small("target", folder=tmp_path, lines=SCHEMA + "Starting up...\n")
    assert run.exit_code == 1
    assert run.reason.startswith(
        "target-small: standard input is not Singer: line 2: this is not JSON (Expecting value at character 1): Starting up... - hint: each line must be"
    )


def test_a_record_before_its_schema_is_named(tmp_path):
    run = small("target", folder=tmp_path, lines=row(1))
    assert run.exit_code == 1
    assert run.reason.startswith("target-small: line 1: A record for stream 'numbers' was encountered before a corresponding schema.")
    assert run.reason.endswith("hint: a tap sends SCHEMA before the first RECORD of each stream")
