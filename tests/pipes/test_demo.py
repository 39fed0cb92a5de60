"""The demo says what is true: it ends well against the sandbox, and leaves nothing behind when it is interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from readme_blocks import Command, blocks

ROOT = Path(__file__).parents[2]
MAKE = "$ make demo\n"
DEMO = [sys.executable, str(ROOT / "tools" / "demo")]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def serving():
    """The process ids of the sandbox's services that run now."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if "sandbox.serve" in line or "azurite" in line}


def test_each_pipe_moves_all_then_only_what_changed():
    wide = {**os.environ, "COLUMNS": "120"}  # as README shows it
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=280, check=False, env=wide)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"demo: ok \(2,362 contacts, [\d,]+ sessions, 2,362 users, [\d,]+ orders; \d+ s\)", last), last
    (block,) = [block for block in blocks(ROOT / "README.md") if block.text.startswith(MAKE)]
    assert block.pattern(Command(MAKE, block.text.removeprefix(MAKE))).fullmatch(done.stdout), done.stdout


def test_an_interrupted_demo_stops_what_it_started():
    before = serving()
    demo = subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True)
    for line in demo.stdout:
        if line.startswith("$"):
            break
    demo.send_signal(signal.SIGTERM)
    rest = demo.stdout.read()
    demo.stdout.close()
    assert (demo.wait(60), rest.strip().splitlines()[-1]) == (130, "demo: interrupted; all that it started is stopped")
    assert serving() - before == set()
