"""The same tap on what the suite's API taps stand on: SuiteTap and SuiteStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from api_rows import SCHEMA, rows
from singer_commons.command import entry_point
from singer_commons.stream import SuiteStream
from singer_commons.tap import SuiteTap
from singer_sdk import typing as th
from singer_sdk.helpers.conform import TypeConformanceLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Rows(SuiteStream):
    """The made-up rows."""

    name = "rows"
    schema = SCHEMA
    primary_keys = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # as in the suite's API taps: their rows are of the types that go out already

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """A dict each."""
        del context
        made: Iterator[dict[str, Any]] = rows(self.config["rows"])
        return made


class SuiteApiTap(SuiteTap):
    """The suite's tap."""

    name = "tap-api-suite"
    package_name = "sluice-singer-commons"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(th.Property("rows", th.IntegerType, required=True)).to_dict()

    def discover_streams(self) -> list[SuiteStream]:
        """The one stream."""
        return [Rows(self)]


if __name__ == "__main__":
    entry_point(SuiteApiTap)()
