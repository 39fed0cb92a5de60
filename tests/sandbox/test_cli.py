import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from sandbox.cli import main
from waiting import until

from sandbox import processes

SLOW_UP = """
import sys
from sandbox import services
services.SERVICES = {"one": "shelf", "two": "slow_to_start"}
from sandbox import cli
cli.main(["up", "--folder", sys.argv[1]])
"""


@pytest.fixture
def box(tmp_path, small_services):
    """Runs the command in this process, in a folder of its own: exit code, stdout, stderr."""

    def run(command, *arguments):
        result = CliRunner().invoke(main, [command, "--folder", str(tmp_path / "my box"), *arguments])
        return result.exit_code, result.stdout, result.stderr

    yield run
    processes.stop(tmp_path / "my box")


def test_up_says_what_is_up_and_how_to_go_on(box, tmp_path):
    folder = tmp_path / "my box"
    exit_code, stdout, stderr = box("up", "one")
    (one,) = processes.notes(folder)
    assert (exit_code, stderr) == (0, "")
    first, _, settings, pipes, _ = stdout.split("\n\n", 4)
    assert first.split() == ["one", "is", "up", "port", str(one.port), "log", *f"{folder}/logs/one.log".split()]
    assert settings.splitlines() == [
        "export TAP_SHELF_SEED=1",
        f"export SANDBOX_SHELF_URL=http://127.0.0.1:{one.port}",
        """export TAP_SHELF_API_KEY='it'"'"'s a secret'""",
    ]
    assert pipes == "Put the settings into your shell, then type any of the pipes:"
    assert f"eval \"$(sandbox env --folder '{folder}')\"" in stdout
    assert stdout.count(" | target-") == 4


def test_a_second_up_says_that_it_was_up_and_is_no_failure(box):
    box("up", "one")
    exit_code, stdout, _ = box("up")
    assert exit_code == 0
    assert [" ".join(line.split()[:4]) for line in stdout.splitlines()[:2]] == ["one was already up", "two is up port"]


def test_an_optional_service_is_started_only_for_those_who_ask_and_counts_only_while_it_is_up(box, small_services, tmp_path):
    small_services["adf"] = "shelf"
    folder = tmp_path / "my box"
    box("up")
    assert [note.name for note in processes.notes(folder)] == ["one", "two"]
    assert (box("status")[0], box("status", "adf")[0]) == (0, 3)
    exit_code, stdout, _ = box("up", "--with", "adf")
    assert (exit_code, [line.split()[:2] for line in stdout.splitlines()[:3]]) == (0, [["one", "was"], ["two", "was"], ["adf", "is"]])
    assert [line.split()[0] for line in box("status")[1].splitlines()] == ["service", "one", "two", "adf"]
    assert box("down")[1] == "stopped one, two, adf\n"
    box("up", "one", "--with", "adf")
    assert [note.name for note in processes.notes(folder)] == ["one", "adf"]


def test_status_is_a_table_and_exits_with_3_until_all_are_up(box, tmp_path):
    box("up", "one")
    (one,) = processes.notes(tmp_path / "my box")
    exit_code, stdout, _ = box("status")
    assert (exit_code, [line.split() for line in stdout.splitlines()]) == (
        3,
        [
            ["service", "state", "pid", "port", "url"],
            ["one", "up", str(one.pid), str(one.port), f"http://127.0.0.1:{one.port}"],
            ["two", "down", "-", "-", "-"],
        ],
    )
    assert box("status", "one")[0] == 0
    box("up")
    assert box("status")[0] == 0


def test_a_shell_that_takes_env_has_the_very_settings(box, tmp_path):
    box("up", "one", "--seed", "5")
    exit_code, lines, _ = box("env")
    shell = f"{lines}\n{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    seen = json.loads(subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True).stdout)
    settings = json.loads(box("env", "--format", "json")[1])
    assert exit_code == 0
    assert settings["TAP_SHELF_API_KEY"] == "it's a secret"
    assert settings["TAP_SHELF_SEED"] == "5"
    assert {name: seen.get(name) for name in settings} == settings


def test_down_stops_what_is_up_and_nothing_is_no_failure(box, tmp_path):
    box("up")
    assert box("down", "two") == (0, "stopped two\n", "")
    assert box("down") == (0, "stopped one\n", "")
    assert box("down") == (0, f"nothing was up in {tmp_path / 'my box'}\n", "")


@pytest.mark.parametrize("command", ["down", "status"])
def test_looking_for_a_sandbox_makes_no_folder(box, tmp_path, command):
    box(command)
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_nothing_are_a_failure_with_a_hint(box, tmp_path):
    reason = f"sandbox: nothing is up in {tmp_path / 'my box'}\nhint: `sandbox up` starts it; --folder names another folder\n"
    assert box("env") == (1, "", reason)


def test_a_failed_start_is_one_reason_and_one_hint(box, small_services):
    small_services["three"] = "no_such_module"
    assert box("up", "one", "three") == (
        1,
        "",
        "sandbox: three did not start: cannot import no_such_module, which no_such_module needs\nhint: `make setup` installs all that the sandbox needs\n",
    )
    assert box("status")[1].count("down") == 3


@pytest.mark.parametrize("value", ["one", "one=", "one=x", "one=-1", "one=65536", "nine=1", "=1"])
def test_a_port_that_is_none_is_a_usage_error(box, value):
    exit_code, stdout, stderr = box("up", "--port", value)
    assert (exit_code, stdout) == (2, "")
    assert stderr.splitlines()[-1].endswith(f"'{value}' is not NAME=N, with a service's name and a port of 0 to 65535")


def test_a_name_that_is_none_is_a_failure(box):
    for command in ("up", "status", "env"):
        assert box(command, "nine")[::2] == (1, "sandbox: there is no service nine\nhint: the services are one, two\n")


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_up_takes_down_what_it_started(tmp_path, small_services, number, exit_code):
    folder = tmp_path / "box"
    command = subprocess.Popen([sys.executable, "-c", SLOW_UP, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    (one,) = until(lambda: processes.notes(folder, ["one"]))
    os.kill(command.pid, number)
    assert command.communicate(timeout=20) == ("", "sandbox: interrupted; what this command started is stopped again\n")
    assert (command.returncode, one.is_alive, list(folder.glob("*.json"))) == (exit_code, False, [])


def test_the_installed_command_has_help_for_each_of_its_parts(tmp_path):
    for arguments in ([], ["up"], ["down"], ["status"], ["env"]):
        done = CliRunner().invoke(main, [*arguments, "--help"])
        assert (done.exit_code, done.stdout.startswith("Usage: ")) == (0, True)
