"""The reader at the end of a measured pipe: counts what comes and throws it away. Its process is not part of any figure.

    python drain.py REPORT

REPORT gets a JSON object: `bytes`, `lines`, `records` (Singer RECORD messages) and `first_s`, the monotonic clock at the first record.
Nothing but the standard library: it must not cost the measured process a noticeable share of a core.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

MARK = b'"RECORD"'  # no value of the bench's tables holds it
READ_BYTES = 1 << 20


def drained(source: int) -> dict[str, float | None]:
    """Read a file descriptor to its end."""
    size = lines = records = 0
    first_s: float | None = None
    tail = b""
    while block := os.read(source, READ_BYTES):
        size += len(block)
        lines += block.count(b"\n")
        found = (tail + block).count(MARK)
        if found and first_s is None:
            first_s = time.monotonic()
        records += found
        tail = block[1 - len(MARK) :]  # shorter than a mark: one that is cut in two is counted once
    return {"bytes": size, "lines": lines, "records": records, "first_s": first_s}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(drained(0)), encoding="utf-8")
