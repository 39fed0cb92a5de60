"""The users that batches leave behind, merged in the order the batches came.

The order of identities that decides who a batch is about is our reading of mParticle's default identity strategy, where `customer_id`
comes first: the highest identity given that is known decides, unless its profile holds another value for one still higher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.mparticle.rules import DEVICE_IDS, USER_IDENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIORITY = (*USER_IDENTITIES, *DEVICE_IDS, "mp_deviceid")
MAX_ATTRIBUTE_NAME_CHARS = 256  # longer names of server-to-server batches are cut (documents, "Default Service Limits")
FIRST_MPID = 8_000_000_000_000_000_001  # 64-bit, and past 2**53 on purpose: a client that reads it as a double is found out


class Profiles:
    """Profiles by mpid, and the index of their identities."""

    def __init__(self) -> None:
        self._profiles: dict[int, dict[str, Any]] = {}
        self._known: dict[tuple[str, str], int] = {}

    def merge(self, batch: Mapping[str, Any]) -> int:
        """Take a batch in: identities, then deleted attributes, then attributes. Returns the mpid of its user."""
        identities = identities_of(batch)
        mpid = batch.get("mpid") or self.search(identities) or FIRST_MPID + len(self._profiles)
        profile = self._profiles.setdefault(
            mpid,
            {"mpid": mpid, "user_identities": {}, "device_identities": {}, "user_attributes": {}, "consent_state": {}, "events": 0, "batches": 0},
        )
        for name, value in identities.items():
            profile["user_identities" if name in USER_IDENTITIES else "device_identities"][name] = value
            self._known[name, value] = mpid
        for name in batch.get("deleted_user_attributes") or ():
            profile["user_attributes"].pop(name, None)
        for name, value in (batch.get("user_attributes") or {}).items():
            profile["user_attributes"][name[:MAX_ATTRIBUTE_NAME_CHARS]] = value  # null is kept: a tag
        for law, purposes in (batch.get("consent_state") or {}).items():
            profile["consent_state"].setdefault(law, {}).update(purposes)
        profile["events"] += len(batch.get("events") or ())
        profile["batches"] += 1
        return int(mpid)

    def search(self, identities: Mapping[str, str]) -> int | None:
        """The mpid of the user whom these identities name, if there is one."""
        given = [name for name in PRIORITY if name in identities]
        for rank, name in enumerate(given):
            mpid = self._known.get((name, identities[name]))
            if mpid is None:
                continue
            held = self._profiles[mpid]["user_identities"] | self._profiles[mpid]["device_identities"]
            if all(held.get(higher, identities[higher]) == identities[higher] for higher in given[:rank]):
                return mpid
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """All profiles, in the order in which they were first seen."""
        return list(self._profiles.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._profiles)


def identities_of(batch: Mapping[str, Any]) -> dict[str, str]:
    """The identities of a batch's user and device, under the names of the Events API."""
    found = {("customer_id" if name == "customerid" else name): value for name, value in (batch.get("user_identities") or {}).items()}
    found |= {name: value for name, value in (batch.get("device_info") or {}).items() if name in DEVICE_IDS}
    if "mp_deviceid" in batch:
        found["mp_deviceid"] = batch["mp_deviceid"]
    return found
