"""What the README says of types is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from target_synapse.tables import wanted_type

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
TYPES = re.findall(r"^\| `(\{.*?\})` \| `([^`]*)`", README, flags=re.MULTILINE)


@pytest.mark.parametrize(("schema", "expected"), TYPES, ids=[schema for schema, _ in TYPES])
def test_the_types_table_says_what_a_property_becomes(schema, expected):
    assert str(wanted_type(json.loads(schema))) == expected


def test_the_types_table_is_there():
    assert len(TYPES) >= 12
