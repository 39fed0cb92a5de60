"""Several readings at a time, handed out one behind the other, in the order in which they were given."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")


@dataclass(slots=True)
class _Reading(Generic[T]):
    """A reading, what it has yielded and nobody has taken yet, and how it ended."""

    read: Callable[[], Iterable[T]]
    items: deque[T] = field(default_factory=deque)
    is_done: bool = False
    failure: BaseException | None = None


class ReadAhead(Generic[T]):
    """Runs up to `at_a_time` readings in threads, each of which yields items; at most about `most_items` lie ready.

    Iterating gives one iterator a reading. What a reading raises is raised where it is handed out. When the iteration is given up, the
    threads end at their next item.
    """

    def __init__(self, readings: Iterable[Callable[[], Iterable[T]]], *, at_a_time: int, most_items: int) -> None:
        self._readings: Sequence[_Reading[T]] = [_Reading(one) for one in readings]
        self._at_a_time, self._most_items = at_a_time, most_items
        self._waiting = deque(self._readings)
        self._handed_out: _Reading[T] | None = None
        self._is_over = False
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[Iterator[T]]:
        """The readings' items, an iterator a reading."""
        for _ in range(min(self._at_a_time, len(self._readings))):
            threading.Thread(target=self._work, name="read-ahead", daemon=True).start()  # a daemon: it may be waiting for the service at the end
        try:
            for reading in self._readings:
                with self._changed:
                    self._handed_out = reading
                    self._changed.notify_all()
                yield self._items(reading)
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _items(self, reading: _Reading[T]) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: reading.items or reading.is_done)
                if not reading.items:
                    if reading.failure is not None:
                        raise reading.failure
                    return
                item = reading.items.popleft()
                self._changed.notify_all()
            yield item

    def _work(self) -> None:
        while (reading := self._next()) is not None:
            failure: BaseException | None = None
            try:
                for item in reading.read():
                    if not self._added(reading, item):
                        return
            except BaseException as raised:  # noqa: BLE001 - raised again where the reading is handed out
                failure = raised
            with self._changed:
                reading.failure, reading.is_done = failure, True
                self._changed.notify_all()

    def _next(self) -> _Reading[T] | None:
        with self._changed:
            return None if self._is_over or not self._waiting else self._waiting.popleft()

    def _added(self, reading: _Reading[T], item: T) -> bool:
        """Add an item as soon as there is room for it; False if nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._has_room(reading))
            reading.items.append(item)
            self._changed.notify_all()
            return not self._is_over

    def _has_room(self, reading: _Reading[T]) -> bool:
        # The one that is handed out has room of its own, or the others, which wait for it, could keep it out for ever.
        mine = [reading] if reading is self._handed_out else self._readings
        return sum(len(one.items) for one in mine) < self._most_items
