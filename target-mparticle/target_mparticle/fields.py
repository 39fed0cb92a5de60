"""The names that the Events API knows, from its JSON reference (docs.mparticle.com/developers/server/json-reference) and Warehouse Sync's list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_mparticle import values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Convert = Callable[[Any], Any]

USER_IDENTITIES = (
    *("customer_id", "email", "facebook", "twitter", "google", "microsoft", "yahoo", "alias", "facebook_custom_audience_id", "other"),
    *(f"other_id_{number}" for number in range(2, 11)),
    *("mobile_number", "phone_number_2", "phone_number_3"),
)
# Columns with these names map by themselves; `alias` is not in Warehouse Sync's list (docs.mparticle.com, Warehouse Sync SQL reference).
RESERVED_IDENTITIES: Mapping[str, str] = {name: name for name in USER_IDENTITIES if name != "alias"} | {"customerid": "customer_id"}

DEVICE_IDS: Mapping[str, Convert] = {
    **dict.fromkeys(("ios_advertising_id", "ios_idfv", "android_advertising_id"), values.uuid_text),
    **dict.fromkeys(("roku_advertising_id", "roku_publisher_id", "fire_advertising_id"), values.uuid_text),
    **dict.fromkeys(("android_uuid", "amp_id", "push_token", "microsoft_advertising_id", "microsoft_publisher_id"), values.text),
}
DEVICE_INFO: Mapping[str, Convert] = {
    **DEVICE_IDS,
    **dict.fromkeys(("brand", "product", "device", "device_manufacturer", "platform", "os_version", "device_model"), values.text),
    **dict.fromkeys(("device_country", "locale_language", "locale_country", "network_country", "network_carrier"), values.text),
    **dict.fromkeys(("network_code", "network_mobile_country_code", "build_identifier", "http_header_user_agent"), values.text),
    **dict.fromkeys(("att_authorization_status", "cpu_architecture", "radio_access_technology", "bluetooth_version"), values.text),
    "build_version_release": values.text,
    **dict.fromkeys(("screen_height", "screen_width", "screen_dpi", "timezone_offset", "att_timestamp_unixtime_ms"), values.integer),
    **dict.fromkeys(("is_tablet", "push_notification_sound_enabled", "push_notification_vibrate_enabled"), values.boolean),
    **dict.fromkeys(("supports_telephony", "has_nfc", "bluetooth_enabled", "limit_ad_tracking", "is_dst"), values.boolean),
}
APPLICATION_INFO: Mapping[str, Convert] = dict.fromkeys(
    ("application_name", "application_version", "application_build_number", "install_referrer", "package", "os"),
    values.text,
)
TOP_LEVEL: Mapping[str, Convert] = {
    "ip": values.ip_address,
    "mpid": values.integer,
    "mp_deviceid": values.uuid_text,
    "source_request_id": values.text,
    "deleted_user_attributes": values.name_list,
}
CONSENT: Mapping[str, Convert] = {
    "consented": values.boolean,
    "timestamp_unixtime_ms": values.epoch_ms,
    **dict.fromkeys(("document", "location", "hardware_id", "regulation"), values.text),
}
LOCATION: Mapping[str, Convert] = {
    **dict.fromkeys(("latitude", "longitude", "accuracy"), values.number),
    **dict.fromkeys(("country_code", "region_code", "city_name", "postal_code", "dma_code", "location_source"), values.text),
}
# Attributes that mParticle itself gives a meaning to; any other name with a `$` is most likely misspelt.
RESERVED_ATTRIBUTES = ("$age", "$gender", "$country", "$zip", "$city", "$state", "$address", "$firstname", "$lastname", "$mobile")

# Documents, "Default Service Limits".
MAX_NAME_CHARS = 256
MAX_VALUE_CHARS = 4_096
MAX_LIST_ENTRIES = 1_000
MAX_LIST_ENTRY_CHARS = 512
MAX_USER_ATTRIBUTES = 100
MAX_EVENT_ATTRIBUTES = 100
