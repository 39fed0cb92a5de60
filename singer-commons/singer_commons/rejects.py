"""Rejected rows: one JSON line each, on disk before any state moves past them.

Fields of a line, the same for all targets (docs/rejects.md): `time` (UTC), `stream`, `key` (the row's key properties), `code` (a short
constant), `reason` (a sentence), `field` (where it is known), `record` (as it was read).
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from singer_commons.errors import SuiteError, TooManyRejectsError
from singer_commons.secrets import known_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_commons.accounts import Account

_encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class RejectsFile:
    """Appends rejected rows to the file at `path`, readable by its owner alone; made at the first reject."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._descriptor: int | None = None
        self._lock = threading.Lock()  # rows are refused while they are read, and by a delivery in its own thread

    def write(
        self,
        stream: str,
        record: Mapping[str, Any],
        *,
        code: str,
        reason: str,
        keys: Sequence[str] = (),
        field: str | None = None,
        line: int | None = None,
    ) -> None:
        """Append one row, which stood in that line of the input. It is durable after the next `sync`."""
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "stream": stream,
            "line": line,
            "key": {name: record.get(name) for name in keys},
            "code": code,
            "reason": known_secrets()(reason),  # a service's words may hold the key that it refused
            "field": field,
            "record": record,
        }
        text = _encoded(told) + b"\n"
        with self._lock, self._failures():
            if self._descriptor is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            _write_whole(self._descriptor, text)

    def sync(self) -> None:
        """Have the system put all written rows on disk."""
        if self._descriptor is not None:
            with self._failures():
                os.fsync(self._descriptor)

    def close(self) -> None:
        """Sync and close the file."""
        if self._descriptor is not None:
            self.sync()
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SuiteError(
                f"the rejects file {self.path} cannot be written: {error.strerror}",
                hint="make room or change `rejects_path`; the next run gets the rows behind the last STATE again",
            ) from error


def rejects_allowed(read: int, *, rows: int | None, share: float | None) -> int:
    """How many of so many rows may be rejected, by number and by share: both hold; with neither none may."""
    limits = [*([] if rows is None else [rows]), *([] if share is None else [int(share * read)])]
    return min(limits, default=0)


def check_rejects(account: Account, *, rows: int | None, share: float | None = None, path: str | Path) -> None:
    """Raise TooManyRejectsError if more rows were rejected than allowed; with neither a number nor a share none is allowed."""
    read = account.rows
    rejected = sum(one.rejected.total() for one in account.streams.values())
    if rows is None and share is None:
        rows = 0
    if rejected > rejects_allowed(read, rows=rows, share=share):
        allowed = " and ".join(([f"{rows} rows"] if rows is not None else []) + ([f"a share of {share}"] if share is not None else []))
        settings = "`max_rejected_rows` sets" if share is None else "`max_rejected_rows` and `max_rejected_share` set"
        raise TooManyRejectsError(
            f"{rejected} of {read} rows were rejected, {allowed} allowed; the others were delivered",
            hint=f"{path} holds them with their reasons; {settings} what is allowed",
        )


def _encoded(line: Mapping[str, Any]) -> bytes:
    try:
        return _encoder.encode(line)
    except UnicodeEncodeError:  # half of a surrogate pair, which may be why the row was rejected: json escapes it
        return json.dumps(line, default=str).encode("ascii")


def _write_whole(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
