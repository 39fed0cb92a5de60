"""The page on switching over says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

from autopilot_runs import run_tap
from tap_autopilot.column_names import spelled
from tap_autopilot.contact_fields import STANDARD
from tap_autopilot.tap import TapAutopilot

PAGE = (Path(__file__).parents[2] / "docs" / "switching-from-stitch-autopilot.md").read_text(encoding="utf-8")
STITCH_COLUMNS = json.loads((Path(__file__).parent / "cases" / "stitch_columns.json").read_text(encoding="utf-8"))
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| (values|nothing) \|$", re.MULTILINE)


def test_each_old_column_is_named_with_its_new_one_in_both_spellings():
    rows = ROW.findall(PAGE)
    assert [old for old, *_ in rows] == STITCH_COLUMNS
    assert [one for one in rows if one[1] not in STANDARD or spelled(one[1], "snake") != one[2] or one[2] != one[0]] == []


def test_a_column_was_empty_where_the_old_schema_spelled_it_otherwise():
    assert [one for one in ROW.findall(PAGE) if (one[3] == "values") != (one[0] == one[1])] == []


def test_each_of_our_streams_is_named():
    names = TapAutopilot(config={}, validate_config=False).streams
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_the_state_that_is_shown_is_gone_on_with(stand, settings):
    (shown,) = [json.loads(line) for line in PAGE.splitlines() if line.startswith('{"bookmarks"')]
    [changed] = stand.change({"update": 1})["update"]
    run = run_tap({**settings, "field_case": "snake"}, state=shown)
    assert (run.ids(), "updated_at" in run.contacts_state) == ([changed], False)
