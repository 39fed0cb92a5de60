"""`--plan`: what is common to the targets' plans: rows that a load would reject, kept as counts instead of in the rejects file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_commons.errors import TooManyRejectsError
from singer_commons.secrets import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_KINDS = 100  # kinds of rejects that are kept apart; a plan's memory must not follow its rows


class Reject(NamedTuple):
    """What is wrong with some rows of a stream."""

    stream: str
    code: str
    field: str | None


class RejectsSeen:
    """Stands in for `singer_commons.rejects.RejectsFile`: counts rows by what is wrong with them, and keeps the first reason of each kind."""

    def __init__(self, path: str | Path, *, show_values: bool) -> None:
        self.path = Path(path)
        self.rows: dict[str, int] = {}
        self._show_values = show_values
        self._counts: Counter[Reject] = Counter()
        self._reasons: dict[Reject, str] = {}

    def write(
        self,
        stream: str,
        record: Mapping[str, Any],
        *,
        code: str,
        reason: str,
        keys: Sequence[str] = (),  # noqa: ARG002 - as RejectsFile's
        field: str | None = None,
        line: int | None = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Count one row."""
        kind = Reject(stream, code, field)
        self.rows[stream] = self.rows.get(stream, 0) + 1
        if kind not in self._reasons and len(self._reasons) >= MAX_KINDS:
            kind = Reject(stream, "others", None)
        self._counts[kind] += 1
        if kind not in self._reasons:
            self._reasons[kind] = " ".join((reason if self._show_values else without_values(reason, record)).split())

    def sync(self) -> None:
        """Nothing: there is no file."""

    def close(self) -> None:
        """Nothing: there is no file."""

    def told(self, stream: str) -> Iterator[str]:
        """A line for each kind of reject of a stream, without a line break."""
        for kind, rows in self._counts.items():
            if kind.stream == stream:
                where = f" `{kind.field}`" if kind.field else ""
                yield f"{rows} x {kind.code}{where}: {self._reasons[kind]}"


def without_values(reason: str, record: Mapping[str, Any]) -> str:
    """The reason without what the row says: a message of a validator quotes it."""
    for text in sorted(set(_texts(record)), key=len, reverse=True):
        for form in (repr(text), text):
            reason = reason.replace(form, MASK)
    return reason


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool) and len(str(value)) > 1:
        yield str(value)  # a single character would blot out words


def would_reject(rejects: RejectsSeen) -> TooManyRejectsError:
    """What a plan ends with where a load would: the same exit code, but nothing was delivered and there is no file."""
    rows = sum(rejects.rows.values())
    return TooManyRejectsError(f"a load would reject {rows} rows, more than the settings allow; nothing was loaded", hint="the plan says why")
