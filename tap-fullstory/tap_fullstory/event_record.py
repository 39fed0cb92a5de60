"""An event of an export as a record: the documented fields as columns of their own, custom variables as JSON, nothing lost.

Columns and their types: `BaseExportFields` of https://github.com/fullstorydev/hauser and FullStory's samples (read 2026-11-21).
A value that does not fit its column's type is kept as it came in `other`, with every field that no document names.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

IDS = "IndvId UserId SessionId PageId"
INTEGERS = """
EventPageOffset EventSessionOffset EventDuration EventSecondaryDuration EventModFrustrated EventModDead EventModError EventModSuspicious
EventFirstInputDelay PageDuration PageActiveDuration PageScreenWidth PageScreenHeight PageViewportWidth PageViewportHeight PageNumEvents
PageNumDerivedEvents PageNumInfos PageNumWarnings PageNumErrors PageClusterId PageMaxScrollDepthPercent LoadDomContentTime LoadEventTime
LoadFirstPaintTime LoadLargestPaintTime ReqStatus
"""
NUMBERS = "EventCumulativeLayoutShift"
TIMES = "EventStart UserCreated SessionStart PageStart"
TEXTS = """
UserAppKey UserDisplayName UserEmail EventType EventSubType EventCustomName EventTargetText EventTargetSelector EventTargetSelectorTok
EventVarErrorKind EventVarFields EventWebSourceFileUrl EventMobileSourceFile PageName PageUrl PageRefererUrl PageIp PageLatLong PageUserAgent
PageAgent PageBrowser PageBrowserVersion PageDevice PagePlatform PageOperatingSystem ReqUrl ReqMethod AppName AppPackageName AppDeviceModel
AppDeviceVendor AppVersion AppOsVersion AppViewName
"""
KINDS: Mapping[str, str] = {
    **dict.fromkeys((IDS + INTEGERS).split(), "integer"),
    **dict.fromkeys(NUMBERS.split(), "number"),
    **dict.fromkeys(TIMES.split(), "time"),
    **dict.fromkeys(TEXTS.split(), "text"),
}
VARIABLES = ("evt", "user", "page")
MIN_INT64, MAX_INT64 = -(2**63), 2**63 - 1

_open_object = {"type": ["object", "null"], "additionalProperties": True}
_types: Mapping[str, Mapping[str, Any]] = {
    "integer": {"type": ["integer", "null"], "minimum": MIN_INT64, "maximum": MAX_INT64},
    "number": {"type": ["number", "null"]},
    "time": {"type": ["string", "null"], "format": "date-time"},
    "text": {"type": ["string", "null"]},
}
_descriptions = {
    "_event_key": "Hash of what happened, to whom and when; the same when the event is read again",
    "_bundle_id": "The export bundle that the event came in",
    "_bundle_start": "Beginning of the bundle's time",
    "_bundle_stop": "End of the bundle's time",
    "evt": "Variables of a custom event, named as sent, without `evt_`",
    "user": "Variables of the user, named as sent, without `user_`",
    "page": "Variables of the page, named as sent, without `page_`",
    "other": "Fields that have no column here, and values that do not fit their column's type",
}


def event_schema() -> dict[str, Any]:
    """The stream's JSON Schema."""
    columns: dict[str, Any] = {"_event_key": {"type": ["string"], "maxLength": 64}}
    columns |= {name: dict(_types[kind]) for name, kind in KINDS.items()}
    columns |= {name: dict(_open_object) for name in (*VARIABLES, "other")}
    columns |= {
        "_bundle_id": {"type": ["string", "null"], "maxLength": 32},
        "_bundle_start": dict(_types["time"]),
        "_bundle_stop": dict(_types["time"]),
    }
    for name, text in _descriptions.items():
        columns[name]["description"] = text
    return {"type": "object", "properties": columns}


def event_record(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event in columns; those that it does not have are null."""
    record: dict[str, Any] = dict.fromkeys((*KINDS, *VARIABLES, "other"))
    for name, value in event.items():
        family, _, variable = name.partition("_")
        if (kind := KINDS.get(name)) is not None:
            fits, record[name] = _typed(kind, value)
            if not fits:
                _put(record, "other", name, value)
        elif family in VARIABLES and variable:
            _put(record, family, variable, value)
        else:
            _put(record, "other", name, value)
    return record


def _put(record: dict[str, Any], column: str, name: str, value: Any) -> None:
    held = record[column]
    if held is None:
        held = record[column] = {}
    held[name] = value


def _typed(kind: str, value: Any) -> tuple[bool, Any]:
    """Whether the value fits the kind, and the value in that kind; null fits all, and no time is written as an empty text."""
    if value is None or (kind == "time" and value == ""):
        return True, None
    if kind == "text":
        return isinstance(value, str), value if isinstance(value, str) else None
    if kind == "time":
        return _is_time(value), value if _is_time(value) else None
    number = _number(value)
    if number is None or (kind == "integer" and (number != number.to_integral_value() or not MIN_INT64 <= number <= MAX_INT64)):
        return False, None
    return True, int(number) if kind == "integer" else number


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
