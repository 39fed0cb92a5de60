"""Sends batches until each is accepted or refused for good.

202 is acceptance; nothing else is. A refused bulk request (400, or 413 for its size) is halved until the wrong batch stands alone, and that one
is sent by itself, so that the reason that mParticle gives is about it. Requests go one after another: two versions of a user
never overtake one another. A retried request has the same bytes, and so the same `source_request_id`s.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from singer_commons.errors import DestinationError, RejectedError
from singer_commons.http import RetryPolicy
from singer_commons.secrets import excerpt

from target_mparticle.batches import packed, request_body
from target_mparticle.pace import BatchPacer, EventsClient, evened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_commons.columnar.blocks import Text

    from target_mparticle.settings import Limits, Settings

ACCEPTED = 202
REFUSED_BATCH, TOO_LARGE = 400, 413
REASON_CHARS = 500


@dataclass(slots=True)
class Row:
    """A row on its way, as it was read or as its JSON text: it is accepted when all its batches are, and rejected with the first that is refused."""

    record: Mapping[str, Any] | Text
    open_batches: int
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingBatch:
    """A batch as it is sent, and the row it came from."""

    body: bytes
    row: Row
    events: int = 0


class Listener(Protocol):
    """Hears what became of rows."""

    stream_name: str

    def accepted(self, rows: int) -> None:
        """All batches of so many rows were accepted."""

    def rejected(self, row: Row, code: str, reason: str) -> None:
        """A batch of the row was refused for good."""


@dataclass(slots=True)
class Delivery:
    """Sends to one input of mParticle; shared by all streams, since mParticle's limits are."""

    settings: Settings
    policy: RetryPolicy | None = None
    client: EventsClient = field(init=False)
    pacer: BatchPacer = field(init=False)

    def __post_init__(self) -> None:
        """Make the client."""
        settings = self.settings
        self.pacer = BatchPacer(settings.batches_per_second)
        self.client = EventsClient(
            self.pacer,
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": f"target-mparticle/{version('sluice-target-mparticle')}",
            },
            auth=(settings.api_key, settings.api_secret),
            policy=self.policy or RetryPolicy(max_tries=settings.max_tries, max_total_s=settings.max_retry_total_s),
            key_hint="check `api_key`, `api_secret` and `pod`: they belong to one input (feed) of mParticle in one data centre",
        )

    @property
    def calls(self) -> int:
        """Requests made, retries included."""
        return self.client.calls

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting for the rate limit and between retries."""
        return self.client.waited_s

    def post_nothing(self) -> None:
        """Send a bulk request without a batch in it. Raises as `deliver` does, and RejectedError where mParticle takes none such."""
        self._post([])

    def deliver(self, batches: Sequence[OutgoingBatch], listener: Listener) -> None:
        """Send all, in order. Raises CredentialsError, UnreachableError or DestinationError if that cannot go on."""
        for pack in packed(batches, full_packs(self.settings)):
            self._send(pack, listener)

    def _send(self, pack: Sequence[OutgoingBatch], listener: Listener) -> None:
        try:
            self._post(pack)
        except RejectedError as refusal:
            if refusal.status not in (REFUSED_BATCH, TOO_LARGE):
                raise DestinationError(str(refusal), hint="is `base_url` or `pod` that of mParticle's Events API?") from refusal
            self._divide(pack, listener, refusal)
        else:
            settle(pack, listener)

    def _divide(self, pack: Sequence[OutgoingBatch], listener: Listener, refusal: RejectedError) -> None:
        if len(pack) > 1:
            middle = len(pack) // 2
            self._send(pack[:middle], listener)
            self._send(pack[middle:], listener)
            return
        row = pack[0].row
        if not row.is_rejected:
            row.is_rejected = True
            listener.rejected(row, "TOO_LARGE" if refusal.status == TOO_LARGE else "BAD_REQUEST", reason_of(refusal.body) or str(refusal))

    def _post(self, pack: Sequence[OutgoingBatch]) -> None:
        self.pacer.upcoming = len(pack)
        if len(pack) == 1:
            answer = self.client.request("POST", f"{self.settings.url}/events", data=pack[0].body, allow_redirects=False)
        else:
            body = request_body([batch.body for batch in pack])
            answer = self.client.request("POST", f"{self.settings.url}/bulkevents", data=body, allow_redirects=False)
        if answer.status_code != ACCEPTED:
            raise DestinationError(
                f"{self.settings.url} answered with {answer.status_code} instead of 202: not an answer of mParticle's Events API",
                hint="is `base_url` right, and is no proxy in between?",
            )


class DryRun:
    """Writes batches to a file, one a line, instead of sending them."""

    calls = 0
    waited_s = 0.0

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._descriptor: int | None = None

    def deliver(self, batches: Sequence[OutgoingBatch], listener: Listener) -> None:
        """Write all, in order; the file is made anew at the first."""
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for batch in batches:
            os.write(self._descriptor, batch.body + b"\n")
        settle(batches, listener)


def reason_of(body: str) -> str:
    """The messages in an error body of the Events API, or nothing if it is none."""
    try:
        said = msgspec.json.decode(body)
        messages = [str(each["message"]) for each in said["errors"]]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    return excerpt(" ".join(messages), REASON_CHARS)


def full_packs(settings: Settings) -> Limits:
    """The limits of a request, such that a whole number of requests fills a second."""
    return replace(settings.limits, batches=evened(settings.limits.batches, settings.batches_per_second))


def settle(batches: Sequence[OutgoingBatch], listener: Listener) -> None:
    """The batches were taken: with the last of its batches a row is accepted."""
    accepted = 0
    for row in [batch.row for batch in batches]:
        row.open_batches -= 1
        accepted += not row.open_batches and not row.is_rejected
    listener.accepted(accepted)
