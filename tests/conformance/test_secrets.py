"""No secret of any of the five is ever in what they write: a canary stands in each secret setting, and every failure in reach is provoked."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from conformance_settings import COMMANDS, LINES, LOG_CONFIG, TARGETS, environment_of
from harness import COMMANDS as PROGRAMS
from harness import command_environment, run_command
from singer_commons.secrets import Mask, MaskingFormatter

pytestmark = pytest.mark.slow  # five commands, each as a process of its own: minutes together

CANARY = 'canary-9d7e/+ "q"&='
SIGNATURE = "sigcanary4Bx%2Bz%3D"
SECRET_VALUES = {
    "tap-autopilot": {"API_KEY": "canary9d7e-plain"},
    "tap-fullstory": {"API_KEY": "na1.canary-9d7e/+="},
    "tap-warehouse": {"WAREHOUSE": "postgres", "POSTGRES": {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u", "password": CANARY}},
    "target-synapse": {"PASSWORD": CANARY, "STORAGE_ACCOUNT_KEY": "Y2FuYXJ5LTlkN2U="},
    "target-mparticle": {"API_KEY": CANARY, "API_SECRET": CANARY[::-1]},
}


def forms(secret):
    escaped = json.dumps(secret)[1:-1]
    return {secret, escaped, json.dumps(escaped)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}


def secrets_of(command):
    found = []
    for name, value in SECRET_VALUES[command].items():
        found += [value["password"]] if isinstance(value, dict) else [value] if name != "WAREHOUSE" else []
    return found


def written(folder, *runs):
    """All that runs wrote: output, and each file that is no settings file of the test's own."""
    files = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".config.json", ".yaml"))]
    return "\n".join([text for run in runs for text in (run.stdout, run.stderr)] + files)


def shown(command, text):
    return sorted(form for secret in secrets_of(command) for form in forms(secret) if form in text)


def planted(command, more=()):
    values = {**SECRET_VALUES[command], **dict(more)}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


@pytest.fixture(params=["quiet", "structured"])
def logged(request, tmp_path):
    """The environment of a run that logs as usual, or all there is, in JSON, as under Meltano."""

    def environment(command):
        if request.param == "structured":
            (tmp_path / "log.yaml").write_text(LOG_CONFIG)
            return {"SINGER_SDK_LOG_CONFIG": str(tmp_path / "log.yaml"), "LOGLEVEL": "DEBUG"}
        return {}

    return environment


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_secret_is_refused_without_being_shown(command, run_here, logged, tmp_path):
    run = run_here(command, environment=logged(command), **planted(command))
    assert run.exit_code in (1, 2)
    assert shown(command, written(tmp_path, run)) == []


UNREACHABLE = {
    "tap-autopilot": {"BASE_URL": "http://127.0.0.1:{port}/v1"},
    "tap-fullstory": {"BASE_URL": "http://127.0.0.1:{port}"},
    "target-synapse": {"PORT": "{port}", "STORAGE_URL": "http://127.0.0.1:{port}/devstoreaccount1"},
    "target-mparticle": {"BASE_URL": "http://127.0.0.1:{port}/v2"},
}


