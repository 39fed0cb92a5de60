"""The other streams: what one request answers, what the scan of contacts fills, and who is on which list."""

from __future__ import annotations

import pytest
from autopilot_runs import fail_behind, pages_asked, run_tap
from sandbox.autopilot import data
from sandbox.http.control import Control
from tap_autopilot.tap import TapAutopilot

STREAMS = {
    "account": ([], None),
    "contact_custom_fields": (["contact_id", "kind", "fieldType"], "modified_at"),
    "contact_form_submits": (["contact_id", "url"], "modified_at"),
    "contact_ids": (["contact_id"], None),
    "contact_mail_events": (["contact_id", "event", "delivery_id"], "modified_at"),
    "contact_page_visits": (["contact_id", "url"], "modified_at"),
    "contact_utm": (["contact_id", "url"], "modified_at"),
    "contacts": (["contact_id"], "modified_at"),
    "custom_fields": (["key"], None),
    "hooks": (["hook_id"], None),
    "lists": (["list_id"], None),
    "lists_contacts": (["list_id", "contact_id"], None),
    "smart_segments": (["segment_id"], None),
    "smart_segments_contacts": (["segment_id", "contact_id"], None),
    "triggers": (["trigger_id"], None),
}


def test_without_a_key_discovery_names_every_stream_and_asks_nobody():
    streams = TapAutopilot(config={}, validate_config=False).streams
    assert {name: (list(one.primary_keys), one.replication_key) for name, one in streams.items()} == STREAMS
    assert not any(name.startswith("custom_") for name in set(streams["contacts"].schema["properties"]) - {"custom_fields"})


def test_only_the_account_is_off_by_default():
    streams = TapAutopilot(config={}, validate_config=False).streams
    assert [name for name, one in streams.items() if not one.selected] == ["account"]


def test_with_a_key_contacts_have_a_column_for_each_custom_field(settings):
    streams = TapAutopilot(config={**settings, "custom_fields": "columns"}).streams
    columns = {name: part for name, part in streams["contacts"].schema["properties"].items() if name.startswith("custom_")}
    assert columns == {
        "custom_nps_rating": {"type": ["integer", "null"]},
        "custom_größe_cm_α": {"type": ["number", "null"]},  # noqa: RUF001 - the field's own name
        "custom_nps_rating_string": {"type": ["string", "null"]},
        "custom_review_date": {"type": ["string", "null"], "format": "date-time"},
        "custom_customer_number": {"type": ["integer", "null"]},
        "custom_repeat_purchases": {"type": ["integer", "null"]},
        "custom_average_spend": {"type": ["number", "null"]},
        "custom_email": {"type": ["string", "null"]},
        "custom_a_b_c_drop": {"type": ["boolean", "null"]},
    }


def test_an_account_without_that_endpoint_keeps_its_custom_fields_in_the_array(service, settings):
    Control(service.url).fault(path="/v1/contacts/custom_fields", status=404, body="")
    run = run_tap({**settings, "custom_fields": "both"})
    assert len(run.records()) == 350
    assert not any(name.startswith("custom_") for name in run.records()[0] if name != "custom_fields")


@pytest.mark.parametrize(
    ("stream", "rows"),
    [
        ("lists", [{**one, "other_fields": None} for one in data.LISTS]),
        ("smart_segments", [{**one, "other_fields": None} for one in data.SEGMENTS]),
        ("custom_fields", [{**one, "other_fields": None} for one in data.CUSTOM_FIELDS]),
        ("triggers", [{**one, "other_fields": None} for one in data.TRIGGERS]),
        ("hooks", [{**data.HOOKS[0], "created_at": "2015-05-02T00:10:35.054000Z", "other_fields": None}]),
        ("account", [{"account": data.ACCOUNT}]),
    ],
)
def test_what_one_request_answers_is_passed_on_whole(settings, stream, rows):
    run = run_tap(settings, select=(stream,))
    assert run.records(stream) == rows


def test_what_no_column_is_for_is_told_of_once_a_field_and_carried(stand, settings, caplog):
    caplog.set_level("INFO")
    run = run_tap(settings)
    told = [one.getMessage() for one in caplog.records if "no column of its own" in one.getMessage()]
    assert sorted(told) == [f"`{name}` in contacts has no column of its own; it is in `other_fields`" for name in ("LifetimeScore", "created_by")]
    assert len([one for one in run.records() if (one["other_fields"] or {}).get("LifetimeScore") == 7]) > 1


DERIVED = ("contact_custom_fields", "contact_mail_events", "contact_page_visits", "contact_form_submits", "contact_utm")


