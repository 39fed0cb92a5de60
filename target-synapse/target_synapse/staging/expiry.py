"""When a shared access signature ends, as its own text says it.

`se` is its end, and `ske` that of the key which signed a user-delegation SAS: behind either the storage refuses it
(https://learn.microsoft.com/rest/api/storageservices/create-service-sas, "Specify the signature validity interval", and .../create-user-delegation-sas).
One that rests on a stored access policy may not say when it ends.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

OUT_OF_TIME = "not valid in the specified time frame"  # how the storage words it (AuthenticationErrorDetail of its 403)

NEW_SIGNATURE_HINT = (
    "put a new signature into the settings and run again: the next run goes on behind the last STATE; with an identity of Entra ID "
    "(`storage_authentication`) signatures are made by the run itself, and anew before they end"
)


def expiry_of(token: str) -> datetime | None:
    """The moment from which the signature opens nothing; None if it does not say, or in a form that is none of Azure's."""
    fields = parse_qs(token.removeprefix("?"))
    ends = [moment for name in ("se", "ske") for text in fields.get(name, ())[:1] if (moment := _moment(text))]
    return min(ends, default=None)


def told(moment: datetime) -> str:
    """The moment, for a message."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def now_utc() -> datetime:
    """The moment by this machine's clock."""
    return datetime.now(UTC)


def _moment(text: str) -> datetime | None:
    """ISO 8601 in UTC, of which minutes, seconds and the time of day may be left out (.../formatting-datetime-values)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
