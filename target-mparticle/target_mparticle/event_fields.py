"""The events of the Events API: their types, fields, and which of these are required (docs.mparticle.com/developers/server/json-reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_mparticle import values
from target_mparticle.fields import LOCATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_mparticle.fields import Convert

COMMON: Mapping[str, Convert] = {
    "timestamp_unixtime_ms": values.epoch_ms,
    "session_start_unixtime_ms": values.epoch_ms,
    "event_start_unixtime_ms": values.epoch_ms,
    "session_uuid": values.uuid_text,
    "event_num": values.integer,
    **dict.fromkeys(("source_message_id", "canonical_name", "data_connection_type"), values.text),
    **dict.fromkeys(("lifetime_value_attribute_name", "view_controller"), values.text),
    **dict.fromkeys(("is_goal_defined", "lifetime_value_change", "is_main_thread"), values.boolean),
}
PRODUCT_ACTION: Mapping[str, Convert] = {
    **dict.fromkeys(("action", "checkout_options", "product_action_list", "product_list_source"), values.text),
    **dict.fromkeys(("transaction_id", "affiliation", "coupon_code"), values.text),
    **dict.fromkeys(("total_amount", "tax_amount", "shipping_amount"), values.number),
    "checkout_step": values.integer,
    "products": values.json_value,
}
PROMOTION_ACTION: Mapping[str, Convert] = {"action": values.text, "promotions": values.json_value}
NESTED: Mapping[str, Mapping[str, Convert]] = {"location": LOCATION, "product_action": PRODUCT_ACTION, "promotion_action": PROMOTION_ACTION}
OPEN_MAPS = ("custom_attributes", "custom_flags")  # any name, flat values

CUSTOM_EVENT_TYPES = ("navigation", "location", "search", "transaction", "user_content", "user_preference", "social", "other", "media", "attribution")

# Event type -> (fields of its own, those of them that are required).
TYPES: Mapping[str, tuple[Mapping[str, Convert], tuple[str, ...]]] = {
    "custom_event": ({"event_name": values.text, "custom_event_type": values.text}, ("event_name", "custom_event_type")),
    "commerce_event": (
        {
            **dict.fromkeys(("currency_code", "screen_name", "event_name"), values.text),
            "is_non_interactive": values.boolean,
            "product_impressions": values.json_value,
        },
        (),
    ),
    "screen_view": ({"screen_name": values.text, "activity_type": values.text}, ("screen_name",)),
    "session_start": ({}, ()),
    "session_end": ({"session_duration_ms": values.integer}, ("session_duration_ms",)),
    "opt_out": ({"is_opted_out": values.boolean}, ("is_opted_out",)),
    "first_run": ({}, ()),
    "uninstall": ({}, ()),
    "push_registration": ({"register": values.boolean, "registration_token": values.text}, ("register", "registration_token")),
    "push_message": (
        {
            **dict.fromkeys(("push_message_token", "push_message_type", "push_notification_payload", "message", "network"), values.text),
            **dict.fromkeys(("application_state", "action_identifier", "push_message_behavior"), values.text),
        },
        ("push_message_token", "push_message_type", "push_notification_payload"),
    ),
    "application_state_transition": (
        {
            **dict.fromkeys(("application_transition_type", "launch_referral", "push_notification_payload"), values.text),
            **dict.fromkeys(("is_first_run", "is_upgrade", "successfully_closed"), values.boolean),
        },
        ("application_transition_type",),
    ),
    "crash_report": (
        {
            **dict.fromkeys(("severity", "message", "class_name", "stack_trace", "topmost_context"), values.text),
            "breadcrumbs": values.json_value,
            "exception_handled": values.boolean,
        },
        ("severity", "message"),
    ),
    "network_performance": ({"url": values.text, "response_code": values.integer}, ("url", "response_code")),
    "breadcrumb": ({"label": values.text, "session_number": values.integer}, ("label",)),
    "profile": (
        {"previous_mpid": values.integer, "current_mpid": values.integer, "profile_event_type": values.text},
        ("previous_mpid", "current_mpid", "profile_event_type"),
    ),
}
COMMERCE_KINDS = ("product_action", "promotion_action", "product_impressions")


def fields_of(event_type: str | None) -> Mapping[str, Convert]:
    """The fields that the data of an event type may have; of all types, if the type is only known row by row."""
    if event_type is not None:
        return {**COMMON, **TYPES[event_type][0]}
    return {**COMMON, **{name: convert for own, _ in TYPES.values() for name, convert in own.items()}}


def data_problem(event_type: object, data: Mapping[str, object]) -> str | None:
    """What an event of this type still lacks, or None."""
    if event_type not in TYPES:
        return f"{event_type} is no event type"
    if lacking := [name for name in TYPES[str(event_type)][1] if data.get(name) in (None, "")]:
        return f"a {event_type} needs {', '.join(lacking)}"
    if event_type == "custom_event" and data["custom_event_type"] not in CUSTOM_EVENT_TYPES:
        return f"{data['custom_event_type']} is no custom_event_type"
    if event_type == "commerce_event" and sum(kind in data for kind in COMMERCE_KINDS) != 1:
        return f"a commerce_event needs exactly one of {', '.join(COMMERCE_KINDS)}"
    location = data.get("location")
    if isinstance(location, dict) and not {"latitude", "longitude"} <= location.keys():
        return "a location needs latitude and longitude"
    return None
