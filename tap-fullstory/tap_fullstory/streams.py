"""What the tap's streams have in common, and the streams that are a plain list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ForbiddenError
from singer_commons.stream import SuiteStream
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_fullstory.client import FullstoryClient
    from tap_fullstory.tap import TapFullstory

OPEN_OBJECT = th.CustomType({"type": ["object", "null"], "additionalProperties": True})


class FullstoryStream(SuiteStream):
    """A stream of one account. Subclasses give `rows`; a key that may not read them leaves the stream empty, and the tap told."""

    # A record's values are of the types that go out already; the SDK's conversion would only copy them.
    TYPE_CONFORMANCE_LEVEL = type(SuiteStream.TYPE_CONFORMANCE_LEVEL).NONE

    def __init__(self, tap: TapFullstory, schema: dict[str, Any] | None = None) -> None:
        super().__init__(tap, schema=schema)
        self._fullstory = tap

    @property
    def client(self) -> FullstoryClient:
        """The tap's one connection."""
        return self._fullstory.client

    def get_records(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002 - the SDK's signature
        """The stream's records, or none if the key may not read them."""
        try:
            yield from self.rows()
        except ForbiddenError as error:
            self._fullstory.forbidden[self.name] = error

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """Never: the SDK's batches hold deselected columns."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The stream's records."""
        raise NotImplementedError

    def in_columns(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row in the stream's columns; a field that has none goes into the column `other`."""
        columns = [name for name in self.schema["properties"] if name != "other"]
        other = {name: value for name, value in row.items() if name not in columns}
        return {**{name: row.get(name) for name in columns}, "other": other or None}

    @property
    def start(self) -> datetime | None:
        """The setting `start_date`."""
        text = self.config.get("start_date")
        if not text:
            return None
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class BookmarkedStream(FullstoryStream):
    """A stream that keeps its own state, and writes it when all rows before it are out.

    The SDK would move a bookmark with every record and compare it as text; here no record moves it, so that any STATE can be resumed from.
    """

    @property
    def progress(self) -> Mapping[str, Any]:
        """The state to go on from; empty when the catalog asks for the full table."""
        return self.stream_state if self._is_incremental else {}

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Have it remembered that all rows given so far belong to `state`."""
        if not self._is_incremental:
            return
        self.stream_state.update(state)
        self.state_manager.is_flushed = False
        self._write_state_message()

    @property
    def _is_incremental(self) -> bool:
        return self.replication_method == "INCREMENTAL"

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the state to `checkpoint`."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Keep the SDK's marks of a run in progress out of the state."""

    def get_replication_key_signpost(self, context: Context | None = None) -> datetime | None:  # noqa: ARG002 - the SDK's signature
        """No signpost: the SDK's is of the local clock."""
        return None


class UsersStream(FullstoryStream):
    """All users that FullStory keeps (an Architect key); `properties` holds whatever was set, as it was set."""

    name = "users"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True, description="FullStory's id of the user"),
        th.Property("uid", th.StringType, description="The id that your application gave the user"),
        th.Property("display_name", th.StringType, description="The name shown"),
        th.Property("email", th.StringType, description="The e-mail address"),
        th.Property("is_being_deleted", th.BooleanType, description="Whether the user is being deleted; then no other field may be there"),
        th.Property("app_url", th.StringType, description="The user in FullStory"),
        th.Property("properties", OPEN_OBJECT, description="The user's own properties, named and typed as they were set"),
        th.Property("schema", OPEN_OBJECT, description="The types of the properties, if they are declared"),
        th.Property("type_conflicts", OPEN_OBJECT, description="Properties whose values are not of one type"),
        th.Property("other", OPEN_OBJECT, description="Fields that have no column here"),
    ).to_dict()

    def rows(self) -> Iterator[dict[str, Any]]:
        """All users, page by page."""
        return map(self.in_columns, self.client.users())


class SegmentsStream(FullstoryStream):
    """The segments of users that are defined in FullStory, its own and yours (a key of any level)."""

    name = "segments"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True, description="FullStory's id of the segment"),
        th.Property("name", th.StringType, description="The segment's name"),
        th.Property("creator", th.StringType, description="Who made it"),
        th.Property("created", th.DateTimeType, description="When it was made; not known of FullStory's own"),
        th.Property("url", th.StringType, description="The segment in FullStory"),
        th.Property("other", OPEN_OBJECT, description="Fields that have no column here"),
    ).to_dict()

    def rows(self) -> Iterator[dict[str, Any]]:
        """All segments, page by page."""
        return map(self.in_columns, self.client.segments())
