"""Where requests go, and what they carry."""

from __future__ import annotations

import pytest
from tap_fullstory.client import FullstoryClient


@pytest.mark.parametrize(
    ("key", "base_url", "path", "address"),
    [
        ("na1.abc", None, "/v2/users", "https://api.fullstory.com/v2/users"),
        ("abc", None, "/me", "https://api.fullstory.com/me"),
        ("eu1.abc", None, "/v2/users", "https://api.eu1.fullstory.com/v2/users"),
        ("na1.abc", None, "/api/v1/sessions", "https://www.fullstory.com/api/v1/sessions"),
        ("na1.abc", None, "/api/v1/export/list", "https://export.fullstory.com/api/v1/export/list"),
        ("eu1.abc", None, "/api/v1/export/list", "https://api.eu1.fullstory.com/api/v1/export/list"),
        ("eu1.abc", "http://127.0.0.1:8080/", "/api/v1/sessions", "http://127.0.0.1:8080/api/v1/sessions"),
    ],
)
def test_a_key_names_the_region_unless_the_address_is_given(key, base_url, path, address):
    assert FullstoryClient(key, base_url=base_url).address(path) == address


def test_every_request_carries_the_raw_key_and_the_user_agent(service, control):
    FullstoryClient("na1.sandbox-admin", base_url=service.url, user_agent="acme sync").organisation()
    [request] = control.requests()
    assert (request["headers"]["authorization"], request["headers"]["user-agent"]) == ("Basic na1.sandbox-admin", "acme sync")


def test_the_clock_is_the_service_s(service, control):
    client = FullstoryClient("na1.sandbox-admin", base_url=service.url)
    control.fault(path="/me", status=200, body="{}", headers={"Date": "Mon, 05 Jan 2026 10:00:00 GMT"})
    client.organisation()
    assert client.server_time.isoformat().startswith("20")


def test_a_429_without_a_wait_and_one_with_a_date_are_waited_out_too(service, control):
    waits_s = []
    client = FullstoryClient("na1.sandbox-admin", base_url=service.url, sleep=waits_s.append)
    control.fault(path="/me", status=429)
    control.fault(path="/me", status=429, headers={"Retry-After": "Mon, 05 Jan 2026 10:00:00 GMT"})
    assert client.organisation() == "SANDBOX"
    assert (len(waits_s), waits_s[0] <= 1.0, waits_s[1]) == (2, True, 0.0)
