"""One service in a process of its own: `python -m sandbox.serve NAME --folder DIR [--port N] [--seed N] [--while-stdin]`.

When it listens it writes its note (`sandbox.notes`), and removes that when it ends: on SIGTERM, on SIGINT, or, with `--while-stdin`, when its
standard input closes, which happens at the latest when whoever started it is gone. `stay` on its standard input releases it from that.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sandbox.errors import SandboxError
from sandbox.notes import Note, note_path, own_beginning
from sandbox.services import SERVICES, Options, start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.services import Service

STAY = b"stay\n"  # written at once, so read at once (pipe(7): up to PIPE_BUF bytes are atomic)
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("sandbox.serve")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until asked to stop; a failure's reason is the last thing on stderr, and the exit code is then 1."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("azure").setLevel(logging.WARNING)  # it logs each request, with its headers, as INFO
    for each in ENDING_SIGNALS:
        signal.signal(each, _end)
    if asked.while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        _serve(asked)
    except SandboxError as error:
        sys.exit(error.text)


def _serve(asked: argparse.Namespace) -> None:
    module = asked.module or SERVICES.get(asked.name)
    if not module:
        raise SandboxError(f"there is no service {asked.name}")
    service = start(module, Options(asked.folder, asked.port, asked.seed))
    wake, waker = _wake_on_signals()
    try:
        threading.Thread(target=_run, args=(service, waker), daemon=True).start()
        Note(asked.name, os.getpid(), own_beginning(), service.port, asked.seed, dict(service.settings)).write(asked.folder)
        logger.info("%s listens on port %d", asked.name, service.port)
        os.read(wake, 1)  # a signal's handler raises here
        raise SandboxError(f"{asked.name} stopped by itself")
    finally:
        note_path(asked.folder, asked.name).unlink(missing_ok=True)
        service.close()


def _wake_on_signals() -> tuple[int, int]:
    """A pipe, (to read, to write), that a signal writes to.

    The system may hand a signal to any thread, and the interpreter runs its handler only when the main thread wakes: a lock would not.
    """
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    return wake, waker


def _run(service: Service, waker: int) -> None:
    try:
        service.serve_forever()
    finally:
        os.write(waker, b"\0")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve")
    parser.add_argument("name", help=f"one of {', '.join(SERVICES)}, or any name with --module")
    parser.add_argument("--module", help="the module whose `start` makes the service; known for the names above")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--while-stdin", action="store_true")
    return parser


def _end(*_: object) -> NoReturn:
    # One request is enough: a second signal must not cut the tidying up short.
    for each in ENDING_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(0)


def _end_with_stdin() -> None:
    # Not through sys.stdin: a thread inside its buffer's lock would crash the interpreter's shutdown.
    while said := os.read(sys.stdin.fileno(), len(STAY)):
        if said == STAY:
            return
    os.kill(os.getpid(), signal.SIGTERM)  # wakes the main thread, wherever it is


if __name__ == "__main__":
    main()
