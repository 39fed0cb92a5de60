"""What a batch may hold: our own rules, after the tables of the JSON reference, the published schema and the service limits.

The strict schema has `additionalProperties: false`, so a field that is not listed here is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.mparticle.event_rules import LOCATION, event
from sandbox.mparticle.shapes import boolean, integer, ip_address, list_of, map_of, object_of, one_of, scalar, text, uuid_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.mparticle.shapes import Shape

# Documents, "Default Service Limits": per batch, and per value.
MAX_USER_ATTRIBUTES = 100
MAX_ATTRIBUTE_VALUE_CHARS = 4_096
MAX_LIST_ENTRIES = 1_000
MAX_LIST_ENTRY_CHARS = 512

USER_IDENTITIES = (
    *("customer_id", "email", "facebook", "twitter", "google", "microsoft", "yahoo", "alias", "facebook_custom_audience_id", "other"),
    *(f"other_id_{number}" for number in range(2, 11)),
    *("mobile_number", "phone_number_2", "phone_number_3"),
)
UUID_DEVICE_IDS = (*("ios_advertising_id", "ios_idfv", "android_advertising_id", "roku_advertising_id", "roku_publisher_id", "fire_advertising_id"),)
TEXT_DEVICE_IDS = ("android_uuid", "amp_id", "push_token", "microsoft_advertising_id", "microsoft_publisher_id")
DEVICE_IDS = (*UUID_DEVICE_IDS, *TEXT_DEVICE_IDS)

DEVICE_INFO: dict[str, Shape] = {
    **dict.fromkeys(UUID_DEVICE_IDS, uuid_text),
    **dict.fromkeys(TEXT_DEVICE_IDS, text),
    **dict.fromkeys(("brand", "product", "device", "device_manufacturer", "os_version", "device_model", "device_country"), text),
    **dict.fromkeys(("locale_language", "locale_country", "network_country", "network_carrier", "network_code"), text),
    **dict.fromkeys(("network_mobile_country_code", "build_identifier", "http_header_user_agent", "cpu_architecture"), text),
    **dict.fromkeys(("radio_access_technology", "bluetooth_version", "build_version_release"), text),
    **dict.fromkeys(("screen_height", "screen_width", "screen_dpi", "timezone_offset", "att_timestamp_unixtime_ms"), integer),
    **dict.fromkeys(("is_tablet", "push_notification_sound_enabled", "push_notification_vibrate_enabled", "supports_telephony"), boolean),
    **dict.fromkeys(("has_nfc", "bluetooth_enabled", "limit_ad_tracking", "is_dst"), boolean),
    "platform": one_of("iOS", "Android", "web", "desktop", "tvOS", "roku", "out_of_band", "alexa", "smart_tv", "fire_tv", "xbox"),
    "att_authorization_status": one_of("authorized", "denied", "not_determined", "restricted"),
}
APPLICATION_INFO: dict[str, Shape] = {
    **dict.fromkeys(("application_name", "application_version", "application_build_number", "install_referrer", "package"), text),
    "os": one_of(
        *("IOS", "Android", "WindowsPhone", "MobileWeb", "UnityIOS", "UnityAndroid", "Desktop", "TVOS", "Roku", "OutOfBand", "Alexa"),
        *("SmartTV", "FireTV", "Xbox"),
    ),
    "apple_search_ads_attributes": map_of(map_of(text)),
}
CONSENT = object_of(
    {
        "consented": boolean,
        "timestamp_unixtime_ms": integer,
        **dict.fromkeys(("document", "location", "hardware_id", "regulation"), text),
    },
    required=("timestamp_unixtime_ms",),
)


def consent(place: str, value: Any) -> Iterator[str]:
    """A consent; both fields are required, and `consented` may be false."""
    yield from CONSENT(place, value)
    if isinstance(value, dict) and "consented" not in value:
        yield 'Required consent field "consented" is missing or empty.'


def user_attribute(place: str, value: Any) -> Iterator[str]:
    """A string, number, boolean, null (a tag), or a flat list of those, within the limits of size."""
    if not isinstance(value, list):
        yield from scalar(place, value)
        if isinstance(value, str) and len(value) > MAX_ATTRIBUTE_VALUE_CHARS:
            yield f'"{place}" has {len(value)} characters; {MAX_ATTRIBUTE_VALUE_CHARS} are allowed.'
        return
    yield from list_of(scalar)(place, value)
    if len(value) > MAX_LIST_ENTRIES:
        yield f'"{place}" has {len(value)} entries; {MAX_LIST_ENTRIES} are allowed.'
    if any(isinstance(each, str) and len(each) > MAX_LIST_ENTRY_CHARS for each in value):
        yield f'"{place}" has an entry over {MAX_LIST_ENTRY_CHARS} characters.'


def user_attributes(place: str, value: Any) -> Iterator[str]:
    """At most as many attributes as a batch may have."""
    yield from map_of(user_attribute)(place, value)
    if isinstance(value, dict) and len(value) > MAX_USER_ATTRIBUTES:
        yield f'"{place}" holds {len(value)} attributes; {MAX_USER_ATTRIBUTES} are allowed.'


BATCH_FIELDS: dict[str, Shape] = {
    "environment": one_of("development", "production"),
    "source_request_id": text,
    "user_identities": object_of(dict.fromkeys(USER_IDENTITIES, text)),
    "user_attributes": user_attributes,
    "deleted_user_attributes": list_of(text),
    "events": list_of(event),
    "device_info": object_of(DEVICE_INFO),
    "mpid": integer,
    "mp_deviceid": uuid_text,
    "ip": ip_address,
    "context": object_of({"data_plan": object_of({"plan_id": text, "plan_version": integer}, ("plan_id",)), "location": LOCATION}),
    "consent_state": object_of({"gdpr": map_of(consent), "ccpa": object_of({"data_sale_opt_out": consent})}),
    "application_info": object_of(APPLICATION_INFO),
    "integration_attributes": map_of(map_of(text)),
    "partner_identities": map_of(text),
    "attribution_info": object_of(dict.fromkeys(("service_provider", "publisher", "campaign"), text), ("service_provider", "publisher", "campaign")),
}
# Names that mParticle's own older clients send, and that the published schema does not have.
OLD_CLIENT_FIELDS: dict[str, Shape] = {
    **BATCH_FIELDS,
    "schema_version": integer,
    "user_identities": object_of(dict.fromkeys((*USER_IDENTITIES, "customerid"), text)),
}
BATCH = object_of(BATCH_FIELDS)
OLD_CLIENT_BATCH = object_of(OLD_CLIENT_FIELDS)


def problems(batch: Any, *, old_client_names: bool = False) -> list[str]:
    """All that is wrong with a batch, one sentence each; an empty list for a batch that is right."""
    return list((OLD_CLIENT_BATCH if old_client_names else BATCH)("", batch))
