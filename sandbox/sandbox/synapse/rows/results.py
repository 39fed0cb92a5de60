"""What a query hands back: rows that are fetched as the client reads them, with the values that DuckDB keeps in another form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sandbox.synapse.values.declared import DeclaredType


class LazyRows:
    """Rows as they are fetched; `hold` keeps the rest when the connection is needed for the next statement."""

    def __init__(self, rows: Iterator[Sequence[object]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[object]]:
        """Go on where the last reader stopped."""
        yield from self._rows

    def hold(self) -> None:
        """Fetch what is left now."""
        self._rows = iter(list(self._rows))


def _offset(value: object) -> object:
    if not isinstance(value, dict):
        return value
    zone = timezone(timedelta(minutes=value["minutes"])) if value["minutes"] else UTC
    moment: datetime = value["utc"]
    return moment.replace(tzinfo=UTC).astimezone(zone)


def _number(value: object) -> object:
    return Decimal(value) if isinstance(value, int) else value


def reader_of(kind: DeclaredType) -> Callable[[object], object] | None:
    """What turns DuckDB's value into the declared type's; None where it is that already."""
    return {"datetimeoffset": _offset, "decimal": _number}.get(kind.name)
