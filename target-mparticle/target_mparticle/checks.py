"""What `--check` tries: reach, then the key with a bulk request that holds no batch, so that nothing can be stored.

mParticle documents no call that only checks a key. Of its statuses (docs.mparticle.com/developers/server/http) 401 and 403 refuse the key, and 202 is
said of a request that was accepted; which comes first, the look at the key or at the body, is not said: so 400 proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from singer_commons.checking import Check, NotProvableError
from singer_commons.errors import RejectedError, SuiteError, UnreachableError
from singer_commons.http import QUICK_POLICY

from target_mparticle.delivery import REFUSED_BATCH, Delivery

if TYPE_CHECKING:
    from singer_commons.checking import Checks

    from target_mparticle.settings import Settings

SERVICE = "mparticle"


@dataclass(slots=True)
class Probe:
    """The one request, and what came of it."""

    settings: Settings
    refusal: SuiteError | None = None

    def checks(self) -> Checks:
        """Reach first: without it nothing is known of the key."""
        if (yield Check(SERVICE, "connection", self._reached)):
            yield Check(SERVICE, "key", self._key)

    def _reached(self) -> str:
        try:
            Delivery(self.settings, QUICK_POLICY).post_nothing()
        except UnreachableError:
            raise
        except SuiteError as refusal:
            self.refusal = refusal
        return f"{self.settings.url} answers"

    def _key(self) -> str:
        if isinstance(self.refusal, RejectedError) and self.refusal.status == REFUSED_BATCH:
            raise NotProvableError("not provable without sending: the empty request was refused as such (400), not for its key")
        if self.refusal:
            raise self.refusal
        return "key accepted, with a request that holds no batch; nothing was stored"
