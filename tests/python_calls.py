"""How much Python does for some rows: to see that values stay in columns."""

from __future__ import annotations

import sys
from contextlib import contextmanager


@contextmanager
def calls():
    """How many functions, Python's and C's, this thread calls within."""
    counted = [0]

    def count(_frame, event, _argument):
        counted[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def is_no_work_a_cell(few, many, *, cells):
    """Whether so many cells more took less than a call in a hundred: those of blocks, and of pieces that are read and written."""
    return many - few < cells / 100
