"""Draws the results as SVG, a panel a case: `python plot.py RESULTS.json PLOT.svg`, in an environment with matplotlib."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
from matplotlib.patches import Patch

OURS, PEER, LIMIT = "#1f6f8b", "#b8b8b8", "#d9c27c"
PANEL_WIDTH_IN, BAR_IN = 9, 0.32
SHOWN = ("extract", "extract flights", "load", "load flights", "pipe", "api")


def bars(results: dict[str, Any], case: str) -> list[tuple[str, float]]:
    """Each contender with its median of rows a second, the fastest first."""
    rates: dict[str, list[float]] = {}
    for run in results["runs"]:
        if run["case"] == case:
            rates.setdefault(run["contender"], []).append(run["rows"] / (run.get("staged_s") or run["wall_s"]))
    return sorted(((name, statistics.median(some)) for name, some in rates.items()), key=lambda one: one[1])


def draw(results: dict[str, Any], path: Path) -> None:
    """Write the plot."""
    panels = [(case, found) for case in SHOWN if (found := bars(results, case))]
    heights = [len(found) + 1.5 for _, found in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(PANEL_WIDTH_IN, BAR_IN * sum(heights)), height_ratios=heights, layout="constrained", squeeze=False
    )
    for (case, found), axis in zip(panels, axes[:, 0], strict=True):
        colours = [OURS if name in results["ours"] else LIMIT if name in results["limits"] else PEER for name, _ in found]
        drawn = axis.barh([name for name, _ in found], [rate for _, rate in found], color=colours)
        axis.bar_label(drawn, [f" {rate:,.0f}" for _, rate in found], fontsize=8)
        axis.set_title(f"{results['titles'][case]}: rows a second", loc="left", fontsize=10)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.xaxis.set_visible(False)
        axis.tick_params(labelsize=8)
        axis.margins(x=0.12)
    machine = results["machine"]
    figure.suptitle(f"{results['date']}, {machine['cores']} cores of {machine['processor']}", x=0.01, ha="left", fontsize=9)
    kinds = {"ours": OURS, "peers": PEER, "what the server gives": LIMIT}
    figure.legend([Patch(color=colour) for colour in kinds.values()], kinds, loc="outside lower left", ncols=len(kinds), fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "bench"}
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
