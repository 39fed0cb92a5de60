import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from sandbox.errors import SandboxError
from sandbox.notes import Note, note_path, process_began
from waiting import listens, until

from sandbox import processes

RUNNER = """
import sys
from pathlib import Path
from sandbox import processes, services
services.SERVICES = {"one": "shelf", "two": "shelf"}
with processes.running(Path(sys.argv[1])) as settings:
    print("up", flush=True)
    sys.stdin.read()
"""
HALF_WAY = """
import os, signal, sys
from pathlib import Path
from sandbox import processes, services
services.SERVICES = {"one": "shelf", "two": "shelf"}
def killed(child): os.kill(os.getpid(), signal.SIGKILL)
processes.Child.release = killed
processes.start(Path(sys.argv[1]))
"""


@pytest.fixture
def folder(tmp_path, small_services):
    path = tmp_path / "box"
    yield path
    processes.stop(path)


def test_services_run_inside_the_block_and_their_settings_reach_them(folder):
    with processes.running(folder, ["two", "one"], seed=7) as settings:
        with urlopen(settings["SANDBOX_SHELF_URL"] + "/_sandbox/stored", timeout=5) as answer:
            assert json.load(answer) == {"books": {"first": 1}, "query": {}}
        up = processes.notes(folder)
        assert [(note.name, note.seed, note.settings["TAP_SHELF_SEED"]) for note in up] == [("one", 7, "7"), ("two", 7, "7")]
        assert settings == dict(up[0].settings)  # the one asked for last
    assert processes.notes(folder) == []
    assert [listens(note.port) for note in up] == [False, False]
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "logs"]


def test_each_service_is_a_process_of_its_own_with_a_log_of_its_own(folder):
    with processes.running(folder):
        assert len({os.getpid(), *(note.pid for note in processes.notes(folder))}) == 3
    logs = {path.name: path.read_text().split()[-4:-1] for path in (folder / "logs").iterdir()}
    assert logs == {"one.log": ["listens", "on", "port"], "two.log": ["listens", "on", "port"]}


def test_services_end_with_the_block_when_it_fails(folder):
    seen = []

    def fail():
        with processes.running(folder, ["one"]):
            seen.extend(processes.notes(folder))
            raise RuntimeError("the block's own")

    with pytest.raises(RuntimeError):
        fail()
    assert [note.is_alive for note in seen] == [False]


def test_a_killed_owner_leaves_nothing_behind(folder):
    owner = subprocess.Popen([sys.executable, "-c", RUNNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout.readline() == b"up\n"
    up = processes.notes(folder)
    owner.kill()
    owner.communicate()
    until(lambda: not any(note.is_alive for note in up))
    assert [note.name for note in up] == ["one", "two"]
    until(lambda: not any(note_path(folder, note.name).exists() for note in up))


def test_a_starter_killed_half_way_leaves_nothing_behind(folder):
    subprocess.run([sys.executable, "-c", HALF_WAY, str(folder)], check=False)
    until(lambda: not processes.notes(folder))
    until(lambda: not list(folder.glob("*.json")))
    assert (processes.notes(folder), list(folder.glob("*.json"))) == ([], [])


def test_started_services_stay_until_they_are_stopped(folder):
    up = processes.start(folder, ["one"])
    assert [(note.name, note.is_alive, listens(note.port)) for note in up] == [("one", True, True)]
    assert processes.stop(folder) == ["one"]
    assert [(note.is_alive, listens(note.port)) for note in up] == [(False, False)]
    assert processes.stop(folder) == []


def test_a_second_start_starts_only_what_does_not_run(folder):
    (one,) = processes.start(folder, ["one"])
    assert processes.start(folder)[0] == one
    assert [note.name for note in processes.notes(folder)] == ["one", "two"]


@pytest.mark.parametrize(("options", "wrong"), [({"seed": 2}, "seed 1 instead of 2"), ({"ports": {"one": 1}}, "port PORT instead of 1")])
def test_a_running_service_is_not_passed_off_as_another(folder, options, wrong):
    (one,) = processes.start(folder, ["one"])
    with pytest.raises(SandboxError) as refused:
        processes.start(folder, **options)
    assert refused.value.text == f"one is up, with {wrong}\nhint: `sandbox down` first".replace("PORT", str(one.port)).replace("with port", "on port")
    assert processes.notes(folder) == [one]


def test_an_owner_does_not_take_over_what_runs(folder):
    processes.start(folder, ["one"])
    with pytest.raises(SandboxError, match=r"already up in .*: one"), processes.running(folder):
        pass
    assert [note.name for note in processes.notes(folder)] == ["one"]


def test_a_port_in_use_is_named_and_what_was_started_is_stopped(folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError) as refused:
            processes.start(folder, ports={"two": port})
    assert refused.value.text == (
        f"two did not start: port {port} is in use by another program\nhint: choose another with --port NAME=N; without --port any free one is taken"
    )
    assert list(folder.glob("*.json")) == []


def test_a_service_that_cannot_be_imported_is_told_with_what_is_missing(folder, small_services):
    small_services["three"] = "no_such_module"
    with pytest.raises(SandboxError) as refused:
        processes.start(folder, ["three"])
    assert refused.value.text == (
        "three did not start: cannot import no_such_module, which no_such_module needs\nhint: `make setup` installs all that the sandbox needs"
    )


def test_a_killed_service_is_down_and_can_be_started_again(folder):
    (one,) = processes.start(folder, ["one"])
    os.kill(one.pid, signal.SIGKILL)
    until(lambda: not one.is_alive)
    assert (processes.notes(folder), note_path(folder, "one").exists()) == ([], True)
    (again,) = processes.start(folder, ["one"])
    assert again.is_alive
    assert again.pid != one.pid


def test_a_service_that_does_not_react_is_killed(folder, small_services, monkeypatch):
    small_services["three"] = "stubborn"
    monkeypatch.setattr(processes, "STOP_LIMIT_S", 0.3)
    (three,) = processes.start(folder, ["three"])
    assert processes.stop(folder, ["three"]) == ["three"]
    assert not three.is_alive
    assert not note_path(folder, "three").exists()


def test_a_process_that_was_given_the_id_of_a_killed_service_is_left_alone(folder):
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    folder.mkdir()
    Note("one", bystander.pid, "another moment", 1, 1, {}).write(folder)
    assert processes.stop(folder) == []
    assert (bystander.poll(), note_path(folder, "one").exists()) == (None, False)
    bystander.communicate()


def test_two_commands_do_not_start_or_stop_at_once_in_a_folder(folder):
    with processes._alone_in(folder), pytest.raises(SandboxError, match="another command starts or stops the sandbox in"):
        processes.stop(folder)


def test_a_name_that_is_no_service_is_refused(folder):
    with pytest.raises(SandboxError) as refused:
        processes.start(folder, ["one", "nine"])
    assert refused.value.text == "there is no service nine\nhint: the services are one, two"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "one"}'])
def test_a_note_that_cannot_be_read_is_none(tmp_path, text):
    note_path(tmp_path, "one").write_text(text)
    assert Note.read(tmp_path, "one") is None


def test_a_process_has_a_beginning_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    began = process_began(child.pid)
    assert began
    assert began == process_began(child.pid)
    child.stdin.close()
    until(lambda: process_began(child.pid) == "")  # ended, though not yet waited for
    child.wait()


def test_the_beginning_is_found_without_proc_too(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert process_began(os.getpid())
    assert process_began(2**22 + 1) == ""
