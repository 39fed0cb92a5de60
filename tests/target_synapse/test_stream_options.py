"""`stream_options`: which settings hold for which stream."""

import pytest
from target_synapse.settings import CONFIG_SCHEMA
from target_synapse.settings.of_streams import PER_STREAM, stream_config

CONFIG = {
    "host": "pool",
    "table_index": "auto",
    "stream_options": {
        "crm-*": {"table_index": "heap", "load_method": "append-only"},
        "*-users": {"table_index": "columnstore"},
        "[ab]?": {"hard_delete": True},
    },
}


@pytest.mark.parametrize(
    ("stream", "changed"),
    [
        ("other", {}),
        ("crm-mails", {"table_index": "heap", "load_method": "append-only"}),
        ("crm-users", {"table_index": "columnstore", "load_method": "append-only"}),
        ("CRM-mails", {}),
        ("a1", {"hard_delete": True}),
        ("a11", {}),
    ],
)
def test_a_later_pattern_that_matches_wins_over_earlier_ones_and_over_the_settings(stream, changed):
    assert stream_config(CONFIG, stream) == CONFIG | changed


def test_every_setting_that_may_differ_from_stream_to_stream_is_offered_without_a_default():
    options = CONFIG_SCHEMA["properties"]["stream_options"]["additionalProperties"]
    assert options["additionalProperties"] is False
    assert sorted(options["properties"]) == sorted(PER_STREAM)
    assert [name for name, one in options["properties"].items() if "default" in one] == []
