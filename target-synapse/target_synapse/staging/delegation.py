"""User-delegation signatures: what opens the container to the pool for some hours, signed with a key that Entra ID lends, not the account's.

https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas. Signed by the service version 2020-12-06: azure-storage-blob signs
with its newest one alone (12.31: 2026-10-06), which storage that lags behind the public cloud, Azurite among it, does not know.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from singer_commons.secrets import known_secrets

from target_synapse.sql.copy_into import SIGNATURE, Credential
from target_synapse.staging.expiry import now_utc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from azure.storage.blob import UserDelegationKey

VERSION = "2020-12-06"
READ_AND_LIST = "rl"  # what COPY INTO asks for
CONTAINER = "c"
LIFETIME = timedelta(hours=12)  # a key may live for 7 days; a COPY is given at least half of this, since statements wait in a pool's queue
READ_AND_WRITE = "rcwdl"  # in the order that the page wants
SKEW = timedelta(minutes=15)  # clocks may differ (same page)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature opens."""

    account: str
    container: str


def signature(scope: Scope, key: UserDelegationKey, expiry: datetime, allows: str = READ_AND_LIST) -> str:
    """A signature that opens the container over https until `expiry`: to read and list it, if nothing else is said."""
    fields = {
        "sp": allows,
        "se": f"{expiry:%Y-%m-%dT%H:%M:%SZ}",
        "skoid": key.signed_oid,
        "sktid": key.signed_tid,
        "skt": key.signed_start,
        "ske": key.signed_expiry,
        "sks": key.signed_service,
        "skv": key.signed_version,
        "spr": "https",
        "sv": VERSION,
        "sr": CONTAINER,
    }
    resource = f"/blob/{scope.account}/{scope.container}"
    of_key = [fields[name] for name in ("skoid", "sktid", "skt", "ske", "sks", "skv")]
    # In the page's order; empty are: start, the three of hierarchical namespaces, address; then snapshot, scope of encryption, and five headers.
    parts = [fields["sp"], "", fields["se"], resource, *of_key, "", "", "", "", fields["spr"], VERSION, CONTAINER, "", "", "", "", "", "", ""]
    signed = hmac.new(base64.b64decode(str(key.value)), "\n".join(str(one) for one in parts).encode(), hashlib.sha256).digest()
    return urlencode({**fields, "sig": base64.b64encode(signed).decode()})


class DelegatedSignature(Credential):
    """A credential for COPY whose secret is minted when it is first needed, and anew when half of its time is over."""

    def __init__(
        self,
        scope: Scope,
        new_key: Callable[[datetime, datetime], UserDelegationKey],
        *,
        allows: str = READ_AND_LIST,
        now: Callable[[], datetime] = now_utc,
    ) -> None:
        super().__init__(SIGNATURE)
        self._allows = allows
        self._scope, self._new_key, self._now = scope, new_key, now
        self._signed, self._expiry = "", now()

    @property
    def secret(self) -> str:
        """A signature with at least half of its time before it. Raises what asking for the key raises."""
        now = self._now()
        if self._expiry - now < LIFETIME / 2:
            expiry = now + LIFETIME
            self._signed, self._expiry = signature(self._scope, self._new_key(now - SKEW, expiry), expiry, self._allows), expiry
            known_secrets().add([self._signed])
        return self._signed
