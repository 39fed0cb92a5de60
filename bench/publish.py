"""Writes a run's results: the JSON of every single run, a Markdown table, a plot; and reads the newest for the README."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from bench.peers import ROOT
from bench.report import markdown
from bench.scene import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RESULTS = ROOT / "bench" / "results"
PLOT_LIMIT_S = 120


def write(results: Mapping[str, Any], folder: Path, plotter: Path | None) -> None:
    """Into files named by the date; the plot is drawn by a Python that has matplotlib."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{results['date']}.json"
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = markdown(results)
    if plotter:
        subprocess.run([plotter, PROGRAMS / "plot.py", path, path.with_suffix(".svg")], check=True, timeout=PLOT_LIMIT_S)
        text = text.replace("\n\n", f"\n\n![Rows a second of each]({path.stem}.svg)\n\n", 1)
    path.with_suffix(".md").write_text(text, encoding="utf-8")


def newest(folder: Path = RESULTS) -> dict[str, Any] | None:
    """The newest results of a full run; None if there are none."""
    paths = sorted(folder.glob("*.json"))
    found: dict[str, Any] | None = json.loads(paths[-1].read_text(encoding="utf-8")) if paths else None
    return found
