"""The SDK's own tests of a tap, all of them, against the stand-in."""

from __future__ import annotations

import atexit

from autopilot_runs import LivelyStand, serve, settings_for
from new_fields import with_new_fields
from sandbox.autopilot import data
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_autopilot.tap import TapAutopilot

# The SDK makes its tests from the discovered streams when this module is read, so the service has to be there by then.
_service = serve(with_new_fields(LivelyStand)(customers=data.made_up_customers(1, 300)))
atexit.register(_service.close)

_every_record = SuiteConfig(max_records_limit=None)  # every odd shape is to be seen, not the first few


def _everything_of(settings):
    """The catalog with all streams selected: `account` is off by default, and here it is tested as all others are."""
    catalog = TapAutopilot(config=settings).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            if one["breadcrumb"] == []:
                one["metadata"]["selected"] = True
    return catalog


_plain = settings_for(_service, custom_fields="both")
_otherwise = settings_for(_service, custom_fields="columns", field_case="snake", membership_source="contacts")

TestTapAutopilot = get_tap_test_class(TapAutopilot, config=_plain, catalog=_everything_of(_plain), suite_config=_every_record)
TestTapAutopilotOtherwise = get_tap_test_class(TapAutopilot, config=_otherwise, catalog=_everything_of(_otherwise), suite_config=_every_record)
