"""An account's data, the same for the same seed and customers: contacts, lists, smart segments, custom fields, triggers, hooks.

Field names and wire types follow the recorded answers of the real service (singer-io/tap-autopilot 0.3.0 and its forks) and its own
API blueprint of 2015 (github.com/autopilotdev/autopilotdev.github.io, `_api_docs/apiary.md`), both read 2026-11-21.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.autopilot.shapes import reshaped

if TYPE_CHECKING:
    from collections.abc import Sequence

Contact = dict[str, Any]

CUSTOMERS = 2_357  # the CDNOW customer base: cdnow_customers.csv of the Lifetimes 0.11.3 wheel
OBSERVED_UNTIL = datetime(2025, 9, 30, tzinfo=UTC)  # the end of CDNOW's calibration period, 1997-09-30, moved by 28 years
PROMOTERS = "contactlist_6F6F6F6F-AA84-450E-942C-0E01A15C0001"
SUNSET = "contactlist_Sunset Contacts"  # ids with a space exist: singer-io/tap-autopilot's tests have this one
JOURNEY = "contactlist_build-your-journey"
EMPTY_LIST = "contactlist_0E0E0E0E-0000-4A1F-AC8B-226D75EC0009"
LISTS = (
    {"list_id": PROMOTERS, "title": "Promoters (newsletter)"},
    {"list_id": SUNSET, "title": "Sunset Contacts"},
    {"list_id": JOURNEY, "title": "The editor's team"},
    {"list_id": EMPTY_LIST, "title": "Größe & Söhne 🚀"},
)
REPEAT_BUYERS, BIG_SPENDERS, NOBODY = "contactlist_sseg1456891025207", "contactlist_sseg1457059448884", "contactlist_sseg1457059448999"
SEGMENTS = (
    {"segment_id": REPEAT_BUYERS, "title": "Repeat buyers"},
    {"segment_id": BIG_SPENDERS, "title": ""},
    {"segment_id": NOBODY, "title": "Nobody yet"},
)
_FIELD_KEY = "contacts_customfields_1456200756325_0d6f3a90-"  # the form of a real key: singer-io/tap-autopilot, commit eb4231d
CUSTOM_FIELDS = tuple(
    {"fieldType": kind, "key": f"{_FIELD_KEY}{number:04}", "name": name}
    for number, (name, kind) in enumerate(
        (
            ("NPS Rating", "integer"),
            ("Größe (cm) – α", "float"),  # noqa: RUF001 - a name as customers type it
            ("NPS Rating", "string"),
            ("Review Date", "date"),
            ("Customer Number", "integer"),
            ("Repeat Purchases", "integer"),
            ("Average Spend", "float"),
            ("Email", "string"),
            ('a.b "c" ; drop', "boolean"),
        ),
        start=1,
    )
)
TRIGGERS = ({"trigger_id": "0003", "journey": "trigger test", "trigger_type": "apiTrigger"},)
HOOKS = (
    {
        "hook_id": "hook_contact_added_7b804a954931111da7d3c3ccf8ba18b4e62bc000",
        "event": "contact_added",
        "target_url": "https://example.com/in?token=abc",
        "created_at": 1_430_525_435_054,
    },
)
ACCOUNT = {"account_id": "sandbox", "name": "The sandbox's account"}  # no source shows the real shape


class Figures(Protocol):
    """What is known of a customer; the warehouse's customers have it too, so that both sides tell of the same people."""

    @property
    def number(self) -> int:
        """The customer's number, from 1."""

    @property
    def frequency(self) -> int:
        """How many purchases came after the first."""

    @property
    def recency(self) -> float:
        """Weeks from the first purchase to the last."""

    @property
    def age(self) -> float:
        """Weeks from the first purchase to the end of observation."""

    @property
    def spend(self) -> Decimal:
        """The average value of a repeat purchase, in dollars."""


@dataclass(frozen=True, slots=True)
class MadeUpCustomer:
    """A customer drawn by the seed, for when the CDNOW file is not at hand."""

    number: int
    frequency: int
    recency: float
    age: float
    spend: Decimal


def made_up_customers(seed: int, count: int = CUSTOMERS) -> list[MadeUpCustomer]:
    """Customers with figures in the ranges of the CDNOW base."""
    random = Random(f"customers {seed}")
    made = []
    for number in range(1, count + 1):
        frequency = min(29, int(random.expovariate(1.0)))
        age = round(random.uniform(27.0, 38.86), 2)
        recency = round(random.uniform(0, age), 2) if frequency else 0.0
        spend = Decimal(random.randrange(300, 30_000)).scaleb(-2) if frequency else Decimal("0.00")
        made.append(MadeUpCustomer(number, frequency, recency, age, spend))
    return made


def contacts(seed: int, customers: Sequence[Figures]) -> list[Contact]:
    """One contact a customer, some of them in the odd shapes that the service is known for."""
    return [reshaped(contact(seed, customer), customer.number) for customer in customers]


def contact(seed: int, customer: Figures) -> Contact:
    """A customer as a plain contact; the id comes from the seed and the number alone."""
    number = customer.number
    random = Random(f"contact {seed} {number}")
    created = _minute(OBSERVED_UNTIL - timedelta(weeks=customer.age))
    updated = _minute(created + timedelta(weeks=customer.recency))
    return {
        "contact_id": contact_id(random),
        "type": "Contact",
        "Name": f"Customer {number:04}",
        "FirstName": "Customer",
        "LastName": f"{number:04}",
        "Email": f"customer{number:04}@example.com",
        "Phone": "",
        "Company": f"Household {number % 311:03}",
        "company_priority": number % 11 == 0,
        "Status": "Customer" if customer.frequency else "Lead",
        "LeadSource": random.choice(("Import", "Web form", "")),
        "MailingCountry": random.choice(("Österreich", "Canada", "日本", "")),
        "unsubscribed": number % 17 == 0,
        "lists": lists_of(customer),
        "created_at": iso(created),
        "updated_at": iso(updated),
        "custom_fields": [
            field("Customer Number", number, "integer"),
            field("Repeat Purchases", customer.frequency, "integer"),
            field("Average Spend", float(customer.spend), "float"),
        ],
    }


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)  # stamps come in whole minutes more often than not


def contact_id(random: Random) -> str:
    """An id of the form `person_<UUID in capitals>`."""
    return f"person_{uuid.UUID(int=random.getrandbits(128), version=4)}".upper().replace("PERSON", "person")


def lists_of(customer: Figures) -> list[str]:
    """The ids of the lists that a customer is on."""
    on = []
    if customer.frequency >= 1:
        on.append(PROMOTERS)
    if customer.recency < 1 and customer.number % 3 == 0:
        on.append(SUNSET)
    if customer.number % 50 == 0:
        on.append(JOURNEY)
    return on


def segments_of(customer: Figures) -> list[str]:
    """The ids of the smart segments that a customer falls into."""
    return [REPEAT_BUYERS] * (customer.frequency >= 1) + [BIG_SPENDERS] * (customer.spend >= Decimal(100))


def field(kind: str, value: object, field_type: str, *, deleted: bool = False) -> dict[str, Any]:
    """A custom field as it stands on a contact."""
    return {"kind": kind, "value": value, "fieldType": field_type, "deleted": deleted}


def iso(moment: datetime) -> str:
    """The service's usual stamp: ISO-8601, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
