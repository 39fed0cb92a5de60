"""What all five commands do the same way, before any data moves."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from harness import run_command

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "singer-commons" / "pyproject.toml").read_text())["project"]["version"]
COMMANDS = ["tap-autopilot", "tap-fullstory", "tap-warehouse", "target-synapse", "target-mparticle"]
TAPS = [name for name in COMMANDS if name.startswith("tap-")]
CANARY = "canary-3c1d7e"

every_command = pytest.mark.parametrize("command", COMMANDS)


@every_command
def test_version_help_and_about_answer_without_settings(command, tmp_path):
    version = run_command(command, "--version", folder=tmp_path)
    usage = run_command(command, "--help", folder=tmp_path)
    about = run_command(command, "--about", "--format=json", folder=tmp_path)
    assert [version.exit_code, usage.exit_code, about.exit_code] == [0, 0, 0]
    assert version.stdout.startswith(f"{command} v{VERSION}, Meltano SDK v0.54.")
    assert usage.stdout.startswith(f"Usage: {command} [OPTIONS]")
    told = json.loads(about.stdout)
    assert (told["name"], told["version"]) == (command, VERSION)


@every_command
def test_about_in_markdown_has_every_setting(command, tmp_path):
    told = json.loads(run_command(command, "--about", "--format=json", folder=tmp_path).stdout)
    markdown = run_command(command, "--about", "--format=markdown", folder=tmp_path)
    assert markdown.exit_code == 0
    assert [name for name in told["settings"]["properties"] if name not in markdown.stdout] == []


@every_command
def test_each_setting_is_complete(command, tmp_path):
    told = json.loads(run_command(command, "--about", "--format=json", folder=tmp_path).stdout)
    own = {name: part for name, part in told["settings"]["properties"].items() if name not in SDK_SETTINGS}
    lacking = [name for name, part in own.items() if not (part.get("title") and part.get("description") and part.get("type"))]
    opening = [name for name, part in own.items() if name.endswith(("_key", "password", "_secret", "_token")) and not part.get("secret")]
    opening = [name for name in opening if name != "primary_key"]  # what T-SQL calls it
    assert (lacking, opening) == ([], [])


# Settings that singer-sdk 0.54.9 adds by itself.
SDK_SETTINGS = {
    "stream_maps", "stream_map_config", "faker_config", "flattening_enabled", "flattening_max_depth", "flattening_max_key_length", "flattening_separator",
    "batch_config", "add_record_metadata", "load_method", "batch_size_rows", "batch_wait_limit_seconds", "validate_records", "default_target_schema",
}  # fmt: skip


@every_command
def test_missing_settings_exit_2_and_are_named(command, tmp_path):
    run = run_command(command, settings={}, folder=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.reason.startswith(f"{command}: settings are not right: ")
    assert " - hint: " in run.reason
    assert "Traceback" not in run.stderr


@every_command
def test_a_secret_of_the_wrong_type_is_not_shown(command, tmp_path):
    told = json.loads(run_command(command, "--about", "--format=json", folder=tmp_path).stdout)
    secrets = {name: [CANARY] for name, part in told["settings"]["properties"].items() if part.get("secret")}
    run = run_command(command, settings=secrets, folder=tmp_path)
    assert run.exit_code == 2
    assert CANARY not in run.stdout + run.stderr


@every_command
def test_a_settings_file_that_is_missing_or_broken_is_named(command, tmp_path):
    (tmp_path / "broken.json").write_text("{'single': 1}")
    run = run_command(command, "--config", "missing.json", "--config", "broken.json", folder=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert "missing.json: No such file or directory" in run.reason
    assert "broken.json is not JSON" in run.reason


@pytest.mark.parametrize("command", [name for name in COMMANDS if name.startswith("target-")])
@pytest.mark.parametrize("option", ["--discover", "--zzz"])
def test_an_option_the_command_does_not_have_exits_2(command, option, tmp_path):
    run = run_command(command, option, folder=tmp_path)
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.reason == f"{command}: No such option '{option}'. - hint: `{command} --help` lists the options"
