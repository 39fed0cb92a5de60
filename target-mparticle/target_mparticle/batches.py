"""Batches within the limits of the Events API: a row's batch is split where it is too large, and batches are packed into requests.

Sizes are of the compact UTF-8 JSON that is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from target_mparticle import values
from target_mparticle.mapping import Batch, RowRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_mparticle.settings import Limits

    Changes = list[tuple[str, Any, bool]]  # attribute name, value, whether it is deleted


class Sized(Protocol):
    """A batch that is ready to send."""

    @property
    def body(self) -> bytes:
        """The JSON that is sent."""

    @property
    def events(self) -> int:
        """How many events are in it."""


T = TypeVar("T", bound=Sized)


def split(batch: Batch, limits: Limits, encode: Callable[[Batch, int], bytes]) -> list[bytes]:
    """The batches of one row, encoded: one, unless its attributes are too many or too large for that.

    `encode` takes a batch and its number, from 0. Every part has the row's identities, the first alone its events.
    Raises RowRejectedError if a single attribute, or all but the attributes, is too large.
    """
    attributes, deleted = batch.get("user_attributes", ()), batch.get("deleted_user_attributes", ())
    if max(len(attributes), len(deleted)) <= limits.user_attributes:
        body = encode(_attributes_last(batch), 0)
        if len(body) <= limits.batch_bytes:
            return [body]
    return _divided(batch, limits, encode)


def _attributes_last(batch: Batch) -> Batch:
    batch = dict(batch)
    for name in ("user_attributes", "deleted_user_attributes"):
        if name in batch:
            batch[name] = batch.pop(name)
    return batch


def _divided(batch: Batch, limits: Limits, encode: Callable[[Batch, int], bytes]) -> list[bytes]:
    whole = {name: value for name, value in batch.items() if name not in ("user_attributes", "deleted_user_attributes")}
    changes: Changes = [(name, value, False) for name, value in batch.get("user_attributes", {}).items()]
    changes += [(name, None, True) for name in batch.get("deleted_user_attributes", ())]
    parts: list[bytes] = []
    waiting = [changes]
    while waiting:
        some = waiting.pop(0)
        body = encode(_with_changes(whole if not parts else {name: value for name, value in whole.items() if name != "events"}, some), len(parts))
        if len(body) <= limits.batch_bytes and _set_count(some) <= limits.user_attributes:
            parts.append(body)
        elif len(some) > 1:
            middle = len(some) // 2
            waiting[:0] = [some[:middle], some[middle:]]
        else:
            raise RowRejectedError("BATCH_TOO_LARGE", f"the batch has {len(body)} bytes; {limits.batch_bytes} are allowed")
    return parts


def _set_count(changes: Changes) -> int:
    return max(sum(not deleted for *_, deleted in changes), sum(deleted for *_, deleted in changes))


def _with_changes(batch: Batch, changes: Changes) -> Batch:
    batch = dict(batch)
    if attributes := {name: value for name, value, deleted in changes if not deleted}:
        batch["user_attributes"] = attributes
    if names := [name for name, _, deleted in changes if deleted]:
        batch["deleted_user_attributes"] = names
    return batch


def packed(batches: Sequence[T], limits: Limits) -> Iterator[list[T]]:
    """Group batches, in order, so that each request keeps the limits of count, events and size."""
    pack: list[T] = []
    size_bytes, events = 1, 0  # the opening bracket; each batch brings a comma or the closing one
    for batch in batches:
        over = len(pack) >= limits.batches or size_bytes + len(batch.body) + 1 > limits.request_bytes or events + batch.events > limits.events
        if pack and over:
            yield pack
            pack, size_bytes, events = [], 1, 0
        pack.append(batch)
        size_bytes += len(batch.body) + 1
        events += batch.events
    if pack:
        yield pack


def request_body(bodies: Sequence[bytes]) -> bytes:
    """The body of a bulk request."""
    return b"[" + b",".join(bodies) + b"]"


def encoded(batch: Batch) -> bytes:
    """A batch as it is sent, of values made for their destinations. Raises RowRejectedError for a name that is no Unicode."""
    try:
        return values.encoded_fit(batch)
    except values.BadValueError as problem:
        raise RowRejectedError("BAD_VALUE", str(problem)) from None
