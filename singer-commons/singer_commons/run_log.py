"""The run log: one JSON line for each stream of a run, and one for the run, added to a file in one write (docs/run-log.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simplejson
from singer_sdk import typing as th

from singer_commons.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from singer_commons.accounts import Account, StreamAccount

# What each plugin adds to its own settings.
RUN_LOG_SETTINGS = (
    th.Property(
        "run_log_path",
        th.StringType,
        title="Run log",
        description="File to which each run adds a JSON line for each stream and one for itself: rows, times, bookmarks, calls, exit code. None by default.",
    ),
)
LOG_MODE = 0o644  # counts and bookmarks, no rows and no secrets: whoever looks after the machine may read it


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended; `reason` is masked already."""

    exit_code: int
    reason: str | None = None


def check_writable(path: str) -> None:
    """Make the file if it is not there. Raises ConfigurationError if it cannot be written."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, LOG_MODE))
    except OSError as error:
        raise ConfigurationError(f"`run_log_path`: cannot write to {path}: {error.strerror}") from error


def append(path: str, text: str) -> None:
    """Add whole lines in one write: those of runs that end at the same time never mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, LOG_MODE)
    try:
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))
    finally:
        os.close(descriptor)


def log_text(account: Account, ending: Ending, *, plugin: str, version: str, mask: Callable[[str], str]) -> str:
    """The lines of a run, masked."""
    common = {"run_id": account.run_id, "plugin": plugin, "version": version}
    rows = [*(_stream_fields(account, one) for one in account.streams.values()), _run_fields(account)]
    end = {"exit_code": ending.exit_code, "reason": ending.reason}
    return "".join(mask(simplejson.dumps({**common, **fields, **end}, ensure_ascii=False, default=str, use_decimal=True)) + "\n" for fields in rows)


def _stream_fields(account: Account, one: StreamAccount) -> dict[str, Any]:
    return {
        "stream": one.stream,
        **_times(account, one.started_s, one.started_s + one.seconds),
        "rows_read": one.rows_read,
        "rows_loaded": one.rows_loaded,
        "rows_rejected": one.rejected.total(),
        "rows_skipped": one.skipped.total(),
        "rows_open": one.open_rows,
        "rejected_by_code": dict(sorted(one.rejected.items())),
        "skipped_by_code": dict(sorted(one.skipped.items())),
        "bookmark_from": one.bookmark_from,
        "bookmark_to": one.bookmark_to,
        "calls": one.calls,
        "waited_s": None if one.waited_s is None else round(one.waited_s, 3),
    }


def _run_fields(account: Account) -> dict[str, Any]:
    streams, calls = list(account.streams.values()), account.calls()
    rejected, skipped = (_total(codes) for codes in ([one.rejected for one in streams], [one.skipped for one in streams]))
    return {
        "stream": None,
        **_times(account, 0.0, account.elapsed_s()),
        "rows_read": account.rows,
        "rows_loaded": sum(one.rows_loaded for one in streams),
        "rows_rejected": sum(rejected.values()),
        "rows_skipped": sum(skipped.values()),
        "rows_open": sum(one.open_rows for one in streams),
        "rejected_by_code": rejected,
        "skipped_by_code": skipped,
        "bookmark_from": None,
        "bookmark_to": None,
        "calls": calls[0] if calls else None,
        "waited_s": round(calls[1], 3) if calls else None,
    }


def _times(account: Account, started_s: float, ended_s: float) -> dict[str, Any]:
    return {
        "started_at": account.moment(started_s).isoformat(timespec="milliseconds"),
        "ended_at": account.moment(ended_s).isoformat(timespec="milliseconds"),
        "seconds": round(ended_s - started_s, 3),
    }


def _total(counts: list[Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for code, rows in one.items():
            total[code] = total.get(code, 0) + rows
    return dict(sorted(total.items()))
