"""A batch on its way to the store: rows are packed into parts, and each part leaves as soon as it is full.

One thread packs, others upload, and the rows' own thread goes on; compressing and hashing let go of Python's lock. Memory is bounded by WAITING_BYTES
of rows, and by a part for each of UPLOADS and one more.
"""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from target_synapse.staging.formats import Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from target_synapse.ways import Store

CHUNK_BYTES = 256 * 2**10  # of single rows that go to the packer together
WAITING_BYTES = 16 * 2**20  # of rows that the packer has not done yet, their content and their lines; beyond that whoever brings more waits
UPLOADS = 4  # parts on their way at once


def as_they_are(lines: memoryview) -> memoryview:
    """The lines themselves."""
    return lines


class BatchWriter:
    """Writes rows into parts `<folder>/<nnnnn>.<suffix>`, and knows the hash of what the rows say, which are all of one version.

    `written` makes of whole lines of CSV what the parts are to hold; the hash is of the CSV, so it is the same for every way into the pool.
    """

    def __init__(
        self,
        store: Store,
        folder: str,
        *,
        version: int | None = None,
        layout: Layout | None = None,
        written: Callable[[memoryview], memoryview] = as_they_are,
    ) -> None:
        self.version, self._written = version, written
        self._store, self._folder, self._layout = store, folder, layout or Layout()
        self._hash = hashlib.sha256()
        self._content, self._lines = bytearray(), bytearray()
        self._packing: deque[tuple[Future[None], int]] = deque()
        self._packed, self._packer, self._part_is_open = (
            bytearray(),
            self._layout.packer(),
            False,
        )  # a packer holds bytes back: an empty `_packed` says nothing
        self._uploads: deque[Future[None]] = deque()
        self._pack_thread = ThreadPoolExecutor(1, thread_name_prefix="pack")
        self._upload_threads = ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload")
        self.paths: list[str] = []
        self.content = ""  # the hash, once all rows are written
        self.rows = 0
        self.line_bytes = 0  # of the lines that were handed on, before they are packed
        self.place = 0  # rows that have come for the batch, refused ones too: of rows with the same key, the one with the last place wins

    def add(self, content: bytes, tail: bytes) -> None:
        """Append a row: `content` is what it says, and is hashed; `tail` holds when it was read and its place, and ends the line."""
        self._content += content
        self._lines += content
        self._lines += tail
        self.rows += 1
        if len(self._lines) >= CHUNK_BYTES:
            self._hand_on_rows()

    def add_block(self, content: memoryview, lines: memoryview, rows: int) -> None:
        """Append rows: what they say, end to end, and their whole lines. Raises what packing or uploading raised."""
        self._hand_on_rows()
        self.rows += rows
        self._hand_on(content, lines)

    def finish(self) -> str:
        """Write the rest, wait until all parts are in the store, and return the hash of the rows. Raises what an upload raised.

        May be called again once it has returned.
        """
        if self.content:
            return self.content
        self._hand_on_rows()
        while self._packing:
            self._packing.popleft()[0].result()
        self._pack_thread.shutdown()
        if self._part_is_open:
            self._send()
        while self._uploads:
            self._uploads.popleft().result()
        self._upload_threads.shutdown()
        self._hash.update(str(self.rows).encode())
        self.content = self._hash.hexdigest()
        return self.content

    def abandon(self) -> None:
        """Stop: nothing more is sent."""
        self._pack_thread.shutdown(wait=True, cancel_futures=True)
        self._upload_threads.shutdown(wait=True, cancel_futures=True)

    def _hand_on_rows(self) -> None:
        if self._lines:
            self._hand_on(memoryview(self._content), memoryview(self._lines))
            self._content, self._lines = bytearray(), bytearray()

    def _hand_on(self, content: memoryview, lines: memoryview) -> None:
        self.line_bytes += len(lines)
        size_bytes = len(content) + len(lines)  # both are held until they are packed
        while self._packing and (self._packing[0][0].done() or sum(size for _, size in self._packing) + size_bytes > WAITING_BYTES):
            self._packing.popleft()[0].result()
        self._packing.append((self._pack_thread.submit(self._pack, content, lines), size_bytes))

    def _pack(self, content: memoryview, lines: memoryview) -> None:
        self._hash.update(content)
        self._packed += self._packer.add(self._written(lines))
        self._part_is_open = True
        if len(self._packed) >= self._layout.part_bytes(len(self.paths)):  # only here: a part ends with a row
            self._send()

    def _send(self) -> None:
        self._packed += self._packer.finish()
        path = f"{self._folder}/{len(self.paths) + 1:05}.{self._layout.suffix}"
        self.paths.append(path)
        if len(self._uploads) >= UPLOADS:
            self._uploads.popleft().result()
        self._uploads.append(self._upload_threads.submit(self._store.put, path, bytes(self._packed)))
        self._packed, self._packer, self._part_is_open = bytearray(), self._layout.packer(), False
