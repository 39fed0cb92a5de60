"""Runs one pipe of programs and tells what each of them took: `python launch.py < JOB`, the answer is JSON on standard output.

A program of its own, with nothing but the standard library: the peak memory that Linux tells of a child begins at that of the process that
started it, so the starter must be small. CPU time and peak memory are the kernel's own account of each finished process (wait4).

JOB: {"stages": [{"name", "argv", "env", "cwd", "log"}], "stdin": path or null, "stdout": path or null, "drain": path or null, "limit_s"}
With `drain`, the last program writes into `drain.py`, which leaves its report there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

DRAIN = Path(__file__).with_name("drain.py")


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run the pipe to its end, or to its limit of time."""
    stages = list(job["stages"])
    if job.get("drain"):
        stages.append({"name": "drain", "argv": [sys.executable, "-I", "-S", str(DRAIN), job["drain"]], "log": os.devnull})
    begun_s = time.monotonic()
    with ExitStack() as files:
        source = files.enter_context(Path(job.get("stdin") or os.devnull).open("rb"))
        sink = files.enter_context(Path(job.get("stdout") or os.devnull).open("wb"))
        children = started(stages, source, sink)
    overdue = threading.Event()
    timer = threading.Timer(job["limit_s"], end_late, [children, overdue])
    timer.daemon = True
    timer.start()
    try:
        told = [waited(stage["name"], child) for stage, child in zip(stages, children, strict=True)]
    except BaseException:
        end_all(children)
        raise
    ended_s = time.monotonic()
    timer.cancel()
    measured = [one for one in told if one["name"] != "drain"]
    return {"begun_s": begun_s, "wall_s": ended_s - begun_s, "overdue": overdue.is_set(), "stages": measured}


def started(stages: list[dict[str, Any]], source: Any, sink: Any) -> list[subprocess.Popen[bytes]]:
    """The programs, each one's standard output the next one's input."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        for number, stage in enumerate(stages):
            last = number == len(stages) - 1
            with Path(stage["log"]).open("wb") as log:
                child = subprocess.Popen(
                    stage["argv"], stdin=source, stdout=sink if last else subprocess.PIPE, stderr=log,
                    env={**os.environ, **stage.get("env", {})}, cwd=stage.get("cwd"), start_new_session=True,
                )  # fmt: skip
            if number:
                source.close()  # the reader's end is the child's alone, so that a writer notices when it is gone
            source = child.stdout
            children.append(child)
    except BaseException:
        end_all(children)
        raise
    return children


def end_late(children: list[subprocess.Popen[bytes]], overdue: threading.Event) -> None:
    """End a pipe whose time is over."""
    overdue.set()
    end_all(children)


def end_all(children: list[subprocess.Popen[bytes]]) -> None:
    """Kill what was started, with its own children."""
    for child in children:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)


def waited(name: str, child: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a process took, its own children included, once it is gone."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # the object would wait for it once more
    return {
        "name": name,
        "exit_code": child.returncode,
        "user_s": usage.ru_utime,
        "system_s": usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    json.dump(run(json.load(sys.stdin)), sys.stdout)
