"""How far a run is, while it runs: one live line on a terminal, a plain line a minute elsewhere.

In a pipe of a tap and a target the target tells, since it knows what has arrived. A tap tells only if its output goes into a file.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import sys
import threading
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from singer_commons.accounts import Account

REPAINT_EVERY_S = 0.25  # fast enough to look alive, slow enough to be read
TELL_EVERY_S = 60.0
CLEAR_LINE = "\r\x1b[2K"  # back to the line's start, erase the line (ECMA-48, CR and EL)
MEGABYTE = 1_000_000
RECENT_S = 10.0  # long enough to be steady where rows come in batches, short enough to show that they no longer come


class Manner(Enum):
    """How progress is shown."""

    NONE = "none"
    LIVE = "live"
    PLAIN = "plain"


def manner(*, is_target: bool, wanted: bool, environment: Mapping[str, str], is_terminal: bool, output_mode: int) -> Manner:
    """How to show progress. `output_mode` is the file mode of a tap's standard output."""
    if not wanted or not (is_target or stat.S_ISREG(output_mode)):
        return Manner.NONE
    is_meltano = "SINGER_SDK_LOG_CONFIG" in environment or any(name.startswith("MELTANO_") for name in environment)
    return Manner.LIVE if is_terminal and not environment.get("NO_COLOR") and not is_meltano else Manner.PLAIN


def manner_here(*, is_target: bool, wanted: bool) -> Manner:
    """How to show progress in this process."""
    try:
        output_mode = os.fstat(1).st_mode
    except OSError:  # closed
        output_mode = 0
    return manner(is_target=is_target, wanted=wanted, environment=os.environ, is_terminal=sys.stderr.isatty(), output_mode=output_mode)


class RecentRate:
    """Rows a second over the last `window_s`, or since the run began: an average of all would hide for long that rows no longer come."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._seen: deque[tuple[float, int]] = deque([(0.0, 0)])

    def after(self, elapsed_s: float, rows: int) -> float:
        """The rate, now that so many rows have passed in so many seconds."""
        self._seen.append((elapsed_s, rows))
        while len(self._seen) > 2 and self._seen[1][0] <= elapsed_s - self._window_s:  # noqa: PLR2004 - the newest, and one before the window
            self._seen.popleft()
        then_s, before = self._seen[0]
        return (rows - before) / (elapsed_s - then_s) if elapsed_s > then_s else 0.0


def progress_text(account: Account, rate: RecentRate) -> str:
    """`12,345 rows, 4,115 rows/s, 4.2 MB, 0:00:03`; the speed is the recent one."""
    elapsed_s = account.elapsed_s()
    rows = account.rows
    minutes, seconds = divmod(int(elapsed_s), 60)
    hours, minutes = divmod(minutes, 60)
    size = f", {account.bytes_passed / MEGABYTE:,.1f} MB" if account.bytes_passed else ""
    return f"{rows:,} rows, {rate.after(elapsed_s, rows):,.0f} rows/s{size}, {hours}:{minutes:02}:{seconds:02}"


class LiveLine:
    """One line at the bottom of a terminal, painted again and again; log lines go above it."""

    def __init__(self, stream: TextIO, columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns) -> None:
        self._stream, self._columns = stream, columns
        self._is_shown = False

    def paint(self, text: str) -> None:
        """Show the text in place of what was shown."""
        self._stream.write(CLEAR_LINE + text[: max(1, self._columns() - 1)])  # a full line would wrap, and leave a copy at each repaint
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._is_shown = False


class AboveTheLine(logging.Formatter):
    """Takes the live line away before a log line is written; the handler's lock, held meanwhile, keeps the painter out."""

    def __init__(self, inner: logging.Formatter, line: LiveLine) -> None:
        super().__init__()
        self.inner, self._line = inner, line

    def format(self, record: logging.LogRecord) -> str:
        """The inner formatter's line."""
        self._line.clear()
        return self.inner.format(record)


class Progress:
    """Shows progress until it is stopped, from a thread of its own: a long call or wait must not look like a hang."""

    def __init__(self, account: Account, name: str, how: Manner, logger: logging.Logger, stream: TextIO | None = None) -> None:
        self._account, self._name, self._how, self._logger = account, name, how, logger
        self._line = LiveLine(stream or sys.stderr)
        self._rate = RecentRate(RECENT_S if how is Manner.LIVE else TELL_EVERY_S)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._handlers: list[logging.Handler] = []

    def start(self) -> None:
        """Begin."""
        if self._how is Manner.NONE:
            return
        if self._how is Manner.LIVE:
            self._handlers = logging.getLogger().handlers[:]
            for handler in self._handlers:
                handler.setFormatter(AboveTheLine(handler.formatter or logging.Formatter(), self._line))
        self._thread = threading.Thread(target=self._show_until_stopped, name="progress", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the live line away, and show nothing more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._line.clear()
        for handler in self._handlers:
            if isinstance(handler.formatter, AboveTheLine):
                handler.setFormatter(handler.formatter.inner)

    def show(self) -> None:
        """Show it once."""
        text = progress_text(self._account, self._rate)
        if self._how is Manner.PLAIN:
            self._logger.info("So far: %s", text)
            return
        for handler in self._handlers:
            handler.acquire()
        try:
            self._line.paint(f"{self._name}: {text}")
        finally:
            for handler in self._handlers:
                handler.release()

    def _show_until_stopped(self) -> None:
        every_s = REPAINT_EVERY_S if self._how is Manner.LIVE else TELL_EVERY_S
        while not self._stopped.wait(every_s):
            self.show()
