"""Reads batches in a thread of its own, a few ahead of those that are encoded and written.

A client's native code does not look at signals while it works, and a long sort would hold up the end that was asked for: here the main thread waits in Python.
"""

from __future__ import annotations

import threading
from queue import Full, Queue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import TypeVar

    Item = TypeVar("Item")
    Made = TypeVar("Made")

BATCHES_AHEAD = 2  # read while the ones before are encoded and written
POLL_S = 0.2  # how often a waiting reader looks whether it is still wanted


def read_ahead(read: Callable[[], Iterable[Item]], cancel: Callable[[], None]) -> Generator[Item, None, None]:
    """The batches, or whatever else, that `read` gives; what it raises is raised here. `cancel` makes it end early, and may be called more than once."""
    ready: Queue[Item | Exception | None] = Queue(BATCHES_AHEAD)
    stop = threading.Event()
    reader = threading.Thread(target=_read, args=(read, ready, stop), name="warehouse reader", daemon=True)
    reader.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stop.set()
        while reader.is_alive():
            cancel()
            reader.join(POLL_S)


def aside(make: Callable[[], Made]) -> Made:
    """What `make` gives or raises, called in a thread that is not waited for if a signal ends this one."""
    return begun(make)()


def begun(make: Callable[[], Made]) -> Callable[[], Made]:
    """Begins what `aside` does and waits for; what it gives is the waiting."""
    made: Queue[tuple[Made | None, Exception | None]] = Queue(1)
    threading.Thread(target=_make, args=(make, made), name="warehouse log-in", daemon=True).start()

    def wait() -> Made:
        value, error = made.get()
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # without an error there is a value

    return wait


def _make(make: Callable[[], Any], made: Queue[Any]) -> None:
    try:
        made.put((make(), None))
    except Exception as error:  # noqa: BLE001 - handed over to the thread that asked
        made.put((None, error))


def _read(read: Callable[[], Iterable[object]], ready: Queue[Any], stop: threading.Event) -> None:
    end: Exception | None = None
    try:
        for batch in read():
            if not _put(ready, batch, stop):
                return
    except Exception as error:  # noqa: BLE001 - handed over to the thread that asked
        end = error
    _put(ready, end, stop)


def _put(ready: Queue[Any], item: object, stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            ready.put(item, timeout=POLL_S)
        except Full:
            continue
        return True
    return False
