"""The suite's Singer output: whole lines, RECORD lines gathered into blocks, and nothing ahead of what it depends on.

A system call a record is most of what a fast source costs. So RECORD lines wait for others, up to a number of rows, of bytes, and about a second; any other
message goes out behind all that wait, a STATE above all.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage
from singer_sdk.singerlib.encoding.simple import SimpleSingerWriter
from singer_sdk.singerlib.json import serialize_json

from singer_commons.accounts import Account
from singer_commons.signals import held_signals

if TYPE_CHECKING:
    from singer_sdk.singerlib.encoding.simple import Message

BLOCK_ROWS = 1_000  # more gained nothing: 1,000 and 10,000 rows a write took the same CPU time (msgspec 0.22, 12 columns)
BLOCK_BYTES = 1_048_576
MOST_WAIT_S = 1.0  # how long a row of a slow source may wait for others


def write_whole(data: bytes | memoryview) -> None:
    """Write bytes to standard output, all of them: unbuffered (PYTHONUNBUFFERED), one write may take only a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


class WholeLineWriter(SimpleSingerWriter):
    """Writes whole lines with SIGTERM and SIGINT held back, and counts every row in the account.

    Rows may be added by the main thread alone. A thread of its own writes those that have waited long enough.
    """

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self._lines: list[bytes] = []  # appended to without the lock: rows are taken off the front only, as many as have an owner
        self._owners: list[str] = []
        self._bytes = 0
        self._tails: dict[int | None, bytes] = {}
        self._writing = threading.RLock()  # a signal's handler may write while this thread does
        self._clerk: threading.Thread | None = None
        self._failure: OSError | None = None

    def write_message(self, message: Message) -> None:
        """Write one message as one line, behind the rows that wait; a record joins them."""
        if isinstance(message, RecordMessage):
            self._add(message.stream, serialize_json(message.to_dict()).encode() + b"\n")
            return
        line = (self.format_message(message) + "\n").encode()
        with held_signals(), self._writing:
            self.flush()
            if isinstance(message, SchemaMessage):
                self.account.turn_to(message.stream)
            write_whole(line)
            if isinstance(message, StateMessage):
                self.account.state_out(message.value)

    def add(self, stream: str, head: bytes, record: bytes, version: int | None = None) -> None:
        """Add a row to the block: what `record_head` gives, and the record's JSON. Raises what writing earlier rows raised."""
        tail = self._tails.get(version) or self._new_tail(version)
        self._add(stream, head + record + tail)

    def _new_tail(self, version: int | None) -> bytes:
        """The end of a RECORD line, with the time of the block."""
        versioned = "" if version is None else f',"version":{version}'
        tail = f'{versioned},"time_extracted":"{datetime.now(UTC).isoformat()}"}}\n'.encode()
        self._tails[version] = tail
        return tail

    def _add(self, stream: str, line: bytes) -> None:
        self._lines.append(line)
        self._owners.append(stream)
        self._bytes += len(line)
        if len(self._owners) >= BLOCK_ROWS or self._bytes >= BLOCK_BYTES or self._failure:
            self.flush()
        elif self._clerk is None:
            self._clerk = threading.Thread(target=self._write_what_waits, name="row writer", daemon=True)
            self._clerk.start()

    def write_block(self, stream: str, rows: int, block: bytes | memoryview) -> None:
        """Write RECORD lines that are a block already. For use with signals held, together with the STATE behind it."""
        with self._writing:
            self.flush()
            write_whole(block)
            self.account.wrote(stream, rows, len(block))

    def flush(self) -> None:
        """Write the rows that wait."""
        with held_signals(), self._writing:
            if self._failure:
                raise self._failure
            sys.stdout.flush()  # whatever is still in the text layer was there first
            rows = len(self._owners)
            if not rows:
                return
            block, owners = b"".join(self._lines[:rows]), Counter(self._owners[:rows])
            del self._lines[:rows], self._owners[:rows]
            self._bytes = 0
            self._tails.clear()
            write_whole(block)
            size_bytes = len(block)
            for stream, number in owners.items():
                self.account.wrote(stream, number, size_bytes)
                size_bytes = 0  # the run's bytes, counted once

    def _write_what_waits(self) -> None:
        """Look every MOST_WAIT_S, until no row has come in that time."""
        idle = threading.Event()
        while True:
            idle.wait(MOST_WAIT_S)
            if not self._owners:
                self._clerk = None  # first told, then looked again: a row that comes in between is seen here, or starts another
                if not self._owners:
                    return
            try:
                self.flush()
            except OSError as error:  # raised where the rows come from
                self._failure = error
                return


def record_head(stream: str) -> bytes:
    """The beginning of a RECORD line before the record."""
    return f'{{"type":"RECORD","stream":{json.dumps(stream)},"record":'.encode()
