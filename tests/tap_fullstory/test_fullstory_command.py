"""What a user sees: the installed command, its output, its exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import threading

import pytest
from harness import COMMANDS, Run, command_environment, run_command
from sandbox.fullstory.access import ADMIN_KEY, STANDARD_KEY
from tap_fullstory.tap import TapFullstory


@pytest.fixture
def settings(service):
    return {"api_key": ADMIN_KEY, "base_url": service.url}


def truth(control):
    return {
        "sessions": {one["id"] for one in control.stored("what=sessions") if one["uid"] or one["email"]},
        "users": {one["id"] for one in control.stored("what=users")},
        "events": len(control.stored("what=events")),
    }


def given(*runs):
    keys = {"sessions": "session_key", "users": "id", "events": "_event_key"}
    read = {stream: {one[key] for run in runs for one in run.records(stream)} for stream, key in keys.items()}
    return {**read, "events": len(read["events"])}


def catalog_of(*streams):
    whole = TapFullstory(config={"api_key": "na1.made-up"}).catalog_dict
    for entry in whole["streams"]:
        root = next(one for one in entry["metadata"] if one["breadcrumb"] in ([], ()))
        root["metadata"]["selected"] = entry["stream"] in streams
    return json.loads(json.dumps(whole))


def test_a_run_and_the_next_after_a_change_give_the_whole_truth(settings, control, tmp_path):
    first = run_command("tap-fullstory", settings=settings, folder=tmp_path)
    assert (first.exit_code, given(first)) == (0, truth(control))
    added = control.change(users=1, sessions=2, bundles=1)
    second = run_command("tap-fullstory", settings=settings, folder=tmp_path, state=first.states[-1])
    assert (second.exit_code, given(first, second)) == (0, truth(control))
    assert {one["session_key"] for one in second.records("sessions")} == {one["id"] for one in added["sessions"]}
    assert len(second.records("events")) == added["bundles"][0]["events"]


def cut_short(settings, control, folder, ending):
    """Start the tap, wait until the planned fault holds it, and end it by a signal; its exit code and what it wrote."""
    (folder / "settings.json").write_text(json.dumps(settings))
    arguments = [COMMANDS / "tap-fullstory", "--config", folder / "settings.json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=command_environment()) as process:
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout))
        reader.start()
        while control._call("GET", "faults"):
            assert process.poll() is None
            threading.Event().wait(0.02)
        process.send_signal(ending)
        process.wait()
        reader.join()
    return Run(process.returncode, "".join(lines), "")


@pytest.mark.parametrize(
    ("held_at", "ending"),
    [
        (("/api/v1/export/get", 1), signal.SIGKILL),
        (("/v2/sessions", 30), signal.SIGKILL),
        (("/v2/users", 3), signal.SIGKILL),
        (("/v2/sessions", 5), signal.SIGTERM),
    ],
)
def test_a_run_that_was_ended_in_the_middle_is_made_whole_by_the_next(settings, control, tmp_path, ending, held_at):
    path, skip = held_at
    control.fault(path=path, status=0, delay_s=5, skip=skip)
    first = cut_short(settings, control, tmp_path, ending)
    assert first.exit_code == (-signal.SIGKILL if ending == signal.SIGKILL else 143)
    state = first.states[-1] if first.states else None
    second = run_command("tap-fullstory", settings=settings, folder=tmp_path, state=state)
    assert (second.exit_code, given(first, second)) == (0, truth(control))


def test_a_wrong_key_is_one_line_with_a_hint_and_nothing_on_stdout(settings, tmp_path):
    run = run_command("tap-fullstory", settings={**settings, "api_key": "na1.not-the-key"}, folder=tmp_path)
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.reason == (
        'tap-fullstory: FullStory answered GET /me with 401: {"message":"Invalid API key","code":"unauthorized"} - hint: check `api_key`: '
        "users and events take an Architect or Admin key, sessions any; keys are under Settings, Integrations, API Keys"
    )
    assert "not-the-key" not in run.stderr


def test_without_a_catalog_streams_that_the_key_may_not_read_are_left_out_with_a_warning(settings, tmp_path):
    run = run_command("tap-fullstory", settings={**settings, "api_key": STANDARD_KEY, "uids": ["u-0001"]}, folder=tmp_path)
    assert (run.exit_code, len(run.records("sessions")) > 0) == (0, True)
    assert (
        "the key may not read events, users (HTTP 403); read: segments, sessions - hint: use a key of level Architect or Admin, or deselect these streams"
        in run.stderr
    )


def test_selected_in_a_catalog_they_end_the_run_with_1_after_all_others_are_read(settings, control, tmp_path):
    standard = {**settings, "api_key": STANDARD_KEY, "uids": ["u-0001"]}
    run = run_command("tap-fullstory", settings=standard, folder=tmp_path, catalog=catalog_of("sessions", "users"))
    assert (run.exit_code, len(run.records("sessions")) > 0, "sessions" in run.states[-1]["bookmarks"]) == (1, True, True)
    assert run.reason.startswith("tap-fullstory: the key may not read users (HTTP 403); read: sessions - hint: ")


def test_a_key_that_may_read_nothing_ends_the_run_with_1(settings, tmp_path):
    run = run_command("tap-fullstory", settings={**settings, "api_key": STANDARD_KEY}, folder=tmp_path, catalog=catalog_of("sessions", "users"))
    assert run.exit_code == 1
    assert run.reason.startswith("tap-fullstory: the key may not read sessions, users (HTTP 403); read: nothing")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "`api_key` is missing: expected string"),
        ({"api_key": "k", "sessions_shape": "v3"}, 'expected one of v2, v2_legacy, v1, found string "v3"'),
        (
            {"api_key": "k", "all_users": False},
            "`uids` and `emails`: expected somebody whose sessions can be read, found `false` and neither ids nor addresses",
        ),
        (
            {"api_key": "k", "base_url": "api.fullstory.com"},
            'config.json: expected an address such as https://api.fullstory.com, found "api.fullstory.com"',
        ),
        ({"api_key": "k", "uids": [" "]}, "config.json: expected text in each entry, found an empty one"),
    ],
)
def test_settings_that_are_not_right_end_the_run_with_2_and_the_reason(settings, reason, tmp_path):
    run = run_command("tap-fullstory", settings=settings, folder=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert reason in run.reason


def test_discovery_needs_no_account(tmp_path):
    run = run_command("tap-fullstory", "--discover", settings={"api_key": "na1.made-up", "base_url": "http://127.0.0.1:9"}, folder=tmp_path)
    streams = {
        one["stream"]: (one["key_properties"], one.get("replication_key"), one["replication_method"]) for one in json.loads(run.stdout)["streams"]
    }
    assert streams == {
        "events": (["_event_key"], "EventStart", "INCREMENTAL"),
        "segments": (["id"], None, "FULL_TABLE"),
        "sessions": (["session_key"], "created_time", "INCREMENTAL"),
        "users": (["id"], None, "FULL_TABLE"),
    }


def test_the_key_is_the_only_secret_setting(tmp_path):
    run = run_command("tap-fullstory", "--about", "--format=json", folder=tmp_path)
    settings = json.loads(run.stdout)["settings"]["properties"]
    assert [name for name, one in settings.items() if one.get("secret")] == ["api_key"]
