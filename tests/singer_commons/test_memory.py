"""Where the memory of a command comes from: each test asks a program that was started as the commands are."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

THREADS = 12
STARTED = """
import ctypes
import json
import os
import sys
import tempfile
from threading import Barrier, Thread


def arenas():
    libc = ctypes.CDLL(None)
    libc.fdopen.restype = libc.malloc.restype = ctypes.c_void_p
    libc.fclose.argtypes, libc.malloc_info.argtypes = [ctypes.c_void_p], [ctypes.c_int, ctypes.c_void_p]
    with tempfile.NamedTemporaryFile() as told:
        file = libc.fdopen(os.dup(told.fileno()), b"w")
        libc.malloc_info(0, file)
        libc.fclose(file)
        told.seek(0)
        return told.read().decode().count("<heap nr=")


def main():
    import pyarrow

    barrier = Barrier(THREADS)

    def hold():
        barrier.wait()
        held = [bytes(2000) for _ in range(1000)]
        barrier.wait()

    threads = [Thread(target=hold) for _ in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    print(json.dumps([pyarrow.default_memory_pool().backend_name, arenas()]))
"""


@pytest.fixture
def started(tmp_path):
    """Arrow's allocator, and the number of the C library's heaps, in a program of many threads."""
    (tmp_path / "program.py").write_text(STARTED.replace("THREADS", str(THREADS)))

    def run(start, **environment):
        env = {**{name: value for name, value in os.environ.items() if not name.startswith(("ARROW_", "MALLOC_"))}, **environment}
        done = subprocess.run([sys.executable, "-c", start], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return run


LIKE_A_COMMAND = "from singer_commons.start import starter; starter('program')()"
PLAIN = "import program; program.main()"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_arrow_and_all_threads_share_two_heaps(started):
    assert started(LIKE_A_COMMAND) == ["system", 2]
    allocator, heaps = started(PLAIN)
    assert (allocator != "system", heaps > 2) == (True, True)


def test_an_allocator_that_the_user_chose_for_arrow_stays(started):
    assert started(LIKE_A_COMMAND, ARROW_DEFAULT_MEMORY_POOL="jemalloc")[0] == "jemalloc"
