"""What an event in a batch may hold: the types of events and the fields of each, from the JSON reference and schema of the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.mparticle.shapes import boolean, integer, list_of, map_of, number, object_of, one_of, scalar, text, uuid_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.mparticle.shapes import Shape

MAX_EVENT_ATTRIBUTES = 100  # unique names an event (documents, "Default Service Limits")
CUSTOM_EVENT_TYPES = ("navigation", "location", "search", "transaction", "user_content", "user_preference", "social", "other", "media", "attribution")

FLAT_MAP = map_of(scalar)
LOCATION = object_of(
    {
        "latitude": number,
        "longitude": number,
        "accuracy": number,
        "country_code": text,
        "region_code": text,
        "city_name": text,
        "postal_code": text,
        "dma_code": text,
        "location_source": text,
    },
    required=("latitude", "longitude"),
)
COMMON: Mapping[str, Shape] = {
    "source_message_id": text,
    "timestamp_unixtime_ms": integer,
    "session_uuid": uuid_text,
    "session_start_unixtime_ms": integer,
    "event_start_unixtime_ms": integer,
    "event_num": integer,
    "custom_attributes": FLAT_MAP,
    "custom_flags": FLAT_MAP,
    "location": LOCATION,
    "device_current_state": map_of(scalar),
    "canonical_name": text,
    "data_connection_type": text,
    "is_goal_defined": boolean,
    "lifetime_value_change": boolean,
    "lifetime_value_attribute_name": text,
    "view_controller": text,
    "is_main_thread": boolean,
}
PRODUCT = object_of(
    {
        **dict.fromkeys(("id", "name", "brand", "category", "variant", "coupon_code"), text),
        "position": integer,
        "price": number,
        "quantity": number,
        "added_to_cart_time_ms": integer,
        "total_product_amount": number,
        "custom_attributes": map_of(text),
    },
)
PRODUCT_ACTION = object_of(
    {
        "action": one_of(
            "add_to_cart",
            "remove_from_cart",
            "checkout",
            "checkout_option",
            "click",
            "view_detail",
            "purchase",
            "refund",
            "add_to_wishlist",
            "remove_from_wish_list",  # spelt so in the documents
        ),
        "checkout_step": integer,
        **dict.fromkeys(("checkout_options", "product_action_list", "product_list_source", "transaction_id", "affiliation", "coupon_code"), text),
        **dict.fromkeys(("total_amount", "tax_amount", "shipping_amount"), number),
        "products": list_of(PRODUCT),
    },
    required=("action",),
)
PROMOTION_ACTION = object_of(
    {"action": one_of("view", "click"), "promotions": list_of(object_of(dict.fromkeys(("id", "name", "creative", "position"), text)))},
    required=("action",),
)
IMPRESSIONS = list_of(object_of({"product_impression_list": text, "products": list_of(PRODUCT)}))
COMMERCE_KINDS = ("product_action", "promotion_action", "product_impressions")

# Event type -> (fields of its own, those of them that are required).
TYPES: Mapping[str, tuple[Mapping[str, Shape], tuple[str, ...]]] = {
    "session_start": ({}, ()),
    "session_end": ({"session_duration_ms": integer}, ("session_duration_ms",)),
    "screen_view": ({"screen_name": text, "activity_type": text}, ("screen_name",)),
    "custom_event": ({"event_name": text, "custom_event_type": one_of(*CUSTOM_EVENT_TYPES)}, ("event_name", "custom_event_type")),
    "commerce_event": (
        {
            "product_action": PRODUCT_ACTION,
            "promotion_action": PROMOTION_ACTION,
            "product_impressions": IMPRESSIONS,
            "currency_code": text,
            "screen_name": text,
            "is_non_interactive": boolean,
            "shopping_cart": object_of({"products": list_of(PRODUCT)}),
            "event_name": text,
        },
        (),
    ),
    "crash_report": (
        {
            **dict.fromkeys(("severity", "message", "class_name", "stack_trace", "topmost_context"), text),
            "breadcrumbs": list_of(map_of(scalar)),
            "exception_handled": boolean,
        },
        ("severity", "message"),
    ),
    "opt_out": ({"is_opted_out": boolean}, ("is_opted_out",)),
    "first_run": ({}, ()),
    "push_registration": ({"register": boolean, "registration_token": text}, ("register", "registration_token")),
    "application_state_transition": (
        {
            "application_transition_type": one_of("application_initialized", "application_exit", "application_background", "application_foreground"),
            **dict.fromkeys(("is_first_run", "is_upgrade", "successfully_closed"), boolean),
            **dict.fromkeys(("launch_referral", "push_notification_payload"), text),
        },
        ("application_transition_type",),
    ),
    "push_message": (
        {
            **dict.fromkeys(("push_message_token", "push_notification_payload", "message", "network", "application_state"), text),
            **dict.fromkeys(("action_identifier", "push_message_behavior"), text),
            "push_message_type": one_of("sent", "received", "action"),
        },
        ("push_message_token", "push_message_type", "push_notification_payload"),
    ),
    "network_performance": ({"url": text, "response_code": integer}, ("url", "response_code")),
    "breadcrumb": ({"label": text, "session_number": integer}, ("label",)),
    "profile": (
        {"previous_mpid": integer, "current_mpid": integer, "profile_event_type": one_of("signup", "login", "logout", "update", "delete")},
        ("previous_mpid", "current_mpid", "profile_event_type"),
    ),
    "user_attribute_change": (dict.fromkeys(("user_attribute_name", "new", "old"), scalar), ()),
    "user_identity_change": ({"new": map_of(scalar), "old": map_of(scalar)}, ()),
    "uninstall": ({}, ()),
}
DATA = {name: object_of({**COMMON, **own}, required, "event field") for name, (own, required) in TYPES.items()}


def event(place: str, value: Any) -> Iterator[str]:
    """An event: `event_type` and `data`, both required, and what the type asks of the data."""
    yield from object_of({"event_type": one_of(*TYPES), "data": lambda _place, _value: iter(())}, ("event_type", "data"), "event field")(place, value)
    if not isinstance(value, dict) or value.get("event_type") not in TYPES or value.get("data") is None:
        return
    data = value["data"]
    yield from DATA[value["event_type"]](f"{place}.data", data)
    if not isinstance(data, dict):
        return
    if value["event_type"] == "commerce_event" and sum(kind in data for kind in COMMERCE_KINDS) != 1:
        yield f'"{place}.data" must hold exactly one of {", ".join(COMMERCE_KINDS)}.'
    if isinstance(attributes := data.get("custom_attributes"), dict) and len(attributes) > MAX_EVENT_ATTRIBUTES:
        yield f'"{place}.data.custom_attributes" holds {len(attributes)} attributes; {MAX_EVENT_ATTRIBUTES} are allowed.'
