"""A batch on its way to the store: rows are packed into gz CSV parts, and each part leaves as soon as it is full."""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from target_synapse.staging import StagingStore

# COPY INTO reads compressed files whole, in parallel, and wants each to be 4 MB or more
# (https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, "file splitting").
PART_BYTES = 4 * 2**20
CHUNK_BYTES = 256 * 2**10  # uncompressed rows that go to the compressor at once
LEVEL = 1  # gzip's fastest: 20 % more bytes than the default, in far less time
GZIP_FORMAT = 31  # zlib's window of 15 bits, plus 16 for gzip's frame
UPLOADS = 4  # parts on their way at once; beyond that the writer waits, so memory stays bounded


class BatchWriter:
    """Writes rows into parts `<folder>/<nnnnn>.csv.gz`, and knows the hash of what the rows say."""

    def __init__(self, store: StagingStore, folder: str, *, part_bytes: int | None = None) -> None:
        self._store, self._folder, self._part_bytes = store, folder, part_bytes or PART_BYTES
        self._hash = hashlib.sha256()
        self._rows_waiting = bytearray()
        self._packed = bytearray()
        self._packer = _packer()
        self._part_is_open = False  # the packer holds bytes back, so an empty `_packed` says nothing
        self._uploads: deque[Future[None]] = deque()
        self._threads = ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload")
        self.paths: list[str] = []
        self.rows = 0

    def add(self, content: bytes, tail: bytes) -> None:
        """Append a row: `content` is what it says, and is hashed; `tail` holds when it was read and its place, and ends the line."""
        self._hash.update(content)
        self._hash.update(b"\n")
        self._rows_waiting += content
        self._rows_waiting += tail
        self.rows += 1
        self._part_is_open = True
        if len(self._rows_waiting) >= CHUNK_BYTES:
            self._pack()

    def finish(self) -> str:
        """Write the rest, wait until all parts are in the store, and return the hash of the rows. Raises what an upload raised."""
        self._pack()
        if self._part_is_open:
            self._send()
        while self._uploads:
            self._uploads.popleft().result()
        self._threads.shutdown()
        return self._hash.hexdigest()

    def abandon(self) -> None:
        """Stop: nothing more is sent."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _pack(self) -> None:
        self._packed += self._packer.compress(self._rows_waiting)
        self._rows_waiting.clear()
        if len(self._packed) >= self._part_bytes:
            self._send()

    def _send(self) -> None:
        self._packed += self._packer.flush()
        path = f"{self._folder}/{len(self.paths) + 1:05}.csv.gz"
        self.paths.append(path)
        if len(self._uploads) >= UPLOADS:
            self._uploads.popleft().result()
        self._uploads.append(self._threads.submit(self._store.put, path, bytes(self._packed)))
        self._packed, self._packer, self._part_is_open = bytearray(), _packer(), False


def _packer() -> zlib._Compress:
    return zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_FORMAT)