@pytest.mark.parametrize("command", ["target-synapse", "target-mparticle"])
def test_an_unreachable_service_is_told_without_the_secret(command, run_here, logged, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    changes = {name: text.format(port=port) for name, text in UNREACHABLE[command].items()}
    run = run_here(command, environment=logged(command), **planted(command, changes.items()))
    assert run.exit_code == 1
    assert shown(command, written(tmp_path, run)) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_of_the_wrong_type_and_a_broken_file_are_told_without_the_secret(command, tmp_path, logged):
    own = {name.lower(): [value] for name, value in SECRET_VALUES[command].items()}
    wrong = run_command(command, settings=own, folder=tmp_path, environment=logged(command))
    (tmp_path / "broken.config.json").write_text(json.dumps(own)[:-1])
    broken = run_command(command, "--config", "broken.config.json", folder=tmp_path, environment=logged(command))
    about = run_command(command, "--about", "--config", f"{command}.config.json", folder=tmp_path, environment=logged(command))
    assert (wrong.exit_code, broken.exit_code, about.exit_code) == (2, 2, 0)
    assert shown(command, written(tmp_path, wrong, broken, about)) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_variable_that_cannot_be_read_is_named_without_the_secret(command, tmp_path):
    prefix = command.upper().replace("-", "_") + "_"
    cut = {prefix + name: text.removesuffix("}") for name, text in planted(command).items()}
    run = run_command(command, "--config", "ENV", folder=tmp_path, environment={**cut, prefix + "FLATTENING_MAX_DEPTH": "x"})
    assert run.exit_code == 2
    assert f"`flattening_max_depth` from {prefix}FLATTENING_MAX_DEPTH: expected integer, found text 'x'" in run.reason
    assert shown(command, written(tmp_path, run)) == []


@pytest.mark.parametrize("command", TARGETS)
@pytest.mark.parametrize("line", ["logged in with {secret}", '{{"type": "RECORD", "stream": "{secret}", "record": {{}}}}'])
def test_a_line_of_input_that_holds_the_secret_is_quoted_without_it(command, line, run_here, sandbox_settings, tmp_path):
    variables = environment_of(command, sandbox_settings)
    name = next(one for one in variables if one.endswith(("_PASSWORD", "_SECRET")))
    run = run_here(command, lines=line.format(secret=variables[name]) + "\n")
    assert run.exit_code == 1
    assert variables[name] not in written(tmp_path, run)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_goes_well_writes_no_secret_into_output_state_or_files(command, run_here, sandbox_settings, logged, tmp_path):
    variables = environment_of(command, sandbox_settings)
    run = run_here(command, *([] if command in TARGETS else ["--test"]), environment=logged(command))
    assert run.exit_code == 0
    opening = [value for name, value in variables.items() if name.endswith(("_KEY", "_SECRET", "_PASSWORD", "_TOKEN"))]
    assert [value for value in opening if any(form in written(tmp_path, run) for form in forms(value))] == []


def test_a_shared_access_signature_is_not_shown_wherever_it_stands(run_here, logged, tmp_path):
    token = f"sv=2024-11-04&sr=c&sp=racwdl&sig={SIGNATURE}"
    environment = logged("target-synapse")
    run = run_here("target-synapse", environment=environment, STORAGE_ACCOUNT_KEY="", STORAGE_SAS_TOKEN=token)
    in_url = run_here("target-synapse", environment=environment, STORAGE_URL=f"http://127.0.0.1:1/account?{token}")
    assert (run.exit_code, in_url.exit_code) == (1, 2)
    assert SIGNATURE not in written(tmp_path, run, in_url)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="process arguments are read from /proc")
@pytest.mark.parametrize("command", TARGETS)
def test_no_process_has_a_secret_in_its_arguments(command, sandbox_settings, tmp_path):
    variables = environment_of(command, sandbox_settings)
    opening = [value for name, value in variables.items() if name.endswith(("_KEY", "_SECRET", "_PASSWORD", "_TOKEN"))]
    process = subprocess.Popen(
        [str(PROGRAMS / command), "--config", "ENV"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path,
        env=command_environment(variables), text=True,
    )  # fmt: skip
    for line in LINES:
        process.stdin.write(json.dumps(line) + "\n")
    process.stdin.flush()
    arguments = [Path(f"/proc/{process.pid}/cmdline").read_text()]
    arguments += [
        Path(f"/proc/{child}/cmdline").read_text() for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ]
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [value for value in opening if value in "".join(arguments) + out] == []


def test_a_traceback_and_the_password_of_a_proxy_are_masked_in_any_formatter():
    mask = Mask([CANARY])
    try:
        raise RuntimeError(f"via http://me:{'proxypass-3f'}@proxy.example:8080 with {CANARY}")
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.ERROR, os.fspath(__file__), 1, "failed %s", (CANARY,), (type(error), error, error.__traceback__))
    line = MaskingFormatter(logging.Formatter(), mask).format(record)
    assert [one for one in (CANARY, "proxypass-3f") if one in line.split("RuntimeError: ", 1)[1] + line.split("\n", 1)[0]] == []
    assert "via http://me:***@proxy.example:8080 with ***" in line
