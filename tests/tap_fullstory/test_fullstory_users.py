"""Users and segments: all pages, every property."""

from __future__ import annotations

from decimal import Decimal

from sandbox.fullstory.access import STANDARD_KEY
from singer_commons.errors import RejectedError


def test_all_users_of_all_pages_come_with_all_their_properties(sync, control):
    columns = ("id", "uid", "display_name", "email", "is_being_deleted", "app_url", "properties", "schema", "type_conflicts", "other")
    stored = [{**dict.fromkeys(columns), **user} for user in control.stored("what=users")]
    for user in stored:
        if user["properties"] and "Total Spent" in user["properties"]:
            user["properties"]["Total Spent"] = Decimal(str(user["properties"]["Total Spent"]))
    assert sync("users").records("users") == stored
    assert len([one for one in control.requests() if one["path"] == "/v2/users"]) == len(stored) / 10


def test_a_field_that_no_document_names_is_kept(sync, control):
    control.fault(
        path="/v2/users", status=200, body='{"results":[{"id":"1","favourite":{"colour":"blue"}}],"total_records":"1","next_page_token":""}'
    )
    [user] = sync("users").records("users")
    assert {name: value for name, value in user.items() if value is not None} == {"id": "1", "other": {"favourite": {"colour": "blue"}}}


def test_a_count_that_does_not_agree_is_told(sync, control, caplog):
    control.fault(path="/v2/users", status=200, body='{"results":[{"id":"1"}],"total_records":"3","next_page_token":""}')
    sync("users")
    assert "FullStory counts 3 users and listed 1" in caplog.text


def test_a_list_that_runs_in_a_circle_ends_the_run(sync, control):
    control.fault(path="/v2/users", status=200, body='{"results":[{"id":"1"}],"total_records":"1","next_page_token":"again"}', times=5)
    run = sync("users")
    assert isinstance(run.error, RejectedError)
    assert "came twice" in str(run.error)


def test_all_segments_of_all_pages_come_and_those_of_the_service_without_a_date(sync, control):
    stored = control.stored("what=segments")
    assert sync("segments").records("segments") == [{"created": None, "other": None, **one} for one in stored]
    assert (len(stored), [one["query"].get("limit") for one in control.requests() if one["path"] == "/segments/v1"]) == (130, ["100", "100"])


def test_an_answer_that_is_not_json_is_named_with_its_path(sync, control):
    control.fault(path="/v2/users", status=200, body="<html>down for maintenance</html>")
    assert "FullStory answered GET /v2/users with what is not JSON" in str(sync("users").error)


def test_a_stream_that_the_key_may_not_read_does_not_keep_the_others_from_being_read(sync, control):
    run = sync(api_key=STANDARD_KEY, uids=["u-0001"])
    assert run.error is None
    assert (len(run.records("sessions")) > 0, run.records("users"), run.records("events")) == (True, [], [])
    assert set(run.state["bookmarks"]["sessions"]) == {"replication_key", "replication_key_value", "done_at_bookmark", "asked"}
    assert run.state["bookmarks"].get("events", {}) == {}
