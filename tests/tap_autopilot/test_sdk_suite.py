"""The SDK's own tests of a tap, all of them, against the stand-in."""

from __future__ import annotations

import atexit

from autopilot_runs import LivelyStand, serve, settings_for
from sandbox.autopilot import data
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap_autopilot.tap import TapAutopilot

# The SDK makes its tests from the discovered streams when this module is read, so the service has to be there by then.
_service = serve(LivelyStand(customers=data.made_up_customers(1, 300)))
atexit.register(_service.close)

_settings = settings_for(_service, custom_fields="both")
_catalog = TapAutopilot(config=_settings).catalog_dict
for _entry in _catalog["streams"]:
    _entry["metadata"] = [  # `account` is off by default; here it is tested as all others are
        {**one, "metadata": {**one["metadata"], "selected": True}} if one["breadcrumb"] == [] else one for one in _entry["metadata"]
    ]

TestTapAutopilot = get_tap_test_class(
    TapAutopilot,
    config=_settings,
    catalog=_catalog,
    suite_config=SuiteConfig(max_records_limit=None),  # every odd shape is to be seen, not the first few
)
