"""Short tables for a terminal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL_CHARS = 34


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under their column names, cut to the terminal's width."""
    cells = [list(columns), *([_text(value) for value in row] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    width = shutil.get_terminal_size((120, 24)).columns
    lines = ["  " + "  ".join(cell.ljust(size) for cell, size in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([title, *(line.rstrip()[:width] for line in lines)])


def _text(value: object) -> str:
    text = "NULL" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…"
