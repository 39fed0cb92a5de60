"""`make demo`: the four pipes for real, twice each, against the sandbox, with what arrived held against what was there."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from jobs import all_jobs
from sandbox.errors import SandboxError
from sandbox.processes import running
from shell_pipes import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs import Job


def main() -> int:
    """Run the demo; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="sluice-demo-") as folder:
            say("Starting the sandbox")
            with running(Path(folder) / "sandbox") as settings:
                counts = demonstrate(Path(folder), settings)
    except (DemoError, SandboxError) as failure:
        say(f"demo: failed: {failure}")
        return 1
    except KeyboardInterrupt:
        say("demo: interrupted; all that it started is stopped")
        return 130
    say(f"\ndemo: ok ({counts}; {time.monotonic() - started:.0f} s)")
    return 0


def demonstrate(folder: Path, settings: Mapping[str, str]) -> str:
    """Run each job twice, with a change between; the rows at the destinations, for the last line."""
    jobs = all_jobs(folder, settings)
    for job in jobs:
        say(f"\n$ {job.pipe.title}")
        job.first = job.pipe.run()
        job.compare()
        say(f"  first run: {job.first.counts} in {job.first.seconds:.1f} s")
        say(job.shown())
    say("\nNow the sources change, and each pipe runs again from its state.")
    told = [job.change() for job in jobs]
    share_changes(jobs)
    counts = []
    for job, change in zip(jobs, told, strict=True):
        say(f"\n$ {job.pipe.title} (with the state of the first run; {change})")
        moved = job.pipe.run()
        arrived = job.compare()
        job.check_second(moved)
        main = job.streams[0]
        say(f"  second run: {moved.counts} in {moved.seconds:.1f} s; {main}: {moved.rows(main):,} moved of {arrived:,}")
        counts.append(f"{arrived:,} {main}")
    return ", ".join(counts)


def share_changes(jobs: list[Job]) -> None:
    """Give the job that reads the same warehouse the change that was made there."""
    by_title = {job.title: job for job in jobs}
    by_title["warehouse to synapse"].changed = by_title["warehouse to mparticle"].changed


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
