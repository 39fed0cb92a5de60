"""Every row is accounted for: read = accepted + rejected + skipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from singer_commons.errors import SuiteError, TooManyRejectsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_mparticle.settings import Settings


@dataclass(slots=True)
class StreamTally:
    """What became of the rows of one stream; rejected and skipped ones by their code."""

    read: int = 0
    accepted: int = 0
    batches: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """`5 read = 3 accepted + 1 rejected (NO_IDENTITY 1) + 1 skipped (UNMAPPED_STREAM 1)`."""
        return f"{self.read} read = {self.accepted} accepted + {_counted('rejected', self.rejected)} + {_counted('skipped', self.skipped)}"

    @property
    def open_rows(self) -> int:
        """Rows that were read and have no end yet."""
        return self.read - self.accepted - self.rejected.total() - self.skipped.total()


def summary(tallies: Mapping[str, StreamTally], calls: int, waited_s: float, where: str) -> str:
    """The one line at the end of a run."""
    rows = "; ".join(f"{stream}: {tally}" for stream, tally in tallies.items()) or "no streams"
    batches = sum(tally.batches for tally in tallies.values())
    return f"Rows of {rows}; {batches} batches in {calls} requests {where}, {waited_s:.1f} s waited"


def check_sums(tallies: Mapping[str, StreamTally]) -> None:
    """Raise SuiteError if a row has no end: the count would be wrong, and so perhaps the delivery."""
    for stream, tally in tallies.items():
        if tally.open_rows:
            raise SuiteError(f"stream {stream}: the rows do not add up: {tally}", hint="this is a defect of target-mparticle: please report it")


def check_rejects(tallies: Mapping[str, StreamTally], settings: Settings) -> None:
    """Raise TooManyRejectsError if more rows were rejected than allowed; without either setting none is allowed."""
    read = sum(tally.read for tally in tallies.values())
    rejected = sum(tally.rejected.total() for tally in tallies.values())
    rows, share = settings.max_rejected_rows, settings.max_rejected_share
    if rows is None and share is None:
        rows = 0
    over_rows = rows is not None and rejected > rows
    over_share = share is not None and rejected > share * read
    if over_rows or over_share:
        allowed = " and ".join(([f"{rows} rows"] if rows is not None else []) + ([f"a share of {share}"] if share is not None else []))
        raise TooManyRejectsError(
            f"{rejected} of {read} rows were rejected, {allowed} allowed; the others were delivered",
            hint=f"{settings.rejects_path} holds them with their reasons; `max_rejected_rows` and `max_rejected_share` set what is allowed",
        )


def _counted(word: str, counts: Counter[str]) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in sorted(counts.items()))
    return f"{counts.total()} {word}" + (f" ({codes})" if codes else "")
