"""The odd shapes in which the service is known to give contacts, each laid over a plain contact.

Sources, read 2026-11-21: the recorded answers of singer-io/tap-autopilot 0.3.0; its code, for stamps and `anywhere_*`; zonneplan/php-autopilothq, for
`employeesRange`, `NumberOfEmployees` and an empty list in `anywhere_utm`; the API blueprint of 2015, for the mailing fields.
"""

from __future__ import annotations

from typing import Any

EVERY = 40  # contacts number 40n+1, 40n+2, ... take the shapes in turn; the rest stay plain
ABSENT = object()
OLDER_STAMP = "2024-12-20T07:31:12.000Z"
SHARED_STAMP = "2025-01-10T08:08:00.000Z"  # many contacts share one stamp: the service stamps in batches, by the minute
_DELIVERY = "batchdelivery_00000000-0000-11E6-94C6-07E94AE20001_1736496400000-00000000"


def _custom(kind: str, value: object, field_type: str, *, deleted: bool = False) -> dict[str, Any]:
    return {"kind": kind, "value": value, "fieldType": field_type, "deleted": deleted}


def _complete(number: int) -> dict[str, Any]:
    return {
        "Email": f"customer{number:04}+list@example.com",
        "Company": "Größe & Söhne",
        "company_priority": True,
        "NumberOfEmployees": "10001",
        "employeesRange": {"min": 10001},
        "Title": "",
        "Twitter": "",
        "LinkedIn": "",
        "MailingState": "",
        "lists": ["contactlist_6F6F6F6F-AA84-450E-942C-0E01A15C0001", "contactlist_Sunset Contacts"],
        "created_at": OLDER_STAMP,
        "updated_at": SHARED_STAMP,
        "first_visit_at": "2024-12-19T10:00:00.000Z",
        "first_conversion_at": "2024-12-20T10:08:10.761Z",
        "mail_received": {_DELIVERY: 1_736_496_412_000},
        "mail_opened": {_DELIVERY: 1_736_496_431_000},
        "anywhere_page_visits": {"//example.com/pricing": True, '//example.com/?q="x"': True},
        "anywhere_utm": [],
        "custom_fields": [
            _custom("NPS Rating", 10, "integer"),
            _custom("Größe (cm) – α", 181.5, "float"),  # noqa: RUF001 - a name as customers type it
            _custom("Review Date", "2024-11-22T00:00:00.000Z", "date"),
            _custom("Old Field", "x", "string", deleted=True),
        ],
    }


def _made_by_api(number: int) -> dict[str, Any]:
    bare = ("type", "Name", "FirstName", "LastName", "Phone", "Company", "company_priority", "Status", "LeadSource", "MailingCountry")
    gone = dict.fromkeys((*bare, "unsubscribed", "lists", "updated_at", "custom_fields"), ABSENT)
    return {**gone, "Email": f"api{number:04}@example.com", "api_originated": True}


def _odd_fields(_number: int) -> dict[str, Any]:
    return {
        "Email": None,
        "created_at": OLDER_STAMP,
        "updated_at": SHARED_STAMP,
        "custom_fields": [
            _custom("Email", "shadow@example.com", "string"),
            _custom("NPS Rating", "ten", "integer"),
            _custom("NPS Rating", None, "string"),
            _custom('a.b "c" ; drop', True, "boolean"),  # noqa: FBT003 - a field's value
        ],
    }


def _other_stamps(number: int) -> dict[str, Any]:
    return {
        "Name": f"客户 {number:04} 🚀",
        "FirstName": "客户",
        "created_at": "Fri, 03 Jan 2025 15:18:58 GMT",
        "updated_at": 1_736_496_480_000,
        "unsubscribed": True,
        "mail_bounced": {},
        "anywhere_page_visits": None,
        "lists": [],
    }


def _same_second(number: int) -> dict[str, Any]:
    return {
        "Email": f"same-second{number:04}@example.com",
        "created_at": SHARED_STAMP,
        "updated_at": SHARED_STAMP,
        "NumberOfEmployees": 50,
        "custom_fields": [],
    }


def _digits_as_stamp(_number: int) -> dict[str, Any]:
    return {
        "created_at": OLDER_STAMP,
        "updated_at": "1736496480000",
        "anywhere_form_submits": {"//example.com/contact": True},
        "anywhere_utm": {"utm_source": "news"},
    }


def _mailing_fields(_number: int) -> dict[str, Any]:
    return {
        "Salutation": "",
        "Title": "Buyer",
        "Industry": "Music",
        "MobilePhone": "+43 1 000000",
        "Fax": "",
        "Website": "https://example.com/?a=1&b=2",
        "MailingStreet": "1 Example Street\nDoor 2",
        "MailingCity": "Wien",
        "MailingState": "W",
        "MailingPostalCode": "01010",
        "owner_name": "Owner",
        "Twitter": "@example",
        "LinkedIn": "https://example.com/in",
        "sf_id": "0030000000ExAmPle",
        "account_id": "0010000000ExAmPle",
        "mail_clicked": {_DELIVERY: 1_736_496_440_000},
        "mail_complained": {_DELIVERY: 1_736_496_441_000},
        "mail_unsubscribed": {_DELIVERY: 1_736_496_442_000},
        "mail_hardbounced": {_DELIVERY: 1_736_496_443_000},
        "mail_bounced": {_DELIVERY: 1_736_496_444_000},
    }


def _unheard_of(_number: int) -> dict[str, Any]:
    return {"_autopilot_session_id": "s-1", "LifetimeScore": 7, "created_by": {"kind": "import"}}


_SHAPES = (_complete, _made_by_api, _odd_fields, _other_stamps, _same_second, _digits_as_stamp, _mailing_fields, _unheard_of)


def reshaped(contact: dict[str, Any], number: int) -> dict[str, Any]:
    """The contact in the shape that its number calls for."""
    turn = (number - 1) % EVERY
    if turn >= len(_SHAPES):
        return contact
    return {name: value for name, value in {**contact, **_SHAPES[turn](number)}.items() if value is not ABSENT}
