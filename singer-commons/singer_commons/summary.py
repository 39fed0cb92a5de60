"""The end of a run in a few plain lines, worded the same by all plugins.

A run that went well never says "error" or "exception" here: `meltano config test` takes such a line for a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from singer_commons.accounts import Account, StreamAccount


def summary(account: Account, exit_code: int, *, is_target: bool) -> Iterator[str]:
    """A line for each stream, then one for the run."""
    for one in account.streams.values():
        yield f"{one.stream}: {stream_text(one, is_target=is_target)}"
    how = "Done" if exit_code == 0 else f"Ended with exit code {exit_code}"
    found = account.calls()
    calls = calls_text(*found) if found else ""
    yield f"{how}: {_plural(account.rows, 'row')} of {_plural(len(account.streams), 'stream')} in {account.elapsed_s():.1f} s{calls}"


def stream_text(one: StreamAccount, *, is_target: bool) -> str:
    """`3 rows in 0.2 s = 2 loaded + 1 rejected (NO_IDENTITY 1) + 0 skipped, bookmark none -> 7, 2 calls, 0.0 s waited`."""
    text = f"{_plural(one.rows_read, 'row')} in {one.seconds:.1f} s"
    if is_target:
        text += f" = {one.rows_loaded:,} loaded + {_counted('rejected', one.rejected)} + {_counted('skipped', one.skipped)}"
        text += f" + {one.open_rows:,} not loaded" if one.open_rows else ""
    if one.bookmark_from is not None or one.bookmark_to is not None:
        text += f", bookmark {_bookmark(one.bookmark_from)} -> {_bookmark(one.bookmark_to)}"
    text += calls_text(one.calls, one.waited_s or 0.0) if one.calls is not None else ""
    return text + "".join(f", {count:,} {what}" for what, count in sorted(one.notes.items()) if count)


def calls_text(calls: int, waited_s: float) -> str:
    """The calls to the service, and the time that waiting for it took."""
    return f", {_plural(calls, 'call')}, {waited_s:.1f} s waited"


def _bookmark(value: object) -> str:
    return "none" if value is None else str(value)


def _plural(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _counted(word: str, counts: Counter[str]) -> str:
    codes = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()))
    return f"{counts.total():,} {word}" + (f" ({codes})" if codes else "")
