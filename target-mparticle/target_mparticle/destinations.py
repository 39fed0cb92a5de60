"""Where a mapping can send a value: a closed list, so that a misspelt destination is found before anything is sent.

    ip  mpid  mp_deviceid  source_request_id  deleted_user_attributes
    user_identities.NAME  device_info.NAME  application_info.NAME
    user_attributes.ANY  partner_identities.ANY  integration_attributes.MODULE.ANY
    consent_state.gdpr.PURPOSE.FIELD  consent_state.ccpa.data_sale_opt_out.FIELD  context.location.FIELD
    events.event_type  events.data.FIELD  events.data.custom_attributes.ANY  events.data.custom_flags.ANY
    events.data.location.FIELD  events.data.product_action.FIELD  events.data.promotion_action.FIELD

ANY may itself hold dots: attribute names do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_mparticle import fields, values
from target_mparticle.event_fields import COMMERCE_KINDS, NESTED, OPEN_MAPS, fields_of

if TYPE_CHECKING:
    from target_mparticle.fields import Convert

MODULE_AND_NAME = 2
PURPOSE_AND_FIELD = 2


@dataclass(frozen=True, slots=True)
class Destination:
    """A place in a batch, as the names on the way to it, and what makes a value fit there."""

    path: tuple[str, ...]
    convert: Convert

    def __str__(self) -> str:
        """As it is written in a mapping."""
        return ".".join(self.path)

    @property
    def is_user_attribute(self) -> bool:
        """Whether this is an attribute of the user, for which null has a meaning of its own."""
        return self.path[0] == "user_attributes"

    @property
    def is_identity(self) -> bool:
        """Whether this says who the user or the device is."""
        top = self.path[0]
        return top in ("user_identities", "mpid", "mp_deviceid", "partner_identities") or (top == "device_info" and self.path[1] in fields.DEVICE_IDS)


def destination(text: str, event_type: str | None = None) -> Destination:
    """Read a destination; `event_type` narrows the fields of `events.data`. Raises ValueError that says what is wrong with it."""
    top, _, rest = text.partition(".")
    if not rest and top in fields.TOP_LEVEL:
        return Destination((top,), fields.TOP_LEVEL[top])
    if top == "user_attributes" and rest:
        return Destination((top, rest), values.attribute)
    if top == "partner_identities" and rest:
        return Destination((top, rest), values.text)
    if top == "events":
        return _event_destination(text, rest, event_type)
    if top in ("integration_attributes", "consent_state", "context"):
        return _nested_destination(text, top, rest)
    closed = {"user_identities": dict.fromkeys(fields.USER_IDENTITIES, values.text)}
    closed |= {"device_info": dict(fields.DEVICE_INFO), "application_info": dict(fields.APPLICATION_INFO)}
    if top in closed and rest in closed[top]:
        return Destination((top, rest), closed[top][rest])
    raise ValueError(f"`{text}` is no destination")


def _nested_destination(text: str, top: str, rest: str) -> Destination:
    parts = rest.split(".", 1)
    if top == "integration_attributes" and len(parts) == MODULE_AND_NAME:
        return Destination((top, *parts), values.text)
    if top == "context" and parts[0] == "location" and parts[-1] in fields.LOCATION:
        return Destination((top, *parts), fields.LOCATION[parts[-1]])
    law, _, purpose_and_field = rest.partition(".")
    purpose, _, field = purpose_and_field.rpartition(".")
    if top == "consent_state" and purpose and field in fields.CONSENT and (law == "gdpr" or (law, purpose) == ("ccpa", "data_sale_opt_out")):
        return Destination((top, law, purpose, field), fields.CONSENT[field])
    raise ValueError(f"`{text}` is no destination")


def _event_destination(text: str, rest: str, event_type: str | None) -> Destination:
    if rest == "event_type":
        return Destination(("events", "event_type"), values.text)
    data, _, field = rest.partition(".")
    if data != "data" or not field:
        raise ValueError(f"`{text}` is no destination")
    known = fields_of(event_type)
    if field in known:
        return Destination(("events", "data", field), known[field])
    outer, _, inner = field.partition(".")
    if outer in OPEN_MAPS and inner:
        return Destination(("events", "data", outer, inner), values.scalar)
    if inner in NESTED.get(outer, ()) and (outer not in COMMERCE_KINDS or event_type in (None, "commerce_event")):
        return Destination(("events", "data", outer, inner), NESTED[outer][inner])
    raise ValueError(f"`{text}` is no destination" + (f" of a {event_type}" if event_type else ""))
