"""One truth in the service's many shapes: three for a session, one for a user, two for a line of the list of bundles."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.http.messages import Answer

if TYPE_CHECKING:
    from sandbox.fullstory.data import Bundle, Segment, Session, User

APP = "https://app.fullstory.com/ui/SANDBOX"


def session_v1(session: Session) -> dict[str, Any]:
    """As of the first API: capitals, numbers, Unix seconds."""
    return {"UserId": session.user.id, "SessionId": session.id, "CreatedTime": session.created_s, "FsUrl": _session_url(session)}


def session_v2_legacy(session: Session) -> dict[str, Any]:
    """As of `/sessions/v2`: all of it text, numbers too."""
    return {"userId": str(session.user.id), "sessionId": str(session.id), "createdTime": str(session.created_s), "fsUrl": _session_url(session)}


def session_v2(session: Session) -> dict[str, Any]:
    """As of `/v2/sessions`: one compound id, the time in ISO 8601."""
    created = datetime.fromtimestamp(session.created_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": f"{session.user.id}:{session.id}", "app_url": _session_url(session), "created_time": created}


def user(one: User) -> dict[str, Any]:
    """As of `/v2/users`: only the id and `is_being_deleted` are always there."""
    if one.being_deleted:
        return {"id": str(one.id), "is_being_deleted": True}
    return {
        "id": str(one.id),
        "uid": one.uid,
        "display_name": one.display_name,
        "email": one.email,
        "is_being_deleted": False,
        "properties": one.properties,
        "schema": None if one.number % 2 else {"properties": {"plan": "string"}},
        "type_conflicts": {"seats_int": "string"} if one.number % 4 == 0 else None,
        "app_url": f"{APP}/user/{one.id}",
    }


def segment(one: Segment) -> dict[str, Any]:
    """As of `/segments/v1`."""
    known = {"id": one.id, "name": one.name, "creator": one.creator, "url": f"{APP}/segments/{one.id}"}
    return known if one.created is None else {**known, "created": one.created}


def bundle_line(bundle: Bundle) -> dict[str, Any]:
    """A bundle in the list: capitals and numbers, or, every third, lower case and text, as newer contracts have it."""
    if bundle.id % 3 == 0:
        return {"start": str(bundle.start_s), "stop": str(bundle.stop_s), "id": str(bundle.id)}
    return {"Start": bundle.start_s, "Stop": bundle.stop_s, "Id": bundle.id}


def bundle_file(form: str, rows: list[dict[str, Any]], name: str) -> Answer:
    """A bundle's bytes in one of the forms it is met in.

    `gzip-file` and `gzip-encoding` are both documented; the others are `json`, `empty-list` and `zero-bytes`.
    """
    body = {"empty-list": b"[]", "zero-bytes": b""}.get(form)
    if body is None:
        body = json.dumps(rows, ensure_ascii=False).encode()
    if form == "gzip-file":
        headers = {"Content-Type": "application/gzip", "Content-Disposition": f'attachment; filename="{name}.DataExport.json.gz"'}
        return Answer(200, gzip.compress(body, mtime=0), headers)
    if form == "gzip-encoding":
        return Answer(200, gzip.compress(body, mtime=0), {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    return Answer(200, body, {"Content-Type": "application/json"})


def _session_url(session: Session) -> str:
    return f"{APP}/session/{quote(f'{session.user.id}:{session.id}', safe='')}"
