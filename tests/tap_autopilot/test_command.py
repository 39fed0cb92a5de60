"""The installed command, as a user meets it."""

from __future__ import annotations

import pytest
from harness import run_command
from sandbox.http.control import Control
from tap_autopilot.tap import BASE_URL, settings_misfits

REFUSAL = '{"error":"Unauthorized","message":"Provided autopilotapikey not valid."}'
KEY_HINT = "hint: the key is in Autopilot under Settings > Autopilot API; Ortto keys do not open this API"


def test_a_first_and_a_second_run_move_everything_then_what_changed(tmp_path, stand, service, settings):
    settings = {**settings, "custom_fields": "both", "lookback_s": 0}
    first = run_command("tap-autopilot", settings=settings, folder=tmp_path)
    assert (first.exit_code, len(first.records("contacts")), len(first.records("lists"))) == (0, 350, 4)
    changed = Control(service.url).change(update=5, add=2)
    second = run_command("tap-autopilot", settings=settings, folder=tmp_path, state=first.states[-1])
    assert second.exit_code == 0
    assert {one["contact_id"] for one in second.records("contacts")} >= {*changed["update"], *changed["add"]}
    held = {one["contact_id"]: one["Title"] for run in (first, second) for one in run.records("contacts")}
    assert held == {one["contact_id"]: one.get("Title") for one in stand.account.contacts()}


@pytest.mark.parametrize(
    ("changed", "exit_code", "reason"),
    [
        ({"api_key": "wrong-key-1234"}, 1, f"tap-autopilot: Autopilot answered GET /v1/contacts/custom_fields with 401: {REFUSAL} - {KEY_HINT}"),
        (
            {"base_url": "api2.autopilothq.com", "start_date": "soon"},
            2,
            "tap-autopilot: settings are not right: "  # noqa: ISC004 - one line of stderr
            f'`base_url` in SETTINGS: expected an address such as {BASE_URL}, found "api2.autopilothq.com"; '
            '`start_date` in SETTINGS: expected a moment such as 2025-01-31T00:00:00Z, found "soon"',
        ),
    ],
)
def test_wrong_settings_end_with_the_reason_before_anything_is_written(tmp_path, settings, changed, exit_code, reason):
    wrong = {**settings, **changed}
    run = run_command("tap-autopilot", settings=wrong, folder=tmp_path)
    told = run.reason.replace(str(tmp_path / "tap-autopilot.config.json"), "SETTINGS")
    assert (run.exit_code, run.stdout, told if exit_code == 1 else told.partition(" - hint: ")[0]) == (exit_code, "", reason)
    assert "Traceback" not in run.stderr
    assert wrong["api_key"] not in run.stderr


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        ({"api_key": "key", "base_url": "http://127.0.0.1:1/v1", "start_date": "2025-01-31"}, []),
        ({"api_key": "key\n"}, []),
        ({"api_key": "ключ"}, ["`api_key`: expected a key of letters and digits, found characters that no key has"]),
        ({"api_key": " \n"}, ["`api_key`: expected a key, found blanks"]),
        ({"base_url": "ftp://x"}, [f'`base_url`: expected an address such as {BASE_URL}, found "ftp://x"']),
    ],
)
def test_settings_are_looked_at_before_anything_is_asked(settings, problems):
    assert [str(one) for one in settings_misfits(settings)] == problems


def test_a_missing_key_is_named(tmp_path):
    run = run_command("tap-autopilot", settings={}, folder=tmp_path)
    assert run.exit_code == 2
    assert "`api_key` is missing: expected string" in run.reason


def test_discovery_needs_no_settings(tmp_path):
    run = run_command("tap-autopilot", "--discover", folder=tmp_path)
    assert run.exit_code == 0
    assert '"tap_stream_id":"contacts"' in run.stdout
