"""A target that is ended from outside while a batch is on its way: whole lines, true states, at once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import command_environment

PLUGINS = Path(__file__).with_name("small_plugins.py")
LONG = "x" * 1_000_000  # no pipe holds so much, so whoever writes it waits for the reader
SCHEMA = {"type": "SCHEMA", "stream": "s", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]}


def rows(*numbers):
    return [{"type": "RECORD", "stream": "s", "record": {"id": number}} for number in numbers]


def state(value):
    return {"type": "STATE", "value": {"at": value}}


@pytest.fixture
def target(tmp_path):
    """Starts the small target and gives it lines; its input stays open."""
    started = []

    def start(lines, kind="command", **settings):
        (tmp_path / "settings.json").write_text(json.dumps({"run_log_path": str(tmp_path / "runs.jsonl"), **settings}))
        command = [sys.executable, str(PLUGINS), kind, "--config", "settings.json"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=command_environment())
        started.append(process)
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
        process.stdin.flush()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                end.close()


def seen(process, text):
    """Read stderr until a line begins so."""
    while not process.stderr.readline().startswith(text):
        assert process.poll() is None


@pytest.mark.parametrize("more", [[], [*rows(7, 8, 9), state(9)]], ids=["it waits for lines", "it waits for the delivery"])
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_at_once_and_the_batch_on_its_way_has_no_state(target, tmp_path, more, number, exit_code):
    process = target([SCHEMA, *rows(1, 2, 3), state(3), *rows(4, 5, 6), state(6), *more], hang_on=5)
    seen(process, "hangs")
    os.kill(process.pid, number)
    out, said = process.communicate(timeout=60)
    reason = f"ended by {number.name}; what the last STATE says is done"
    assert (process.returncode, [json.loads(line) for line in out.splitlines()]) == (exit_code, [{"at": 3}])
    assert said.splitlines()[-1] == f"target-small: {reason}"
    last = json.loads((tmp_path / "runs.jsonl").read_text().splitlines()[-1])
    assert (last["exit_code"], last["reason"], last["rows_loaded"]) == (exit_code, reason, 3)


def test_a_signal_that_another_thread_got_ends_it_too(target):
    process = target([SCHEMA, *rows(1, 2, 3), state(3), *rows(4, 5, 6), state(6), *rows(7, 8, 9), state(9)], hang_on=5, signal_to="second signal")
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (143, '{"at": 3}\n')
    assert said.splitlines()[-1] == "target-small: ended by SIGTERM; what the last STATE says is done"


def test_a_state_that_is_being_written_when_the_signal_comes_is_finished(target):
    process = target([SCHEMA, *rows(1, 2), state(LONG), *rows(3)])
    assert os.read(process.stdout.fileno(), 1) == b"{"
    os.kill(process.pid, signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads("{" + out)) == (143, {"at": LONG})


def test_a_second_signal_forces_the_end_while_a_state_is_being_written(target):
    process = target([SCHEMA, *rows(1, 2), state(LONG), *rows(3)], kind="target")
    assert os.read(process.stdout.fileno(), 1) == b"{"
    os.kill(process.pid, signal.SIGTERM)
    while Path(f"/proc/{process.pid}/status").exists() and not ignored(process.pid):
        pass
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT


def ignored(pid):
    """Whether the first signal has been taken: from then on SIGTERM has no handler of the process's own."""
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return not int(caught.split()[1], 16) & 1 << signal.SIGTERM - 1


def test_a_reader_that_has_gone_ends_it_quietly(target):
    process = target([SCHEMA, *rows(1, 2, 3), state(3)])
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write("".join(json.dumps(line) + "\n" for line in [*rows(4, 5, 6), state(6)]))
    process.stdin.close()
    said = process.stderr.read()
    assert (process.wait(60), "Traceback" in said) == (141, False)


def test_a_failed_delivery_ends_with_its_reason_and_exit_code_like_any_failure(target):
    process = target([SCHEMA, *rows(1, 2, 3), state(3), *rows(4, 5, 6), state(6), *rows(7)], fail_on=5)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said.splitlines()[-1]) == (1, '{"at": 3}\n', "target-small: the destination is full")


def test_lines_that_are_no_singer_end_it_after_what_was_read_is_durable(target):
    process = target([SCHEMA, *rows(1, 2, 3), state(3), "no message"])
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, '{"at": 3}\n')
    assert "target-small: " in said.splitlines()[-1]
