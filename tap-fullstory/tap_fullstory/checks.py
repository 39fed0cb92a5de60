"""What `--check` tries: the key and its level, then whether the key may read each stream, one small request each."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_commons.checking import Check, NotProvableError

from tap_fullstory.sessions import Person, SessionReader
from tap_fullstory.settings import asks_all_users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_commons.checking import Checks

    from tap_fullstory.client import FullstoryClient

SERVICE = "fullstory"


def checks(client: FullstoryClient, settings: Mapping[str, Any]) -> Checks:
    """The key first: without it nothing else can be asked."""

    def key() -> str:
        me = client.me()
        return f"key accepted; account {me.get('orgId') or '(no id given)'}, level {me.get('role') or '(not told)'}"

    if not (yield Check(SERVICE, "key", key)):
        return
    yield Check(SERVICE, "users", partial(_users, client))
    yield Check(SERVICE, "sessions", partial(_sessions, client, settings))
    yield Check(SERVICE, "events", partial(_events, client))
    yield Check(SERVICE, "segments", partial(_segments, client))


def _users(client: FullstoryClient) -> str:
    return f"users: readable, {'some' if any(client.users()) else 'none'} there"


def _sessions(client: FullstoryClient, settings: Mapping[str, Any]) -> str:
    person = _somebody(client, settings)
    if person is None:
        raise NotProvableError("not provable: there is no user with an id or an address whose sessions could be asked for")
    reader = SessionReader(client, settings["sessions_shape"], first_limit=1)
    return f"sessions: readable, {len(reader.first(person))} of one user asked for"


def _somebody(client: FullstoryClient, settings: Mapping[str, Any]) -> Person | None:
    for uid in settings.get("uids") or ():
        return Person(uid, None)
    for email in settings.get("emails") or ():
        return Person(None, email)
    if not asks_all_users(settings):
        return None
    known = (one for one in islice(client.users(), 100) if one.get("uid") or one.get("email"))  # a hundred: one page or two
    return next((Person(one.get("uid") or None, one.get("email") or None) for one in known), None)


def _events(client: FullstoryClient) -> str:
    page = client.get("/api/v1/export/list", start=0)
    found = page.get("exports") or [] if isinstance(page, dict) else []
    return f"events: the Data Export is readable, {len(found)} bundles on the first list"


def _segments(client: FullstoryClient) -> str:
    return f"segments: readable, {'some' if any(client.segments()) else 'none'} there"
