"""The account's data: the same for the same seed, real customers where they are given, odd where the service is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sandbox.autopilot import data
from sandbox.autopilot.account import Account
from sandbox.autopilot.api import API_KEY, AutopilotStand
from sandbox.autopilot.service import start
from sandbox.http.control import Control
from sandbox.services import Options
from sandbox.warehouse import cdnow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Customer:
    number: int = 2
    frequency: int = 2
    recency: float = 30.43
    age: float = 38.86
    spend: Decimal = Decimal("22.35")


@pytest.fixture(scope="module")
def account():
    return Account(1)


def test_the_same_seed_makes_the_same_account_and_another_seed_another(account):
    assert Account(1).contacts() == account.contacts()
    assert {one["contact_id"] for one in Account(2).contacts()} & {one["contact_id"] for one in account.contacts()} == set()


def test_there_is_a_contact_for_each_of_2357_customers(account):
    assert len(account.contacts()) == 2357


def test_a_customers_figures_become_the_contacts_fields():
    made = data.contact(1, Customer())
    assert made["custom_fields"] == [
        data.field("Customer Number", 2, "integer"),
        data.field("Repeat Purchases", 2, "integer"),
        data.field("Average Spend", 22.35, "float"),
    ]
    assert (made["created_at"], made["updated_at"]) == ("2024-12-31T23:31:00.000Z", "2025-08-01T23:45:00.000Z")
    assert made["lists"] == [data.PROMOTERS]


@pytest.mark.parametrize(
    "odd",
    [
        lambda one: "updated_at" not in one,
        lambda one: isinstance(one.get("updated_at"), int),
        lambda one: isinstance(one.get("updated_at"), str) and one["updated_at"].isdigit(),
        lambda one: one["created_at"].endswith("GMT"),
        lambda one: "Email" in one and one["Email"] is None,
        lambda one: "+list@" in (one.get("Email") or ""),
        lambda one: "🚀" in one.get("Name", ""),
        lambda one: one.get("anywhere_utm") == [],
        lambda one: one.get("anywhere_page_visits", 1) is None,
        lambda one: one.get("mail_bounced") == {},
        lambda one: one.get("NumberOfEmployees") == 50,
        lambda one: one.get("NumberOfEmployees") == "10001",
        lambda one: any(part["deleted"] for part in one.get("custom_fields", ())),
        lambda one: len({part["fieldType"] for part in one.get("custom_fields", ()) if part["kind"] == "NPS Rating"}) == 2,
        lambda one: "LifetimeScore" in one,
    ],
)
def test_every_odd_shape_is_met(account, odd):
    assert any(odd(one) for one in account.contacts())


def test_many_contacts_share_one_stamp_and_none_was_updated_before_it_was_made(account):
    stamps = [one.get("updated_at") for one in account.contacts()]
    assert stamps.count("2025-01-10T08:08:00.000Z") > 100
    in_iso = [one for one in account.contacts() if str(one.get("updated_at")).startswith("202")]
    assert [one for one in in_iso if one["updated_at"] < one["created_at"]] == []


def test_a_change_picks_contacts_by_the_seed_and_stamps_them_with_the_servers_clock():
    accounts = [Account(1, data.made_up_customers(1, 50), now=lambda: NOW) for _ in range(2)]
    before = {one["contact_id"]: one for one in accounts[0].contacts()}
    first, second = (one.change({"update": 3, "add": 2, "delete": 1}) for one in accounts)
    after = {one["contact_id"]: one for one in accounts[0].contacts()}
    assert first == second
    assert {name: len(ids) for name, ids in first.items()} == {"update": 3, "delete": 1, "add": 2}
    assert set(after) == set(before) - set(first["delete"]) | set(first["add"])
    assert {one for one in after if after[one] != before.get(one)} == {*first["update"], *first["add"]}
    assert {after[one]["updated_at"] for one in first["update"]} == {"2026-03-01T12:00:00.000Z"}
    assert [("updated_at" in after[one], after[one]["created_at"]) for one in first["add"]] == [(False, "2026-03-01T12:00:00.000Z")] * 2


def test_a_second_change_is_another_one():
    account = Account(1, data.made_up_customers(1, 50))
    assert account.change({"update": 3})["update"] != account.change({"update": 3})["update"]


def test_a_wish_that_cannot_be_granted_is_refused():
    with pytest.raises(ValueError, match=r"Autopilot's account cannot rename; it can update, add, delete, relist"):
        Account(1, []).change({"rename": 1})


def test_a_contact_is_put_on_a_list_or_taken_off_without_a_new_stamp():
    account = Account(1, data.made_up_customers(1, 50))
    before = {one["contact_id"]: one for one in account.contacts()}
    picked = next(one for one, contact in before.items() if data.JOURNEY not in contact.get("lists", ()))
    for is_on in (True, False):
        account.relist(picked)
        after = account.find(picked)
        assert (data.JOURNEY in after["lists"], after.get("updated_at")) == (is_on, before[picked].get("updated_at"))
    assert len(account.change({"relist": 4})["relist"]) == 4


def test_an_account_begins_anew_with_fewer_customers_and_loses_a_list_on_request():
    stand = AutopilotStand(1, data.made_up_customers(1, 50))
    whole = stand.account.contacts()
    stand.change({"customers": 20, "delete_list": data.SUNSET})
    assert len(stand.account.contacts()) == 20
    assert {one["contact_id"] for one in stand.account.contacts()} < {one["contact_id"] for one in whole}
    assert stand.account.members(data.SUNSET) is None
    with pytest.raises(ValueError, match=r"^the account has no list contactlist_Sunset Contacts$"):
        stand.change({"delete_list": data.SUNSET})


def test_what_is_stored_can_be_read_back_whole():
    stand = AutopilotStand(1, data.made_up_customers(1, 50))
    assert stand.stored({}) == stand.stored({"what": "contacts"}) == stand.account.contacts()
    assert stand.stored({"what": "lists"}) == list(data.LISTS)
    pairs = {(list_id, one["contact_id"]) for one in stand.account.contacts() for list_id in one.get("lists", ())}
    assert {(one["list_id"], one["contact_id"]) for one in stand.stored({"what": "lists_contacts"})} == pairs
    with pytest.raises(ValueError, match="nothing is stored as journeys"):
        stand.stored({"what": "journeys"})


def test_the_started_service_tells_the_settings_that_lead_to_it(tmp_path):
    service = start(Options(tmp_path))
    service.start()
    settings = dict(service.settings)
    control = Control(settings["SANDBOX_AUTOPILOT_URL"])
    changed = control.change(update=2)
    held = control.stored("what=contacts")
    service.close()
    assert settings == {"TAP_AUTOPILOT_BASE_URL": service.url + "/v1", "TAP_AUTOPILOT_API_KEY": API_KEY, "SANDBOX_AUTOPILOT_URL": service.url}
    assert len(changed["update"]) == 2
    assert json.dumps(held) == json.dumps(service.stand.account.contacts())


def test_without_the_customers_file_the_service_starts_all_the_same(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SANDBOX_DATA", str(tmp_path))
    service = start(Options(tmp_path, seed=3))
    service._server.server_close()
    assert len(service.stand.account.contacts()) == 2357
    assert "contacts are made from the seed alone" in caplog.text


def test_the_warehouses_customers_are_taken_where_they_are_at_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(cdnow, "customers", lambda: [Customer(number=7), Customer(number=9)])
    service = start(Options(tmp_path))
    service._server.server_close()
    assert sorted(one["LastName"] for one in service.stand.account.contacts()) == ["0007", "0009"]
