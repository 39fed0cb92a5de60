"""An account's custom fields as columns: names that stay, values in their types, nothing lost."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from sandbox.autopilot import data
from tap_autopilot.column_names import spelled
from tap_autopilot.custom_fields import columns, unheard_of
from tap_autopilot.reader import ContactReader


def defined(*fields):
    return [{"name": name, "fieldType": kind, "key": f"contacts_customfields_{number:04}"} for number, (name, kind) in enumerate(fields)]


def test_each_field_gets_a_column_and_a_clash_is_settled_by_type_then_by_number():
    found = columns(
        defined(
            ("NPS Rating", "integer"),
            ("NPS Rating", "string"),
            ("nps-rating", "integer"),
            ("NPS  rating", "integer"),
            ("Email", "string"),
            ("***", "date"),
            ("Größe (cm)", "float"),
        )
    )
    assert list(found.values()) == [
        "custom_nps_rating",
        "custom_nps_rating_string",
        "custom_nps_rating_integer",
        "custom_nps_rating_integer_2",
        "custom_email",
        "custom_field",
        "custom_größe_cm",
    ]


def test_a_field_named_fields_leaves_the_array_its_column():
    assert list(columns(defined(("Fields", "string"), ("fields", "string"))).values()) == ["custom_fields_string", "custom_fields_string_2"]


def test_letters_that_look_the_same_are_the_same_however_they_were_typed():
    assert list(columns(defined(("Caf\u00e9", "string"), ("Cafe\u0301", "string"))).values()) == ["custom_café", "custom_café_string"]


NAMES = st.text(max_size=4) | st.sampled_from(["Fields", "fields", "FIELDS"])


@given(st.lists(st.tuples(NAMES, st.sampled_from(["string", "integer", "date"])), unique=True))
def test_no_two_fields_share_a_column_and_a_new_field_renames_none(fields):
    every = columns(defined(*fields))
    assert len(set(every.values())) == len(every) == len(fields)
    assert all(name.startswith("custom_") and name != "custom_fields" and spelled(name, "snake") == name for name in every.values())
    older = columns(defined(*fields[:-1]))
    assert older == {field: every[field] for field in older}


WIRE = {
    "contact_id": "person_1",
    "custom_fields": [
        {"kind": "NPS Rating", "value": "ten", "fieldType": "integer", "deleted": False},
        {"kind": "NPS Rating", "value": 10, "fieldType": "string", "deleted": False},
        {"kind": "Review Date", "value": "2024-11-22T00:00:00.000Z", "fieldType": "date", "deleted": False},
        {"kind": "Average Spend", "value": Decimal("12.30"), "fieldType": "float", "deleted": False},
        {"kind": "Email", "value": None, "fieldType": "string", "deleted": False},
        {"kind": "Old Field", "value": "x", "fieldType": "string", "deleted": True},
    ],
}


def reader(*, keeps_array):
    told = []
    return ContactReader(
        columns(data.CUSTOM_FIELDS), keeps_array=keeps_array, unfit=lambda *what: told.append(what), unknown=lambda *what: told.append(what)
    ), told


def custom(record):
    return {name: value for name, value in record.items() if name.startswith("custom_") and name != "custom_fields" and value is not None}


def test_values_stand_in_the_columns_of_their_types():
    made = reader(keeps_array=True)[0].read(WIRE).record
    assert custom(made) == {
        "custom_nps_rating_string": "10",
        "custom_review_date": "2024-11-22T00:00:00.000000Z",
        "custom_average_spend": Decimal("12.30"),
    }
    assert [one["value"] for one in made["custom_fields"]] == ["ten", "10", "2024-11-22T00:00:00.000Z", "12.30", None, "x"]


def test_what_no_column_takes_is_carried_when_the_array_is_not_wanted():
    without_array, told = reader(keeps_array=False)
    made = without_array.read(WIRE).record
    assert "custom_fields" not in made
    assert made["other_fields"] == {"custom_fields": [WIRE["custom_fields"][0], WIRE["custom_fields"][5]]}
    assert told == [("custom_nps_rating", "other_fields")]


def test_a_field_that_the_account_does_not_define_is_carried_and_told_of():
    wire = {"contact_id": "person_1", "custom_fields": [{"kind": "New", "value": 1, "fieldType": "integer", "deleted": False}]}
    for keeps_array, kept_in in ((True, "custom_fields"), (False, "other_fields")):
        one, told = reader(keeps_array=keeps_array)
        made = one.read(wire).record
        assert [entry["kind"] for entry in (made["custom_fields"] if keeps_array else made["other_fields"]["custom_fields"])] == ["New"]
        assert told == [("New", kept_in)]


def test_a_type_that_is_not_known_is_named_and_its_column_is_text():
    fields = defined(("Where", "geo"), ("NPS", "integer"))
    assert unheard_of(fields) == [("Where", "geo")]
    made = ContactReader(columns(fields), keeps_array=False, unfit=None, unknown=None).read(
        {"contact_id": "person_1", "custom_fields": [{"kind": "Where", "value": {"lat": Decimal("1.50")}, "fieldType": "geo"}]}
    )
    assert custom(made.record) == {"custom_where": '{"lat":"1.50"}'}


def test_a_contact_whose_fields_all_fit_carries_nothing_beside():
    wire = {"contact_id": "person_1", "custom_fields": WIRE["custom_fields"][1:5]}
    assert reader(keeps_array=False)[0].read(wire).record["other_fields"] is None
    assert reader(keeps_array=False)[0].read({"contact_id": "person_1", "custom_fields": []}).record["other_fields"] is None


def test_custom_fields_in_no_known_shape_are_carried_whole():
    made = reader(keeps_array=True)[0].read({"contact_id": "person_1", "custom_fields": {"NPS": 3}}).record
    assert (made["other_fields"], custom(made)) == ({"custom_fields": {"NPS": 3}}, {})
