"""The README says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from tap_fullstory.settings import SETTINGS
from tap_fullstory.tap import TapFullstory

README = (Path(__file__).parents[2] / "tap-fullstory" / "README.md").read_text(encoding="utf-8")


def rows(heading):
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {
        cells[1].strip("` "): [cell.strip() for cell in cells]
        for line in section.splitlines()
        if len(cells := re.split(r" \| |^\| ", line)) > 2 and "`" in cells[1]
    }


def test_every_setting_has_its_row_with_its_description():
    described = {name: one["description"] for name, one in SETTINGS.to_dict()["properties"].items()}
    assert {name: cells[-1].removesuffix(" |") for name, cells in rows("Settings").items()} == described


def test_every_stream_has_its_row_with_its_key():
    streams = TapFullstory(config={"api_key": "na1.made-up"}).streams
    assert {name: cells[2].strip("`") for name, cells in rows("Streams").items()} == {
        name: stream.primary_keys[0] for name, stream in streams.items()
    }
