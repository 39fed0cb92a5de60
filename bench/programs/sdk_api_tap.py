"""A tap over dicts on the SDK alone, with all its defaults; `rows` in its settings says how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from api_rows import SCHEMA, rows
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Rows(Stream):
    """The made-up rows."""

    name = "rows"
    schema = SCHEMA
    primary_keys = ("id",)

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """A dict each."""
        del context
        made: Iterator[dict[str, Any]] = rows(self.config["rows"])
        return made


class SdkApiTap(Tap):
    """The SDK's tap."""

    name = "tap-api-sdk"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(th.Property("rows", th.IntegerType, required=True)).to_dict()

    def discover_streams(self) -> list[Stream]:
        """The one stream."""
        return [Rows(self)]


if __name__ == "__main__":
    SdkApiTap.cli()
