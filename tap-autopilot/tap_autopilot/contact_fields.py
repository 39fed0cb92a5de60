"""The columns of a contact, under the names they have on the wire.

Fields: the API blueprint of 2015, the recorded answers of singer-io/tap-autopilot 0.3.0, raygun-tap-autopilot 0.3.1, zonneplan/php-autopilothq and
TourConnect/autopilothq-node; all read 2026-11-21. Only `contact_id` and `created_at` are always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_autopilot import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_autopilot.kinds import Kind

MODIFIED_AT = "modified_at"  # computed: `updated_at`, or `created_at` for a contact that was never updated
CUSTOM_FIELDS = "custom_fields"

_TEXTS = (
    "type",
    "Name",
    "Salutation",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "MobilePhone",
    "Fax",
    "Company",
    "Title",
    "Industry",
    "NumberOfEmployees",
    "Website",
    "Twitter",
    "LinkedIn",
    "Status",
    "LeadSource",
    "owner_name",
    "MailingStreet",
    "MailingCity",
    "MailingState",
    "MailingPostalCode",
    "MailingCountry",
    "sf_id",
    "account_id",
    "_autopilot_session_id",
    "_autopilot_list",
)
_FLAGS = ("unsubscribed", "api_originated", "company_priority")
_STAMPS = ("created_at", "updated_at", "first_visit_at", "first_conversion_at")
MAIL_EVENTS = ("received", "opened", "clicked", "bounced", "complained", "unsubscribed", "hardbounced")
_VISITS = ("anywhere_page_visits", "anywhere_form_submits", "anywhere_utm")

STANDARD: Mapping[str, Kind] = {
    "contact_id": kinds.KEY,
    **dict.fromkeys(_TEXTS, kinds.TEXT),
    **dict.fromkeys(_FLAGS, kinds.FLAG),
    **dict.fromkeys(_STAMPS, kinds.STAMP),
    "employeesRange": kinds.OBJECT,
    "lists": kinds.TEXTS,
    **{f"mail_{event}": kinds.DELIVERIES for event in MAIL_EVENTS},
    **dict.fromkeys(_VISITS, kinds.VISITS),
    CUSTOM_FIELDS: kinds.CUSTOM_FIELDS,
}
