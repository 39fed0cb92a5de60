"""Versions of a table: a tap that reads one whole gives its rows a version, and ACTIVATE_VERSION says that rows of no other are there any more.

What a run has seen decides whether that can be true of the table, too: rows are removed only where all rows of the run have a version, none is newer
than the one to activate, and no more were rejected than the settings allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_commons.errors import InputError

from target_synapse.rows.types import BIGINT, BIGINT_MAX, BIGINT_MIN, DATETIME
from target_synapse.sql.ddl import Column
from target_synapse.tables.naming import DELETED_COLUMN, VERSION_COLUMN

if TYPE_CHECKING:
    from singer_commons.accounts import StreamAccount

VERSION, DELETED_AT = Column(VERSION_COLUMN, BIGINT), Column(DELETED_COLUMN, DATETIME)


def version_of(value: object, stream: str) -> int | None:
    """The version that a message names, if any. Raises InputError if it is no version."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not BIGINT_MIN <= value <= BIGINT_MAX:
        raise InputError(f"a message of `{stream}` has the version {value!r}, which is no integer of 64 bits", hint="this is a fault of the tap")
    return value


class VersionsSeen:
    """The versions of the rows that a run has seen, by stream."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._without: set[str] = set()

    def saw(self, stream: str, version: int | None) -> None:
        """Rows of this version came."""
        if version is None:
            self._without.add(stream)
        else:
            self._newest[stream] = max(version, self._newest.get(stream, version))

    def why_not(self, stream: str, version: int, account: StreamAccount, *, rejects_allowed: int) -> str:
        """Why rows of other versions must stay; empty if they need not."""
        if stream in self._without:
            return "rows without a version came"
        if (newest := self._newest.get(stream, version)) > version:
            return f"rows of version {newest} came"
        rejected = account.rejected.total()
        return f"{rejected} rows were rejected" if rejected > rejects_allowed else ""