def test_one_scan_fills_contacts_and_all_that_is_derived_from_them(service, settings):
    run = run_tap(settings, select=("contacts", *DERIVED))
    assert len(pages_asked(service)) == 6
    assert {one: len(run.records(one)) for one in DERIVED} == {
        "contact_custom_fields": sum(len(one["custom_fields"] or ()) for one in run.records()),
        "contact_mail_events": 2 * 9 + 5 * 9,  # two mails on each complete contact, five on each with mailing fields
        "contact_page_visits": 2 * 9,
        "contact_form_submits": 9,
        "contact_utm": 9,
    }


def test_a_derived_stream_is_filled_when_contacts_are_not_selected(settings):
    run = run_tap(settings, select=("contact_utm",))
    assert run.records() == []
    assert {(one["url"], one["value"]) for one in run.records("contact_utm")} == {("utm_source", "news")}


def test_derived_rows_come_with_their_contact_when_it_changes(stand, settings):
    select = ("contacts", "contact_custom_fields")
    first = run_tap({**settings, "lookback_s": 0}, select=select)
    [changed] = stand.change({"update": 1})["update"]
    second = run_tap({**settings, "lookback_s": 0}, select=select, state=first.states[-1])
    assert (first.failure, second.failure) == (None, None)
    mine = [one["kind"] for one in second.records("contact_custom_fields") if one["contact_id"] == changed]
    [contact] = [one for one in second.records() if one["contact_id"] == changed]
    assert sorted(mine) == sorted(one["kind"] for one in contact["custom_fields"] or ())


def test_the_ids_of_all_contacts_that_there_are_come_with_each_incremental_run_and_tell_who_is_gone(stand, settings):
    settings, select = {**settings, "lookback_s": 0, "emit_activate_version_messages": True}, ("contacts", "contact_ids")
    first = run_tap(settings, select=select)
    [gone] = stand.change({"delete": 1})["delete"]
    second = run_tap(settings, select=select, state=first.states[-1])
    versions = [{one["version"] for one in run.messages if one.get("stream") == "contact_ids" and "version" in one} for run in (first, second)]
    assert [len(one) for one in versions] == [1, 1]
    assert max(versions[0]) < min(versions[1])
    assert second.messages[-3] == {"type": "ACTIVATE_VERSION", "stream": "contact_ids", "version": min(versions[1])}
    assert {one["contact_id"] for one in second.records("contact_ids")} == set(first.ids()) - {gone}
    assert len(second.ids()) < len(first.ids())


def test_a_derived_stream_selected_later_is_filled_from_the_beginning(settings):
    first = run_tap(settings)
    second = run_tap(settings, select=("contacts", "contact_utm"), state=first.states[-1])
    third = run_tap(settings, select=("contacts", "contact_utm"), state=second.states[-1])
    assert [len(run.records("contact_utm")) for run in (first, second, third)] == [0, 9, 0]
    assert second.contacts_state["streams"] == ["contact_utm", "contacts"]


def test_a_scan_cut_off_without_a_derived_stream_does_not_count_for_it(service, settings):
    fail_behind(service, 4)
    first = run_tap(settings)
    second = run_tap(settings, select=("contacts", "contact_utm"), state=first.states[-1])
    assert len(second.records("contact_utm")) == 9


def test_a_custom_field_stands_in_the_column_of_its_type(settings):
    run = run_tap(settings, select=("contact_custom_fields",))
    found = {(one["kind"], one["fieldType"]): one for one in run.records("contact_custom_fields")}
    shown = {key: [one[name] for name in ("value", "value_number", "value_boolean", "value_at", "deleted")] for key, one in found.items()}
    assert shown["Größe (cm) – α", "float"] == ["181.5", 181.5, None, None, False]  # noqa: RUF001 - the field's own name
    assert shown["Review Date", "date"] == ["2024-11-22T00:00:00.000Z", None, None, "2024-11-22T00:00:00.000000Z", False]
    assert shown['a.b "c" ; drop', "boolean"] == ["true", None, True, None, False]
    assert shown["Old Field", "string"] == ["x", None, None, None, True]
    assert shown["NPS Rating", "string"] == [None, None, None, None, False]


def test_deselected_columns_are_left_out_and_derived_rows_are_whole_all_the_same(settings):
    catalog = TapAutopilot(config=settings).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            if one["breadcrumb"] == []:
                one["metadata"]["selected"] = entry["tap_stream_id"] in ("contacts", "contact_utm")
            if one["breadcrumb"] in (["properties", "Email"], ["properties", "anywhere_utm"]):
                one["metadata"]["selected"] = False
    run = run_tap(settings, select=("contacts", "contact_utm"), catalog=catalog)
    assert {"Email", "anywhere_utm"} & set(run.records()[0]) == set()
    assert len(run.records("contact_utm")) == 9
