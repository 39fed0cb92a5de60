"""The tap: its settings and its streams."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_commons.command import entry_point
from singer_commons.errors import RejectedError
from singer_commons.http import QUICK_POLICY
from singer_commons.misfits import Misfit, address_misfits, found_text
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.tap import SuiteTap
from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_autopilot import checks, custom_fields, stamps
from tap_autopilot.client import AutopilotClient
from tap_autopilot.column_names import SNAKE, WIRE
from tap_autopilot.contacts import ContactsStream
from tap_autopilot.derived import DERIVED, ListsOfContactsStream
from tap_autopilot.memberships import ListsContactsStream, SmartSegmentsContactsStream
from tap_autopilot.streams import LOOKUPS, CustomFieldsStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_commons.checking import Checks
    from singer_commons.http import RetryPolicy
    from singer_sdk import Stream

    from tap_autopilot.memberships import MembershipStream

BASE_URL = "https://api2.autopilothq.com/v1"  # singer-io/tap-autopilot 0.3.0, n8n and the other clients of API v1, read 2026-11-21
ARRAY, COLUMNS, BOTH = "array", "columns", "both"
LISTS, CONTACTS = "lists", "contacts"


class TapAutopilot(SuiteTap):
    """Singer tap for the Autopilot (AutopilotHQ) REST API, version 1."""

    name = "tap-autopilot"
    package_name = "sluice-tap-autopilot"
    dynamic_catalog = False  # discovery works without a key, with the standard columns alone
    # Not BATCH: see `AutopilotStream.get_batch_config`.
    capabilities: ClassVar = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema = th.PropertiesList(
        th.Property(
            "api_key",
            th.StringType(min_length=1),
            required=True,
            secret=True,
            title="API key",
            description="The account's key for the Autopilot API, from Settings > Autopilot API.",
        ),
        th.Property(
            "base_url",
            th.StringType,
            default=BASE_URL,
            title="Base URL",
            description="Where the API is, with its version.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="The first run passes on contacts that changed at or after this moment; without it, all. Not looked at once there is state.",
        ),
        th.Property(
            "custom_fields",
            th.StringType(allowed_values=[ARRAY, COLUMNS, BOTH]),
            default=BOTH,
            title="Custom fields",
            description="As the array `custom_fields`, as one typed column a field (`custom_...`), or both.",
        ),
        th.Property(
            "field_case",
            th.StringType(allowed_values=[WIRE, SNAKE]),
            default=WIRE,
            title="Spelling of columns",
            description="`wire`: as the service spells them (`FirstName`); `snake`: as Stitch's columns are (`first_name`).",
        ),
        th.Property(
            "membership_source",
            th.StringType(allowed_values=[LISTS, CONTACTS]),
            default=LISTS,
            title="Source of list memberships",
            description="Where `lists_contacts` comes from: `lists` asks list by list; `contacts` takes it from the scan of contacts, without calls of its own.",
        ),
        th.Property(
            "emit_activate_version_messages",
            th.BooleanType,
            default=False,
            title="ACTIVATE_VERSION",
            description="Say behind each full table that was read whole that it has no other rows, so that a target can drop what is gone. "
            "Some targets end at a message that they do not know.",
        ),
        th.Property(
            "requests_per_second",
            th.NumberType(exclusive_minimum=0, maximum=100),
            default=5,
            title="Requests per second",
            description="The pace kept, above 0 to 100 a second. 5 is what the service documents; more is answered with 429 and waited out.",
        ),
        th.Property(
            "lists_at_a_time",
            th.IntegerType(minimum=1, maximum=10),
            default=5,
            title="Lists read at a time",
            description="How many lists or segments are read at the same time, 1 to 10, so that slow answers do not hold up the pace, which is kept all the same.",
        ),
        th.Property(
            "lookback_s",
            th.IntegerType(minimum=0, maximum=86_400 * 366),
            default=600,
            title="Lookback",
            description="Seconds before the bookmark from which an incremental run passes contacts on again, since the service stamps changes late.",
        ),
        th.Property(
            "request_timeout_s",
            th.NumberType(minimum=1, maximum=3600),
            default=120,
            title="Time limit of a request",
            description="Seconds to wait for an answer, 1 to 3600, before the request is tried again.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            title="User agent",
            description="Sent with each request; the tap's name and version if not set.",
        ),
        *RUN_LOG_SETTINGS,
    ).to_dict()

    @cached_property
    def client(self) -> AutopilotClient:
        """The client of all streams: one pace for all."""
        return self._new_client()

    def _new_client(self, policy: RetryPolicy | None = None) -> AutopilotClient:
        config = self.config
        client = AutopilotClient(
            config["base_url"],
            config["api_key"].strip(),
            user_agent=config.get("user_agent") or f"tap-autopilot/{self.plugin_version}",
            requests_per_second=float(config["requests_per_second"]),
            request_timeout_s=float(config["request_timeout_s"]),
            policy=policy,
        )
        self.account.service = client.http
        return client

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        yield from settings_misfits(settings)

    def checks(self) -> Checks:
        """The key, and each endpoint."""
        return checks.checks(self._new_client(QUICK_POLICY), self._asked_memberships)

    def discover_streams(self) -> Sequence[Stream]:
        """The streams; with a key, contacts have a column for each custom field of the account."""
        wanted = self.config.get("custom_fields", BOTH)
        columns = self._custom_columns()  # asked for in any case: a wrong key is then known before anything is written
        contacts = ContactsStream(self, columns if wanted != ARRAY else {}, keeps_array=wanted != COLUMNS)
        told_by_contacts = () if ListsContactsStream in self._asked_memberships else (ListsOfContactsStream,)
        others: tuple[Callable[[TapAutopilot], Stream], ...] = (*DERIVED, *told_by_contacts, *LOOKUPS, *self._asked_memberships)
        return [contacts, *(one(self) for one in others)]

    @property
    def _asked_memberships(self) -> tuple[type[MembershipStream], ...]:
        """The streams of memberships that ask list by list."""
        if self.config.get("membership_source") == CONTACTS:
            return (SmartSegmentsContactsStream,)
        return ListsContactsStream, SmartSegmentsContactsStream

    def _custom_columns(self) -> Mapping[custom_fields.FieldId, str]:
        if not self.config.get("api_key"):
            return {}  # discovery without settings: `--about`, documentation, a first look
        try:
            definitions = self.client.rows(*CustomFieldsStream.path, envelope=None)
        except RejectedError as refusal:
            self.logger.warning("Custom fields get no columns of their own: %s", refusal)
            return {}
        for name, field_type in custom_fields.unheard_of(definitions):
            self.logger.info("Custom field `%s` is of a type that is not known, %s: its column is text", name, field_type)
        return custom_fields.columns(definitions)


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What is wrong with settings that fit their schema."""
    yield from address_misfits(settings, "base_url", example=BASE_URL)
    key = settings.get("api_key")
    if key is not None and not key.strip():
        yield Misfit(("api_key",), "expected a key, found blanks")
    elif key and not key.strip().isascii():
        yield Misfit(("api_key",), "expected a key of letters and digits, found characters that no key has")
    if (start := settings.get("start_date")) and stamps.parsed(start) is None:
        yield Misfit(("start_date",), f"expected a moment such as 2025-01-31T00:00:00Z, {found_text(start)}")


main = entry_point(TapAutopilot)
