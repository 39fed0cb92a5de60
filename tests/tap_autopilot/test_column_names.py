"""Columns in the spelling that the settings ask for, in every message alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from autopilot_runs import run_tap
from tap_autopilot.column_names import spelled
from tap_autopilot.contact_fields import STANDARD
from tap_autopilot.tap import TapAutopilot

# The columns of `contacts` in Stitch's documentation: stitchdata/docs, `_data/taps/schemas/autopilot/v1`, read 2026-11-21.
STITCH_COLUMNS = json.loads((Path(__file__).parent / "cases" / "stitch_columns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("wire", "snake"),
    [
        ("FirstName", "first_name"),
        ("MailingPostalCode", "mailing_postal_code"),
        ("employeesRange", "employees_range"),
        ("LinkedIn", "linked_in"),
        ("company_priority", "company_priority"),
        ("_autopilot_session_id", "_autopilot_session_id"),
    ],
)
def test_a_name_is_spelled_as_asked_for(wire, snake):
    assert (spelled(wire, "wire"), spelled(wire, "snake")) == (wire, snake)


def test_all_of_stitchs_columns_are_there_and_no_two_columns_share_a_name():
    names = [spelled(one, "snake") for one in STANDARD]
    assert set(STITCH_COLUMNS) <= set(names)
    assert len(set(names)) == len(names)


def test_schema_keys_and_records_have_the_same_spelling_and_the_same_values(settings):
    select = ("contacts", "contact_custom_fields", "custom_fields")
    wire, snake = (run_tap({**settings, "custom_fields": "both", "field_case": case}, select=select) for case in ("wire", "snake"))
    for stream in select:
        assert snake.records(stream) == [{spelled(name, "snake"): value for name, value in one.items()} for one in wire.records(stream)]
    schemas = {one["stream"]: one for one in snake.messages if one["type"] == "SCHEMA"}
    assert schemas["contact_custom_fields"]["key_properties"] == ["contact_id", "kind", "field_type"]
    for stream in select:
        assert {frozenset(one) for one in snake.records(stream)} == {frozenset(schemas[stream]["schema"]["properties"])}


def test_a_deselected_column_is_left_out_under_its_own_spelling(settings):
    settings = {**settings, "field_case": "snake"}
    catalog = TapAutopilot(config=settings).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            if one["breadcrumb"] == ["properties", "first_name"]:
                one["metadata"]["selected"] = False
    record = run_tap(settings, catalog=catalog).records()[0]
    assert "first_name" not in record
    assert {"last_name", "modified_at"} <= set(record)
