import signal
import subprocess
import sys

import pytest
from sandbox.notes import Note, note_path
from sandbox.serve import STAY
from waiting import listens, until


@pytest.fixture
def serve(tmp_path, small_services):
    """Runs `python -m sandbox.serve one ...`; what still runs at the end is killed."""
    started = []

    def run(*options, module="shelf"):
        command = [sys.executable, "-m", "sandbox.serve", "one", "--module", module, "--folder", str(tmp_path), *options]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stderr.close()


def noted(folder):
    return until(lambda: Note.read(folder, "one"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_its_note(serve, tmp_path, number):
    process = serve("--seed", "3")
    note = noted(tmp_path)
    assert (note.name, note.pid, note.seed, note.is_alive, listens(note.port)) == ("one", process.pid, 3, True, True)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert (note_path(tmp_path, "one").exists(), listens(note.port)) == (False, False)


def test_it_ends_with_its_standard_input(serve, tmp_path):
    process = serve("--while-stdin")
    noted(tmp_path)
    assert process.communicate()[1].count("\n") == 1  # that it listens; nothing about its end
    assert (process.returncode, note_path(tmp_path, "one").exists()) == (0, False)


def test_a_closed_standard_input_before_it_listens_ends_it_too(serve, tmp_path):
    process = serve("--while-stdin")
    process.communicate(timeout=10)
    assert (process.returncode, note_path(tmp_path, "one").exists()) == (0, False)


def test_it_outlives_its_standard_input_when_told_to_stay(serve, tmp_path):
    process = serve("--while-stdin")
    note = noted(tmp_path)
    process.stdin.write(STAY.decode())
    process.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    assert listens(note.port)
    process.terminate()
    assert process.wait(10) == 0


def test_without_being_bound_it_does_not_care_for_its_standard_input(serve, tmp_path):
    process = serve()
    noted(tmp_path)
    process.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)


def test_it_fails_when_its_service_stops_by_itself(serve, tmp_path):
    process = serve(module="ends_by_itself")
    stderr = process.communicate(timeout=10)[1]
    assert (process.returncode, stderr.splitlines()[-1], note_path(tmp_path, "one").exists()) == (1, "one stopped by itself", False)


def test_a_name_without_a_module_is_refused(tmp_path):
    done = subprocess.run([sys.executable, "-m", "sandbox.serve", "nine", "--folder", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "there is no service nine")
