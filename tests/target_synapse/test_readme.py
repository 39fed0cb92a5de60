"""What the README says of settings and types is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from synapse_support.settings_table import BEGIN, END, settings_table
from target_synapse.types import of_property

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
TYPES = re.findall(r"^\| `(\{.*?\})` \| `([^`]*)`", README, flags=re.MULTILINE)


def test_the_settings_table_is_made_from_the_settings():
    assert README.split(BEGIN)[1].split(END)[0].strip() == settings_table()


@pytest.mark.parametrize(("schema", "expected"), TYPES, ids=[schema for schema, _ in TYPES])
def test_the_types_table_says_what_a_property_becomes(schema, expected):
    assert str(of_property(json.loads(schema))) == expected


def test_the_types_table_is_there():
    assert len(TYPES) >= 12
