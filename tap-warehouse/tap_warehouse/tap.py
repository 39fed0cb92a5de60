"""The tap: its settings, and a stream for each model."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_commons.columnar.batch_sync import BATCH_SETTINGS
from singer_commons.command import entry_point
from singer_commons.errors import ConfigurationError
from singer_commons.misfits import Misfit
from singer_commons.preview import PreviewWriter
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.states import STATE_SETTINGS
from singer_commons.tap import SuiteTap
from singer_sdk import typing as th
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_warehouse import checks
from tap_warehouse.errors import QueryError
from tap_warehouse.iterator import KINDS
from tap_warehouse.model import models
from tap_warehouse.stream import ModelStream
from tap_warehouse.warehouse import NEEDED, WAREHOUSES, connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_commons.checking import Checks
    from singer_commons.secrets import Mask

    from tap_warehouse.model import Model
    from tap_warehouse.warehouse import Warehouse

_MODEL = th.ObjectType(
    th.Property("name", th.StringType(min_length=1), required=True, title="Name", description="The stream's name."),
    th.Property(
        "sql", th.StringType, title="Query", description="One query in the warehouse's own SQL; its columns are the stream's. Or `sql_file`."
    ),
    th.Property("sql_file", th.StringType, title="File of the query", description="Path of a file with the query, from the working directory."),
    th.Property("key_columns", th.ArrayType(th.StringType), title="Key columns", description="Columns that tell rows apart: targets update by them."),
    th.Property(
        "sync_mode",
        th.StringType(allowed_values=["full", "incremental"]),
        title="Sync mode",
        description="`full` sends all rows each time, `incremental` those at or after the bookmark. Incremental if an `iterator` is set, else full.",
    ),
    th.Property("iterator", th.StringType, title="Iterator", description="The column that grows with every change of a row. Needed if incremental."),
    th.Property(
        "iterator_type",
        th.StringType(allowed_values=list(KINDS)),
        title="Type of the iterator",
        description="Must be the column's; taken from it if not set.",
    ),
    th.Property(
        "iterator_time_zone",
        th.StringType,
        default="UTC",
        title="Time zone of the iterator",
        description="IANA name, for dates and timestamps without a zone.",
    ),
    th.Property(
        "sync_start", th.StringType, title="Sync start", description="The first run begins at this value of the iterator (ISO 8601 for times)."
    ),
    th.Property(
        "delay_s",
        th.IntegerType(minimum=0),
        default=0,
        title="Delay",
        description="Rows younger than this many seconds, by the warehouse's clock, wait.",
    ),
    th.Property(
        "lookback_s",
        th.IntegerType(minimum=0),
        default=0,
        title="Look-back",
        description="Seconds before the bookmark that are read once more, for late rows.",
    ),
    th.Property("max_rows", th.IntegerType(minimum=1), title="Most rows", description="A run that would send more rows fails before it sends any."),
)
_DUCKDB = th.ObjectType(
    th.Property("path", th.StringType, title="File", description="Path of the DuckDB file. It is opened for reading only."),
    th.Property(
        "memory_mb",
        th.IntegerType(minimum=32),
        title="Memory",
        description="Megabytes that a query may take; a sort of more goes on in a folder for temporary files. Default: 128, and 512 where the first rows are too long for that.",
    ),
    th.Property(
        "threads",
        th.IntegerType(minimum=1),
        default=2,
        title="Threads",
        description="Threads of a query; each takes memory for the lines of up to 122,880 rows, beside `memory_mb`.",
    ),
)
_POSTGRES = th.ObjectType(
    th.Property("host", th.StringType, default="localhost", title="Host", description="Name or address of the server."),
    th.Property("port", th.IntegerType(minimum=1, maximum=65_535), default=5432, title="Port", description="TCP port of the server."),
    th.Property("database", th.StringType, title="Database", description="Name of the database."),
    th.Property("user", th.StringType, title="User", description="A role that may only read."),
    th.Property("password", th.StringType, secret=True, title="Password", description="The role's password."),
    th.Property(
        "sslmode",
        th.StringType(allowed_values=["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
        default="prefer",
        title="TLS",
        description="libpq's sslmode; `verify-full` is the safe one over networks.",
    ),
)


class TapWarehouse(SuiteTap):
    """Singer tap for SQL models on a warehouse."""

    name = "tap-warehouse"
    package_name = "sluice-tap-warehouse"
    dynamic_catalog = True  # the streams are the models: discovery needs the settings
    # Not ACTIVATE_VERSION: none is sent.
    capabilities: ClassVar = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema = th.PropertiesList(
        th.Property(
            "warehouse", th.StringType(allowed_values=list(WAREHOUSES)), default="duckdb", title="Warehouse", description="Which warehouse to read."
        ),
        th.Property("duckdb", _DUCKDB, title="DuckDB", description="For `warehouse` duckdb."),
        th.Property("postgres", _POSTGRES, title="PostgreSQL", description="For `warehouse` postgres."),
        th.Property("models", th.ArrayType(_MODEL), required=True, title="Models", description="The SQL data models, each a stream."),
        *STATE_SETTINGS,
        *BATCH_SETTINGS,
        th.Property("limit", th.IntegerType(minimum=1), title="Limit", description="For a preview: at most this many rows of each model."),
        *RUN_LOG_SETTINGS,
    ).to_dict()

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        warehouse = settings.get("warehouse", "")
        given = settings.get(warehouse) or {}
        for name in NEEDED.get(warehouse, ()):
            if not given.get(name):
                yield Misfit((f"{warehouse}.{name}",), f"expected it for `warehouse` {warehouse}, found none")
        if settings.get("models") == []:
            yield Misfit(("models",), "expected at least one model, found none")
        for problem in models(settings.get("models") or ())[1]:
            yield Misfit(("models",), problem)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The connection, opened when first asked for."""
        warehouse = connect(self.config["warehouse"], self.config)
        self.account.service = warehouse.calls
        return warehouse

    def discover_streams(self) -> Sequence[ModelStream]:
        """A stream for each model. Raises ConfigurationError with all that is wrong with any of them."""
        problems, streams = list[str](), []
        for model in models(self.config["models"])[0]:
            stream, wrong = self._stream(model)
            problems += wrong
            streams += [stream] if stream else []
        if problems:
            raise ConfigurationError(problems)
        return streams

    def _stream(self, model: Model) -> tuple[ModelStream | None, list[str]]:
        """The stream of a model, or what is wrong with it in this warehouse."""
        try:
            columns = self.warehouse.columns(model.sql)
        except QueryError as error:
            return None, [f"model `{model.name}`: {error}"]
        if wrong := model.problems_with(columns, tells_case=self.warehouse.tells_case):
            return None, wrong
        return ModelStream(self, model, columns, self.warehouse), []

    def setup_mapper(self) -> None:
        """See the SDK. Raises ConfigurationError if a model cannot be written to the files that `batch_config` asks for."""
        super().setup_mapper()
        for stream in self.streams.values():
            if stream.selected:
                stream.get_batch_config(self.config)

    def checks(self) -> Checks:
        """The connection, whether it may only read, and each model."""
        return checks.checks(self.config["warehouse"], lambda: self.warehouse, models(self.config["models"])[0])

    def show_rows(self, mask: Mask) -> None:
        """The first rows of each model; the warehouse is asked for no more."""
        if isinstance(self.message_writer, PreviewWriter):
            self._config["limit"] = self.message_writer.most_rows
        super().show_rows(mask)

    def load_state(self, state: dict[str, Any]) -> None:
        """See the SDK. Raises ConfigurationError for a state that is none."""
        if not all(isinstance(one, dict) for one in state.get("bookmarks", {}).values()):
            raise ConfigurationError("the state is none: each entry of its `bookmarks` must be an object")
        super().load_state(state)


main = entry_point(TapWarehouse)
