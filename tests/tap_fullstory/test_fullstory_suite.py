"""The SDK's own test class, with none of its tests switched off."""

from __future__ import annotations

import pytest
from new_fields import with_new_fields
from sandbox.fullstory.access import ADMIN_KEY, Limits
from sandbox.fullstory.api import FullstoryStand
from sandbox.http.service import HttpService
from singer_sdk.testing import get_tap_test_class
from tap_fullstory.event_record import INTEGERS
from tap_fullstory.tap import TapFullstory


class TellingStand(with_new_fields(FullstoryStand)):
    """A service whose events have every documented number and time, and a field that no document names."""

    def _rows(self, bundle):
        every = {**dict.fromkeys(INTEGERS.split(), 1), "UserCreated": "2024-01-02T03:04:05Z", "EventNewlyAdded": 1}
        return [{**every, **row} for row in super()._rows(bundle)]


SERVICE = HttpService(TellingStand(seed=2, limits=Limits(requests_per_second=100_000, downloads_per_minute=100_000)))


@pytest.fixture(scope="module", autouse=True)
def _serve():
    SERVICE.start()
    yield
    SERVICE.close()


TestTapFullstory = get_tap_test_class(TapFullstory, config={"api_key": ADMIN_KEY, "base_url": SERVICE.url})
