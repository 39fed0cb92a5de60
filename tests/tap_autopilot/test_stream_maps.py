"""The SDK's stream maps work on what the scan writes itself as on everything else."""

from __future__ import annotations

from autopilot_runs import run_tap

MAPS = {
    "contacts": {"__alias__": "people", "__filter__": "unsubscribed is not True", "Phone": None, "domain": "Email.split('@')[-1] if Email else None"},
    "contact_custom_fields": {"__filter__": "kind == 'Customer Number'", "number": "int(value)", "__key_properties__": ["contact_id"]},
    "contact_mail_events": None,
    "lists_contacts": {"__alias__": "members"},
}
SELECT = ("contacts", "contact_custom_fields", "contact_mail_events", "lists_contacts")


def test_streams_are_renamed_filtered_widened_and_left_out(settings):
    plain = run_tap(settings, select=SELECT)
    run = run_tap({**settings, "membership_source": "contacts", "emit_activate_version_messages": True, "stream_maps": MAPS}, select=SELECT)
    assert run.failure is None
    wanted = [one for one in plain.records() if one["unsubscribed"] is not True]
    assert 0 < len(wanted) < len(plain.records())
    expected = [{name: value for name, value in one.items() if name != "Phone"} for one in wanted]
    assert [{name: value for name, value in one.items() if name != "domain"} for one in run.records("people")] == expected
    assert {one["domain"] for one in run.records("people")} == {"example.com", None}
    numbers = [one for one in plain.records("contact_custom_fields") if one["kind"] == "Customer Number"]
    assert run.records("contact_custom_fields") == [{**one, "number": int(one["value"])} for one in numbers]
    assert len(run.records("members")) == len(plain.records("lists_contacts"))
    assert {one["stream"] for one in run.messages if "stream" in one} == {"people", "contact_custom_fields", "members"}
    assert [one["stream"] for one in run.messages if one["type"] == "ACTIVATE_VERSION"] == ["members"]


def test_columns_in_snake_case_go_by_these_names_in_maps(settings):
    maps = {"contacts": {"greeting": "'Dear ' + first_name if first_name else None", "__filter__": "last_name == '0009'"}}
    run = run_tap({**settings, "field_case": "snake", "stream_maps": maps})
    assert [one["greeting"] for one in run.records()] == ["Dear Customer"]
