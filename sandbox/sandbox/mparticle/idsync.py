"""The search of the IDSync API: who is known, without making anybody.

Identity names differ from those of the Events API (documents, "IDSync HTTP API").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.http.messages import Answer, Request

if TYPE_CHECKING:
    from sandbox.mparticle.profiles import Profiles

EVENTS_NAMES: dict[str, str] = {
    "customerid": "customer_id",
    "facebookcustomaudienceid": "facebook_custom_audience_id",
    **{f"other{number}": f"other_id_{number}" for number in range(2, 11)},
    "ios_idfa": "ios_advertising_id",
    "android_aaid": "android_advertising_id",
    "roku_aid": "roku_advertising_id",
    "microsoft_aid": "microsoft_advertising_id",
    "fire_aid": "fire_advertising_id",
    "device_application_stamp": "mp_deviceid",
}


def search_identities(request: Request, profiles: Profiles, miss_status: int) -> Answer:
    """Answer a search: the mpid as text, or `miss_status` when nobody fits."""
    try:
        asked = request.json()
    except ValueError:
        return _refused(400, "INVALID_REQUEST", "The request is not valid JSON.")
    identities: Any = asked.get("known_identities") if isinstance(asked, dict) else None
    if not isinstance(identities, dict) or not identities or asked.get("environment") not in ("development", "production"):
        return _refused(400, "INVALID_REQUEST", "environment and at least one of known_identities are required.")
    mpid = profiles.search({EVENTS_NAMES.get(str(name), str(name)): value for name, value in identities.items()})
    if mpid is None:
        return _refused(miss_status, "NOT_FOUND", "User not found.")
    return Answer.of_json({"context": None, "mpid": str(mpid), "matched_identities": identities, "is_ephemeral": False})


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer.of_json({"errors": [{"code": code, "message": message}]}, status)
