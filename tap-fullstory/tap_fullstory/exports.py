"""The bundles of the Data Export: which there are, which are done, and their events.

A bundle holds the events of a span of time. The state is the end of the newest bundle done, and the ids of those done near it: a bundle that
appears late, within the overlap, is found by its id.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_commons.errors import RejectedError

from tap_fullstory.bundle_file import items, temporary_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_fullstory.client import FullstoryClient


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file of the events of [start_s, stop_s), in Unix seconds. The id is a 64-bit integer, kept as text."""

    id: str
    start_s: int
    stop_s: int

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Bundle:
        """Read a line of the list: `Id` or `id`, a number or a text of one. Raises RejectedError."""
        small = {name.lower(): value for name, value in line.items()}
        try:
            return cls(str(int(small["id"])), int(small["start"]), int(small["stop"]))
        except (KeyError, ValueError, TypeError) as error:
            raise RejectedError(f"FullStory lists an export bundle without a usable {error}: {sorted(line)}", status=200) from error


@dataclass(slots=True)
class Progress:
    """What is done: the newest end, and by id the ends of the bundles within `lookback_s` before it."""

    stop_s: int
    lookback_s: int
    done: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_state(cls, state: Mapping[str, Any], *, start_s: int, lookback_s: int) -> Progress:
        """Go on from the state, or begin at `start_s`."""
        if "stop" not in state:
            return cls(start_s, lookback_s)
        return cls(int(state["stop"]), lookback_s, {str(name): int(stop) for name, stop in state.get("recent_ids", {}).items()})

    @property
    def list_from_s(self) -> int:
        """From where to list: bundles that end later."""
        return max(0, self.stop_s - self.lookback_s) if self.done else self.stop_s

    def add(self, bundle: Bundle) -> None:
        """Count a bundle as done, and forget those before the overlap."""
        self.stop_s = max(self.stop_s, bundle.stop_s)
        self.done[bundle.id] = bundle.stop_s
        oldest_s = self.stop_s - self.lookback_s
        self.done = {name: stop_s for name, stop_s in self.done.items() if stop_s > oldest_s or name == bundle.id}

    def to_state(self) -> dict[str, Any]:
        """The state, ids as text: some JSON readers lose digits above 2^53."""
        return {"stop": self.stop_s, "recent_ids": dict(self.done)}


def bundles_from(client: FullstoryClient, start_s: int) -> Iterator[Bundle]:
    """The bundles that end after `start_s`, oldest first, each once.

    A list holds the first 20; the next is asked for from the last one's end, until a list is empty or leads no further.
    """
    given: set[str] = set()
    while True:
        page = client.get("/api/v1/export/list", start=start_s)
        lines = page.get("exports") or [] if isinstance(page, dict) else []
        bundles = [Bundle.from_line(line) for line in lines]
        yield from (bundle for bundle in bundles if bundle.id not in given)
        given = {bundle.id for bundle in bundles}
        last_s = max((bundle.stop_s for bundle in bundles), default=start_s)
        if last_s <= start_s:
            return
        start_s = last_s


@contextmanager
def events_of(client: FullstoryClient, bundle: Bundle) -> Iterator[Iterator[dict[str, Any]]]:
    """Fetch a bundle, whole, and give its events one by one."""
    with temporary_file() as file:
        client.download("/api/v1/export/get", file, id=bundle.id)
        with closing(items(file)) as events:
            yield events
