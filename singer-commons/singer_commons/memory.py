"""How a command gets memory: from one allocator for all, with few heaps, so that what one batch has let go of serves the next."""

from __future__ import annotations

import ctypes
import os

ARROW_POOL = "ARROW_DEFAULT_MEMORY_POOL"  # https://arrow.apache.org/docs/cpp/env_vars.html
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of <malloc.h>, glibc's alone; see mallopt(3)
OWN_PAGES_BYTES = 16 * 2**20  # a block as large as this goes back to the system; by itself glibc raises the size to 32 MiB as blocks are freed
ARENAS = 2  # by itself glibc makes eight for each core, and what one of them holds free is of no use to the threads of another


def share_memory() -> None:
    """Let Arrow and all threads share the C library's heaps. To be called before Arrow is imported and before there are threads.

    Arrow's own allocator keeps what it has freed to itself. Of a million events target-synapse held 226 MB of anonymous memory at its peak, and 182 so;
    of five million 244, and 188. CPU time was the same. Without blocks that go back tap-warehouse's peak grew from some 195 MB over a million rows of
    PostgreSQL to some 230 over five, with them from 197 to 208, for a tenth more CPU. From 4 MiB on it was 9 MB less, but target-synapse, whose blocks are
    of such sizes, took 0.5 us of CPU a row more.
    """
    os.environ.setdefault(ARROW_POOL, "system")
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, ARENAS)
        libc.mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES)
