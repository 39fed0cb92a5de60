"""A signal to the real commands while they wait: the first ends a run in good order, a second one at once, whatever the run is doing."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import termios
import threading

import pytest
from conformance_settings import LINES, environment_of
from harness import COMMANDS, command_environment
from sandbox.http.control import Control

pytestmark = pytest.mark.slow  # commands as processes of their own, with the sandbox

HOURS_S = 7_200  # that a service asks to wait for
HANG_S = 20  # of a stand-in that does not answer: longer than any test waits for the end
QUICK_S = 10  # a busy machine needs a while to end a process
STILL_S = 0.5
FULL_BYTES = 32_768  # a pipe holds 16 pages (pipe(7)), and a short write takes a page for itself
MANY_ROWS = {"name": "many", "sql": "SELECT range AS id FROM range(2000000)", "key_columns": ["id"]}
ENDED = "ended by SIGTERM; what the last STATE says is done"


@pytest.fixture
def start(sandbox_settings, tmp_path):
    """Starts a command; its input stays open behind the lines."""
    started = []

    def begin(command, lines=(), **changed):
        environment = command_environment({**environment_of(command, sandbox_settings, **changed)})
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [COMMANDS / command, "--config", "ENV"], stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environment
        )
        started.append(process)
        process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
        process.stdin.flush()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def asked_to_wait(sandbox_settings):
    """Lets a service answer 429 to a path, and tells when it has done so."""
    planned = []

    def plan(service, path):
        control = Control(sandbox_settings[f"SANDBOX_{service}_URL"])
        control.forget_requests()
        control.fault(path=path, status=429, headers={"Retry-After": str(HOURS_S)}, times=1_000)
        planned.append(control)
        return lambda: any(one["status"] == 429 for one in control.requests())

    yield plan
    for control in planned:
        control.clear_faults()


def waiting_bytes(pipe):
    """How much nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def is_struck(control):
    """Whether the planned fault has struck."""
    return not control._call("GET", "faults")


def until(seen):
    """Look until it is so."""
    ticks = threading.Event()
    for _ in range(600):
        if seen():
            return
        ticks.wait(0.05)
    raise AssertionError("it never came to this point")


@pytest.mark.parametrize(
    ("command", "service", "path"),
    [("tap-autopilot", "AUTOPILOT", "/v1/contacts/person_*"), ("tap-fullstory", "FULLSTORY", "/v2/sessions")],
)  # fmt: skip
def test_a_signal_ends_a_tap_that_waits_as_long_as_the_service_asks_and_its_state_is_out(command, service, path, start, asked_to_wait):
    has_answered = asked_to_wait(service, path)
    tap = start(command)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(tap.stdout))
    reader.start()
    until(has_answered)
    tap.terminate()
    assert tap.wait(QUICK_S) == 143
    reader.join()
    assert "STATE" in [json.loads(line)["type"] for line in lines[-2:]]  # perhaps with the next stream's SCHEMA behind it
    last = tap.stderr.read().splitlines()[-1]
    assert last == f"{command}: {ENDED}"


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(("second", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_a_tap_whose_reader_does_not_read(start, monkeypatch, unbuffered, second, exit_code):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    tap = start("tap-warehouse", MODELS=json.dumps([MANY_ROWS]))
    until(lambda: waiting_bytes(tap.stdout.fileno()) > FULL_BYTES)
    tap.terminate()
    with pytest.raises(subprocess.TimeoutExpired):  # the line is not finished
        tap.wait(STILL_S)
    tap.send_signal(second)
    assert tap.wait(QUICK_S) == exit_code
    last = tap.stderr.read().splitlines()[-1]
    assert last == f"tap-warehouse: ended at once by a second signal, {second.name}; what the last STATE says is done"


def test_a_second_signal_ends_a_target_that_is_inside_a_statement(start, sandbox_settings):
    pool = Control(sandbox_settings["SANDBOX_SYNAPSE_CONTROL_URL"])
    pool.fault(kind="delay", pattern=r"CREATE TABLE \[hanging\]", delay_s=HANG_S)
    target = start("target-synapse", LINES, DEFAULT_TARGET_SCHEMA="hanging")
    until(lambda: is_struck(pool))
    target.terminate()
    with pytest.raises(subprocess.TimeoutExpired):  # the driver does not come back for a signal
        target.wait(STILL_S)
    target.terminate()
    assert (target.wait(QUICK_S), target.stdout.read()) == (143, "")
    assert target.stderr.read().splitlines()[-1].startswith("target-synapse: ended at once by a second signal, SIGTERM; ")


@pytest.mark.parametrize(
    ("command", "url", "fault"),
    [
        ("target-synapse", "SANDBOX_SYNAPSE_CONTROL_URL", {"kind": "delay", "pattern": "COPY INTO", "delay_s": HANG_S}),
        ("target-mparticle", "SANDBOX_MPARTICLE_URL", {"path": "/v2/*", "status": 0, "delay_s": HANG_S}),
    ],
)
def test_a_signal_ends_a_target_whose_delivery_hangs_and_no_state_goes_out(command, url, fault, start, sandbox_settings):
    service = Control(sandbox_settings[url])
    service.fault(**fault)
    target = start(command, LINES, BATCH_SIZE_ROWS="1")
    until(lambda: is_struck(service))
    target.terminate()
    assert target.wait(QUICK_S) == 143
    assert (target.stdout.read(), target.stderr.read().splitlines()[-1]) == ("", f"{command}: {ENDED}")
