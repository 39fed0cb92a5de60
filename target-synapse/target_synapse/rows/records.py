"""From a record to a line of CSV, and back to its fields: every value exact, or refused with a reason and a field."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any

from target_synapse.rows.values import TooLongError, field_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from target_synapse.tables.ensure import LoadPlan

METADATA_PREFIX = "_sdc_"


class RefusedRowError(ValueError):
    """A row that its table cannot hold; `code` is a short constant, `field` the property at fault, where it is known."""

    def __init__(self, code: str, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.code, self.field = code, field


class RowWriter:
    """Writes the rows of a plan. Columns of metadata come last, so that the rest, which is the same when a row is sent again, can be hashed.

    `also_content` are columns with a name like metadata that the tap fills.
    """

    def __init__(self, plan: LoadPlan, *, truncated: Callable[[str], None] | None = None, also_content: Collection[str] = ()) -> None:
        metadata = [name for name in plan.columns if name.startswith(METADATA_PREFIX) and name not in also_content]
        plain = [name for name in plan.columns if name not in metadata]
        self._plan, self._keys = plan, list(plan.keys)
        self._content = self._fields(plain, truncated)
        self._tail = self._fields(metadata, truncated)
        self.content, self.tail = plain, metadata
        self.properties = [*plain, *metadata]

    def _fields(self, names: Sequence[str], truncated: Callable[[str], None] | None) -> list[tuple[str, Callable[[Any], str]]]:
        def counted(name: str) -> Callable[[], None] | None:
            # A key that is cut may equal another: rows would replace each other that have nothing to do with one another.
            return None if truncated is None or name in self._keys else lambda: truncated(name)

        return [(name, field_encoder(self._plan.columns[name].type, truncated=counted(name))) for name in names]

    def line(self, record: Mapping[str, Any], place: int) -> tuple[bytes, bytes]:
        """The line in two pieces: what the record says, and its metadata and place. Raises RefusedRowError."""
        for key in self._keys:
            if record.get(key) is None:
                raise RefusedRowError("KEY_IS_NULL", f"the key `{key}` is null", key)
        content = ",".join(_encoded(record, self._content))
        tail = "".join(f"{field}," for field in _encoded(record, self._tail))
        try:
            return content.encode() + (b"," if self._content else b""), f"{tail}{place}\n".encode()
        except UnicodeEncodeError:
            raise RefusedRowError("NOT_UNICODE", "text with half of a surrogate pair, which UTF-8 cannot hold") from None


def _encoded(record: Mapping[str, Any], fields: Sequence[tuple[str, Callable[[Any], str]]]) -> list[str]:
    values = []
    for name, encode in fields:
        value = record.get(name)
        try:
            values.append("" if value is None else encode(value))
        except TooLongError as error:
            raise RefusedRowError("TOO_LONG", f"{name}: {error}", name) from None
        except ValueError as error:
            raise RefusedRowError("BAD_VALUE", f"{name}: {error}", name) from None
    return values


def fields_of(lines: Iterable[str], *, strict: bool = True) -> Iterator[list[str]]:
    """The fields of each row in lines of CSV; those that the pool wrote are not read strictly."""
    csv.field_size_limit(sys.maxsize)  # a text may be as long as a line, and this process reads no CSV but its own
    return csv.reader(lines, strict=strict)
