"""A contact as it comes becomes a record, with the stamp by which it is told whether it changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tap_autopilot.client import UnexpectedAnswerError
from tap_autopilot.reader import ContactReader
from tap_autopilot.tap import TapAutopilot

CASES = Path(__file__).parent / "cases"
CREATED, UPDATED = "2025-01-09T03:16:19.000Z", "2025-01-10T08:08:00.000Z"


def reader():
    return ContactReader({}, keeps_array=True, unfit=lambda *_: None, unknown=lambda *_: None)


@pytest.mark.parametrize(
    ("stamps", "modified"),
    [
        ({"created_at": CREATED, "updated_at": UPDATED}, "2025-01-10T08:08:00.000000Z"),
        ({"created_at": CREATED}, "2025-01-09T03:16:19.000000Z"),
        ({"created_at": CREATED, "updated_at": None}, "2025-01-09T03:16:19.000000Z"),
        ({"created_at": CREATED, "updated_at": ""}, "2025-01-09T03:16:19.000000Z"),
        ({"updated_at": 1_736_496_480_000}, "2025-01-10T08:08:00.000000Z"),
        ({}, None),
        ({"created_at": CREATED, "updated_at": "just now"}, None),
    ],
)
def test_a_contact_changed_when_it_was_updated_else_when_it_was_created(stamps, modified):
    """An `updated_at` that cannot be read says nothing: the contact is then passed on in every run."""
    assert reader().read({"contact_id": "person_1", **stamps}).record["modified_at"] == modified


@pytest.mark.parametrize("wire", [{}, {"contact_id": None}, {"contact_id": ""}])
def test_a_contact_without_an_id_is_refused(wire):
    with pytest.raises(UnexpectedAnswerError, match=r"^Autopilot answered with a contact that has no contact_id$"):
        reader().read(wire)


@pytest.mark.parametrize("case", sorted(path.stem.removesuffix(".wire") for path in CASES.glob("*.wire.json")))
def test_a_contact_of_each_known_shape_becomes_the_record_beside_it(case):
    wire = json.loads((CASES / f"{case}.wire.json").read_text(encoding="utf-8"))
    record = reader().read(wire).record
    shown = {name: value for name, value in record.items() if value is not None}
    assert shown == json.loads((CASES / f"{case}.record.json").read_text(encoding="utf-8"))


def test_of_two_custom_fields_with_one_key_the_one_that_is_not_deleted_comes_last_and_so_wins():
    stream = TapAutopilot(config={}, validate_config=False).streams["contact_custom_fields"]
    fields = [{"kind": "K", "fieldType": "integer", "value": value, "deleted": deleted} for value, deleted in ((1, False), (2, True))]
    rows = list(stream.rows(reader().read({"contact_id": "person_1", "custom_fields": fields})))
    assert [(one["value_number"], one["deleted"]) for one in rows] == [(2, True), (1, False)]
