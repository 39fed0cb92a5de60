"""What a command's first step settles about memory, seen in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

BLOCKS = """
import ctypes
from singer_commons.memory import share_memory

{settled}
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

class Told(ctypes.Structure):  # struct mallinfo2
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc.mallinfo2.restype = Told
libc.free(libc.malloc(30 << 20))  # from then on glibc by itself keeps blocks of up to this size in the heap
before = libc.mallinfo2().hblkhd
libc.malloc(20 << 20)
print(libc.mallinfo2().hblkhd - before >= 20 << 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
@pytest.mark.parametrize(("settled", "own_pages"), [("share_memory()", True), ("", False)])
def test_a_large_block_has_pages_of_its_own_whatever_was_freed_before(settled, own_pages):
    done = subprocess.run([sys.executable, "-c", BLOCKS.format(settled=settled)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(own_pages)]
