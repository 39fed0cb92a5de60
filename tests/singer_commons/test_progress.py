"""Progress is drawn where a person looks, told where a log is kept, and silent where another command tells it."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from harness import command_environment
from hypothesis import given
from hypothesis import strategies as st
from singer_commons.accounts import Account
from singer_commons.progress import REPAINT_EVERY_S, LiveLine, Manner, Progress, RecentRate, manner, progress_text

PLUGINS = Path(__file__).with_name("small_plugins.py")
CLEAR = "\r\x1b[2K"
PIPE, FILE, TERMINAL = stat.S_IFIFO, stat.S_IFREG, stat.S_IFCHR


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, Manner.LIVE),
        ({"wanted": False}, Manner.NONE),
        ({"is_terminal": False}, Manner.PLAIN),
        ({"environment": {"NO_COLOR": "1"}}, Manner.PLAIN),
        ({"environment": {"NO_COLOR": ""}}, Manner.LIVE),
        ({"environment": {"MELTANO_RUN_ID": "x"}}, Manner.PLAIN),
        ({"environment": {"SINGER_SDK_LOG_CONFIG": "x.yml"}}, Manner.PLAIN),
        ({"is_target": False, "output_mode": PIPE}, Manner.NONE),
        ({"is_target": False, "output_mode": TERMINAL}, Manner.NONE),
        ({"is_target": False, "output_mode": FILE}, Manner.LIVE),
        ({"is_target": False, "output_mode": FILE, "is_terminal": False}, Manner.PLAIN),
        ({"is_target": True, "output_mode": PIPE}, Manner.LIVE),
    ],
)
def test_how_progress_is_shown(case, expected):
    usual = {"is_target": True, "wanted": True, "environment": {}, "is_terminal": True, "output_mode": PIPE}
    assert manner(**{**usual, **case}) is expected


def account_after(seconds, rows, size_bytes=0):
    ticks = iter([0.0])
    account = Account(clock_s=lambda: next(ticks, float(seconds)))
    account.wrote("s", rows, size_bytes)
    return account


@pytest.mark.parametrize(
    ("account", "text"),
    [
        (account_after(0, 0), "0 rows, 0 rows/s, 0:00:00"),
        (account_after(3, 12_345, 4_200_000), "12,345 rows, 4,115 rows/s, 4.2 MB, 0:00:03"),
        (account_after(3_725, 10), "10 rows, 0 rows/s, 1:02:05"),
    ],
)
def test_the_text_has_rows_their_rate_bytes_and_the_time(account, text):
    assert progress_text(account, RecentRate(10)) == text


@given(window_s=st.integers(1, 20), steps=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 1_000)), min_size=1, max_size=30))
def test_the_rate_is_that_of_the_window_or_of_all_the_time_there_was(window_s, steps):
    """Over the rows since the last look that is as old as the window, or since the beginning."""
    rate, looks = RecentRate(window_s), [(0, 0)]
    for pause_s, rows in steps:
        looks.append((looks[-1][0] + pause_s, looks[-1][1] + rows))
        found = rate.after(*looks[-1])
    now_s, total = looks[-1]
    then_s, before = max([look for look in looks[:-1] if look[0] <= now_s - window_s] or looks[:1])
    assert found == (total - before) / (now_s - then_s)


def test_rows_that_no_longer_come_show_within_the_window_though_the_average_is_high():
    rate = RecentRate(10)
    looks = [10, 20, 30, 40, 50, 60, 64, 68, 72]
    assert [round(rate.after(second, min(1_000 * second, 60_000))) for second in looks] == [1000, 1000, 1000, 1000, 1000, 1000, 714, 556, 0]


def test_the_live_line_is_painted_over_cut_to_the_terminal_and_taken_away():
    screen = io.StringIO()
    line = LiveLine(screen, columns=lambda: 8)
    line.clear()
    line.paint("one")
    line.paint("a longer text")
    line.clear()
    line.clear()
    assert screen.getvalue() == f"{CLEAR}one{CLEAR}a longe{CLEAR}"


def test_log_lines_go_above_the_live_line_and_the_formatter_is_put_back():
    screen, root = io.StringIO(), logging.getLogger()
    handler, formatter = logging.StreamHandler(screen), logging.Formatter("%(message)s")
    handler.setFormatter(formatter)
    root.addHandler(handler)
    progress = Progress(account_after(0, 0), "tap-x", Manner.LIVE, logging.getLogger("tap-x"), screen)
    try:
        progress.start()
        progress.show()
        logging.getLogger("tap-x").warning("told")
        progress.show()
    finally:
        progress.stop()
        root.removeHandler(handler)
    painted = f"{CLEAR}tap-x: 0 rows, 0 rows/s, 0:00:00"
    assert screen.getvalue() == f"{painted}{CLEAR}told\n{painted}{CLEAR}"
    assert handler.formatter is formatter


def test_without_a_terminal_a_plain_line_is_logged(caplog):
    caplog.set_level("INFO")
    Progress(account_after(2, 10), "tap-x", Manner.PLAIN, logging.getLogger("tap-x")).show()
    assert caplog.messages == ["So far: 10 rows, 5 rows/s, 0:00:02"]


def on_terminal(*options, folder, environment=None):
    """What a target writes to a terminal that is its stderr; its input stays open until the live line was seen, or nothing for four repaints' time."""
    ours, theirs = pty.openpty()
    (folder / "settings.json").write_text("{}")
    command = [sys.executable, str(PLUGINS), "target", "--config", "settings.json", *options]
    plain = {name: value for name, value in command_environment(environment).items() if name != "NO_COLOR" or name in (environment or {})}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs, cwd=folder, env=plain)
    os.close(theirs)
    schema = {"type": "SCHEMA", "stream": "s", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]}
    process.stdin.write("".join(json.dumps(one) + "\n" for one in (schema, {"type": "RECORD", "stream": "s", "record": {"id": 1}})).encode())
    process.stdin.flush()
    seen, has_begun = b"", False
    while True:
        is_silent = not select.select([ours], [], [], 4 * REPAINT_EVERY_S if has_begun else 60)[0]
        if (is_silent or b"rows/s" in seen) and not process.stdin.closed:
            process.stdin.close()
        if is_silent:
            continue
        try:
            seen += os.read(ours, 4096)
        except OSError:  # the other side was closed
            break
        has_begun = b"target-small v" in seen
    os.close(ours)
    return process.wait(30), seen.decode()


def test_on_a_terminal_a_live_line_is_drawn_and_gone_at_the_end(tmp_path):
    exit_code, screen = on_terminal(folder=tmp_path)
    assert exit_code == 0
    assert f"{CLEAR}target-small: " in screen
    last = screen[screen.rindex("rows/s") :]
    assert last.index(CLEAR) < last.index("s: 1 row in ") < last.index("Done: 1 row of 1 stream in ")


@pytest.mark.parametrize(("options", "environment"), [(["--no-progress"], None), ([], {"NO_COLOR": "1"}), ([], {"MELTANO_RUN_ID": "1"})])
def test_no_live_line_is_drawn_where_none_is_wanted(options, environment, tmp_path):
    exit_code, screen = on_terminal(*options, folder=tmp_path, environment=environment)
    assert (exit_code, CLEAR in screen, "Done: 1 row of 1 stream in " in screen) == (0, False, True)
