"""What of the service's traffic goes into a cassette: its shape, and nothing that anybody could be known by.

Names of fields stay, and whatever is one of few (types, flags, the words of errors). Every other text becomes `text`, every number 1, every stamp one
moment in the form it had; ids become others of the same form, the same for the same, so that pages still lead to each other.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

BASE_URL = "https://api2.autopilothq.com/v1"
RECORDED_KEY = "recorded-key"
CONTACTS_KEPT = 8  # of a page: a cassette is read by people
STAMP_MS = 1_736_496_480_000
STAMP_FORMS = (  # the forms in which the service writes moments, each with one of it
    (re.compile(r"\d+"), str(STAMP_MS)),
    (re.compile(r"[A-Z][a-z]{2}, .* GMT"), "Fri, 10 Jan 2025 08:08:00 GMT"),
    (re.compile(r".*"), "2025-01-10T08:08:00.000Z"),
)
KEPT = frozenset({"total_contacts", "fieldType", "deleted", "type", "event", "trigger_type", "error", "message"})
STAMPS = frozenset({"created_at", "updated_at", "first_visit_at", "first_conversion_at", "timestamp"})
IDS = frozenset({"contact_id", "bookmark", "list_id", "segment_id", "trigger_id", "hook_id", "key", "lists", "kind", "name"})
FREE_KEYS = re.compile(r"mail_\w+|anywhere_\w+")  # objects whose keys are ids of mails and addresses of pages
PATHS = frozenset({"contacts", "contact", "custom_fields", "lists", "list", "smart_segments", "triggers", "hooks", "account"})
SUBSTITUTE = re.compile(r"(person_00000000-0000-4000-8000-|contactlist_|)recorded[0-9a-f]{12}|person_00000000-0000-4000-8000-[0-9a-f]{12}")


def substitute(text: str) -> str:
    """Another id of the same form, the same for the same; a substitute's own is itself."""
    if not text or SUBSTITUTE.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    if text.startswith("person_"):
        return f"person_00000000-0000-4000-8000-{digest}"
    return ("contactlist_" if text.startswith("contactlist_") else "") + f"recorded{digest}"


def shape_only(value: Any, name: str = "", field_type: str = "") -> Any:
    """A JSON value, of an object's member of this name, without its content."""
    if value is None or isinstance(value, bool) or name in KEPT:
        return value
    if isinstance(value, dict):
        kind = str(value.get("fieldType", ""))
        return {_key(one, name): shape_only(inner, one if not FREE_KEYS.fullmatch(name) else "timestamp", kind) for one, inner in value.items()}
    if isinstance(value, list):
        return [shape_only(one, name) for one in (value[:CONTACTS_KEPT] if name == "contacts" else value)]
    if name in STAMPS or field_type == "date":
        return stamp(value) if isinstance(value, str) else type(value)(STAMP_MS)
    if isinstance(value, str):
        return substitute(value) if name in IDS else value and "text"
    return 1 if isinstance(value, int) else 1.5


def stamp(text: str) -> str:
    """A moment in the form that this one has."""
    return text and next(one for form, one in STAMP_FORMS if form.fullmatch(text))


def _key(key: str, inside: str) -> str:
    return substitute(key) if FREE_KEYS.fullmatch(inside) else key


def request_for_cassette(request: Any) -> Any:
    """A request as it stands in a cassette, and as one is looked for there: the service's own address, and other ids."""
    segments = [segment for segment in urlsplit(request.uri).path.split("/") if segment][1:]
    request.uri = "/".join([BASE_URL, *(one if one in PATHS else quote(substitute(unquote(one)), safe="") for one in segments)])
    request.headers = {}
    return request


def response_for_cassette(response: dict[str, Any]) -> dict[str, Any]:
    """A response as it stands in a cassette."""
    text = response["body"]["string"]
    try:
        body = json.dumps(shape_only(json.loads(text)), ensure_ascii=False).encode() if text else b""
    except ValueError:
        body = b"<html>text</html>"  # no JSON: a page of something in between
    headers = {"Content-Type": ["application/json; charset=utf-8"], "Date": ["Sun, 01 Mar 2026 12:00:00 GMT"]}
    return {"status": response["status"], "headers": headers, "body": {"string": body}}


VCR_CONFIG = {
    "before_record_request": request_for_cassette,
    "before_record_response": response_for_cassette,
    "decode_compressed_response": True,
    "match_on": ("method", "uri"),
}
