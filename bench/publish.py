"""Writes a run's results: the JSON of every single run, a Markdown table, a plot."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from bench.report import markdown
from bench.run import say
from bench.scene import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLOT_LIMIT_S = 120


def write(results: Mapping[str, Any], folder: Path, plotter: Path | None = None) -> None:
    """Into files named by the date; the plot is drawn by a Python that has matplotlib, if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results['date']}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = markdown(results)
    if plotter and _is_drawn(plotter, path):
        text = text.replace("\n\n", f"\n\n![Rows a second of each]({path.stem}.svg)\n\n", 1)
    path.with_suffix(".md").write_text(text, encoding="utf-8")


def _is_drawn(plotter: Path, path: Path) -> bool:
    """Whether there is a plot now; half an hour of figures is not lost for want of one."""
    try:
        subprocess.run([plotter, PROGRAMS / "plot.py", path, path.with_suffix(".svg")], check=True, timeout=PLOT_LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        say(f"bench: no plot: {error}")
        return False
    return True
