"""The interface of Singer and Meltano, to the letter, of all five commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from conformance_settings import COMMANDS, LINES, MODEL, TAPS, TARGETS, environment_of
from harness import run_command

pytestmark = pytest.mark.slow  # five commands, each as a process of its own: minutes together

every_command = pytest.mark.parametrize("command", COMMANDS)
every_tap = pytest.mark.parametrize("command", TAPS)
every_target = pytest.mark.parametrize("command", TARGETS)

BASE = ["about", "schema-flattening", "stream-maps", "structured-logging"]
TAP_BASE = [*BASE, "catalog", "discover", "state"]
CAPABILITIES = {
    "tap-autopilot": [*TAP_BASE, "activate-version"],
    "tap-fullstory": TAP_BASE,
    "tap-warehouse": [*TAP_BASE, "batch"],
    "target-synapse": [*BASE, "batch", "validate-records", "activate-version", "hard-delete"],
    "target-mparticle": [*BASE, "batch", "validate-records"],
}
DRIVERS = ("duckdb", "pyarrow", "pyodbc", "azure.storage", "azure.core", "azure.identity", "psycopg", "adbc_driver_postgresql", "adbc_driver_manager")
HEAVY = (*DRIVERS, "numpy", "tenacity", "fastjsonschema", "sqlalchemy", "rich", "faker")  # what moves rows, or is seldom asked for


@every_command
def test_about_tells_the_same_in_three_formats_without_settings(command, tmp_path):
    told = json.loads(run_command(command, "--about", "--format=json", folder=tmp_path).stdout)
    text, markdown = (run_command(command, "--about", *options, folder=tmp_path) for options in ([], ["--format=markdown"]))
    settings = list(told["settings"]["properties"])
    assert sorted(told["capabilities"]) == sorted(CAPABILITIES[command])
    assert re.findall(r"^  - Name: (\S+)$", text.stdout, re.MULTILINE) == settings
    assert [name for name in settings if f"| {name} |" not in markdown.stdout] == []
    assert (text.exit_code, text.stderr, markdown.exit_code, markdown.stderr) == (0, "", 0, "")


@every_command
@pytest.mark.parametrize("option", ["--version", "--help", "--about"])
def test_asking_loads_no_driver(command, option):
    module = command.replace("-", "_")
    kind = "tap" if command in TAPS else "target"
    program = (
        f"import sys; from {module}.{kind} import main; sys.argv = ['{command}', '{option}']\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('loaded:', *[one for one in {HEAVY!r} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (command in done.stdout, done.stdout.splitlines()[-1]) == (True, "loaded:")


@every_tap
def test_discovery_prints_a_catalog_that_the_tap_takes_back_and_obeys(command, run_here, tmp_path):
    found = run_here(command, "--discover")
    assert found.exit_code == 0
    catalog = json.loads(found.stdout)
    first, *others = sorted(one["tap_stream_id"] for one in catalog["streams"])
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"] == []:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == first
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    run = run_here(command, "--catalog", "catalog.json", "--test")
    assert (run.exit_code, set(run.schemas) >= {first}) == (0, True)
    everything = run_here(command, "--test=schema")
    assert (everything.exit_code, sorted(everything.schemas)) == (0, sorted([first, *others]))
    assert {one["type"] for one in everything.messages} == {"SCHEMA"}


@every_tap
def test_a_test_that_goes_well_sends_a_row_and_tells_no_failure(command, run_here):
    run = run_here(command, "--test")
    assert run.exit_code == 0
    assert {one["type"] for one in run.messages} >= {"SCHEMA", "RECORD"}
    assert [line for line in run.stderr.splitlines() if "ERROR" in line or "error" in line.lower()] == []


@every_target
def test_a_target_answers_with_the_state_and_writes_no_word_that_meltano_takes_for_a_failure(command, run_here):
    run = run_here(command)
    assert (run.exit_code, run.states) == (0, [LINES[-1]["value"]])
    assert [word for word in ("error", "exception") if word in run.stderr.lower()] == []


@every_target
def test_a_target_reads_a_file_that_input_names(command, run_here, tmp_path):
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    run = run_here(command, "--input", "lines.jsonl", lines="")
    assert (run.exit_code, run.states) == (0, [LINES[-1]["value"]])
    missing = run_here(command, "--input", "missing.jsonl", lines="")
    assert (missing.exit_code, missing.stdout, "missing.jsonl" in missing.reason) == (2, "", True)


@every_tap
@pytest.mark.parametrize(
    ("option", "text", "reason"),
    [
        ("state", "{'a'", "the state file given.json is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("state", '{"bookmarks": {"a": 1}}', "the state file given.json holds no state"),
        ("catalog", "[]", "the catalog file given.json holds no catalog"),
        ("catalog", None, "Invalid value for '--catalog': 'given.json': No such file or directory"),
    ],
)
def test_a_broken_or_missing_file_is_one_line(command, option, text, reason, tmp_path, sandbox_settings):
    if text is not None:
        (tmp_path / "given.json").write_text(text)
    environment = environment_of(command, sandbox_settings)
    run = run_command(command, "--config", "ENV", f"--{option}", "given.json", folder=tmp_path, environment=environment)
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.reason.partition(" - hint: ")[0] == f"{command}: {reason}"
    assert "Traceback" not in run.stderr


def test_of_several_settings_files_the_later_wins_and_the_environment_over_all(tmp_path):
    for name, changes in {
        "a": {"warehouse": "no such", "models": [MODEL], "limit": 1},
        "b": {"warehouse": "duckdb", "duckdb": {"path": ":memory:"}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(changes))
    one = run_command("tap-warehouse", "--config", "a.json", "--config", "b.json", folder=tmp_path)
    assert "`warehouse`" not in one.reason
    other = run_command("tap-warehouse", "--config", "b.json", "--config=a.json", folder=tmp_path)
    assert other.reason.startswith(
        'tap-warehouse: settings are not right: `warehouse` in a.json: expected one of duckdb, postgres, found string "no such"'
    )
    names = ["--config", "a.json", "--config", "ENV", "--config", "b.json"]
    third = run_command("tap-warehouse", *names, folder=tmp_path, environment={"TAP_WAREHOUSE_LIMIT": "0"})
    assert third.reason.startswith("tap-warehouse: settings are not right: `limit` from TAP_WAREHOUSE_LIMIT: expected at least 1, found integer 0")


@every_command
def test_a_setting_that_is_unknown_is_a_warning_with_the_nearest_name(command, tmp_path):
    (tmp_path / "s.json").write_text('{"flattening_enabeld": true}')
    run = run_command(command, "--config", "s.json", folder=tmp_path)
    assert run.exit_code == 2
    assert "unknown setting `flattening_enabeld` in s.json; did you mean `flattening_enabled`?" in run.stderr


@pytest.mark.parametrize(
    ("command", "settings", "told"),
    [
        ("tap-warehouse", {"models": [{**MODEL, "key_colums": ["id"]}]}, "unknown setting `models.0.key_colums` in s.json; did you mean `key_columns`?"),
        ("tap-warehouse", {"postgres": {"databse": "d"}}, "unknown setting `postgres.databse` in s.json; did you mean `database`?"),
        ("target-synapse", {"stream_options": {"crm-*": {"tabel_index": "heap"}}}, "`stream_options.crm-*` in s.json: unknown entry `tabel_index`; did you mean `table_index`?"),
        ("target-mparticle", {"streams": {"users": {"maping": {}}}}, "`streams.users` in s.json: unknown entry `maping`; did you mean `mappings`?"),
    ],
)  # fmt: skip
def test_a_setting_inside_another_that_is_unknown_is_told_by_its_place(command, settings, told, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(settings))
    run = run_command(command, "--config", "s.json", folder=tmp_path)
    assert (run.exit_code, told in run.stderr) == (2, True), run.stderr
