"""A file of the store that somebody else wrote, read in pieces: a Parquet footer is at its end, and its columns are each in one place."""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING

from azure.core import MatchConditions
from azure.core.exceptions import AzureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer
    from azure.storage.blob import BlobClient

PIECE_BYTES = 4 * 2**20  # that are asked for at once, where all of a file is read


class BlobFile(io.RawIOBase):
    """Bytes of a blob, all of them of one version: a blob that is written anew in between is refused. Raises AzureErrors, at reading what `explained` makes of them."""

    def __init__(self, blob: BlobClient, explained: Callable[[AzureError], Exception]) -> None:
        self._blob, self._explained = blob, explained
        properties = blob.get_blob_properties()
        self.size: int = properties.size
        self._etag, self._place = properties.etag, 0
        self._md5: bytes | bytearray | None = properties.content_settings.content_md5

    def md5(self) -> str:
        """The hash of all bytes: the one that the store keeps with the blob, else that of the bytes, which are read for it."""
        if self._md5:
            return bytes(self._md5).hex()
        made = hashlib.md5(usedforsecurity=False)  # what the store keeps, too
        for start in range(0, self.size, PIECE_BYTES):
            made.update(self._bytes(start, min(PIECE_BYTES, self.size - start)))
        return made.hexdigest()

    def readable(self) -> bool:
        """See io."""
        return True

    def seekable(self) -> bool:
        """See io."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See io."""
        self._place = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence] + offset
        return self._place

    def tell(self) -> int:
        """See io."""
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """See io."""
        room = memoryview(buffer).cast("B")
        wanted = min(len(room), self.size - self._place)
        if wanted <= 0:
            return 0
        room[:wanted] = self._bytes(self._place, wanted)
        self._place += wanted
        return wanted

    def _bytes(self, start: int, size: int) -> bytes:
        try:
            return self._blob.download_blob(start, size, etag=self._etag, match_condition=MatchConditions.IfNotModified).readall()
        except AzureError as error:
            raise self._explained(error) from error
