"""tap-fullstory: sessions, users and events of a FullStory account."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_commons.command import entry_point
from singer_commons.errors import ForbiddenError
from singer_commons.http import QUICK_POLICY
from singer_commons.tap import SuiteTap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_fullstory import checks
from tap_fullstory.client import FullstoryClient
from tap_fullstory.event_stream import EventsStream
from tap_fullstory.session_stream import SessionsStream
from tap_fullstory.settings import SETTINGS, settings_misfits
from tap_fullstory.streams import SegmentsStream, UsersStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_commons.checking import Checks
    from singer_commons.http import RetryPolicy
    from singer_commons.misfits import Misfit

    from tap_fullstory.streams import FullstoryStream


class TapFullstory(SuiteTap):
    """Singer tap for FullStory."""

    name = "tap-fullstory"
    package_name = "sluice-tap-fullstory"
    # Not ACTIVATE_VERSION: none is sent.
    capabilities: ClassVar = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema = SETTINGS.to_dict()

    @cached_property
    def client(self) -> FullstoryClient:
        """The one connection of all streams."""
        return self._new_client()

    def _new_client(self, policy: RetryPolicy | None = None) -> FullstoryClient:
        settings = self.config
        client = FullstoryClient(
            settings["api_key"],
            base_url=settings.get("base_url"),
            user_agent=settings.get("user_agent") or f"tap-fullstory/{self.plugin_version}",
            requests_per_second=settings.get("requests_per_second"),
            timeout_s=settings["request_timeout_s"],
            policy=policy,
        )
        self.account.service = client.http
        return client

    def checks(self) -> Checks:
        """The key and its level, and each stream's endpoint."""
        return checks.checks(self._new_client(QUICK_POLICY), self.config)

    @cached_property
    def forbidden(self) -> dict[str, ForbiddenError]:
        """The streams that the key may not read, and FullStory's refusals."""
        return {}

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        yield from settings_misfits(settings)

    def discover_streams(self) -> Sequence[FullstoryStream]:
        """All streams; none of them needs a look at the account."""
        return [UsersStream(self), SessionsStream(self), EventsStream(self), SegmentsStream(self)]

    def sync_all(self) -> None:  # type: ignore[misc]  # final for type checkers; the key is checked before it and what was left out is told after
        """Check the key, sync all streams, and name those that the key may not read."""
        self.logger.debug("Reading from the FullStory account %s", self.client.organisation() or "(no id given)")
        super().sync_all()
        self._tell_forbidden()

    def previewed(self) -> None:
        """Name the streams that the key may not read."""
        self._tell_forbidden()

    def _tell_forbidden(self) -> None:
        """Name the streams that the key may not read. Raises ForbiddenError if they were asked for by a catalog, or if nothing could be read."""
        if not self.forbidden:
            return
        names = ", ".join(sorted(self.forbidden))
        read = [name for name, stream in self.streams.items() if stream.selected and name not in self.forbidden]
        message = f"the key may not read {names} (HTTP 403); read: {', '.join(read) or 'nothing'}"
        hint = "use a key of level Architect or Admin, or deselect these streams"
        if "sessions" in self.forbidden:
            hint += "; with `uids` or `emails` the sessions of these are read by a key of any level"
        if self.input_catalog is not None or not read:
            raise ForbiddenError(message, hint=hint)
        self.logger.warning("%s - hint: %s", message, hint)


main = entry_point(TapFullstory)
