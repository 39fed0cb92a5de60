"""The command target-mparticle: its settings, and what its streams share."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from singer_commons.columnar.settings import BATCH_FILES, DEFAULT_BLOCK_BYTES
from singer_commons.command import entry_point
from singer_commons.errors import TooManyRejectsError
from singer_commons.planning import RejectsSeen, would_reject
from singer_commons.rejects import RejectsFile, check_rejects
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.target import DurableTarget
from singer_sdk import typing as th

from target_mparticle.checks import Probe
from target_mparticle.delivery import Delivery, DryRun
from target_mparticle.plan import PlannedDelivery, plan_text
from target_mparticle.settings import HOSTS, Settings, settings_misfits
from target_mparticle.sink import MParticleSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_commons.checking import Checks
    from singer_commons.misfits import Misfit

MAX_WAITING_BYTES = 32_000_000  # rows may be anything from 100 bytes to 128 KB: memory must not follow them
LEAST_BYTES = 1_000

MAPPING = th.ObjectType(
    th.Property("mapping_type", th.StringType(allowed_values=["column", "static", "ignore"]), required=True),
    th.Property("source", th.StringType),
    th.Property("destination", th.StringType),
    th.Property("value", th.CustomType({"type": ["string", "number", "boolean", "null"]})),
    th.Property("null", th.StringType(allowed_values=["omit", "delete", "tag"])),
    th.Property("hash", th.StringType(allowed_values=["sha256"])),
    additional_properties=False,
)
STREAM = th.ObjectType(
    th.Property("data_type", th.StringType(allowed_values=["user_attributes", "events"])),
    th.Property("iterator", th.StringType),
    th.Property("null", th.StringType(allowed_values=["omit", "delete", "tag"])),
    th.Property("oversize", th.StringType(allowed_values=["reject", "truncate"])),
    th.Property("auto_map", th.BooleanType),
    th.Property("add_update_event", th.BooleanType),
    th.Property("mappings", th.ArrayType(MAPPING)),
    additional_properties=False,
)


class TargetMParticle(DurableTarget):
    """Sends users and events to mParticle."""

    name = "target-mparticle"
    package_name = "sluice-target-mparticle"
    default_sink_class = MParticleSink
    default_batch_rows = 2_500  # ten seconds at the default rate: a STATE now and then, and little to send again after a cut

    config_jsonschema = th.PropertiesList(
        th.Property(
            "api_key",
            th.StringType(nullable=False),
            required=True,
            secret=True,
            title="API key",
            description="Key of the mParticle input (custom feed, warehouse feed or platform) that receives the data.",
        ),
        th.Property(
            "api_secret", th.StringType(nullable=False), required=True, secret=True, title="API secret", description="Secret of the same input."
        ),
        th.Property(
            "environment",
            th.StringType(nullable=False, allowed_values=["development", "production"]),
            required=True,
            title="Environment",
            description="Where the data go: development or production. No default: mParticle's own would be production.",
        ),
        th.Property(
            "pod",
            th.StringType(nullable=False, allowed_values=list(HOSTS)),
            default="us1",
            title="Data centre",
            description="The data centre of the mParticle account: us1, us2, eu1 or au1.",
        ),
        th.Property("base_url", th.StringType, title="Address", description="Address of the Events API, ending in /v2, instead of that of `pod`."),
        th.Property(
            "streams",
            th.ObjectType(additional_properties=STREAM),
            default={},
            title="Streams",
            description="How each stream becomes batches, by its name: data_type, iterator, null, oversize, auto_map, add_update_event, mappings. A stream without an entry is one of user attributes that maps by itself.",
        ),
        th.Property(
            "unmapped_streams",
            th.StringType(nullable=False, allowed_values=["fail", "skip"]),
            default="fail",
            title="Unmapped streams",
            description="What to do with a stream of which no column identifies a user: fail, or skip its rows and count them.",
        ),
        th.Property(
            "data_plan",
            th.ObjectType(
                th.Property(
                    "plan_id", th.StringType, title="Data plan", description="Id of the data plan that mParticle checks the batches against."
                ),
                th.Property(
                    "plan_version",
                    th.IntegerType(minimum=1),
                    title="Version of the data plan",
                    description="Its version; mParticle takes the newest without one.",
                ),
                additional_properties=False,
            ),
            title="Data plan",
            description="The data plan that mParticle checks the batches against.",
        ),
        th.Property(
            "run_label",
            th.StringType,
            title="Label of the run",
            description="Goes into the request ids of user streams without an iterator: the same label makes a repeated run a no-op in mParticle. Default: a new one in each run.",
        ),
        th.Property(
            "max_batches_per_request",
            th.IntegerType(nullable=False, minimum=1, maximum=100),
            default=100,
            title="Batches a request",
            description="Batches in one request, 1 to 100. With 1 each batch gets an answer of its own.",
        ),
        th.Property(
            "max_events_per_request",
            th.IntegerType(nullable=False, minimum=1, maximum=100),
            default=100,
            title="Events a request",
            description="Events in one request, 1 to 100.",
        ),
        th.Property(
            "max_request_bytes",
            th.IntegerType(nullable=False, minimum=1_000, maximum=255_999),
            default=250_000,
            title="Size of a request",
            description="Bytes in one request; mParticle takes less than 256 KB.",
        ),
        th.Property(
            "max_batch_bytes",
            th.IntegerType(nullable=False, minimum=500, maximum=127_999),
            default=125_000,
            title="Size of a batch",
            description="Bytes in one batch; mParticle takes less than 128 KB.",
        ),
        th.Property(
            "max_batches_per_second",
            th.NumberType(nullable=False, minimum=1),
            default=250,
            title="Batches a second",
            description="Most batches in any second; mParticle allows 270 by default.",
        ),
        th.Property(
            "max_tries",
            th.IntegerType(nullable=False, minimum=1, maximum=100),
            default=8,
            title="Tries",
            description="Tries of a request that fails in passing (429, 5xx, no answer), 1 to 100.",
        ),
        th.Property(
            "max_retry_total_s",
            th.NumberType(nullable=False, minimum=0),
            default=900,
            title="Time for tries",
            description="Seconds after which a request is not tried again.",
        ),
        th.Property(
            "rejects_path",
            th.StringType(nullable=False),
            default="target-mparticle.rejects.jsonl",
            title="Rejects file",
            description="File that rejected rows are added to, with the reason, one JSON line each; it holds the rows' data.",
        ),
        th.Property(
            "max_rejected_rows",
            th.IntegerType(minimum=0),
            title="Rejected rows allowed",
            description="Rejected rows after which the run ends with exit code 3. With neither this nor the share set, none is allowed.",
        ),
        th.Property(
            "max_rejected_share",
            th.NumberType(minimum=0, maximum=1),
            title="Rejected share allowed",
            description="Share of rejected rows, 0 to 1, over which the run ends with exit code 3.",
        ),
        th.Property(
            "dry_run",
            th.BooleanType(nullable=False),
            default=False,
            title="Dry run",
            description="Write the batches to `dry_run_path` instead of sending them; no STATE goes out.",
        ),
        th.Property(
            "dry_run_path",
            th.StringType(nullable=False),
            default="target-mparticle.dry-run.jsonl",
            title="File of a dry run",
            description="Where a dry run writes its batches, one JSON line each.",
        ),
        th.Property(
            "max_waiting_bytes",
            th.IntegerType(nullable=False, minimum=LEAST_BYTES),
            default=MAX_WAITING_BYTES,
            title="Size of what waits",
            description="Bytes of batches, over all streams, that wait to be sent together; at this size they are sent, however few rows they are. As many again may be on their way.",
        ),
        th.Property(
            "block_size_bytes",
            th.IntegerType(nullable=False, minimum=LEAST_BYTES),
            default=DEFAULT_BLOCK_BYTES,
            title="Size of a block",
            description="Bytes of rows, over all streams, that are kept as text before they are mapped.",
        ),
        BATCH_FILES,
        *RUN_LOG_SETTINGS,
    ).to_dict()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.settings = Settings.of(self.config)
        self.run_label = self.settings.run_label or str(uuid.uuid4())
        self.rejects: RejectsFile | RejectsSeen = RejectsFile(self.settings.rejects_path)
        self.bookmark_property: str | None = None

    @classmethod
    def misfits(cls, settings: Mapping[str, Any]) -> Iterator[Misfit]:
        """See SuitePlugin."""
        yield from super().misfits(settings)
        yield from settings_misfits(settings)

    @cached_property
    def delivery(self) -> Delivery | DryRun | PlannedDelivery:
        """Where batches go."""
        delivery = DryRun(self.settings.dry_run_path) if self.settings.dry_run_path else Delivery(self.settings)
        self.account.service = delivery
        return delivery

    def checks(self) -> Checks:
        """Reach and key."""
        return Probe(self.settings).checks()

    def plan(self, file_input: IO[str] | None, show: Callable[[str], None], *, show_values: bool) -> None:
        """Map all rows, send none, and show what would be sent. Raises as a load does."""
        self.rejects = rejects = RejectsSeen(self.rejects.path, show_values=show_values)
        self.delivery = delivery = PlannedDelivery(self.settings)
        too_many = False
        try:
            self.listen(file_input)
        except TooManyRejectsError:
            too_many = True
        for piece in plan_text(delivery, self.account, rejects, show_values=show_values):
            show(piece)
        if too_many:
            raise would_reject(rejects)

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        # The SDK drops what a tap says of its bookmark; a sink made by this message asks for it.
        bookmarks: Sequence[str] | str = message_dict.get("bookmark_properties") or ()
        self.bookmark_property = bookmarks if isinstance(bookmarks, str) else next(iter(bookmarks), None)
        super()._process_schema_message(message_dict)

    def drain_if_full(self) -> None:
        """Drain all sinks for the rows that wait, or for their bytes."""
        super().drain_if_full()
        self._drain_if_large()

    def keep_within_memory(self) -> None:
        """Process gathered rows, and drain what came of them, if they are too large to wait."""
        super().keep_within_memory()
        self._drain_if_large()

    def _drain_if_large(self) -> None:
        if sum(sink.waiting_bytes for sink in self._sinks() if isinstance(sink, MParticleSink)) >= self.config["max_waiting_bytes"]:
            self.drain_all()

    def _write_state_message(self, state: dict[str, Any]) -> None:
        if not self.settings.dry_run_path:
            super()._write_state_message(state)

    def process_endofpipe(self) -> None:
        """Send the rest, and account for every row. Raises TooManyRejectsError if too many were rejected."""
        super().process_endofpipe()
        self.rejects.close()
        if self.settings.dry_run_path:
            self.logger.info("Dry run: nothing was sent; the batches are in %s", self.settings.dry_run_path)
        settings = self.settings
        check_rejects(self.account, rows=settings.max_rejected_rows, share=settings.max_rejected_share, path=settings.rejects_path)


main = entry_point(TargetMParticle)
