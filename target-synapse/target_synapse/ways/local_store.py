"""Parts that never leave this machine: small ones in memory, the others in temporary files without a name, which a killed process leaves none of."""

from __future__ import annotations

import tempfile
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from singer_commons.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

IN_MEMORY_BYTES = 64 * 2**10  # of a part: hundreds of streams with few rows each are no hundreds of open files


class LocalStore:
    """The store of a run that has no storage."""

    def __init__(self) -> None:
        self._parts: dict[str, IO[bytes]] = {}
        self._lock = threading.Lock()

    def put(self, path: str, content: bytes) -> None:
        """Keep a part. Raises ConfigurationError if there is no room."""
        part = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, prefix="target-synapse-")  # noqa: SIM115 - closed by `remove`
        try:
            part.write(content)
            part.flush()  # what is left in its buffer may be what there is no room for
        except OSError as error:
            with suppress(OSError):  # it tries to write the rest once more
                part.close()
            raise ConfigurationError(f"no room for {len(content)} bytes of rows: {error}", hint="name a larger folder with TMPDIR") from error
        with self._lock:
            self._parts[path] = part

    def reader(self, path: str) -> IO[bytes]:
        """The part from its beginning. One reader at a time."""
        part = self._parts[path]
        part.seek(0)
        return part

    def remove(self, paths: Sequence[str]) -> None:
        """Let go of parts."""
        for path in paths:
            with self._lock:
                part = self._parts.pop(path, None)
            if part is not None:
                part.close()

    def move(self, paths: Sequence[str], prefix: str, to: str) -> None:
        """Let go of parts: there is no archive for what never left."""
        del prefix, to
        self.remove(paths)

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """None: what other runs had went with them."""
        del prefix
        return iter(())

    def close(self) -> None:
        """Let go of all."""
        self.remove(list(self._parts))
