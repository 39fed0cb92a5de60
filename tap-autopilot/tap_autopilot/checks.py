"""What `--check` tries: the key, then each endpoint that a stream reads, one request each."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, cast

from singer_commons.checking import Check

from tap_autopilot.streams import LOOKUPS, AccountStream, CustomFieldsStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_commons.checking import Checks

    from tap_autopilot.client import AutopilotClient
    from tap_autopilot.memberships import MembershipStream
    from tap_autopilot.streams import LookupStream

SERVICE = "autopilot"


def checks(client: AutopilotClient, memberships: Sequence[type[MembershipStream]]) -> Checks:
    """The key first: without it nothing else can be asked. `memberships` are the streams that ask list by list."""

    def key() -> str:
        found = client.rows(*CustomFieldsStream.path, envelope=CustomFieldsStream.envelope)
        return f"key accepted; the account has {len(found)} custom fields"

    if not (yield Check(SERVICE, "key", key)):
        return
    yield Check(SERVICE, "contacts", partial(_contacts, client))
    for lookup in LOOKUPS:
        if lookup not in (CustomFieldsStream, AccountStream):
            stream = cast("type[LookupStream]", lookup)
            yield Check(SERVICE, "/".join(stream.path), partial(_lookup, client, stream))
    for membership in memberships:
        yield Check(SERVICE, _members_name(membership), partial(_members, client, membership))
    yield Check(SERVICE, "account", partial(_account, client), optional=not AccountStream.selected_by_default)


def _contacts(client: AutopilotClient) -> str:
    page = next(iter(client.pages("contacts")))
    return f"contacts: {len(page.contacts)} on the first page"


def _lookup(client: AutopilotClient, stream: type[LookupStream]) -> str:
    return f"{'/'.join(stream.path)}: {len(client.rows(*stream.path, envelope=stream.envelope))} found"


def _members(client: AutopilotClient, stream: type[MembershipStream]) -> str:
    owners = client.rows(stream.owners_path, envelope=stream.owners_envelope)
    for owner in islice(owners, 1):
        page = next(iter(client.pages(stream.owner_path, str(owner[stream.owner_key]), "contacts")))
        return f"{_members_name(stream)}: {len(page.contacts)} on the first page of the first of {len(owners)}"
    return f"{_members_name(stream)}: there are none to read"


def _members_name(stream: type[MembershipStream]) -> str:
    return f"contacts of {stream.owners_path}"


def _account(client: AutopilotClient) -> str:
    client.get("account")
    return "account: answers"
