"""`--plan`: a delivery that sends nothing and keeps what a person wants to see first: where columns go, and the first batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from singer_commons.secrets import MASK

from target_mparticle import values
from target_mparticle.batches import packed
from target_mparticle.delivery import full_packs, settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_commons.accounts import Account
    from singer_commons.planning import RejectsSeen

    from target_mparticle.delivery import Listener, OutgoingBatch
    from target_mparticle.mapping import Assignment, Plan
    from target_mparticle.settings import Settings

FIRST_BATCHES = 2  # of each stream: one with a row as most are, and another beside it
# What tells a user or a device, by the top-level field of a batch.
IDENTIFYING = ("user_identities", "device_info", "partner_identities", "mpid", "mp_deviceid", "ip")


@dataclass(slots=True)
class StreamPlan:
    """What a load of one stream would do: its mapping, and its first batches."""

    plan: Plan | None
    columns: Sequence[str]
    first: list[bytes] = field(default_factory=list)
    batches: int = 0


@dataclass(slots=True)
class PlannedDelivery:
    """Stands in for `target_mparticle.delivery.Delivery`: takes batches, counts the requests, and sends nothing."""

    settings: Settings
    streams: dict[str, StreamPlan] = field(default_factory=dict)
    calls: int = 0
    batches: int = 0
    waited_s: float = 0.0
    where: str = "(plan: nothing was sent)"
    _stream: str = ""

    def begin(self, stream: str, plan: Plan | None, columns: Sequence[str]) -> None:
        """A stream has told its columns; with another SCHEMA it tells them again."""
        known = self.streams.get(stream)
        self.streams[stream] = StreamPlan(plan, columns, known.first, known.batches) if known else StreamPlan(plan, columns)

    def deliver(self, batches: Sequence[OutgoingBatch], listener: Listener) -> None:
        """Count all, and keep the first."""
        self.calls += sum(1 for _ in packed(batches, full_packs(self.settings)))
        self.batches += len(batches)
        self.streams[listener.stream_name].batches += len(batches)
        kept = self.streams[listener.stream_name].first
        kept += [batch.body for batch in batches[: FIRST_BATCHES - len(kept)]] if len(kept) < FIRST_BATCHES else []
        settle(batches, listener)

    @property
    def least_s(self) -> float:
        """Seconds that the rate limit alone takes: the first second's batches go at once."""
        return max(0.0, self.batches / self.settings.batches_per_second - 1)


def plan_text(delivery: PlannedDelivery, account: Account, rejects: RejectsSeen, *, show_values: bool) -> Iterator[str]:
    """The plan, in pieces."""
    for stream, one in delivery.streams.items():
        rows = account.stream(stream)
        yield f"stream {stream} ({_kind(one.plan)}, {delivery.settings.environment})\n"
        yield from _mapping(one)
        skipped, invalid = rows.skipped.total(), rows.rejected.total()
        yield f"  rows: {rows.rows_read} read = {rows.rows_loaded} valid + {invalid} invalid + {skipped} skipped; {_counted(one.batches, 'batch', 'es')}\n"
        yield from (f"  invalid: {line}\n" for line in rejects.told(stream))
        for number, body in enumerate(one.first, start=1):
            yield f"  batch {number}: {_shown(body, show_values=show_values)}\n"
    rate = delivery.settings.batches_per_second
    yield (
        f"{_counted(delivery.batches, 'batch', 'es')} in {_counted(delivery.calls, 'request', 's')} to {delivery.settings.url}, "
        f"{delivery.least_s:.0f} s at the least with {rate:g} batches a second; nothing was sent\n"
    )


def _counted(number: int, what: str, ending: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else ending)


def _kind(plan: Plan | None) -> str:
    return "skipped: no column identifies a user" if plan is None else "events" if plan.is_events else "user_attributes"


def _mapping(one: StreamPlan) -> Iterator[str]:
    if one.plan is None:
        return
    lines = [(_source(each), _destination(each)) for each in one.plan.assignments]
    sent = {each.source for each in one.plan.assignments}
    lines += [(name, "(not sent)") for name in one.columns if name not in sent]
    width = max((len(source) for source, _ in lines), default=0)
    yield from (f"  {source.ljust(width)} -> {destination}\n" for source, destination in lines)


def _source(each: Assignment) -> str:
    return each.source if each.source is not None else f"static {each.value!r}"


def _destination(each: Assignment) -> str:
    also = [f"null: {each.null}"] if each.destination.is_user_attribute and each.null != "omit" else []
    also += ["sha256"] if each.hashed else []
    return f"{each.destination}" + (f" ({', '.join(also)})" if also else "")


def _shown(body: bytes, *, show_values: bool) -> str:
    batch: dict[str, Any] = msgspec.json.decode(body)
    return values.encoded(batch if show_values else without_identities(batch)).decode()


def without_identities(batch: Mapping[str, Any]) -> dict[str, Any]:
    """The batch with `***` for what tells a user or a device, wherever in the batch the same value stands."""
    telling = {text for name in IDENTIFYING for text in _texts(batch.get(name))}
    return {name: _masked(part, telling, everything=name in IDENTIFYING) for name, part in batch.items()}


def _masked(value: Any, telling: set[str], *, everything: bool) -> Any:
    if isinstance(value, dict):
        return {name: _masked(part, telling, everything=everything) for name, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, telling, everything=everything) for part in value]
    return MASK if everything or str(value) in telling else value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
    elif value is not None:
        yield str(value)
