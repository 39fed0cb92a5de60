"""One service in a process of its own: `python -m sandbox.serve NAME --folder DIR [--port N] [--seed N] [--while-stdin]`.

When it listens it writes `DIR/NAME.json` (name, pid, port, settings), and removes that file when it ends: on SIGTERM, on SIGINT, or,
with `--while-stdin`, when its standard input closes, which happens at the latest when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.services import SERVICES, Options, start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.services import Service


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until asked to stop."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    service = start(asked.name, Options(asked.folder, asked.port, asked.seed))
    note = asked.folder / f"{asked.name}.json"
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    if asked.while_stdin:
        threading.Thread(target=_until_stdin_closes, args=(ended,), daemon=True).start()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    _write_note(note, asked.name, service)
    try:
        ended.wait()
    finally:
        note.unlink(missing_ok=True)
        service.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve")
    parser.add_argument("name", choices=SERVICES)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--while-stdin", action="store_true")
    return parser


def _until_stdin_closes(ended: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    ended.set()


def _write_note(note: Path, name: str, service: Service) -> None:
    text = json.dumps({"name": name, "pid": os.getpid(), "port": service.port, "settings": dict(service.settings)}, indent=2)
    unfinished = note.with_suffix(".tmp")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(note)  # readers see all of it or nothing


if __name__ == "__main__":
    main()
