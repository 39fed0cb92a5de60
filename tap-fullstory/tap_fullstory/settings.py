"""The tap's settings, and what about them does not fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit, address_misfits
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAY_S = 86_400

SETTINGS = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType(min_length=1),
        required=True,
        secret=True,
        title="API key",
        description="The key, as FullStory shows it under Settings, Integrations, API Keys (with its prefix, such as `na1.`). "
        "Sessions take a key of any level; users and events take an Architect or Admin key.",
    ),
    th.Property(
        "base_url",
        th.URIType,
        title="Address of the API",
        description="For a proxy or a stand-in. By default the host of the region that the key's prefix names: `https://api.fullstory.com` for `na1.`, "
        "`https://api.eu1.fullstory.com` for `eu1.`.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start",
        description="Earliest sessions and event bundles to read when there is no bookmark yet, such as `2025-01-01T00:00:00Z`. By default all there are.",
    ),
    th.Property(
        "uids",
        th.ArrayType(th.StringType(min_length=1)),
        title="User ids",
        description="Ids of users, as your own application gave them to FullStory, whose sessions are read.",
    ),
    th.Property(
        "emails", th.ArrayType(th.StringType(min_length=1)), title="E-mail addresses", description="Addresses of users whose sessions are read."
    ),
    th.Property(
        "all_users",
        th.BooleanType,
        title="All users",
        description="Read the sessions of every identified user: one request and more a user. By default true when neither `uids` nor `emails` are given.",
    ),
    th.Property(
        "sessions_shape",
        th.StringType(allowed_values=["v2", "v2_legacy", "v1"]),
        default="v2",
        title="Shape of the sessions API",
        description="Which API to ask for sessions: `v2` (`/v2/sessions`), `v2_legacy` (`/sessions/v2`) or `v1` (`/api/v1/sessions`). The records are the same.",
    ),
    th.Property(
        "sessions_limit",
        th.IntegerType(minimum=1, maximum=10_240),
        default=20,
        title="Sessions a request",
        description="Sessions of a user that are asked for first, 1 to 10,240; doubled until no older ones are missing.",
    ),
    th.Property(
        "sessions_lookback_s",
        th.IntegerType(minimum=0),
        default=0,
        title="Overlap of sessions",
        description="Seconds before the bookmark from which sessions are read again, for sessions that FullStory shows late.",
    ),
    th.Property(
        "event_source",
        th.StringType(allowed_values=["data_export"]),
        default="data_export",
        title="Source of events",
        description="`data_export`: the bundles of the Data Export add-on.",
    ),
    th.Property(
        "events_lookback_s",
        th.IntegerType(minimum=0),
        default=DAY_S,
        title="Overlap of events",
        description="Seconds before the end of the newest bundle read within which bundles that appear late are still found. Bundles already read are not read again.",
    ),
    th.Property(
        "requests_per_second",
        th.NumberType(exclusive_minimum=0),
        title="Requests a second",
        description="At most so many requests a second. By default as fast as FullStory answers; when it asks to wait, the tap waits.",
    ),
    th.Property(
        "user_agent", th.StringType, title="User-Agent", description="What the tap calls itself in its requests; its name and version if not set."
    ),
    th.Property(
        "request_timeout_s",
        th.NumberType(exclusive_minimum=0, maximum=3600),
        default=300,
        title="Time limit of a request",
        description="Seconds without an answer after which a request is given up and tried again, above 0, up to 3600.",
    ),
    *RUN_LOG_SETTINGS,
)


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What is wrong with settings that fit their schema."""
    if settings.get("all_users") is False and not settings.get("uids") and not settings.get("emails"):
        yield Misfit(("all_users", "uids", "emails"), "expected somebody whose sessions can be read, found `false` and neither ids nor addresses")
    yield from address_misfits(settings, "base_url", example="https://api.fullstory.com")
    key = settings.get("api_key")
    if key is not None and not key.strip():
        yield Misfit(("api_key",), "expected a key, found blanks")
    elif key and not key.strip().isascii():
        yield Misfit(("api_key",), "expected a key of letters and digits, found characters that no key has")
    for name in ("uids", "emails"):
        if any(not str(one).strip() for one in settings.get(name) or []):
            yield Misfit((name,), "expected text in each entry, found an empty one")


def asks_all_users(settings: Mapping[str, Any]) -> bool:
    """Whether the sessions of every identified user are wanted."""
    wanted = settings.get("all_users")
    return bool(wanted) if wanted is not None else not settings.get("uids") and not settings.get("emails")
