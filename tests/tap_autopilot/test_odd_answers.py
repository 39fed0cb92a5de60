"""Whatever odd answer the service gives, the run ends with the whole account, or says why it cannot."""

from __future__ import annotations

import pytest
from autopilot_runs import LivelyStand, run_tap, serve, settings_for
from sandbox.autopilot.odd_answers import ODD_ANSWERS
from tap_autopilot.client import RepeatedBookmarkError

PASSING = [name for name in ODD_ANSWERS if name not in ("bookmark_repeated", "unheard_of_field", "other_types")]
SELECT = ("contacts", "lists", "lists_contacts")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("singer_commons.http.random.uniform", lambda *_: 0.0)


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_asked_again_and_nothing_is_missing(stand, settings, name):
    stand.odd_answers.plan(name, times=3)
    run = run_tap(settings, select=SELECT)
    assert (run.failure, stand.odd_answers._planned) == (None, [])
    assert run.ids() == [one["contact_id"] for one in stand.account.contacts()]
    assert run.records("lists_contacts") == stand.stored({"what": "lists_contacts"})


def test_pages_that_lead_in_a_circle_end_the_run_and_nothing_is_said_to_be_complete(stand, settings):
    stand.odd_answers.plan("bookmark_repeated")
    run = run_tap({**settings, "emit_activate_version_messages": True}, methods={"contacts": "FULL_TABLE"})
    assert isinstance(run.failure, RepeatedBookmarkError)
    assert "ACTIVATE_VERSION" not in [one["type"] for one in run.messages]
    assert len(run_tap(settings, state=run.states[-1]).ids()) == 350


def test_a_field_never_heard_of_is_carried_and_told_of_once(stand, settings, caplog):
    caplog.set_level("INFO")
    stand.odd_answers.plan("unheard_of_field", times=2)
    run = run_tap(settings)
    carried = [one for one in run.records() if "FavouriteColour" in (one["other_fields"] or {})]
    assert len(carried) > 100
    assert caplog.text.count("`FavouriteColour` in contacts has no column of its own; it is in `other_fields`") == 1


def test_values_of_other_types_are_carried_as_they_came_and_told_of_once(caplog):
    stand = LivelyStand(customers=60)
    service = serve(stand)
    stand.odd_answers.plan("other_types", times=2)
    run = run_tap(settings_for(service, custom_fields="both"), select=("contacts", "contact_custom_fields", "contact_mail_events"))
    service.close()
    sent = {"unsubscribed": "yes", "mail_opened": "never", "lists": "none", "custom_fields": {"NPS": 3}}
    assert run.failure is None
    assert {one["Email"] for one in run.records()} == {"5"}
    assert [one for one in run.records() if not sent.items() <= one["other_fields"].items()] == []
    for column in sent:
        assert caplog.text.count(f"A value of `{column}` in contacts does not fit its column; it is in `other_fields`") == 1
