"""The SDK's own test class, with none of its tests switched off."""

from __future__ import annotations

import pytest
from sandbox.fullstory.access import ADMIN_KEY, Limits
from sandbox.fullstory.api import FullstoryStand
from sandbox.http.service import HttpService
from singer_sdk.testing import get_tap_test_class
from tap_fullstory.tap import TapFullstory

# The stand-in has no values for some documented attributes of events. The SDK warns then, or not: it shares values between attributes (0.54.9).
pytestmark = pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
SERVICE = HttpService(FullstoryStand(seed=2, limits=Limits(requests_per_second=100_000, downloads_per_minute=100_000)))


@pytest.fixture(scope="module", autouse=True)
def _serve():
    SERVICE.start()
    yield
    SERVICE.close()


TestTapFullstory = get_tap_test_class(TapFullstory, config={"api_key": ADMIN_KEY, "base_url": SERVICE.url})
