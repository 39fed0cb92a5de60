"""The events of a session, in the fields and with the oddities of the service's exports; the same for the same session.

Fields and their shapes: the field list of FullStory's own exporter, `BaseExportFields` (https://github.com/fullstorydev/hauser, read 2026-11-21).
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.fullstory.data import Account, Session

TYPES = ("click", "change", "custom", "highlight", "load", "request", "seen", "brand_new_type")  # the service adds types without notice
BROWSERS = (("Safari", "OS X", "Desktop"), ("Chrome", "Windows", "Desktop"), ("Firefox", "Linux", "Desktop"), ("Chrome Mobile", "Android", "Mobile"))


def rows_between(account: Account, start_s: int, stop_s: int) -> list[dict[str, Any]]:
    """All events of [start_s, stop_s), by EventStart ascending."""
    first, end = stamp(start_s * 1000), stamp(stop_s * 1000)
    rows = [row for session in account.sessions_within(start_s, stop_s) for row in rows_of(account.seed, session) if first <= row["EventStart"] < end]
    return sorted(rows, key=lambda row: str(row["EventStart"]))


def rows_of(seed: int, session: Session) -> Iterator[dict[str, Any]]:
    """The events of one session, in order."""
    dice = random.Random(f"{seed} {session.user.id} {session.id}")
    page = _page(session, dice)
    yield {
        **page,
        "EventStart": stamp(session.created_s * 1000),
        "EventType": "navigate",
        "PageNumInfos": 1,
        "PageClusterId": 606,
        "LoadEventTime": None,
    }
    offsets_ms = sorted(dice.randrange(1, session.length_ms) for _ in range(dice.randrange(3, 12)))
    for offset_ms in offsets_ms:
        row = {**page, "EventStart": stamp(session.created_s * 1000 + offset_ms), **_event(dice, offset_ms)}
        yield row
        if row["EventType"] == "custom" and dice.random() < 0.25:  # noqa: PLR2004 - two events in all alike: there is no event id
            yield dict(row)


def stamp(unix_ms: int) -> str:
    """An instant as exports write it: UTC, milliseconds, `Z`."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=unix_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _page(session: Session, dice: random.Random) -> dict[str, Any]:
    user, (browser, system, device) = session.user, BROWSERS[session.user.number % len(BROWSERS)]
    page: dict[str, Any] = {
        "IndvId": user.individual_id,
        "UserId": user.id,
        "SessionId": session.id,
        "PageId": 4_560_000_000_000_904 + session.id % 1000,
        "SessionStart": stamp(session.created_s * 1000),
        "PageStart": stamp(session.created_s * 1000),
        "PageUrl": f"https://shop.example.com/#/market?q=größe&page={dice.randrange(9)}",
        "PageRefererUrl": "",
        "PageIp": "",
        "PageLatLong": "39.0481,-77.4728",
        "PageUserAgent": "Mozilla/5.0",
        "PageBrowser": browser,
        "PageDevice": device,
        "PageOperatingSystem": system,
        "PageDuration": dice.randrange(1000, 90_000),
        "PageActiveDuration": dice.randrange(1000),
        "PageNumWarnings": dice.randrange(4),
        "PageNumErrors": 0,
        "UserAppKey": user.uid,
        "UserDisplayName": user.display_name,
        "UserEmail": user.email,
    }
    if plan := user.properties.get("plan"):
        page["user_plan_str"] = plan
    return page


def _event(dice: random.Random, offset_ms: int) -> dict[str, Any]:
    kind = dice.choice(TYPES)
    event: dict[str, Any] = {"EventType": kind, "EventSessionOffset": offset_ms}
    if kind == "click":
        event |= {
            "EventTargetText": "Buy 🍎",
            "EventTargetSelectorTok": "a[href=%2Fbuy]",
            "EventModDead": dice.randrange(2),
            "EventModFrustrated": None,
        }
    elif kind == "custom":
        number = dice.randrange(1000)
        # A name with a dot beside the same without one, an integer in a `_real`, arrays: all seen in the service's own samples.
        event |= {"EventCustomName": "Order Completed", "evt_order.items_real": 3, "evt_order.total_real": number / 8}
        event |= {"evt_order.order_id_str": f"o-{number}", "evt_order_id_str": f"o-{number}", "evt_tags_strs": ["a", "b"], "page_foobar_str": "x"}
    elif kind == "request":
        event |= {"ReqUrl": "https://shop.example.com/api", "ReqMethod": "GET", "ReqStatus": 200, "EventDuration": dice.randrange(500)}
    elif kind == "load":
        event |= {
            "LoadEventTime": dice.randrange(3000),
            "EventCumulativeLayoutShift": dice.randrange(100) / 1000,
            "evt_big_int": 2**53 + dice.randrange(99),
        }
    return event
