"""What a case is: contenders that do the same work on the same rows, one after another, in rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.data import Table
    from bench.digest import Digest
    from bench.measure import Measured, Stage
    from bench.scene import Scene


LEAST = 1_000  # fewer rows say nothing about a command


@dataclass(frozen=True)
class Size:
    """How many rows a contender moves: in a full run, and in a quick one."""

    full: int
    quick: int

    def of(self, *, quick: bool, scale: float = 1.0) -> int:
        """The rows of a kind of run; `scale` makes them fewer, to try the bench itself."""
        return max(LEAST, int((self.quick if quick else self.full) * scale))


BIG, LARGE = Size(1_000_000, 50_000), Size(5_000_000, 200_000)
# Of those that need 30 to 1,000 microseconds a row: no run is to take more than a minute.
SLOW, HALF, FIFTH, TENTH, SOME, FEW = (Size(full, min(full // 10, 5_000)) for full in (1_000_000, 500_000, 200_000, 100_000, 50_000, 20_000))


@dataclass
class Job:
    """One run of a contender.

    Output either goes into a file, table or service, of which `found` makes the digest after every run; or it is drained, its records or lines are
    counted in every run, and a run beforehand writes it into a file of which `proof` makes the digest.
    """

    stages: Sequence[Stage]
    stdin: Path | None = None
    stdout: Path | None = None
    drained: str = ""  # what the drain must count: `records` or `lines`, or `bytes` where nothing else can be told
    wanted: Callable[[], Digest] | None = None  # the source's digest, where it is not the table's
    proof: Callable[[Path], Digest] | None = None
    found: Callable[[], Digest] | None = None
    more: Callable[[Measured], dict[str, float]] | None = None  # further figures of a run
    before: Callable[[], None] | None = None


class Maker(Protocol):
    """Prepares a contender's run."""

    def __call__(self, scene: Scene, table: Table, rows: int) -> Job:
        """The job for so many rows."""


@dataclass(frozen=True)
class Contender:
    """Who does the work. `is_limit`: no peer, but what is to be had at all."""

    name: str
    size: Size
    make: Maker
    is_ours: bool = False
    is_limit: bool = False

    def sized(self, size: Size) -> Contender:
        """The same with other numbers of rows."""
        return replace(self, size=size)


@dataclass(frozen=True)
class Case:
    """The same work by several; `measure` names the one of ours that the others are held against, `note` says what the figures are of."""

    name: str
    title: str
    table: Table
    contenders: Sequence[Contender]
    measure: str
    note: str = ""
    most_rounds: int = 5
    at_once: bool = False  # all its rounds before the next case: they take seconds, and one of them says little
    in_quick: bool = True
