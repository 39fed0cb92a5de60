"""The settings, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from singer_commons.misfits import Misfit, address_misfits, file_misfits, is_address

from target_mparticle.planning import mapping_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# docs.mparticle.com/developers/server/http: one host for each data centre.
HOSTS: Mapping[str, str] = {pod: f"https://s2s.{pod}.mparticle.com/v2" for pod in ("us1", "us2", "eu1", "au1")}
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Null = Literal["omit", "delete", "tag"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request and one batch may hold; sizes are of the JSON that is sent, in bytes."""

    batches: int = 100
    events: int = 100
    request_bytes: int = 250_000
    batch_bytes: int = 125_000
    user_attributes: int = 100


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How one stream becomes batches."""

    data_type: Literal["user_attributes", "events"] = "user_attributes"
    iterator: str | None = None
    null: Null = "omit"
    oversize: Literal["reject", "truncate"] = "reject"
    auto_map: bool = True
    add_update_event: bool = False
    mappings: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> StreamSettings:
        """From an entry of the setting `streams`; names were checked by the settings' schema."""
        given = {name: each for name, each in value.items() if each is not None}
        return cls(**{**given, "mappings": tuple(given.get("mappings", ()))})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run."""

    url: str
    api_key: str
    api_secret: str
    environment: str
    streams: Mapping[str, StreamSettings]
    skip_unmapped: bool = False
    data_plan: Mapping[str, Any] = field(default_factory=dict)
    run_label: str | None = None
    limits: Limits = field(default_factory=Limits)
    batches_per_second: float = 250
    max_tries: int = 8
    max_retry_total_s: float = 900
    rejects_path: str = "target-mparticle.rejects.jsonl"
    max_rejected_rows: int | None = None
    max_rejected_share: float | None = None
    dry_run_path: str | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """From the validated configuration of the plugin."""
        streams = {name: StreamSettings.of(value or {}) for name, value in (config.get("streams") or {}).items()}
        return cls(
            url=(config.get("base_url") or HOSTS[config["pod"]]).rstrip("/"),
            api_key=config["api_key"],
            api_secret=config["api_secret"],
            environment=config["environment"],
            streams=streams,
            skip_unmapped=config["unmapped_streams"] == "skip",
            data_plan=config.get("data_plan") or {},
            run_label=config.get("run_label"),
            limits=Limits(
                batches=config["max_batches_per_request"],
                events=config["max_events_per_request"],
                request_bytes=config["max_request_bytes"],
                batch_bytes=config["max_batch_bytes"],
            ),
            batches_per_second=config["max_batches_per_second"],
            max_tries=config["max_tries"],
            max_retry_total_s=config["max_retry_total_s"],
            rejects_path=config["rejects_path"],
            max_rejected_rows=config.get("max_rejected_rows"),
            max_rejected_share=config.get("max_rejected_share"),
            dry_run_path=config["dry_run_path"] if config.get("dry_run") else None,
        )

    def allows(self, rejected: int) -> bool:
        """Whether a run may end well with so many rejected rows, if no more come, and all that were read were rejected."""
        rows, share = self.max_rejected_rows, self.max_rejected_share
        return (rows is not None or share is not None) and (rows is None or rejected <= rows) and (share is None or share >= 1)

    def stream(self, name: str) -> StreamSettings:
        """The settings of a stream; one without an entry is a stream of user attributes that maps by itself."""
        return self.streams.get(name, StreamSettings())


def settings_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit together in settings that are right one by one."""
    yield from address_misfits(settings, "base_url", example=HOSTS["us1"])
    address = str(settings.get("base_url") or "")
    if is_address(address) and urlsplit(address).scheme == "http" and urlsplit(address).hostname not in LOOPBACK:
        yield Misfit(("base_url",), "expected https, found http: the key and secret would travel in clear text (http is for this machine alone)")
    batch, request = settings.get("max_batch_bytes"), settings.get("max_request_bytes")
    if batch and request and batch > request:
        yield Misfit(("max_batch_bytes", "max_request_bytes"), f"expected a batch to fit in a request, found {batch} over {request}")
    plan = settings.get("data_plan") or {}
    if plan and not plan.get("plan_id"):
        yield Misfit(("data_plan.plan_id",), f"expected an id beside {', '.join(f'`{name}`' for name in plan)}, found none")
    if settings.get("dry_run"):
        yield from file_misfits(settings, "dry_run_path")
    for name, stream in (settings.get("streams") or {}).items():
        yield from _stream_misfits(f"streams.{name}", stream or {})
        if (stream or {}).get("mappings"):
            for problem in mapping_problems(StreamSettings.of(stream)):
                yield Misfit((f"streams.{name}.mappings",), problem)


def _stream_misfits(place: str, stream: Mapping[str, Any]) -> Iterator[Misfit]:
    if stream.get("data_type") != "events":
        return
    for unfit in ("add_update_event", "auto_map"):
        if stream.get(unfit):
            yield Misfit((f"{place}.{unfit}",), "expected it to be off for a stream of events, which maps every column by `mappings`, found true")
    if not stream.get("mappings"):
        yield Misfit((f"{place}.mappings",), "expected mappings for a stream of events, found none")
