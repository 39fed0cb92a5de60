"""The set-up says what it misses and what to do, leaves the machine alone where it may not change it, and does nothing twice."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "setup.py"
SECOND_CALL_S = 3


@pytest.fixture
def setup(monkeypatch):
    spec = importlib.util.spec_from_file_location("setup_of_the_checkout", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ran(setup, monkeypatch):
    """The commands that the set-up runs, which here do nothing and succeed."""
    commands = []

    def run(command, **options):
        commands.append(([str(word) for word in command], options))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(setup, "run", run)
    return commands


def failing(setup, monkeypatch, output):
    monkeypatch.setattr(setup, "run", lambda command, **_: subprocess.CompletedProcess(command, 7, output, ""))


def main(setup, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["setup.py", *arguments])
    with pytest.raises(SystemExit) as end:
        setup.main()
    return end.value.code


@pytest.fixture
def user(setup, monkeypatch):
    """Makes this process another user's, on a machine with apt-get."""

    def become(number):
        monkeypatch.setattr(setup.os, "geteuid", lambda: number)
        monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")

    return become


def test_without_the_odbc_library_a_user_is_told_the_one_command_to_run(setup, monkeypatch, ran, user):
    user(1000)
    monkeypatch.setattr(setup.sys, "platform", "linux")
    monkeypatch.setattr(setup, "can_load", lambda _: False)
    assert main(setup, monkeypatch) == (
        "setup: the ODBC library libodbc.so.2 is missing\n"
        "hint: run this once: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends libodbc2'"
    )
    assert ran == []


def test_without_the_odbc_library_root_gets_it_installed(setup, monkeypatch, ran, user):
    user(0)
    monkeypatch.setattr(setup.sys, "platform", "linux")
    monkeypatch.setattr(setup, "can_load", lambda _: bool(ran))
    setup.odbc_library()
    assert [command for command, _ in ran] == [["sh", "-c", "apt-get update && apt-get install -y --no-install-recommends libodbc2"]]


def test_what_only_tests_need_is_a_note_when_it_cannot_be_had(setup, monkeypatch, ran, user, capsys):
    user(1000)
    monkeypatch.setattr(setup, "TEST_PACKAGES", (("here", "/etc/passwd", "nothing"), ("gone", "/no/such/*/file", "tests with it")))
    setup.test_packages()
    assert capsys.readouterr().out == (
        "setup: note: some tests need more of the system; skipped: tests with it\n"
        "  run this once: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends gone'\n"
    )
    assert ran == []


def test_a_failed_command_is_shown_with_the_end_of_its_output(setup, monkeypatch):
    failing(setup, monkeypatch, "\n".join(f"line {n}" for n in range(40)))
    with pytest.raises(setup.SetupError) as failed:
        setup.step("packages", ["uv"])
    shown = "\n  ".join(f"line {n}" for n in range(25, 40))
    assert str(failed.value) == f"packages failed (exit code 7):\n  {shown}"


def test_a_python_that_cannot_make_environments_is_told_its_debian_package(setup, monkeypatch, user, tmp_path):
    user(1000)
    monkeypatch.setattr(setup, "TOOLS", tmp_path / "tools")
    failing(setup, monkeypatch, "The virtual environment was not created successfully because ensurepip is not available.")
    with pytest.raises(setup.SetupError) as failed:
        setup.make_tools()
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert failed.value.hint == f"run this once: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends {package}'"


def test_an_old_python_is_refused_with_the_way_to_name_another(setup, monkeypatch):
    monkeypatch.setattr(setup, "MIN_PYTHON", (99, 0))
    code = main(setup, monkeypatch)
    assert (code.startswith("setup: Python 3.11 or newer is needed"), code.endswith("hint: name another one: make setup PYTHON=python3.12")) == (
        True,
        True,
    )


@pytest.mark.parametrize(("version", "taken"), [("v20.1.0", True), ("v18.0.0", True), ("v16.20.0", False), ("", False)])
def test_the_machines_node_is_taken_if_it_is_new_enough(setup, monkeypatch, version, taken):
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/somewhere/{name}")
    monkeypatch.setattr(setup, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, version + "\n", ""))
    assert setup.machine_npm() == (["/somewhere/npm"] if taken else None)


def test_the_stamp_changes_with_each_input_and_only_with_them(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "AZURITE", tmp_path / "azurite")
    (tmp_path / "azurite").mkdir()
    (tmp_path / "package").mkdir()
    seen = [setup.inputs_hash(), setup.inputs_hash()]
    for name in ("constraints.txt", "pyproject.toml", "package/pyproject.toml", "package/hatch_build.py", "azurite/package-lock.json"):
        (tmp_path / name).write_text("x")
        seen.append(setup.inputs_hash())
    (tmp_path / "README.md").write_text("x")
    assert seen[0] == seen[1]
    assert len(set(seen)) == 6
    assert setup.inputs_hash() == seen[-1]


def test_a_second_call_is_quick_from_any_folder_and_needs_no_home_and_no_network(setup, tmp_path):
    if not setup.is_done(setup.inputs_hash()):
        pytest.skip("this checkout is not set up: `make setup`")
    environment = {**os.environ, "HOME": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:9/", "UV_INDEX_URL": "http://127.0.0.1:9/"}
    begun_s = time.monotonic()
    done = subprocess.run([sys.executable, SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, time.monotonic() - begun_s < SECOND_CALL_S, list(tmp_path.iterdir())) == (0, True, [])
    assert re.fullmatch(r"setup: ready in \d+\.\d s\n", done.stdout)


def test_versions_are_pinned_without_addresses():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not (line.startswith("#") or re.fullmatch(r"[a-zA-Z0-9._-]+==[a-zA-Z0-9.+!_-]+", line))] == []
    for folder in ("azurite", "azcopy"):
        lock = json.loads((ROOT / "sandbox" / folder / "package-lock.json").read_text())
        assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
        assert [name for name, entry in lock["packages"].items() if name and not entry.get("integrity")] == []
    assert not (ROOT / "uv.lock").exists()


def test_every_package_of_the_set_up_is_one_of_the_checkout(setup):
    named = {package.removeprefix("./").partition("[")[0] for package in setup.PACKAGES}
    assert named == {path.parent.name for path in ROOT.glob("*/pyproject.toml")}
