"""The launcher and the reader at the end of its pipes: small programs with a known appetite."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.drain import MARK, READ_BYTES, drained
from bench.errors import BenchError
from bench.measure import Runner, Stage, cpu_s_of_tree

LIMIT_S = 60
MB = 1_000_000
LINES = 'import sys; sys.stdout.write(\'{"type": "RECORD", "n": 1}\\n\' * 5000 + \'{"type": "STATE"}\\n\')'
PASS_ON = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"


def python(name, code, **environment):
    return Stage(name, (sys.executable, "-I", "-S", "-c", code), environment)


def test_each_process_of_a_pipe_has_its_own_cpu_and_memory(tmp_path):
    busy = f"x = bytes(range(256)) * 400_000; sum(range(10_000_000)); {PASS_ON}"
    measured = Runner(tmp_path).run([python("lines", LINES), python("busy", busy)], limit_s=LIMIT_S, drained=True)
    lines, heavy = measured.took
    assert [one.name for one in measured.took] == ["lines", "busy"]
    assert heavy.cpu_s > lines.cpu_s
    assert lines.peak_bytes < 40 * MB < 100 * MB < heavy.peak_bytes < 200 * MB
    assert (measured.drained["records"], measured.drained["lines"]) == (5000, 5001)
    assert measured.begun_s < measured.drained["first_s"] <= measured.begun_s + measured.wall_s


def test_the_memory_of_a_small_process_is_not_that_of_its_large_starter(tmp_path):
    held = bytearray(os.urandom(1)) * (300 * MB)
    measured = Runner(tmp_path).run([python("small", "pass")], limit_s=LIMIT_S)
    assert measured.took[0].peak_bytes < 40 * MB
    del held


def test_input_and_output_may_be_files(tmp_path):
    (tmp_path / "in").write_text("ü\n")
    Runner(tmp_path).run([python("one", PASS_ON), python("two", PASS_ON)], limit_s=LIMIT_S, stdin=tmp_path / "in", stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "ü\n"


def test_a_command_that_fails_is_named_with_its_last_words(tmp_path):
    with pytest.raises(BenchError, match=r"^second ended with 3: no such table$"):
        Runner(tmp_path).run(
            [python("first", "pass"), python("second", "import sys; sys.stderr.write('no such table'); sys.exit(3)")], limit_s=LIMIT_S
        )


def test_of_a_broken_pipe_the_command_that_broke_it_is_named(tmp_path):
    second = python("second", "import os, sys; os.close(0); sys.stderr.write('no such table'); sys.exit(3)")
    with pytest.raises(BenchError, match=r"^second ended with 3: no such table$"):
        Runner(tmp_path).run([python("first", f"{LINES}; sys.stdout.write('x' * 10_000_000)"), second], limit_s=LIMIT_S)


def test_a_command_that_does_not_end_is_killed_with_what_it_started(tmp_path):
    with pytest.raises(BenchError, match=r"^endless did not end within 2 s$"):
        Runner(tmp_path).run([Stage("endless", ("/bin/sh", "-c", "sleep 600 & echo $! > pid; wait"))], limit_s=2)
    state = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"  # dead, and not waited for yet by whoever is left


def test_no_settings_of_plugins_clients_or_python_come_from_the_environment(tmp_path, monkeypatch):
    foreign = ("TAP_WAREHOUSE_LIMIT", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PGOPTIONS", "DLT_DATA_DIR")
    for name in foreign:
        monkeypatch.setenv(name, "1")
    code = f"import os; print([name for name in {foreign} if name in os.environ], os.environ['GIVEN'])"
    Runner(tmp_path).run([python("one", code, GIVEN="yes")], limit_s=LIMIT_S, stdout=tmp_path / "out")
    assert (tmp_path / "out").read_text() == "[] yes\n"


def test_a_record_that_is_cut_by_a_read_is_counted_once(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"x" * (READ_BYTES - 3) + MARK + b"\n" + b"y" * (READ_BYTES - len(MARK) + 2) + b"\n" + MARK * 3)
    with path.open("rb") as lines:
        told = drained(lines.fileno())
    assert (told["records"], told["lines"], told["bytes"]) == (4, 2, path.stat().st_size)


def test_a_record_at_the_very_end_of_a_read_is_counted_once(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"x" * (READ_BYTES - len(MARK)) + MARK + b"\n")
    with path.open("rb") as lines:
        assert drained(lines.fileno())["records"] == 1


def test_nothing_has_no_first_record(tmp_path):
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open("rb") as lines:
        assert drained(lines.fileno()) == {"bytes": 0, "lines": 0, "records": 0, "first_s": None}


def test_cpu_of_a_server_is_that_of_all_its_processes(tmp_path):
    """Fields 14 to 17 of /proc/PID/stat: own time, and that of children that have ended; 4 is the parent."""
    for pid, parent, ticks in ((10, 1, (1, 2, 3, 4)), (11, 10, (10, 0, 0, 0)), (12, 11, (0, 20, 0, 0)), (13, 1, (1000, 0, 0, 0))):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a ) b) S {parent} {'0 ' * 9}{' '.join(map(str, ticks))} 0 0\n")
    assert cpu_s_of_tree(10, tmp_path) == 40 / os.sysconf("SC_CLK_TCK")
    assert cpu_s_of_tree(99, tmp_path) == 0
    assert cpu_s_of_tree(10, tmp_path / "none") == 0
